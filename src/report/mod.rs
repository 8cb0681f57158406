//! Reports: a finished measurement as text, a table, a file for a program, or a picture.
//!
//! One file a format. Each is a pure function from plain data to a `String`, so that every line
//! of every format can be tested without a clock, a process, a terminal or a file: whoever calls
//! decides where the text goes, how wide it may be, and whether it is coloured. Of the rest of
//! the crate this room knows only the data of [`crate::bench`].
//!
//! * [`label`] names the rows; [`plain`] and [`table`] are for a terminal, [`markdown`] for a pull
//!   request, [`json`] and [`csv`] for programs.
//! * [`chart`] is the curve of time against chunk size, in text and as a picture;
//!   [`timeline`] shows what each worker did, and [`trace`] hands the same to trace viewers.
//! * [`html`] is all of it in one page; [`answer`] is its first sentence.
//!
//! What comes from outside (paths, labels, names of machines) is text that may hold anything;
//! each format escapes it by its own rules.

pub mod answer;
pub mod axis;
pub mod chart;
pub mod csv;
mod environment;
mod escape;
mod figure;
mod grid;
pub mod html;
pub mod json;
pub mod label;
pub mod markdown;
pub mod plain;
pub mod table;
pub mod timeline;
pub mod trace;

use std::ops::RangeInclusive;
use std::time::Duration;

use timeline::Timeline;

use crate::bench::answer::Answer;
use crate::bench::result::SavedRun;

/// Everything that a report may show. Formats take what they have room for.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// The measurement.
    pub run: &'a SavedRun,
    /// What the measurement says to do.
    pub answer: Option<&'a Answer>,
    /// What a cost model says beside what was measured.
    pub models: &'a [ModelCurve],
    /// What there is to say of the model, or why none is shown; a sentence.
    pub model_note: Option<&'a str>,
    /// What may make the figures worth less, one sentence each.
    pub warnings: &'a [String],
    /// One run of each configuration, recorded apart from the runs that were timed.
    pub timelines: &'a [Timeline],
    /// The command line that measured, ready to be pasted into a shell.
    pub command: Option<&'a str>,
}

impl<'a> Report<'a> {
    /// A report of the measurement alone; set the other fields where there is more to show.
    #[must_use]
    pub fn new(run: &'a SavedRun) -> Self {
        Self {
            run,
            answer: None,
            models: &[],
            model_note: None,
            warnings: &[],
            timelines: &[],
            command: None,
        }
    }
}

/// What a cost model says for one configuration, at as many sizes as make a smooth line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelCurve {
    /// The index of a row of that configuration; its chunk size does not matter.
    pub like_row: usize,
    /// Words in a task and the time, in ascending order of sizes.
    pub points: Vec<(usize, Duration)>,
}

impl ModelCurve {
    /// How many sizes make a line that looks smooth.
    const POINTS: u32 = 96;

    /// Asks the model at sizes that lie evenly on a logarithmic axis, both ends included.
    #[must_use]
    pub fn sampled(
        like_row: usize,
        sizes: RangeInclusive<usize>,
        predict: impl Fn(usize) -> Duration,
    ) -> Self {
        let (smallest, largest) = ((*sizes.start()).max(1), (*sizes.end()).max(1));
        let factor = largest as f64 / smallest as f64;
        let size = |step: u32| {
            let size = smallest as f64 * factor.powf(f64::from(step) / f64::from(Self::POINTS));
            rounded(size).clamp(smallest.min(largest), largest.max(smallest))
        };
        let mut sizes: Vec<_> = (0..=Self::POINTS).map(size).collect();
        sizes.dedup();
        Self { like_row, points: sizes.into_iter().map(|size| (size, predict(size))).collect() }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value lies between two values of the type"
)]
fn rounded(size: f64) -> usize {
    size.round() as usize
}
