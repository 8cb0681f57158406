//! The table of a measurement as columns and cells, before any format lays it out.
//!
//! The terminal's table, Markdown and HTML show the same cells; they differ in how they draw
//! them. Columns in which no row has anything are left out.

use std::time::Duration;

use super::Report;
use super::axis::{Axis, SERIAL};
use super::figure::{self, TimeUnit};
use super::mark::Mark;
use crate::bench::conclude::reference_of;
use crate::bench::result::{Measurement, ResultRow, Summary, Verdict};
use crate::bench::stats::{PARTS, parts};
use crate::one_line::one_line;

/// What a column shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Mark,
    Configuration(Axis),
    Tasks,
    Median,
    Quartiles,
    Part(usize),
    Speedup,
    Verdict,
    AgainstBest,
    Rate,
    Disturbed,
    Spilled,
}

/// The names of the parts of a run, in the order of [`PARTS`].
const PART_NAMES: [&str; PARTS.len()] = ["start", "map", "exchange", "set", "end"];

/// One field of the table.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Cell {
    pub(crate) text: String,
    /// What the column is sorted by; `None` sorts by the text.
    pub(crate) value: Option<f64>,
}

/// One row that has samples.
#[derive(Clone, Debug)]
pub(crate) struct GridRow {
    /// One a column, in their order.
    pub(crate) cells: Vec<Cell>,
    pub(crate) verdict: Option<Verdict>,
    pub(crate) mark: Mark,
}

/// Columns and rows.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    pub(crate) columns: Vec<Column>,
    pub(crate) unit: TimeUnit,
    pub(crate) rows: Vec<GridRow>,
}

/// A row of the measurement and what its cells are made from.
struct Measured<'a> {
    row: &'a ResultRow,
    summary: &'a Summary,
    mark: Mark,
    /// Whether other rows are compared with it.
    is_reference: bool,
    words: usize,
    unit: TimeUnit,
}

impl Column {
    /// The columns behind those of the configuration, in the order of the table.
    const FIGURES: [Self; 14] = [
        Self::Tasks,
        Self::Median,
        Self::Quartiles,
        Self::Part(0),
        Self::Part(1),
        Self::Part(2),
        Self::Part(3),
        Self::Part(4),
        Self::Speedup,
        Self::Verdict,
        Self::AgainstBest,
        Self::Rate,
        Self::Disturbed,
        Self::Spilled,
    ];

    pub(crate) fn heading(self, unit: TimeUnit) -> String {
        let unit = unit.symbol();
        match self {
            Self::Mark => String::new(),
            Self::Configuration(Axis::Backend) => "backend".to_owned(),
            Self::Configuration(Axis::Workers) => "workers".to_owned(),
            Self::Configuration(Axis::Chunksize) => "chunksize".to_owned(),
            Self::Configuration(Axis::Transport) => "transport".to_owned(),
            Self::Configuration(Axis::StartMethod) => "start method".to_owned(),
            Self::Configuration(Axis::Engine) => "engine".to_owned(),
            // Not "rounds": those are of measuring.
            Self::Configuration(Axis::Rounds) => "hashes a word".to_owned(),
            Self::Configuration(Axis::Parameters) => "parameters".to_owned(),
            Self::Tasks => "tasks".to_owned(),
            Self::Median => format!("median {unit}"),
            Self::Quartiles => "quartiles".to_owned(),
            Self::Part(part) => PART_NAMES[part].to_owned(),
            Self::Speedup => "speed-up".to_owned(),
            Self::Verdict => "verdict".to_owned(),
            Self::AgainstBest => "vs best".to_owned(),
            Self::Rate => "M words/s".to_owned(),
            Self::Disturbed => "disturbed runs".to_owned(),
            Self::Spilled => "spilled".to_owned(),
        }
    }

    /// Whether its cells are numbers, which line up at the right.
    pub(crate) fn is_numeric(self) -> bool {
        !matches!(
            self,
            Self::Configuration(
                Axis::Backend
                    | Axis::Transport
                    | Axis::StartMethod
                    | Axis::Engine
                    | Axis::Parameters
            ) | Self::Verdict
                | Self::Mark
        )
    }

    fn cell(self, of: &Measured<'_>) -> Cell {
        let Measured { row, summary, mark, is_reference, words, unit } = *of;
        match self {
            Self::Mark => {
                Cell { text: mark.symbol().to_owned(), value: Some(f64::from(mark as u8)) }
            }
            Self::Configuration(axis) => configuration(axis, row),
            Self::Tasks => row
                .tasks
                .map_or_else(Cell::default, |tasks| Cell::number(tasks.to_string(), tasks as f64)),
            Self::Median => Cell::number(unit.bare(summary.median), unit.of(summary.median)),
            Self::Quartiles => quartiles(row, summary, unit),
            Self::Part(part) => time_of_part(part, row, summary, unit),
            Self::Speedup => match row.against_reference {
                Some(found) => Cell::number(figure::speedup(&found), found.speedup),
                None if is_reference => Cell::number("reference".to_owned(), 1.0),
                None => Cell::default(),
            },
            Self::Verdict => row.against_reference.map_or_else(Cell::default, |found| {
                Cell::number(found.verdict.to_string(), place(found.verdict))
            }),
            Self::AgainstBest => match row.against_recommended {
                Some(found) => Cell::number(figure::time_difference(&found), found.time_ratio()),
                None if mark == Mark::Recommended => Cell::number("recommended".to_owned(), 1.0),
                None => Cell::default(),
            },
            // What another program does with the words is its own affair.
            Self::Rate if row.setting.is_program() => Cell::default(),
            Self::Rate => rate(words, summary.median),
            Self::Disturbed => disturbed(row),
            Self::Spilled => row.spilled_bytes.map_or_else(Cell::default, |bytes| {
                Cell::number(figure::bytes(bytes), bytes as f64)
            }),
        }
    }

    /// Whether these cells say anything.
    fn tells(self, cells: &[&Cell], is_compared: bool) -> bool {
        match self {
            // A column of nothing but "reference" or "recommended" compares nothing.
            Self::Speedup | Self::AgainstBest => {
                is_compared && cells.iter().any(|cell| !cell.text.is_empty())
            }
            Self::Disturbed => cells.iter().any(|cell| cell.value.is_some_and(|runs| runs > 0.0)),
            _ => cells.iter().any(|cell| !cell.text.is_empty()),
        }
    }
}

impl Cell {
    fn number(text: String, value: f64) -> Self {
        Self { text, value: Some(value) }
    }
}

impl Grid {
    pub(crate) fn new(report: &Report<'_>) -> Self {
        let run = report.run;
        let rows = &run.results;
        let measured: Vec<(usize, &ResultRow, &Summary)> = rows
            .iter()
            .enumerate()
            .filter_map(|(index, row)| Some((index, row, row.summary.as_ref()?)))
            .collect();
        let unit = TimeUnit::suiting(measured.iter().map(|(_, _, summary)| summary.median));
        let mut columns = vec![Column::Mark];
        columns.extend(configuration_columns(rows).into_iter().map(Column::Configuration));
        columns.extend(Column::FIGURES);
        let references = references(run);
        let rows = measured.into_iter().map(|(index, row, summary)| {
            let mark = Mark::of(run, index);
            let is_reference = references.contains(&index);
            let of = Measured { row, summary, mark, is_reference, words: run.input.words, unit };
            let mut cells: Vec<_> = columns.iter().map(|column| column.cell(&of)).collect();
            // The first column behind the mark.
            if row.setting.is_serial() {
                SERIAL.clone_into(&mut cells[1].text);
            }
            let verdict = row.against_reference.map(|comparison| comparison.verdict);
            GridRow { cells, verdict, mark }
        });
        let rows = rows.collect();
        let mut grid = Self { columns, unit, rows };
        let is_compared =
            |row: &ResultRow| row.against_reference.is_some() || row.against_recommended.is_some();
        let is_compared = run.results.iter().any(is_compared);
        grid.retain(|column, cells| column.tells(cells, is_compared));
        grid
    }

    /// Leaves out the columns for which `keep` says no, given the column's cells.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(Column, &[&Cell]) -> bool) {
        for index in (0..self.columns.len()).rev() {
            let cells: Vec<_> = self.rows.iter().map(|row| &row.cells[index]).collect();
            if !keep(self.columns[index], &cells) {
                self.columns.remove(index);
                for row in &mut self.rows {
                    row.cells.remove(index);
                }
            }
        }
    }

    pub(crate) fn headings(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.heading(self.unit)).collect()
    }
}

/// The rows that others are compared with.
fn references(run: &Measurement) -> Vec<usize> {
    let rows = 0..run.results.len();
    rows.filter_map(|row| reference_of(&run.results, &run.answers, row)).collect()
}

/// The axes that vary. The first is one on which a serial row has no place of its own, so that its
/// cell has room to say that it is one.
fn configuration_columns(rows: &[ResultRow]) -> Vec<Axis> {
    let mut axes: Vec<_> = Axis::ALL.into_iter().filter(|axis| axis.varies(rows)).collect();
    let is_of_serial_rows = |axis: &Axis| matches!(axis, Axis::Engine | Axis::Rounds);
    if axes.first().is_none_or(is_of_serial_rows) {
        axes.insert(0, Axis::Backend);
    }
    axes
}

fn configuration(axis: Axis, row: &ResultRow) -> Cell {
    let text = axis.value(row).unwrap_or_default();
    let value = if Column::Configuration(axis).is_numeric() { text.parse().ok() } else { None };
    Cell { text: one_line(&text).into_owned(), value }
}

/// `61.0–64.2`; nothing of a single sample. Sorted by the first.
fn quartiles(row: &ResultRow, summary: &Summary, unit: TimeUnit) -> Cell {
    if row.samples.len() < 2 {
        return Cell::default();
    }
    let [low, high] = summary.quartiles;
    Cell::number(format!("{}–{}", unit.bare(low), unit.bare(high)), unit.of(low))
}

fn time_of_part(part: usize, row: &ResultRow, summary: &Summary, unit: TimeUnit) -> Cell {
    let times = parts(&row.samples);
    let shown = unit.bare_parts(summary.median, times);
    match (&shown[part], times[part]) {
        (Some(text), Some(time)) => Cell::number(text.clone(), unit.of(time)),
        _ => Cell::default(),
    }
}

/// How many runs were disturbed; nothing where the system does not tell.
fn disturbed(row: &ResultRow) -> Cell {
    let is_known = row.samples.iter().any(|sample| sample.disturbance.foreign_cpu.is_some());
    let runs = row.samples.iter().filter(|sample| sample.disturbance.disturbed).count();
    if !is_known && runs == 0 {
        return Cell::default();
    }
    Cell::number(runs.to_string(), runs as f64)
}

/// Where a verdict stands among the others.
fn place(verdict: Verdict) -> f64 {
    match verdict {
        Verdict::Faster => 0.0,
        Verdict::Same => 1.0,
        Verdict::Unclear => 2.0,
        Verdict::Slower => 3.0,
    }
}

fn rate(words: usize, median: Duration) -> Cell {
    if median.is_zero() || words == 0 {
        return Cell::default();
    }
    let millions = words as f64 / median.as_secs_f64() / 1e6;
    Cell::number(format!("{millions:.1}"), millions)
}
