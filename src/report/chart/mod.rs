//! The curve: time against chunk size, both on logarithmic axes.
//!
//! [`Curve`] is what is to be seen, as data; [`text`] draws it for a terminal and [`svg`] as a
//! picture. The curve knows neither characters nor pixels. Rows whose chunk size changes on the
//! way (`guided` and its kin) have no place on the axis and are listed instead.

pub mod scale;
pub mod svg;
pub mod text;

use std::fmt::Write as _;
use std::time::Duration;

use super::axis::Axis;
use super::mark::Mark;
use super::model::ModelCurve;
use super::{Report, caption, figure};
use crate::bench::result::{ResultRow, Setting, Summary};

/// One measured size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// Words in a task.
    pub chunksize: usize,
    /// The median time.
    pub median: Duration,
    /// The first and the third quartile.
    pub quartiles: Option<(Duration, Duration)>,
}

/// The sizes of one backend, transport and so on: one line of the curve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// What tells it from the others: `processes, pipe`.
    pub name: String,
    /// In ascending order of chunk size.
    pub points: Vec<Point>,
    /// What the cost model says for the same configuration; empty where there is no model.
    pub model: Vec<(usize, Duration)>,
}

/// Everything to be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Curve {
    /// One line each.
    pub series: Vec<Series>,
    /// The serial run, which has no chunk size: a level line.
    pub serial: Option<Point>,
    /// Index of the series and of the point in it that is recommended.
    pub recommended: Option<(usize, usize)>,
    /// The same of the other points that may be just as fast.
    pub maybe_fastest: Vec<(usize, usize)>,
    /// Rows with no place on the axis: label and median.
    pub unplaced: Vec<(String, Duration)>,
    /// Whether rows are left out because they do other work than the first answer is about.
    pub has_other_work: bool,
    /// How much was measured and how sure the marks are.
    pub note: String,
}

impl Curve {
    /// The curve of the rows that the first answer is about, or of all where there is none; `None`
    /// where no such row has both a sample and a chunk size.
    #[must_use]
    pub fn new(report: &Report<'_>) -> Option<Self> {
        let run = report.run;
        let work = run.answers.first().map(|answer| answer.iterations);
        let mut curve = Self {
            series: vec![],
            serial: None,
            recommended: None,
            maybe_fastest: vec![],
            unplaced: vec![],
            has_other_work: false,
            note: note(report),
        };
        let mut settings: Vec<&Setting> = Vec::new();
        // Series, chunk size and mark of each row that has a place.
        let mut placed = Vec::new();
        for (index, row) in run.results.iter().enumerate() {
            let Some(summary) = &row.summary else { continue };
            if work.is_some_and(|work| work != row.setting.iterations) {
                curve.has_other_work = true;
                continue;
            }
            let Some(chunksize) = row.fixed_chunksize() else {
                curve.place_without_size(row, summary);
                continue;
            };
            let known = settings.iter().position(|other| **other == row.setting);
            let series = known.unwrap_or_else(|| {
                curve.series.push(Series {
                    name: name(row, &run.results),
                    points: Vec::new(),
                    model: model_for(report.models, &run.results, &row.setting),
                });
                settings.push(&row.setting);
                settings.len() - 1
            });
            curve.series[series].points.push(point(chunksize, summary));
            placed.push((series, chunksize, Mark::of(run, index)));
        }
        curve.mark(placed);
        (!curve.series.is_empty()).then_some(curve)
    }

    /// Puts the points in order and finds those with a mark again.
    fn mark(&mut self, placed: Vec<(usize, usize, Mark)>) {
        for series in &mut self.series {
            series.points.sort_by_key(|point| point.chunksize);
        }
        for (series, chunksize, mark) in placed {
            let mut points = self.series[series].points.iter();
            let Some(point) = points.position(|point| point.chunksize == chunksize) else {
                continue;
            };
            match mark {
                Mark::Recommended => self.recommended = Some((series, point)),
                Mark::MaybeFastest => self.maybe_fastest.push((series, point)),
                Mark::Unmarked => {}
            }
        }
    }

    fn place_without_size(&mut self, row: &ResultRow, summary: &Summary) {
        if row.setting.is_serial() && self.serial.is_none() {
            self.serial = Some(point(0, summary));
        } else {
            self.unplaced.push((row.label.clone(), summary.median));
        }
    }

    /// The smallest and the largest chunk size, those of the model included.
    #[must_use]
    pub fn sizes(&self) -> (f64, f64) {
        let measured = self.series.iter().flat_map(|series| &series.points);
        let measured = measured.map(|point| point.chunksize);
        let model = self.series.iter().flat_map(|series| &series.model).map(|(size, _)| *size);
        range(measured.chain(model).map(|size| size.max(1) as f64))
    }

    /// The shortest and the longest time in seconds, quartiles and models included.
    #[must_use]
    pub fn times(&self) -> (f64, f64) {
        let points = self.series.iter().flat_map(|series| &series.points).chain(&self.serial);
        let measured = points.flat_map(|point| {
            let (low, high) = point.quartiles.unwrap_or((point.median, point.median));
            [low, point.median, high]
        });
        let model = self.series.iter().flat_map(|series| &series.model).map(|(_, time)| *time);
        // A time of zero has no logarithm; no clock is finer than a nanosecond.
        range(measured.chain(model).map(|time| time.as_secs_f64().max(1e-9)))
    }

    /// The curve in a sentence, for those who do not see it.
    #[must_use]
    pub fn description(&self) -> String {
        let (smallest, largest) = self.sizes();
        let (fastest, slowest) = self.times();
        let time = |seconds| figure::time(Duration::from_secs_f64(seconds));
        let names: Vec<_> = self.series.iter().map(|series| series.name.as_str()).collect();
        let mut sentence = format!(
            "Time against chunk size for {}: chunk sizes from {smallest} to {largest} words, \
             times from {} to {}",
            names.join("; "),
            time(fastest),
            time(slowest),
        );
        if let Some(serial) = self.serial {
            let _ = write!(sentence, "; the serial run takes {}", figure::time(serial.median));
        }
        if let Some((series, index)) = self.recommended {
            let point = self.series[series].points[index];
            let time = figure::time(point.median);
            let _ = write!(sentence, "; recommended: {} words at {time}", point.chunksize);
        }
        if !self.maybe_fastest.is_empty() {
            let points = self
                .maybe_fastest
                .iter()
                .map(|&(series, point)| self.series[series].points[point].chunksize.to_string());
            let sizes = points.collect::<Vec<_>>().join(", ");
            let _ = write!(sentence, "; maybe as fast: {sizes}");
        }
        let _ = write!(sentence, ". {}.", self.note);
        sentence
    }
}

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, 0.0), |(low, high), value| (low.min(value), high.max(value)))
}

fn point(chunksize: usize, summary: &Summary) -> Point {
    Point { chunksize, median: summary.median, quartiles: Some(summary.quartiles.into()) }
}

/// `Medians of 25 rounds; the verdicts behind the marks hold with 95% confidence`.
fn note(report: &Report<'_>) -> String {
    let run = report.run;
    let rounds = caption::rounds(run);
    let mut letters = rounds.chars();
    let first: String =
        letters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    let level = if run.answers.is_empty() {
        String::new()
    } else {
        let level = figure::round_percent(run.level);
        format!("; the verdicts behind the marks hold together with {level} confidence")
    };
    format!("{first}{}{level}", letters.as_str())
}

fn model_for(models: &[ModelCurve], rows: &[ResultRow], of: &Setting) -> Vec<(usize, Duration)> {
    let fits = |model: &&ModelCurve| rows.get(model.like_row).is_some_and(|row| row.setting == *of);
    models.iter().find(fits).map_or_else(Vec::new, |model| model.points.clone())
}

/// What tells a series from the others; the backend and its workers where there is only one.
fn name(row: &ResultRow, rows: &[ResultRow]) -> String {
    let varies = |axis: &Axis| *axis != Axis::Chunksize && axis.varies(rows);
    let varying: Vec<_> = Axis::ALL.into_iter().filter(varies).collect();
    let named = |axis: &Axis| *axis == Axis::Backend || varying.contains(axis);
    let phrases: Vec<_> =
        Axis::ALL.into_iter().filter(named).filter_map(|axis| axis.phrase(row)).collect();
    phrases.join(", ")
}
