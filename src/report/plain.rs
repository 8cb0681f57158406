//! The plain format: one fact a line, stable, for scripts and for reading over a pipe.

use std::fmt::Write as _;
use std::time::Duration;

use super::{Report, caption};
use crate::bench::result::ResultRow;
use crate::one_line::one_line;

/// `Loaded 1049938 words from 1m_words.txt`, without a line end.
#[must_use]
pub fn loaded_line(words: usize, name: &str) -> String {
    format!("Loaded {words} words from {}", one_line(name))
}

/// `Done, with 979250 hashes`, without a line end.
#[must_use]
pub fn done_line(distinct: usize) -> String {
    format!("Done, with {distinct} hashes")
}

/// `5000: 0.062 seconds`, without a line end.
#[must_use]
pub fn time_line(label: &str, time: Duration) -> String {
    format!("{}: {:.3} seconds", one_line(label), time.as_secs_f64())
}

/// The [`time_line`] of a row's median; `None` for a row without a sample.
#[must_use]
pub fn result_line(row: &ResultRow) -> Option<String> {
    Some(time_line(&row.label, row.summary?.median))
}

/// A whole measurement: what was loaded, then one line a row. Rows without a sample are left out.
#[must_use]
pub fn render(report: &Report<'_>) -> String {
    let run = report.run;
    let mut text = String::new();
    if caption::has_list(run) {
        let _ = writeln!(text, "{}", loaded_line(run.input.words, &run.input.path));
    }
    for line in run.results.iter().filter_map(result_line) {
        let _ = writeln!(text, "{line}");
    }
    text
}
