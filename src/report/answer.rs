//! The answer of a sweep in two sentences: what to take, and what it cannot be told from. A third
//! says how small a difference the runs could have shown.

use super::figure;
use super::label::spoken;
use crate::bench::answer::Answer;
use crate::bench::result::{Comparison, ResultRow, Verdict};

/// `Recommended: chunk size 10000 (60.3 ms), 1.83 times (1.76–1.90) as fast as the serial run.`
/// and what else is as fast, as far as the samples say: by name, or as so many rows from the
/// quickest to the slowest; all of them stand in [`Answer::indistinguishable`]. Empty where the
/// answer names a row that is not there or was not measured.
#[must_use]
pub fn sentences(answer: &Answer, rows: &[ResultRow]) -> String {
    let (Some(recommended), Some(fastest)) =
        (described(rows, answer.recommended), described(rows, answer.fastest))
    else {
        return String::new();
    };
    let speedup = answer.against_serial.map(beside_serial).unwrap_or_default();
    let others = others(answer, rows, &fastest);
    format!("Recommended: {recommended}{speedup}. {others}")
}

fn others(answer: &Answer, rows: &[ResultRow], fastest: &str) -> String {
    let is_named = |row: &&usize| **row == answer.fastest || **row == answer.recommended;
    let unnamed = answer.indistinguishable.iter().filter(|row| !is_named(row));
    let others = listed(unnamed.filter_map(|row| rows.get(*row)).collect());
    match (answer.recommended == answer.fastest, others.is_empty()) {
        (true, true) if rows.len() < 2 => "Nothing else was measured.".to_owned(),
        (true, true) => "Every other row is clearly slower.".to_owned(),
        (true, false) => format!("It is the fastest; not to be told from it: {others}."),
        (false, true) => format!("It cannot be told from the fastest, {fastest}."),
        (false, false) => {
            format!("It cannot be told from the fastest, {fastest}; nor can: {others}.")
        }
    }
}

/// More rows than this are not named one by one.
const MOST_NAMED: usize = 4;

/// `chunk size 500, chunk size 1000`, or of many `12 rows, from chunk size 1000 (60.1 ms) to even
/// (64.2 ms)`.
fn listed(mut others: Vec<&ResultRow>) -> String {
    if others.len() <= MOST_NAMED {
        let names: Vec<_> = others.iter().map(|row| spoken(&row.label)).collect();
        return names.join(", ");
    }
    let count = others.len();
    others.sort_by_key(|row| row.summary.map(|summary| summary.median));
    let ends = [others[0], others[count - 1]].map(|row| {
        let median = row
            .summary
            .map_or_else(String::new, |summary| format!(" ({})", figure::time(summary.median)));
        format!("{}{median}", spoken(&row.label))
    });
    format!("{count} rows, from {} to {}", ends[0], ends[1])
}

/// `5 runs of each show differences from about 12 % on.` and what would show smaller ones, unless
/// that is in use already. `None` where the answer leaves nothing open.
#[must_use]
pub fn what_can_be_seen(
    answer: &Answer,
    rows: &[ResultRow],
    precision_in_use: bool,
) -> Option<String> {
    let smallest = answer.smallest_difference?;
    let runs = rows.get(answer.fastest)?.samples.len();
    let seen = if smallest < 1.0 {
        format!("show differences from about {} on", super::model::percent(smallest))
    } else {
        "do not even show a difference of twice the time".to_owned()
    };
    let remedy = if precision_in_use || !wants_precision(answer) {
        ""
    } else {
        "; with --precision 2% it runs on for smaller ones"
    };
    Some(format!("{runs} runs of each {seen}{remedy}."))
}

/// Whether [`what_can_be_seen`] advises `--precision` where that is not in use.
#[must_use]
pub fn wants_precision(answer: &Answer) -> bool {
    /// Smaller ones matter to nobody who did not ask for precision.
    const SMALL: f64 = 0.05;
    answer.smallest_difference.is_some_and(|smallest| smallest > SMALL)
}

fn described(rows: &[ResultRow], index: usize) -> Option<String> {
    let row = rows.get(index)?;
    Some(format!("{} ({})", spoken(&row.label), figure::time(row.summary?.median)))
}

fn beside_serial(comparison: Comparison) -> String {
    let (times, low, high) = comparison.speedup();
    match comparison.verdict {
        Verdict::NoClearDifference => {
            format!(", no clear difference from the serial run ({low:.2}–{high:.2} times as fast)")
        }
        Verdict::Faster | Verdict::Slower => {
            format!(", {times:.2} times ({low:.2}–{high:.2}) as fast as the serial run")
        }
    }
}
