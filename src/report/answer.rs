//! The answer of a sweep in two sentences: what to take, and what it cannot be told from.

use super::figure;
use super::label::spoken;
use crate::bench::answer::Answer;
use crate::bench::result::{Comparison, ResultRow, Verdict};

/// `Recommended: chunk size 10000 (60.3 ms), 1.83 times (1.76–1.90) as fast as the serial run.`
/// and what else is as fast, as far as the samples say. Empty where the answer names a row that is
/// not there or was not measured.
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
    let others: Vec<_> =
        unnamed.filter_map(|row| rows.get(*row)).map(|row| spoken(&row.label)).collect();
    let others = others.join(", ");
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
