//! The answer of a measurement in plain sentences: what to take, what may be just as fast, how sure
//! that is, and what could have been seen.

use super::figure;
use super::label::spoken;
use crate::bench::result::{Answer, Comparison, Measurement, ResultRow, Stopped, Verdict};

/// The sentences of one answer, in the order of their weight. Empty where the answer names a row
/// that is not there or was not measured.
#[must_use]
pub fn sentences(answer: &Answer, run: &Measurement) -> Vec<String> {
    let rows = &run.results;
    let Some(recommended) = rows.get(answer.recommended) else { return Vec::new() };
    let Some(median) = recommended.summary.map(|summary| figure::time(summary.median)) else {
        return Vec::new();
    };
    let work = match run.answers.len() {
        0 | 1 => String::new(),
        _ => format!("With --rounds {}: ", answer.iterations),
    };
    let label = spoken(&recommended.label);
    let speedup = recommended.against_reference.map(|found| beside(&found, answer, rows));
    let first = format!("{work}Recommended: {label} ({median}){}.", speedup.unwrap_or_default());
    let detectable = answer.detectable_difference.map(|share| {
        format!(
            "With {}, a difference of {} would be found nine times in ten.",
            rounds(recommended),
            figure::percent(share)
        )
    });
    [Some(first), Some(others(answer, rows)), detectable].into_iter().flatten().collect()
}

/// Why there are no more rounds, and how sure all claims are.
#[must_use]
pub fn how_sure(run: &Measurement) -> Option<String> {
    if run.answers.is_empty() {
        return None;
    }
    let rounds = run.results.iter().map(|row| row.samples.len()).max().unwrap_or(0);
    let why = match run.stopped {
        Stopped::Decided => "every row is decided",
        Stopped::Runs => "as many as were asked for",
        Stopped::Precision => "all intervals are narrow enough",
        Stopped::MaxTime => "the time was up",
        Stopped::MaxRounds => "more rounds are made only with --runs",
        Stopped::Interrupted => "interrupted",
        Stopped::Failed => "a run failed",
    };
    Some(format!(
        "Stopped after {rounds} {} ({why}). All verdicts and intervals of this table hold together \
         with {:.0}% confidence.",
        if rounds == 1 { "round" } else { "rounds" },
        run.level * 100.0
    ))
}

fn others(answer: &Answer, rows: &[ResultRow]) -> String {
    let others = answer.fastest.iter().filter(|&&row| row != answer.recommended);
    let others: Vec<&ResultRow> = others.filter_map(|&row| rows.get(row)).collect();
    let measured = rows
        .iter()
        .filter(|row| row.setting.iterations == answer.iterations && !row.samples.is_empty())
        .count();
    match others.len() {
        0 if measured < 2 => "Nothing else was measured.".to_owned(),
        0 => "All other rows are slower.".to_owned(),
        count => format!(
            "{count} other {} may be just as fast: {}.",
            if count == 1 { "row" } else { "rows" },
            listed(others)
        ),
    }
}

/// More rows than this are not named one by one.
const MOST_NAMED: usize = 6;

/// `chunk size 500; chunk size 1000`, or of many `from chunk size 1000 (60.1 ms) to even (64.2 ms)`.
fn listed(mut others: Vec<&ResultRow>) -> String {
    if others.len() <= MOST_NAMED {
        let names: Vec<_> = others.iter().map(|row| spoken(&row.label)).collect();
        return names.join("; ");
    }
    others.sort_by_key(|row| row.summary.map(|summary| summary.median));
    let ends = [others[0], others[others.len() - 1]].map(|row| {
        let median = row
            .summary
            .map_or_else(String::new, |summary| format!(" ({})", figure::time(summary.median)));
        format!("{}{median}", spoken(&row.label))
    });
    format!("from {} to {}", ends[0], ends[1])
}

fn rounds(row: &ResultRow) -> String {
    match row.samples.len() {
        1 => "1 round".to_owned(),
        rounds => format!("{rounds} rounds"),
    }
}

fn beside(found: &Comparison, answer: &Answer, rows: &[ResultRow]) -> String {
    let reference = answer.reference.and_then(|row| rows.get(row));
    let reference = reference.map_or_else(|| "the reference".to_owned(), |row| spoken(&row.label));
    let times = figure::speedup(found);
    match found.verdict {
        Verdict::Faster | Verdict::Slower => format!(", {times} times as fast as {reference}"),
        Verdict::Same => format!(", the same as {reference} (speed-up {times})"),
        Verdict::Unclear => format!(", not clearly different from {reference} (speed-up {times})"),
    }
}
