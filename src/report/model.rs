//! The cost model beside what was measured: its curve, and what it says in a sentence.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::figure;
use crate::bench::model::{FEWEST_SIZES, Model, NoModel, Term};

/// What a cost model says for one configuration, as the corners of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelCurve {
    /// The index of a row of that configuration; its chunk size does not matter.
    pub like_row: usize,
    /// Words in a task and the time, in ascending order of sizes.
    pub points: Vec<(usize, Duration)>,
}

impl ModelCurve {
    /// The steps into which the logarithmic axis is divided: finer detail than one step is drawn
    /// as a line down and up, which is as wide as a few pixels.
    const STEPS: u32 = 128;

    /// The curve over a range of sizes, for the configuration of a row.
    ///
    /// The model's line has a tooth wherever tasks come out even, at small sizes more of them than
    /// a picture can show. Taking every tenth of them would draw peaks that depend on which ones
    /// are met. So each step of the axis keeps its ends, and the corners with the shortest and the
    /// longest time in it.
    #[must_use]
    pub fn new(model: &Model, like_row: usize, sizes: RangeInclusive<usize>) -> Self {
        let (smallest, largest) = (*sizes.start(), *sizes.end());
        let mut sizes = model.corners(sizes);
        sizes.extend(ends_of_steps(smallest, largest, Self::STEPS));
        sizes.sort_unstable();
        sizes.dedup();
        let first = sizes[0] as f64;
        let width = (sizes[sizes.len() - 1] as f64 / first).ln() / f64::from(Self::STEPS);
        let step = |size: usize| ((size as f64 / first).ln() / width).floor();
        let points: Vec<(usize, Duration)> =
            sizes.into_iter().map(|size| (size, model.predict(size))).collect();
        let steps = points.chunk_by(|one, other| step(one.0).total_cmp(&step(other.0)).is_eq());
        Self { like_row, points: steps.flat_map(ends_and_extremes).collect() }
    }
}

/// Sizes that lie evenly on a logarithmic axis, both ends included. Between corners that are far
/// apart the model's line is straight, which on a logarithmic axis is a bow.
fn ends_of_steps(smallest: usize, largest: usize, steps: u32) -> impl Iterator<Item = usize> {
    let (smallest, largest) = (smallest.max(1), largest.max(smallest).max(1));
    let factor = largest as f64 / smallest as f64;
    (0..=steps).map(move |step| {
        let size = smallest as f64 * factor.powf(f64::from(step) / f64::from(steps));
        rounded(size).clamp(smallest, largest)
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value lies between two values of the type"
)]
fn rounded(size: f64) -> usize {
    size.round() as usize
}

/// The first and the last of some points, and between them those with the shortest and the longest
/// time; each once.
fn ends_and_extremes(points: &[(usize, Duration)]) -> Vec<(usize, Duration)> {
    let indices = || 0..points.len();
    let mut kept = vec![0, points.len() - 1];
    kept.extend(indices().min_by_key(|&index| points[index].1));
    kept.extend(indices().max_by_key(|&index| points[index].1));
    kept.sort_unstable();
    kept.dedup();
    kept.into_iter().map(|index| points[index]).collect()
}

/// How far above the best predicted time a chunk size counts as good as the best.
const AS_GOOD: f64 = 0.02;

/// What the model says each thing costs, how well it predicts, and which of the measured range of
/// chunk sizes are good.
#[must_use]
pub fn sentence(model: &Model, measured: RangeInclusive<usize>) -> String {
    let costs: Vec<String> = model
        .terms
        .iter()
        .map(|(term, &seconds)| {
            let cost = figure::cost(seconds);
            match term {
                Term::Fixed => format!("{cost} a run"),
                Term::Task => format!("{cost} a task"),
                Term::Share => format!("{cost} a word of a worker's share"),
                Term::Imbalance => format!("{cost} a word of imbalance"),
                Term::Stagger => format!("{cost} a word of the chunk size (stagger)"),
            }
        })
        .collect();
    let (low, high) = rounded_inwards(model.within(AS_GOOD, measured.clone()), &measured);
    let [low, high] = [low, high].map(|size| figure::count(size as u64));
    format!(
        "Cost model: {}; predicts sizes it has not seen to within {}. Any chunk size from {low} \
         to {high} is within {:.0} % of the best.",
        costs.join(" + "),
        percent(model.leave_one_out_error),
        AS_GOOD * 100.0
    )
}

/// A range with two digits that count at either end, as the model does not know more; an end of
/// what was measured stays what it is.
fn rounded_inwards(
    (low, high): (usize, usize),
    measured: &RangeInclusive<usize>,
) -> (usize, usize) {
    let unit = |size: usize| 10_usize.pow(size.max(10).ilog10() - 1);
    let rounded_low = if low == *measured.start() { low } else { low.next_multiple_of(unit(low)) };
    let rounded_high = if high == *measured.end() { high } else { high - high % unit(high) };
    if rounded_low < rounded_high { (rounded_low, rounded_high) } else { (low, high) }
}

/// Why there is no model, in a sentence; `None` where there were no chunk sizes at all.
#[must_use]
pub fn why_not(reason: NoModel) -> Option<String> {
    Some(match reason {
        NoModel::TooFewSizes { sizes: 0 } => return None,
        NoModel::TooFewSizes { sizes } => {
            format!("No cost model: it needs {FEWEST_SIZES} chunk sizes; this sweep has {sizes}.")
        }
        NoModel::ErrorTooLarge { error } => format!(
            "No cost model: its predictions of sizes it has not seen are off by {}.",
            percent(error)
        ),
        NoModel::NoBetterThanConstant { error, constant_error } => format!(
            "No cost model: it predicts sizes it has not seen to within {}, and one time for all \
             sizes does so to within {}.",
            percent(error),
            percent(constant_error)
        ),
    })
}

pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

#[cfg(test)]
mod tests;
