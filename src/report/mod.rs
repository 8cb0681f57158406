//! Reports: a finished measurement as text, a table, a file for a program, or a picture.
//!
//! One file a format. Each is a pure function from plain data to a `String`, so that every line
//! of every format can be tested without a clock, a process, a terminal or a file: the caller
//! decides where the text goes, how wide it may be, and whether it is coloured. Of the rest of the
//! crate this room knows only the data of [`crate::bench`].
//!
//! * [`label`] names the rows; [`plain`] and [`table`] are for a terminal, [`markdown`] for a pull
//!   request, [`json`] and [`csv`] for programs.
//! * [`chart`] is the curve of time against chunk size, in text and as a picture;
//!   [`timeline`] shows what each worker did, and [`trace`] hands the same to trace viewers.
//! * [`diff`] sets two measurements side by side.
//! * [`html`] is all of it in one page; [`answer`] is its first sentences and [`model`] the one about
//!   the cost model.
//!
//! What comes from outside (paths, labels, names of machines) is text that may hold anything;
//! each format escapes it by its own rules.

pub mod answer;
pub mod axis;
mod caption;
pub mod chart;
pub mod csv;
pub mod diff;
mod environment;
mod escape;
mod figure;
mod grid;
pub mod html;
pub mod json;
pub mod label;
mod mark;
pub mod markdown;
pub mod model;
pub mod plain;
pub mod table;
pub mod timeline;
pub mod trace;
mod wrap;

use crate::bench::result::Measurement;
use model::ModelCurve;
use timeline::Timeline;

/// Everything that a report may show. Formats take what they have room for.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// The measurement.
    pub run: &'a Measurement,
    /// What a cost model says beside what was measured.
    pub models: &'a [ModelCurve],
    /// What there is to say of the model, or why none is shown; a sentence.
    pub model_note: Option<&'a str>,
    /// One run of each configuration, recorded apart from the runs that were timed.
    pub timelines: &'a [Timeline],
}

impl<'a> Report<'a> {
    /// A report of the measurement alone; set the other fields where there is more to show.
    #[must_use]
    pub fn new(run: &'a Measurement) -> Self {
        Self { run, models: &[], model_note: None, timelines: &[] }
    }
}
