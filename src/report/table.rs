//! The table for a terminal: aligned, no boxes, in colours only where the caller asks for them.
//!
//! It does not look at the terminal: the caller knows its width and `NO_COLOR`. Where the width
//! does not suffice, whole columns go, the least telling first, and a line says which; a figure
//! is never cut.

use std::fmt::Write as _;

use comfy_table::{Cell as TableCell, CellAlignment, ContentArrangement, Table};

use super::axis::in_common;
use super::grid::{Column, Grid};
use super::wrap::wrapped;
use super::{Report, answer, caption, figure, mark};
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

/// The columns that may go where there is no room, the least telling first. The parts of a run go
/// together: they add up to the median.
const EXPENDABLE: [&[Column]; 7] = [
    &[Column::Rate],
    &[Column::Tasks],
    &[Column::Part(0), Column::Part(1), Column::Part(2), Column::Part(3), Column::Part(4)],
    &[Column::Quartiles],
    &[Column::Spilled],
    &[Column::Verdict],
    &[Column::Speedup],
];

const BOLD: &str = "\x1b[1m";
const FAINT: &str = "\x1b[2m";
const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";
const PLAIN: &str = "\x1b[0m";

/// A caption, the headings, one line for each row that has samples, what the marks mean, and the
/// answer.
#[must_use]
pub fn render(report: &Report<'_>, layout: Layout) -> String {
    let run = report.run;
    let mut grid = Grid::new(report);
    let (mut lines, left_out) = fit(&mut grid, layout.width);
    if layout.colour {
        paint(&grid, &mut lines);
    }
    let mut text = caption(report, layout.width);
    text.push('\n');
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    if let Some(legend) = mark::legend(run) {
        text.push_str(&wrapped(legend, layout.width));
    }
    if !left_out.is_empty() {
        let left_out = format!("(hidden at this width: {})", left_out.join(", "));
        text.push_str(&wrapped(&left_out, layout.width));
    }
    for paragraph in answer::paragraphs(run) {
        let _ = write!(text, "\n{}", wrapped(&paragraph, layout.width));
    }
    if let Some(note) = report.model_note {
        let _ = write!(text, "\n{}", wrapped(&one_line(note), layout.width));
    }
    text
}

/// What is the same for all rows: the input and the number of rounds, then the configuration.
fn caption(report: &Report<'_>, width: Option<usize>) -> String {
    let run = report.run;
    let words = figure::count(run.input.words as u64);
    let path = one_line(&run.input.path);
    let mut input = caption::rounds(run);
    if caption::has_list(run) {
        input = format!("{words} words from {path}; {input}");
    }
    let common = one_line(&in_common(&run.results)).into_owned();
    let programs = caption::programs(run).unwrap_or_default();
    let lines = [input, common, programs].into_iter().filter(|line| !line.is_empty());
    lines.map(|line| wrapped(&line, width)).collect()
}

/// Lays the grid out without as few columns as make its lines no longer than `width`; the headings
/// of those that are hidden.
fn fit(grid: &mut Grid, width: Option<usize>) -> (Vec<String>, Vec<String>) {
    let whole = grid.clone();
    let without = |hidden: &[&[Column]]| {
        let mut grid = whole.clone();
        grid.retain(|column, _| !hidden.concat().contains(&column));
        let lines = lay_out(&grid);
        (grid, lines)
    };
    let fits = |hidden: &[&[Column]]| {
        let (_, lines) = without(hidden);
        let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
        width.is_none_or(|width| longest <= width)
    };
    let needed = (0..EXPENDABLE.len()).find(|&count| fits(&EXPENDABLE[..count]));
    let mut hidden = EXPENDABLE[..needed.unwrap_or(EXPENDABLE.len())].to_vec();
    // A wide one that had to go may have made room for narrow ones before it.
    for index in (0..hidden.len()).rev() {
        let mut fewer = hidden.clone();
        fewer.remove(index);
        if fits(&fewer) {
            hidden = fewer;
        }
    }
    let is_hidden = |column: &&Column| hidden.concat().contains(column);
    let headings = whole.columns.iter().filter(is_hidden).map(|column| column.heading(whole.unit));
    let headings = headings.collect();
    let (fitting, lines) = without(&hidden);
    *grid = fitting;
    (lines, headings)
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
        let before = match index.checked_sub(1).map(|before| grid.columns[before]) {
            None => 0,
            Some(Column::Mark) => 1,
            Some(_) => 2,
        };
        layout.set_padding((before, 0));
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
    if !grid.columns.contains(&Column::Verdict) {
        return;
    }
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
