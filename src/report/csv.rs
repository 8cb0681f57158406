//! The CSV format: one line a sample, so that any statistics program can work on it.
//!
//! RFC 4180, with a heading line and LF as the line end. Times are seconds. What was not measured
//! is an empty field, never 0.

use std::time::Duration;

use super::escape::csv_field;
use super::mark::Mark;
use crate::bench::result::{Disturbance, Measurement, ResultRow, Sample};

/// The names of the columns, in their order.
pub const COLUMNS: [&str; 25] = [
    "label",
    "mark",
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
    "end_s",
    "user_s",
    "system_s",
    "involuntary_switches",
    "page_faults",
    "foreign_cpu",
    "disturbed",
];

/// Every sample of every row.
#[must_use]
pub fn render(run: &Measurement) -> String {
    let mut text = COLUMNS.join(",");
    text.push('\n');
    for (index, row) in run.results.iter().enumerate() {
        let of_the_row = row_fields(row, Mark::of(run, index), run.input.words);
        for sample in &row.samples {
            let fields = of_the_row.iter().cloned().chain(sample_fields(sample));
            let fields: Vec<_> = fields.map(|field| csv_field(&field).into_owned()).collect();
            text.push_str(&fields.join(","));
            text.push('\n');
        }
    }
    text
}

fn row_fields(row: &ResultRow, mark: Mark, words: usize) -> [String; 11] {
    let setting = &row.setting;
    [
        row.label.clone(),
        mark.identifier().to_owned(),
        setting.backend.clone(),
        or_empty(setting.workers),
        or_empty(row.chunksize.as_ref()),
        or_empty(row.tasks),
        or_empty(setting.transport.as_ref()),
        or_empty(setting.start_method.as_ref()),
        setting.engine.clone(),
        setting.iterations.to_string(),
        words.to_string(),
    ]
}

fn sample_fields(sample: &Sample) -> [String; 14] {
    let Disturbance { user, system, involuntary_switches, page_faults, foreign_cpu, disturbed } =
        sample.disturbance;
    [
        sample.round.to_string(),
        sample.position.to_string(),
        seconds(Some(sample.total)),
        seconds(sample.start),
        seconds(sample.map),
        seconds(sample.exchange),
        seconds(sample.set),
        seconds(sample.end),
        seconds(user),
        seconds(system),
        or_empty(involuntary_switches),
        or_empty(page_faults),
        or_empty(foreign_cpu),
        disturbed.to_string(),
    ]
}

fn or_empty<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// The shortest number that reads back as the same duration.
fn seconds(time: Option<Duration>) -> String {
    or_empty(time.map(|time| time.as_secs_f64()))
}
