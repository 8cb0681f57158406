//! The answer of a measurement in plain sentences: what to take, what may be just as fast, how sure
//! that is, and what could have been seen.

use super::axis::Axis;
use super::figure::{self, counted};
use super::label::spoken;
use crate::bench::result::{Answer, Comparison, Measurement, Order, ResultRow, Stopped, Verdict};
use crate::one_line::one_line;

/// All sentences of a measurement, a paragraph each: one for each answer, then how sure they are.
#[must_use]
pub fn paragraphs(run: &Measurement) -> Vec<String> {
    let answers = run.answers.iter().map(|answer| sentences(answer, run).join(" "));
    answers.chain(how_sure(run)).filter(|paragraph| !paragraph.is_empty()).collect()
}

/// The sentences of one answer, in the order of their weight. Empty where the answer names a row
/// that is not there or was not measured.
#[must_use]
pub fn sentences(answer: &Answer, run: &Measurement) -> Vec<String> {
    let rows = &run.results;
    let Some(recommended) = rows.get(answer.recommended) else { return Vec::new() };
    let Some(median) = recommended.summary.map(|summary| figure::time(summary.median)) else {
        return Vec::new();
    };
    let recommends = match run.answers.len() {
        0 | 1 => "Recommended".to_owned(),
        _ => format!("With --rounds {}, recommended", answer.iterations),
    };
    let label = name(recommended, run);
    let beside = recommended.against_reference.map(|found| beside(&found, answer, run));
    let first = format!("{recommends}: {label} ({median}){}.", beside.unwrap_or_default());
    let detectable = answer.detectable_difference.map(|share| {
        format!(
            "With {}, a difference of {} would be found nine times in ten.",
            counted(recommended.samples.len(), "round"),
            figure::percent(share)
        )
    });
    [Some(first), Some(others(answer, rows)), detectable].into_iter().flatten().collect()
}

/// Why there are no more rounds, and how sure all claims are; of rows that cannot be compared, why
/// not. `None` where nothing was measured.
#[must_use]
pub fn how_sure(run: &Measurement) -> Option<String> {
    let most = run.results.iter().map(|row| row.samples.len()).max().filter(|&most| most > 0)?;
    if run.order == Order::Blocked {
        return Some(
            "The rows were measured one after the other (--order blocked), so a change of the \
             machine looks like a difference between rows: there are no verdicts."
                .to_owned(),
        );
    }
    let rounds = counted(most, "round");
    let ended = match run.stopped {
        Stopped::Decided => format!("Stopped after {rounds}: every row is decided."),
        Stopped::Runs => format!("Stopped after {rounds}, as --runs asked."),
        Stopped::Precision => {
            format!("Stopped after {rounds}: all intervals are as narrow as --precision asked.")
        }
        Stopped::MaxTime => format!("Stopped after {rounds}: the time was up (--max-time)."),
        Stopped::MaxRounds => {
            format!("Stopped after {rounds}: more are made only if --runs asks for them.")
        }
        Stopped::Interrupted => format!("Interrupted after {rounds}."),
        Stopped::Failed => format!("Stopped after {rounds} by an error."),
    };
    let has_interval = |row: &ResultRow| {
        let comparisons = [row.against_reference, row.against_recommended];
        comparisons.into_iter().flatten().any(|found| found.interval.is_some())
    };
    let level = run.results.iter().any(has_interval).then(|| {
        format!(
            " All verdicts and intervals hold together with {} confidence.",
            figure::round_percent(run.level)
        )
    });
    Some(ended + &level.unwrap_or_default())
}

/// A row's label, without the work where the sentence names that already.
fn name(row: &ResultRow, run: &Measurement) -> String {
    let work = Axis::Rounds.phrase(row).filter(|_| run.answers.len() > 1);
    let end = work.map(|work| format!(", {work}")).unwrap_or_default();
    spoken(row.label.strip_suffix(&end).unwrap_or(&row.label))
}

fn beside(found: &Comparison, answer: &Answer, run: &Measurement) -> String {
    let reference = answer.reference.and_then(|row| run.results.get(row));
    let reference = reference.map_or_else(|| "the reference".to_owned(), |row| name(row, run));
    let times = match found.interval {
        Some([low, high]) => format!("{:.2} times ({low:.2}–{high:.2})", found.speedup),
        None => format!("{:.2} times", found.speedup),
    };
    match found.verdict {
        Verdict::Faster | Verdict::Slower => format!(", {times} as fast as {reference}"),
        Verdict::Same => {
            let margin = figure::round_percent(run.margin);
            format!(", the same as {reference} to within {margin}: {times} as fast")
        }
        Verdict::Unclear => {
            format!(", not shown to differ from {reference}: {times} as fast")
        }
    }
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
            "{} may be just as fast{}.",
            counted(count, "other row"),
            listed(others, &rows[answer.recommended])
        ),
    }
}

/// More rows than this are not named one by one.
const MOST_NAMED: usize = 6;

/// `: serial; chunk sizes 500, 1000 and 5000`, of many rows the quickest only. What all of them
/// have in common with the recommended row is left out.
fn listed(mut others: Vec<&ResultRow>, recommended: &ResultRow) -> String {
    let introduction = if others.len() > MOST_NAMED {
        others.sort_by_key(|row| row.summary.map(|summary| summary.median));
        others.truncate(MOST_NAMED);
        "; those with the shortest medians: "
    } else {
        ": "
    };
    let labels: Vec<_> = others.iter().map(|row| one_line(&row.label)).collect();
    let phrases: Vec<Vec<&str>> = labels.iter().map(|label| label.split(", ").collect()).collect();
    let recommended = one_line(&recommended.label);
    let common: Vec<&str> = recommended
        .split(", ")
        .filter(|phrase| phrases.iter().all(|phrases| phrases.contains(phrase)))
        .collect();
    let (mut sizes, mut names) = (Vec::new(), Vec::new());
    for (phrases, label) in phrases.iter().zip(&labels) {
        let rest: Vec<_> =
            phrases.iter().filter(|phrase| !common.contains(phrase)).copied().collect();
        let name = if rest.is_empty() { label.clone().into_owned() } else { rest.join(", ") };
        let size = name.strip_prefix("chunksize ").unwrap_or(&name);
        if size.bytes().all(|byte| byte.is_ascii_digit()) {
            sizes.push(size.to_owned());
        } else {
            names.push(name);
        }
    }
    match sizes.as_slice() {
        [] => {}
        [only] => names.push(format!("chunk size {only}")),
        [first @ .., last] => names.push(format!("chunk sizes {} and {last}", first.join(", "))),
    }
    format!("{introduction}{}", names.join("; "))
}
