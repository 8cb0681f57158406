//! The table of a measurement as columns and cells, before any format lays it out.
//!
//! The terminal's table, Markdown and HTML show the same cells; they differ in how they draw
//! them. Columns in which no row has anything are left out.

use std::time::Duration;

use super::Report;
use super::axis::{Axis, SERIAL, is_serial};
use super::figure::{self, TimeUnit};
use crate::bench::result::{ResultRow, Sample, Summary, Verdict};
use crate::one_line::one_line;

/// What a column shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Configuration(Axis),
    Tasks,
    Median,
    Start,
    Map,
    Exchange,
    Set,
    Speedup,
    Verdict,
    Rate,
    Spilled,
}

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
    /// Whether it cannot be told from the fastest row, or is that.
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
    const FIGURES: [Self; 10] = [
        Self::Tasks,
        Self::Median,
        Self::Start,
        Self::Map,
        Self::Exchange,
        Self::Set,
        Self::Speedup,
        Self::Verdict,
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
            Self::Configuration(Axis::StartMethod) => "start by".to_owned(),
            Self::Configuration(Axis::Engine) => "engine".to_owned(),
            Self::Configuration(Axis::Rounds) => "rounds".to_owned(),
            Self::Tasks => "tasks".to_owned(),
            Self::Median => format!("median {unit}"),
            Self::Start => "start".to_owned(),
            Self::Map => "map".to_owned(),
            Self::Exchange => "exchange".to_owned(),
            Self::Set => "set".to_owned(),
            Self::Speedup => "speed-up".to_owned(),
            Self::Verdict => "verdict".to_owned(),
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
        let part = |part: fn(&Sample) -> Option<Duration>| {
            let time = median_of(&row.samples, part);
            time.map_or_else(Cell::default, |time| Cell::number(unit.bare(time), unit.of(time)))
        };
        match self {
            Self::Configuration(axis) => configuration(axis, row),
            Self::Tasks => row
                .tasks
                .map_or_else(Cell::default, |tasks| Cell::number(tasks.to_string(), tasks as f64)),
            Self::Median => Cell::number(median(summary, unit), unit.of(summary.median)),
            Self::Start => part(|sample| sample.start),
            Self::Map => part(|sample| sample.map),
            Self::Exchange => part(|sample| sample.exchange),
            Self::Set => part(|sample| sample.set),
            Self::Speedup => row.against_serial.map_or_else(Cell::default, |comparison| {
                let speedup = comparison.speedup();
                Cell::number(figure::speedup(speedup), speedup.0)
            }),
            Self::Verdict => row.against_serial.map_or_else(Cell::default, |comparison| Cell {
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

        let compared = rows.iter().any(|row| row.against_serial.is_some());
        let rows = measured.into_iter().map(|(index, row, summary)| {
            let cell = |column: &Column| column.cell(row, summary, report.run.input.words, unit);
            let mut cells: Vec<_> = columns.iter().map(cell).collect();
            if is_serial(row) && (shows_backend || cells[0].text.is_empty()) {
                SERIAL.clone_into(&mut cells[0].text);
            }
            if compared && is_serial(row) && row.against_serial.is_none() {
                let at = columns.iter().position(|column| *column == Column::Speedup);
                if let Some(at) = at {
                    cells[at] = Cell::number("reference".to_owned(), 1.0);
                }
            }
            let verdict = row.against_serial.map(|comparison| comparison.verdict);
            let recommended = report.answer.is_some_and(|answer| answer.recommended == index);
            let among_the_fastest =
                report.answer.is_some_and(|answer| answer.indistinguishable.contains(&index));
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

/// `62.1 ±1.1`: the interval's farther end, so that what is said is never narrower than it is.
fn median(summary: &Summary, unit: TimeUnit) -> String {
    let median = unit.bare(summary.median);
    let Some(interval) = summary.median_interval else { return median };
    let below = summary.median.saturating_sub(interval.low);
    let above = interval.high.saturating_sub(summary.median);
    format!("{median} ±{}", unit.bare(below.max(above)))
}

/// The middle of a part's times; `None` where no sample has it.
fn median_of(samples: &[Sample], part: fn(&Sample) -> Option<Duration>) -> Option<Duration> {
    let mut times: Vec<_> = samples.iter().filter_map(part).collect();
    times.sort_unstable();
    let upper = *times.get(times.len() / 2)?;
    let lower = times[(times.len() - 1) / 2];
    Some((lower + upper) / 2)
}

fn rate(words: usize, median: Duration) -> Cell {
    if median.is_zero() || words == 0 {
        return Cell::default();
    }
    let millions = words as f64 / median.as_secs_f64() / 1e6;
    Cell::number(format!("{millions:.1}"), millions)
}
