//! The table of a measurement as columns and cells, before any format lays it out.
//!
//! The terminal's table, Markdown and HTML show the same cells; they differ in how they draw
//! them. Columns in which no row has anything are left out.

use std::time::Duration;

use super::Report;
use super::axis::{Axis, SERIAL, is_serial};
use super::figure::{self, TimeUnit};
use crate::bench::result::{ResultRow, Summary, Verdict};
use crate::bench::stats::{PARTS, parts};
use crate::one_line::one_line;

/// What a column shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Configuration(Axis),
    Tasks,
    Median,
    Quartiles,
    Part(usize),
    Speedup,
    Verdict,
    AgainstBest,
    Rate,
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
    pub(crate) recommended: bool,
    /// Whether no other row has been shown to be faster.
    pub(crate) among_the_fastest: bool,
}

/// Columns and rows.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    pub(crate) columns: Vec<Column>,
    pub(crate) unit: TimeUnit,
    pub(crate) rows: Vec<GridRow>,
}

impl Column {
    /// The figure columns, in the order of the table.
    const FIGURES: [Self; 13] = [
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
        Self::Spilled,
    ];

    pub(crate) fn heading(self, unit: TimeUnit) -> String {
        let unit = unit.symbol();
        match self {
            Self::Configuration(Axis::Backend) => "backend".to_owned(),
            Self::Configuration(Axis::Workers) => "workers".to_owned(),
            Self::Configuration(Axis::Chunksize) => "chunksize".to_owned(),
            Self::Configuration(Axis::Transport) => "transport".to_owned(),
            Self::Configuration(Axis::StartMethod) => "start method".to_owned(),
            Self::Configuration(Axis::Engine) => "engine".to_owned(),
            Self::Configuration(Axis::Rounds) => "rounds".to_owned(),
            Self::Tasks => "tasks".to_owned(),
            Self::Median => format!("median {unit}"),
            Self::Quartiles => "quartiles".to_owned(),
            Self::Part(part) => PART_NAMES[part].to_owned(),
            Self::Speedup => "speed-up".to_owned(),
            Self::Verdict => "verdict".to_owned(),
            Self::AgainstBest => "vs best".to_owned(),
            Self::Rate => "M words/s".to_owned(),
            Self::Spilled => "spilled".to_owned(),
        }
    }

    /// Whether its cells are numbers, which line up at the right.
    pub(crate) fn is_numeric(self) -> bool {
        !matches!(
            self,
            Self::Configuration(Axis::Backend | Axis::Transport | Axis::StartMethod | Axis::Engine)
                | Self::Verdict
        )
    }

    fn cell(self, row: &ResultRow, summary: &Summary, words: usize, unit: TimeUnit) -> Cell {
        match self {
            Self::Configuration(axis) => configuration(axis, row),
            Self::Tasks => row
                .tasks
                .map_or_else(Cell::default, |tasks| Cell::number(tasks.to_string(), tasks as f64)),
            Self::Median => Cell::number(unit.bare(summary.median), unit.of(summary.median)),
            Self::Quartiles => quartiles(row, summary, unit),
            Self::Part(part) => {
                let times = parts(&row.samples);
                let shown = unit.bare_parts(summary.median, times);
                let shown = std::iter::zip(shown, times).nth(part);
                shown
                    .and_then(|(text, time)| Some(Cell::number(text?, unit.of(time?))))
                    .unwrap_or_default()
            }
            Self::Speedup => row.against_reference.map_or_else(Cell::default, |comparison| {
                Cell::number(figure::speedup(&comparison), comparison.speedup)
            }),
            Self::AgainstBest => row.against_recommended.map_or_else(Cell::default, |comparison| {
                Cell::number(figure::time_difference(&comparison), comparison.time_ratio())
            }),
            Self::Verdict => row.against_reference.map_or_else(Cell::default, |comparison| Cell {
                text: comparison.verdict.to_string(),
                value: None,
            }),
            Self::Rate => rate(words, summary.median),
            Self::Spilled => row.spilled_bytes.map_or_else(Cell::default, |bytes| {
                Cell::number(figure::bytes(bytes), bytes as f64)
            }),
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
        let rows = &report.run.results;
        let measured: Vec<_> = rows
            .iter()
            .enumerate()
            .filter_map(|(index, row)| Some((index, row, row.summary.as_ref()?)))
            .collect();
        let medians = measured.iter().map(|(_, _, summary)| summary.median);
        let unit = TimeUnit::suiting(medians);
        let configuration = configuration_columns(rows);
        let shows_backend = configuration[0] == Axis::Backend;
        let mut columns: Vec<_> = configuration.into_iter().map(Column::Configuration).collect();
        columns.extend(Column::FIGURES);

        let compared = rows.iter().any(|row| row.against_reference.is_some());
        let rows = measured.into_iter().map(|(index, row, summary)| {
            let cell = |column: &Column| column.cell(row, summary, report.run.input.words, unit);
            let mut cells: Vec<_> = columns.iter().map(cell).collect();
            if is_serial(row) && (shows_backend || cells[0].text.is_empty()) {
                SERIAL.clone_into(&mut cells[0].text);
            }
            if compared && is_serial(row) && row.against_reference.is_none() {
                let at = columns.iter().position(|column| *column == Column::Speedup);
                if let Some(at) = at {
                    cells[at] = Cell::number("reference".to_owned(), 1.0);
                }
            }
            let verdict = row.against_reference.map(|comparison| comparison.verdict);
            let answers = &report.run.answers;
            let recommended = answers.iter().any(|answer| answer.recommended == index);
            let among_the_fastest = answers.iter().any(|answer| answer.fastest.contains(&index));
            GridRow { cells, verdict, recommended, among_the_fastest }
        });
        let rows = rows.collect();
        let mut grid = Self { columns, unit, rows };
        grid.retain(|_, cells| cells.iter().any(|cell| !cell.text.is_empty()));
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

/// The axes that vary, at least one, so that every row is told from the others.
fn configuration_columns(rows: &[ResultRow]) -> Vec<Axis> {
    let mut axes: Vec<_> = Axis::ALL.into_iter().filter(|axis| axis.varies(rows)).collect();
    if axes.is_empty() {
        axes.push(Axis::Backend);
    }
    axes
}

fn configuration(axis: Axis, row: &ResultRow) -> Cell {
    let text = axis.value(row).unwrap_or_default();
    let value = text.parse().ok();
    Cell { text: one_line(&text).into_owned(), value }
}

/// `61.0–64.2`; nothing of a single sample.
fn quartiles(row: &ResultRow, summary: &Summary, unit: TimeUnit) -> Cell {
    if row.samples.len() < 2 {
        return Cell::default();
    }
    let [low, high] = summary.quartiles;
    Cell::number(format!("{}–{}", unit.bare(low), unit.bare(high)), unit.of(high))
}

fn rate(words: usize, median: Duration) -> Cell {
    if median.is_zero() || words == 0 {
        return Cell::default();
    }
    let millions = words as f64 / median.as_secs_f64() / 1e6;
    Cell::number(format!("{millions:.1}"), millions)
}
