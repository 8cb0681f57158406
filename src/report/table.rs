//! The table for a terminal: aligned, no boxes, in colours only where the caller asks for them.
//!
//! It does not look at the terminal: the caller knows its width and `NO_COLOR`. Where the width
//! does not suffice, whole columns go, the least telling first, and a line says which; a figure
//! is never cut.

use std::fmt::Write as _;

use comfy_table::{Cell as TableCell, CellAlignment, ContentArrangement, Table};

use super::Report;
use super::axis::in_common;
use super::grid::{Column, Grid};
use super::{answer, figure};
use crate::bench::result::Verdict;
use crate::one_line::one_line;

/// How a text may look where it is going.
#[derive(Clone, Copy, Debug, Default)]
pub struct Layout {
    /// The most columns of characters in a line; `None` for no limit.
    pub width: Option<usize>,
    /// Whether to use ANSI escape sequences for colours and weight.
    pub colour: bool,
}

/// The columns that may go where there is no room, the least telling first.
const EXPENDABLE: [Column; 10] = [
    Column::Rate,
    Column::Tasks,
    Column::Part(4),
    Column::Part(0),
    Column::Part(3),
    Column::Part(2),
    Column::Part(1),
    Column::Quartiles,
    Column::Spilled,
    Column::Verdict,
];

const BOLD: &str = "\x1b[1m";
const FAINT: &str = "\x1b[2m";
const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";
const PLAIN: &str = "\x1b[0m";

/// A caption, the headings, one line for each row that has samples.
#[must_use]
pub fn render(report: &Report<'_>, layout: Layout) -> String {
    let mut grid = Grid::new(report);
    let (mut lines, left_out) = fit(&mut grid, layout.width);
    if layout.colour {
        paint(&grid, &mut lines);
    }
    let mut text = caption(report).join("\n");
    text.push_str("\n\n");
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    if !left_out.is_empty() {
        let _ = writeln!(text, "(no room here for: {})", left_out.join(", "));
    }
    let run = report.run;
    let answers = run.answers.iter().flat_map(|found| answer::sentences(found, run));
    for (index, sentence) in answers.chain(answer::how_sure(run)).enumerate() {
        let _ = writeln!(text, "{}{sentence}", if index == 0 { "\n" } else { "" });
    }
    if let Some(note) = report.model_note {
        let _ = writeln!(text, "{}", one_line(note));
    }
    text
}

/// What is the same for all rows: the input and the number of runs, then the configuration.
pub(crate) fn caption(report: &Report<'_>) -> Vec<String> {
    let run = report.run;
    let words = figure::count(run.input.words as u64);
    let mut runs = run.results.iter().map(|row| row.samples.len()).filter(|runs| *runs > 0);
    let runs = runs.next().map(|first| {
        runs.fold((first, first), |(least, most), runs| (least.min(runs), most.max(runs)))
    });
    let runs = match runs {
        None => "nothing measured yet".to_owned(),
        Some((1, 1)) => "one run each".to_owned(),
        Some((least, most)) if least == most => format!("medians of {most} runs"),
        Some((least, most)) => format!("medians of {least} to {most} runs"),
    };
    let input = format!("{words} words from {}; {runs}", one_line(&run.input.path));
    let common = one_line(&in_common(&run.results)).into_owned();
    [input, common].into_iter().filter(|line| !line.is_empty()).collect()
}

/// Lays the grid out, giving up columns until the lines are no longer than `width`.
fn fit(grid: &mut Grid, width: Option<usize>) -> (Vec<String>, Vec<String>) {
    let mut left_out = Vec::new();
    let mut lines = lay_out(grid);
    for expendable in EXPENDABLE {
        let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
        if width.is_none_or(|width| longest <= width) {
            break;
        }
        if grid.columns.contains(&expendable) {
            left_out.push(expendable.heading(grid.unit));
            grid.retain(|column, _| column != expendable);
            lines = lay_out(grid);
        }
    }
    (lines, left_out)
}

fn lay_out(grid: &Grid) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(grid.headings());
    for row in &grid.rows {
        table.add_row(row.cells.iter().map(|cell| TableCell::new(&cell.text)));
    }
    for (index, (column, layout)) in grid.columns.iter().zip(table.column_iter_mut()).enumerate() {
        layout.set_padding((if index == 0 { 0 } else { 2 }, 0));
        if column.is_numeric() {
            layout.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// Colours what the words already say: nothing is told by colour alone.
fn paint(grid: &Grid, lines: &mut [String]) {
    let Some((headings, rows)) = lines.split_first_mut() else { return };
    *headings = format!("{BOLD}{headings}{PLAIN}");
    for (row, line) in grid.rows.iter().zip(rows) {
        let Some(verdict) = row.verdict else { continue };
        let colour = match verdict {
            Verdict::Faster => GREEN,
            Verdict::Slower => RED,
            Verdict::Same | Verdict::Unclear => FAINT,
        };
        let word = verdict.to_string();
        if let Some(at) = line.rfind(&word) {
            line.replace_range(at..at + word.len(), &format!("{colour}{word}{PLAIN}"));
        }
    }
}
