//! The table of the HTML report: readable as it stands, sortable where scripts run.

use std::fmt::Write as _;

use crate::bench::result::Verdict;
use crate::report::Report;
use crate::report::axis::in_common;
use crate::report::caption;
use crate::report::escape::markup;
use crate::report::grid::{Column, Grid, GridRow};
use crate::report::mark::Mark;

/// The section with the table; nothing where no row was measured.
pub(super) fn section(page: &mut String, report: &Report<'_>) {
    let mut grid = Grid::new(report);
    // The marks are words in the cell that heads a row.
    grid.retain(|column, _| column != Column::Mark);
    if grid.rows.is_empty() {
        return;
    }
    page.push_str(
        "<section aria-labelledby=\"table\">\n<h2 id=\"table\">All rows</h2>\n\
         <div class=\"scroll\" role=\"region\" aria-labelledby=\"table\" tabindex=\"0\">\n\
         <table class=\"sortable\">\n<caption><span>",
    );
    let unit = grid.unit.symbol();
    let common = in_common(&report.run.results);
    if !common.is_empty() {
        let _ = write!(page, "{}. ", markup(&common));
    }
    let _ = write!(
        page,
        "Times are in {unit}, {}; the parts of a run add up to the median.\
         </span></caption>\n<thead>\n<tr>",
        caption::rounds(report.run)
    );
    for column in &grid.columns {
        let heading = markup(&column.heading(grid.unit));
        let _ = write!(page, "<th scope=\"col\"{}>{heading}</th>", class(*column));
    }
    page.push_str("</tr>\n</thead>\n<tbody>\n");
    for row in &grid.rows {
        table_row(page, &grid, row);
    }
    page.push_str("</tbody>\n</table>\n</div>\n</section>\n");
}

fn table_row(page: &mut String, grid: &Grid, row: &GridRow) {
    let is_recommended = row.mark == Mark::Recommended;
    page.push_str(if is_recommended { "<tr class=\"recommended\">" } else { "<tr>" });
    for (index, (column, cell)) in grid.columns.iter().zip(&row.cells).enumerate() {
        let text = markup(&cell.text);
        let shown = with_interval_below(&text);
        // What the column is sorted by: never the text of the element, which may hold a mark.
        let value = cell.value.map_or_else(|| text.clone(), |value| value.to_string());
        let class = match (column, row.verdict) {
            (Column::Verdict, Some(Verdict::Faster)) => " class=\"verdict faster\"",
            (Column::Verdict, Some(Verdict::Slower)) => " class=\"verdict slower\"",
            (Column::Verdict, _) => " class=\"verdict\"",
            _ => class(*column),
        };
        let attributes = format!("{class} data-value=\"{value}\"");
        if index == 0 {
            let mark = match row.mark {
                Mark::Unmarked => String::new(),
                mark => format!("<span class=\"mark\">{}</span>", mark.words()),
            };
            let _ = write!(page, "<th scope=\"row\"{attributes}>{mark}{shown}</th>");
        } else {
            let _ = write!(page, "<td{attributes}>{shown}</td>");
        }
    }
    page.push_str("</tr>\n");
}

/// A figure with its interval below it, where the column needs no more room than one of them.
fn with_interval_below(text: &str) -> String {
    match text.split_once(" (") {
        Some((figure, interval)) => {
            format!("{figure} <span class=\"interval\">({interval}</span>")
        }
        None => text.to_owned(),
    }
}

fn class(column: Column) -> &'static str {
    if column.is_numeric() { " class=\"number\"" } else { "" }
}
