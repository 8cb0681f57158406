//! The Markdown format: a table that pastes into a pull request or an issue.
//!
//! GitHub's flavour (tables are no part of `CommonMark`). What comes from outside stands in code
//! spans or behind backslashes, so that it formats nothing.

use std::fmt::Write as _;

use super::axis::in_common;
use super::escape::{command_line, markdown, markdown_block, markdown_code};
use super::grid::{Column, Grid};
use super::{Report, answer, caption, environment, figure, mark};

/// What was hashed, the table, the notes, the machine and the command.
#[must_use]
pub fn render(report: &Report<'_>) -> String {
    let run = report.run;
    let words = figure::count(run.input.words as u64);
    let path = markdown_code(&run.input.path);
    let mut text = caption::rounds(run);
    if caption::has_list(run) {
        text = format!("{words} words from {path}; {text}");
    }
    let common = in_common(&run.results);
    if !common.is_empty() {
        let _ = write!(text, "; {}", markdown(&common));
    }
    text.push_str("\n\n");
    if let Some(sentence) = caption::programs(run) {
        let _ = writeln!(text, "{}\n", markdown(&sentence));
    }
    let grid = Grid::new(report);
    if !grid.rows.is_empty() {
        table(&mut text, &grid);
    }
    if let Some(legend) = mark::legend(run) {
        let _ = writeln!(text, "{}\n", markdown(legend));
    }
    for paragraph in answer::paragraphs(run) {
        let _ = writeln!(text, "{}\n", markdown(&paragraph));
    }
    if let Some(note) = report.model_note {
        let _ = writeln!(text, "{}\n", markdown(note));
    }
    for warning in &run.warnings {
        let _ = writeln!(text, "- {}", markdown(warning));
    }
    if !run.warnings.is_empty() {
        text.push('\n');
    }
    let _ = writeln!(text, "{}", markdown(&environment::sentence(run)));
    let _ = write!(text, "\n{}", markdown_block(&command_line(&run.command)));
    text
}

fn table(text: &mut String, grid: &Grid) {
    // The first one holds "serial" as well.
    let first = grid.columns.iter().position(|column| *column != Column::Mark);
    let rule = |(index, column): (usize, &Column)| {
        if column.is_numeric() && Some(index) != first { "---:" } else { "---" }
    };
    line(text, grid.headings().iter().map(String::as_str));
    line(text, grid.columns.iter().enumerate().map(rule));
    for row in &grid.rows {
        let cells: Vec<_> = row.cells.iter().map(|cell| markdown(&cell.text)).collect();
        line(text, cells.iter().map(String::as_str));
    }
    text.push('\n');
}

fn line<'a>(text: &mut String, cells: impl Iterator<Item = &'a str>) {
    text.push('|');
    for cell in cells {
        let _ = write!(text, " {cell} |");
    }
    text.push('\n');
}
