//! What a row is called: `serial`, `5000`, or `processes, 4 workers, chunksize 5000, pipe`.
//!
//! A label is no longer than what tells the rows of one measurement apart. It knows nothing of
//! figures.

use super::axis::{Axis, SERIAL};
use crate::bench::result::ResultRow;
use crate::one_line::one_line;

/// The labels of the rows of one measurement, in their order.
///
/// Where only the chunk size varies, it is the whole label. Where anything else does, and where
/// other programs ran, backend (or program), workers and chunk size are all named, followed by
/// transport, start method, engine, rounds and parameters as far as these vary. The `label` fields of the rows are not read.
#[must_use]
pub fn labels(rows: &[ResultRow]) -> Vec<String> {
    let varying: Vec<_> = Axis::ALL.into_iter().filter(|axis| axis.varies(rows)).collect();
    let only_the_size_varies = varying.iter().all(|axis| *axis == Axis::Chunksize)
        && !rows.iter().any(|row| row.setting.is_program());
    let label = |row: &ResultRow| match Axis::Chunksize.value(row) {
        Some(size) if only_the_size_varies => size,
        _ => with_what_varies(row, &varying),
    };
    rows.iter().map(label).collect()
}

/// The label of a row that stands alone: `processes, 4 workers, chunksize 5000`, or `serial`.
#[must_use]
pub fn long(row: &ResultRow) -> String {
    with_what_varies(row, &[])
}

/// A label for a sentence or a heading: a bare figure is told what it is a figure of.
pub(crate) fn spoken(label: &str) -> String {
    let label = one_line(label);
    let is_figure = label.bytes().all(|byte| byte.is_ascii_digit());
    if is_figure { format!("chunk size {label}") } else { label.into_owned() }
}

fn with_what_varies(row: &ResultRow, varying: &[Axis]) -> String {
    let serial = row.setting.is_serial().then(|| SERIAL.to_owned());
    let phrases = Axis::ALL
        .into_iter()
        .filter(|axis| *axis <= Axis::Chunksize || varying.contains(axis))
        .filter_map(|axis| axis.phrase(row));
    serial.into_iter().chain(phrases).collect::<Vec<_>>().join(", ")
}
