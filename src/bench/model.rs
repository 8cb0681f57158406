//! What a chunk size costs in general: a model fitted to the rows of a sweep that differ in the
//! chunk size alone.
//!
//! time = fixed + tasks × cost of a task + share × cost of a word + imbalance + stagger
//!
//! The share is words / workers. Imbalance and stagger are the two reasons why the last worker
//! works on after its share: tasks do not come out even, and workers are out of step by a part of
//! a chunk. With imbalance alone an even share would always be best, and it is not on a machine
//! that does other things too.
//!
//! Terms that do not help to predict are left out. The measure is the leave-one-out error: the
//! model is fitted without one size and predicts it, for each size in turn. Every set of terms is
//! tried, and the one with the least error is taken. The error of a fit to the sizes that it was
//! fitted to would not do: five costs come close to seven times whatever these are, and still
//! predict worse than a constant.
//!
//! All costs are fitted by least squares of the relative errors, and none can be negative. The
//! module does not know rows, backends or schedules: it is given one plain figure a size.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::time::Duration;

use super::nnls::nnls;
use super::stats::median;

/// One row of a sweep as the model sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Words in a task. An observation of 0 words is ignored.
    pub chunksize: usize,
    /// What a run costs whatever the chunk size: the workers are started, the set is built. `None`
    /// where it was not measured.
    pub fixed_cost: Option<Duration>,
    /// The median of the row's times. An observation that took no time is ignored.
    pub time: Duration,
}

/// A part of a run's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Term {
    /// What a run costs whatever the chunk size, as measured. Where it was not measured, it is a
    /// part of [`Term::Share`]: all rows have the same share.
    Fixed,
    /// Handing out one task and taking its result.
    Task,
    /// A word of a worker's share, words / workers.
    Share,
    /// A word that the worker with most words has beyond the share.
    Imbalance,
    /// A word of the chunk size, where there are several workers.
    Stagger,
}

impl Term {
    /// The terms that are fitted, in the order of the columns.
    const FITTED: [Self; 4] = [Self::Task, Self::Share, Self::Imbalance, Self::Stagger];

    /// Its name in a saved result.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Task => "task",
            Self::Share => "share",
            Self::Imbalance => "imbalance",
            Self::Stagger => "stagger",
        }
    }
}

/// What the parts of a run cost, for one number of words and of workers.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Seconds for one of each; terms that cost nothing, or do not help to predict, are absent.
    pub terms: BTreeMap<Term, f64>,
    /// The root mean square of the relative errors with which sizes were predicted that had been
    /// left out of the fit, the choice of terms included: 0.024 is 2.4 %.
    pub leave_one_out_error: f64,
    /// Words that a run hashes.
    pub words: usize,
    /// Workers that share them; 0 counts as 1.
    pub workers: usize,
}

/// Why no model may be shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NoModel {
    /// There were fewer than [`FEWEST_SIZES`] chunk sizes.
    TooFewSizes {
        /// How many different ones there were.
        sizes: usize,
    },
    /// Even the best set of terms has an error above [`LARGEST_ERROR`].
    ErrorTooLarge {
        /// The leave-one-out error.
        error: f64,
    },
    /// One time for all sizes predicts a size that was left out as well or better.
    NoBetterThanConstant {
        /// The model's leave-one-out error.
        error: f64,
        /// The constant's.
        constant_error: f64,
    },
}

/// Fewer chunk sizes than this come too close to agreeing with the terms whatever these are.
pub const FEWEST_SIZES: usize = 7;

/// The leave-one-out error above which a model says too little to be shown.
pub const LARGEST_ERROR: f64 = 0.05;

/// Fits a model to rows that differ in the chunk size alone and all hash `words` words on `workers`
/// workers.
///
/// # Errors
///
/// When the model does not predict well enough to be shown.
pub fn fit(observations: &[Observation], words: usize, workers: usize) -> Result<Model, NoModel> {
    let observations: Vec<Observation> = observations
        .iter()
        .copied()
        .filter(|observation| observation.chunksize > 0 && !observation.time.is_zero())
        .collect();
    let sizes: BTreeSet<usize> = observations.iter().map(|one| one.chunksize).collect();
    if sizes.len() < FEWEST_SIZES {
        return Err(NoModel::TooFewSizes { sizes: sizes.len() });
    }
    // The terms are chosen anew for each size that is left out: the error of terms that were chosen
    // with its help would flatter.
    let error = leave_one_out_error(&observations, |others, size| {
        let set = chosen(others, words, workers);
        predicted(&costs(others, words, workers, set), &quantities(words, workers, size))
    });
    if error > LARGEST_ERROR {
        return Err(NoModel::ErrorTooLarge { error });
    }
    let constant_error = leave_one_out_error(&observations, |others, _| constant(others));
    if error >= constant_error {
        return Err(NoModel::NoBetterThanConstant { error, constant_error });
    }
    let set = chosen(&observations, words, workers);
    let (fixed, fitted) = costs(&observations, words, workers, set);
    let terms = Term::FITTED.into_iter().zip(fitted).chain([(Term::Fixed, fixed)]);
    let terms = terms.filter(|&(_, seconds)| seconds > 0.0).collect();
    Ok(Model { terms, leave_one_out_error: error, words, workers })
}

/// The set of terms with the least leave-one-out error.
fn chosen(observations: &[Observation], words: usize, workers: usize) -> TermSet {
    let error_of = |set: TermSet| {
        leave_one_out_error(observations, |others, size| {
            predicted(&costs(others, words, workers, set), &quantities(words, workers, size))
        })
    };
    let tried = term_sets().map(|set| (error_of(set), set));
    let least =
        tried.fold(
            (f64::INFINITY, TermSet::default()),
            |best, one| {
                if one.0 < best.0 { one } else { best }
            },
        );
    least.1
}

impl Model {
    /// The time of a run with `chunksize` words in a task; 0 counts as 1.
    #[must_use]
    pub fn predict(&self, chunksize: usize) -> Duration {
        Duration::try_from_secs_f64(self.seconds(chunksize)).unwrap_or(Duration::MAX)
    }

    /// The first and the last chunk size of the widest range around the best one in which no
    /// prediction is more than `share` above the best: 0.02 is 2 %.
    #[must_use]
    pub fn within(&self, share: f64, sizes: RangeInclusive<usize>) -> (usize, usize) {
        let corners = self.corners(sizes);
        let best = self.fastest(&corners);
        let limit = self.seconds(corners[best]) * (1.0 + share.max(0.0));
        let good = |size: usize| self.seconds(size) <= limit;
        let beyond = |size: &usize| !good(*size);
        let low = match corners[..best].iter().rposition(beyond) {
            Some(bad) => first_where(corners[bad], corners[bad + 1], good),
            None => corners[0],
        };
        let high = match corners[best..].iter().position(beyond) {
            Some(bad) => {
                first_where(corners[best + bad - 1], corners[best + bad], |size| !good(size)) - 1
            }
            None => corners[corners.len() - 1],
        };
        (low, high)
    }

    /// The sizes of the range, in ascending order, at which the prediction jumps or turns: from one
    /// to the next it is a straight line, the range's ends included. There are some 6 √words at
    /// most.
    ///
    /// It turns where the number of full tasks, words / chunksize rounded down, changes: the worker
    /// with most words has a whole number of them. The last size with the same number may divide
    /// the words, and saves the task of the remainder.
    #[must_use]
    pub fn corners(&self, sizes: RangeInclusive<usize>) -> Vec<usize> {
        let first = (*sizes.start()).max(1);
        let last = (*sizes.end()).max(first);
        let mut corners = Vec::new();
        let mut size = first;
        loop {
            let same =
                self.words.checked_div(self.words / size).map_or(last, |same| same.min(last));
            corners.extend([size, (same - 1).max(size), same]);
            if same == last {
                break;
            }
            size = same + 1;
        }
        corners.dedup();
        corners
    }

    /// The index of the best of some sizes, of which there must be one.
    fn fastest(&self, sizes: &[usize]) -> usize {
        let seconds = sizes.iter().map(|&size| self.seconds(size)).enumerate();
        seconds.fold((0, f64::INFINITY), |best, one| if one.1 <= best.1 { one } else { best }).0
    }

    fn seconds(&self, chunksize: usize) -> f64 {
        let cost = |term| self.terms.get(&term).copied().unwrap_or(0.0);
        let quantities = quantities(self.words, self.workers, chunksize);
        predicted(&(cost(Term::Fixed), Term::FITTED.map(cost)), &quantities)
    }
}

/// The first of the sizes above `before`, up to `last`, for which something holds that holds for
/// `last` and, from one size on, for all.
fn first_where(mut before: usize, mut last: usize, holds: impl Fn(usize) -> bool) -> usize {
    while last - before > 1 {
        let middle = before + (last - before) / 2;
        if holds(middle) { last = middle } else { before = middle }
    }
    last
}

/// One figure for each of [`Term::FITTED`].
type Figures = [f64; Term::FITTED.len()];

/// Which of [`Term::FITTED`] a fit may use.
type TermSet = [bool; Term::FITTED.len()];

/// All sets of terms but the empty one, those of few terms first.
fn term_sets() -> impl Iterator<Item = TermSet> {
    let mut sets: Vec<u32> = (1..1 << Term::FITTED.len()).collect();
    sets.sort_by_key(|set| set.count_ones());
    sets.into_iter().map(|set| std::array::from_fn(|term| set & (1 << term) != 0))
}

/// How much of each of [`Term::FITTED`] a run has.
fn quantities(words: usize, workers: usize, chunksize: usize) -> Figures {
    let (workers, chunksize) = (workers.max(1), chunksize.max(1));
    let (full_tasks, rest) = (words / chunksize, words % chunksize);
    let full_rounds = full_tasks / workers;
    let share = words as f64 / workers as f64;
    // The task of the remainder goes to a worker that is free, where there is one.
    let most = if full_tasks % workers > 0 {
        (full_rounds as f64 + 1.0) * chunksize as f64
    } else {
        (full_rounds * chunksize + rest) as f64
    };
    let stagger = if workers > 1 { chunksize.min(words) as f64 } else { 0.0 };
    [words.div_ceil(chunksize) as f64, share, most - share, stagger]
}

/// The fixed cost, and the costs of the terms in the set that bring the predictions closest to the
/// times, in the sum of squares of the relative errors: a row of 1 s must not count a hundred times
/// as much as one of 0.1 s.
fn costs(
    observations: &[Observation],
    words: usize,
    workers: usize,
    set: TermSet,
) -> (f64, Figures) {
    let measured: Option<Vec<Duration>> = observations.iter().map(|one| one.fixed_cost).collect();
    let fixed = measured.and_then(|fixed| median(&fixed));
    let (rows, targets): (Vec<Figures>, Vec<f64>) = observations
        .iter()
        .map(|observation| {
            let time = observation.time.as_secs_f64();
            let known = fixed.and(observation.fixed_cost).unwrap_or_default();
            let quantities = quantities(words, workers, observation.chunksize);
            let used = |term: usize| if set[term] { quantities[term] / time } else { 0.0 };
            let rest = observation.time.saturating_sub(known).as_secs_f64() / time;
            (std::array::from_fn(used), rest)
        })
        .unzip();
    (fixed.unwrap_or_default().as_secs_f64(), nnls(&rows, &targets))
}

fn predicted((fixed, costs): &(f64, Figures), quantities: &Figures) -> f64 {
    fixed + costs.iter().zip(quantities).map(|(cost, quantity)| cost * quantity).sum::<f64>()
}

/// The one time that is closest to all, in the sum of squares of the relative errors.
fn constant(observations: &[Observation]) -> f64 {
    let inverse = observations.iter().map(|one| 1.0 / one.time.as_secs_f64());
    inverse.clone().sum::<f64>() / inverse.map(|inverse| inverse * inverse).sum::<f64>()
}

/// The root mean square of the relative errors of a method that is given all observations but
/// those of one chunk size, and predicts the seconds for that size.
fn leave_one_out_error(
    observations: &[Observation],
    predict: impl Fn(&[Observation], usize) -> f64,
) -> f64 {
    let squares = observations.iter().map(|left_out| {
        let others: Vec<Observation> = observations
            .iter()
            .copied()
            .filter(|other| other.chunksize != left_out.chunksize)
            .collect();
        (predict(&others, left_out.chunksize) / left_out.time.as_secs_f64() - 1.0).powi(2)
    });
    (squares.sum::<f64>() / observations.len() as f64).sqrt()
}

#[cfg(test)]
mod tests;
