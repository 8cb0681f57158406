//! Reports: a finished measurement as text, a table, a file for a program, or a picture.
//!
//! One file a format. Each is a pure function from plain data to a `String`, so that every line
//! of every format can be tested without a clock, a process, a terminal or a file: whoever calls
//! decides where the text goes, how wide it may be, and whether it is coloured. Of the rest of
//! the crate this room knows only the data of [`crate::bench`].
//!
//! * [`label`] names the rows, [`plain`] and [`table`] are for a terminal, [`json`] for programs.
//!
//! What comes from outside (paths, labels, names of machines) is text that may hold anything;
//! each format escapes it by its own rules.

pub mod axis;
mod figure;
mod grid;
pub mod json;
pub mod label;
pub mod plain;
pub mod table;

use crate::bench::result::SavedRun;

/// Everything that a report may show. Formats take what they have room for.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// The measurement.
    pub run: &'a SavedRun,
    /// The index of the row to recommend.
    pub recommended: Option<usize>,
    /// What may make the figures worth less, one sentence each.
    pub warnings: &'a [String],
    /// The command line that measured, ready to be pasted into a shell.
    pub command: Option<&'a str>,
}

impl<'a> Report<'a> {
    /// A report of the measurement alone; set the other fields where there is more to show.
    #[must_use]
    pub fn new(run: &'a SavedRun) -> Self {
        Self { run, recommended: None, warnings: &[], command: None }
    }
}
