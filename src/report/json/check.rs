//! Whether the figures of a saved result can be true.
//!
//! A file may have been edited, or made by another program. The reports rely on what is checked
//! here: that answers name rows, and that times can be added.

use std::time::Duration;

use crate::bench::result::{Answer, Comparison, Measurement, ResultRow, Sample};
use crate::bench::stats::PARTS;
use crate::one_line::one_line;

/// Longer than any run: 31 years. The sum of as many samples as fit in memory stays a [`Duration`].
const LONGEST: Duration = Duration::from_secs(1_000_000_000);

/// What cannot be true.
///
/// # Errors
///
/// The first such thing, as a clause.
pub(super) fn check(run: &Measurement) -> Result<(), String> {
    let Measurement { level, margin, results, answers, model, .. } = run;
    holds(*level > 0.0 && *level < 1.0, || format!("level is {level}, not between 0 and 1"))?;
    holds(*margin >= 0.0, || format!("margin is {margin}, below 0"))?;
    results.iter().try_for_each(row)?;
    answers.iter().try_for_each(|found| answer(found, results.len()))?;
    if let Some(model) = model {
        let error = model.leave_one_out_error;
        holds(error >= 0.0, || format!("the error of the model is {error}, below 0"))?;
        let [low, high] = model.within_2_percent;
        holds(low <= high, || format!("the sizes of the model go from {low} down to {high}"))?;
    }
    Ok(())
}

fn row(row: &ResultRow) -> Result<(), String> {
    let label = one_line(&row.label);
    holds(row.summary.is_some() != row.samples.is_empty(), || {
        format!("the summary of row {label:?} does not go with its samples")
    })?;
    for sample in &row.samples {
        let longest = sample.total.max(parts_of(sample).max().unwrap_or_default());
        holds(longest <= LONGEST, || format!("a time of row {label:?} is above 31 years"))?;
        let share = sample.disturbance.foreign_cpu;
        holds(share.is_none_or(|share| (0.0..=1.0).contains(&share)), || {
            format!("a foreign_cpu of row {label:?} is not between 0 and 1")
        })?;
    }
    if let Some(summary) = row.summary {
        let [first, third] = summary.quartiles;
        let order = [summary.min, first, summary.median, third, summary.max];
        holds(order.is_sorted() && summary.max <= LONGEST, || {
            format!("minimum, quartiles, median and maximum of row {label:?} are not in order")
        })?;
    }
    let comparisons = [row.against_reference, row.against_recommended];
    comparisons.into_iter().flatten().try_for_each(|found| comparison(&found, &label))
}

fn parts_of(sample: &Sample) -> impl Iterator<Item = Duration> {
    PARTS.into_iter().filter_map(|part| part(sample))
}

fn comparison(found: &Comparison, label: &str) -> Result<(), String> {
    let Comparison { rounds, wins, speedup, interval, .. } = *found;
    holds(wins <= rounds, || format!("row {label:?} won {wins} of {rounds} rounds"))?;
    holds(speedup > 0.0, || format!("the speed-up of row {label:?} is {speedup}, not above 0"))?;
    holds(interval.is_none_or(|[low, high]| low > 0.0 && low <= high), || {
        format!("the interval of row {label:?} is not two figures above 0 in ascending order")
    })
}

fn answer(answer: &Answer, rows: usize) -> Result<(), String> {
    let named = answer.fastest.iter().chain([&answer.recommended]).chain(&answer.reference);
    for &row in named {
        holds(row < rows, || format!("an answer names row {row} of {rows}, counted from 0"))?;
    }
    holds(answer.fastest.contains(&answer.recommended), || {
        format!("row {} is recommended and not among the fastest", answer.recommended)
    })?;
    let difference = answer.detectable_difference;
    holds(difference.is_none_or(|share| share >= 0.0), || {
        "a detectable difference is below 0".to_owned()
    })
}

fn holds(condition: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if condition { Ok(()) } else { Err(what()) }
}
