//! The CSV format: one line a sample, so that any statistics program can work on it.
//!
//! RFC 4180, with a heading line and LF as the line end. Times are seconds. What was not measured
//! is an empty field, never 0.

use std::time::Duration;

use super::escape::csv_field;
use crate::bench::result::{Measurement, ResultRow, Sample};

/// The names of the columns, in their order.
pub const COLUMNS: [&str; 18] = [
    "label",
    "backend",
    "workers",
    "chunksize",
    "tasks",
    "transport",
    "start_method",
    "engine",
    "rounds",
    "words",
    "round",
    "position",
    "total_s",
    "start_s",
    "map_s",
    "exchange_s",
    "set_s",
    "spilled_bytes",
];

/// Every sample of every row.
#[must_use]
pub fn render(run: &Measurement) -> String {
    let mut text = COLUMNS.join(",");
    text.push('\n');
    for row in &run.results {
        for sample in &row.samples {
            let fields = fields(row, run.input.words, sample);
            let fields: Vec<_> = fields.iter().map(|field| csv_field(field)).collect();
            text.push_str(&fields.join(","));
            text.push('\n');
        }
    }
    text
}

fn fields(row: &ResultRow, words: usize, sample: &Sample) -> [String; COLUMNS.len()] {
    [
        row.label.clone(),
        row.setting.backend.clone(),
        or_empty(row.setting.workers),
        or_empty(row.chunksize.as_ref()),
        or_empty(row.tasks),
        or_empty(row.setting.transport.as_ref()),
        or_empty(row.setting.start_method.as_ref()),
        row.setting.engine.clone(),
        row.setting.iterations.to_string(),
        words.to_string(),
        sample.round.to_string(),
        sample.position.to_string(),
        or_empty(Some(seconds(sample.total))),
        or_empty(sample.start.map(seconds)),
        or_empty(sample.map.map(seconds)),
        or_empty(sample.exchange.map(seconds)),
        or_empty(sample.set.map(seconds)),
        // Of the row's last run: every run spills alike.
        or_empty(row.spilled_bytes),
    ]
}

fn or_empty<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// The shortest number that reads back as the same duration.
fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}
