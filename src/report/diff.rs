//! Two measurements side by side, for a terminal or a log.
//!
//! What may be concluded was concluded by [`crate::bench::diff`]; this says it.

use std::fmt::Write as _;

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};

use super::figure::{self, TimeUnit};
use super::wrap::wrapped;
use crate::bench::diff::{Difference, Pair};
use crate::bench::result::Comparison;
use crate::one_line::one_line;

/// A table of the configurations that both have, what it can show, what only one result has, and
/// what else changed. Sentences are broken into lines of at most `width` characters.
#[must_use]
pub fn render(difference: &Difference, width: Option<usize>) -> String {
    let mut text = table(&difference.pairs);
    text.push('\n');
    for sentence in sentences(difference) {
        text.push_str(&wrapped(&sentence, width));
    }
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

/// What two sessions can show, and what they cannot.
fn sentences(difference: &Difference) -> Vec<String> {
    let mut sentences = Vec::new();
    for which in &difference.blocked {
        sentences.push(format!(
            "The {which} result was measured in blocked order, so its rows have no speed-up over \
             their reference: nothing can be compared."
        ));
    }
    let pairs = &difference.pairs;
    if pairs.iter().any(|pair| pair.ratio().is_some()) {
        sentences.push(format!(
            "The change is that of a row's time relative to the reference of its own session, with \
             {} confidence for all rows together: the machine may differ between two sessions by \
             more than either of them shows, so times alone show no change.",
            figure::round_percent(difference.level)
        ));
    }
    if difference.blocked.is_empty()
        && pairs.iter().any(|pair| pair.ratio().is_none() && !pair.is_reference)
    {
        sentences.push(
            "Rows that the two results do not compare with the same reference are shown as times \
             only."
                .to_owned(),
        );
    }
    sentences
}

fn table(pairs: &[Pair]) -> String {
    let unit = TimeUnit::suiting(pairs.iter().flat_map(|pair| [pair.old, pair.new]));
    let symbol = unit.symbol();
    let (old, new) = (format!("old {symbol}"), format!("new {symbol}"));
    let mut rows = vec![
        ["", &old, &new, "old speed-up", "new speed-up", "change", "verdict"].map(str::to_owned),
    ];
    for pair in pairs {
        let speedup = |found: Option<Comparison>| match found {
            Some(found) => figure::speedup(&found),
            None if pair.is_reference => "reference".to_owned(),
            None => String::new(),
        };
        let change = pair.ratio().map(|ratio| figure::more_time(ratio, pair.interval()));
        rows.push([
            one_line(&pair.label).into_owned(),
            unit.bare(pair.old),
            unit.bare(pair.new),
            speedup(pair.old_comparison),
            speedup(pair.new_comparison),
            change.unwrap_or_default(),
            pair.verdict().map_or_else(String::new, |verdict| verdict.to_string()),
        ]);
    }
    let is_compared = pairs.iter().any(|pair| pair.ratio().is_some());
    let columns = if is_compared { 7 } else { 3 };
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    let mut rows = rows.into_iter().map(|row| row.into_iter().take(columns).map(Cell::new));
    table.set_header(rows.next().into_iter().flatten());
    rows.for_each(|row| {
        table.add_row(row);
    });
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if index == 0 { 0 } else { 2 }, 0));
        if (1..=5).contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().fold(String::new(), |text, line| text + line.trim_end() + "\n")
}
