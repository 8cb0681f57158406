//! The cost model beside what was measured: its curve, and what it says in a sentence.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::figure;
use crate::bench::cost_model::{FEWEST, Fit};

/// What a cost model says for one configuration, at as many sizes as make a smooth line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelCurve {
    /// The index of a row of that configuration; its chunk size does not matter.
    pub like_row: usize,
    /// Words in a task and the time, in ascending order of sizes.
    pub points: Vec<(usize, Duration)>,
}

impl ModelCurve {
    /// How many sizes make a line that looks smooth.
    const POINTS: u32 = 96;

    /// Asks the model at sizes that lie evenly on a logarithmic axis, both ends included.
    #[must_use]
    pub fn sampled(
        like_row: usize,
        sizes: RangeInclusive<usize>,
        predict: impl Fn(usize) -> Duration,
    ) -> Self {
        let (smallest, largest) = ((*sizes.start()).max(1), (*sizes.end()).max(1));
        let factor = largest as f64 / smallest as f64;
        let size = |step: u32| {
            let size = smallest as f64 * factor.powf(f64::from(step) / f64::from(Self::POINTS));
            rounded(size).clamp(smallest.min(largest), largest.max(smallest))
        };
        let mut sizes: Vec<_> = (0..=Self::POINTS).map(size).collect();
        sizes.dedup();
        Self { like_row, points: sizes.into_iter().map(|size| (size, predict(size))).collect() }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value lies between two values of the type"
)]
fn rounded(size: f64) -> usize {
    size.round() as usize
}

/// The chunk sizes that theories find best for what was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BestSizes {
    /// By the fitted model.
    pub model: usize,
    /// By Kruskal and Weiss (1985), from the cost of a task and the spread of a word's time; `None`
    /// where one of the two is not known.
    pub kruskal_weiss: Option<usize>,
}

/// What the model says each thing costs and which sizes are best by theory, or that it does not fit
/// and is not shown.
#[must_use]
pub fn sentence(fit: &Fit, best: &BestSizes) -> String {
    let rows = fit.residuals.len();
    if rows < FEWEST {
        return format!(
            "No cost model is shown: {rows} {} too few to fit one, {FEWEST} are not.",
            if rows == 1 { "row is" } else { "rows are" }
        );
    }
    if !fit.fits {
        let worst = fit.residuals.iter().map(|residual| residual.abs()).fold(0.0, f64::max);
        return format!(
            "The cost model does not fit these {rows} rows and is not shown: it is off by up to {}.",
            percent(worst)
        );
    }
    let model = &fit.model;
    let costs = [
        (model.start_seconds, "once"),
        (model.seconds_per_task, "a task"),
        (model.seconds_per_word, "a word of a worker's share"),
        (model.seconds_per_uneven_word, "a word that one worker has beyond its share"),
        (model.seconds_per_tail_word, "a word of the chunk size"),
    ];
    let costs = costs.into_iter().filter(|(seconds, _)| *seconds > 0.0);
    let costs: Vec<_> = costs.map(|(cost, of)| format!("{} {of}", figure::cost(cost))).collect();
    let off = percent(fit.typical_residual());
    let other = best
        .kruskal_weiss
        .map_or_else(String::new, |size| format!(", by Kruskal and Weiss's formula {size}"));
    format!(
        "Cost model: {}; typically off by {off}. Best size by the model {}{other}.",
        costs.join(", "),
        best.model
    )
}

pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
