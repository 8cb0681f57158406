//! Two measurements side by side, for a terminal or a log.
//!
//! What may be concluded was concluded by [`crate::bench::diff`]; this says it.

use std::fmt::Write as _;

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};

use super::figure::TimeUnit;
use crate::bench::diff::{Difference, Pair};
use crate::one_line::one_line;

/// A table of the configurations that both have, then what only one has and what else changed.
#[must_use]
pub fn render(difference: &Difference) -> String {
    let mut text = table(&difference.pairs);
    for (labels, whose) in [(&difference.only_old, "old"), (&difference.only_new, "new")] {
        for label in labels {
            let _ = writeln!(text, "only in the {whose} result: {}", one_line(label));
        }
    }
    for change in &difference.changed {
        let (old, new) = (one_line(&change.old), one_line(&change.new));
        let _ = writeln!(text, "{} changed: {old}, then {new}", change.what);
    }
    text
}

fn table(pairs: &[Pair]) -> String {
    let unit = TimeUnit::suiting(pairs.iter().flat_map(|pair| [pair.old, pair.new]));
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    let symbol = unit.symbol();
    let headings = ["", &format!("old {symbol}"), &format!("new {symbol}"), "time", "verdict"];
    table.set_header(headings.map(Cell::new));
    for pair in pairs {
        let change = pair.ratio().map(percent).unwrap_or_default();
        let verdict = pair.interval().map_or_else(String::new, |[low, high]| {
            format!("({} to {})", percent(low), percent(high))
        });
        let label = one_line(&pair.label).into_owned();
        table.add_row([label, unit.bare(pair.old), unit.bare(pair.new), change, verdict]);
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if index == 0 { 0 } else { 2 }, 0));
        if (1..=3).contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().fold(String::new(), |text, line| text + line.trim_end() + "\n")
}

/// `+5.0 %`: more time than before.
fn percent(ratio: f64) -> String {
    format!("{:+.1} %", (ratio - 1.0) * 100.0)
}
