//! What a chunk size costs in general: a model fitted to the medians of a sweep.
//!
//! time = start + tasks × cost per task + words × cost per word / workers + tail
//!
//! The tail is the time for which the last worker works on after its fair share. It has two causes
//! with a cost each: the tasks do not come out even (the words beyond the share, when tasks of equal
//! length go to whoever is free), and workers are out of step by a part of a chunk. With the first
//! alone an even share would always be best, which machines with other things to do do not confirm.
//! All costs are fitted by least squares of the relative errors, and none can be negative.
//!
//! The start cannot be told from the words' cost where every row has the same words and workers;
//! so it is measured (the parts of a run that are done once) wherever the samples say. The module
//! knows nothing of schedules whose chunks differ: such rows are left out.

use std::cmp::Reverse;
use std::time::Duration;

use super::nnls::nnls;
use super::result::{ResultRow, Sample};
use super::stats::median;

/// One row as the model sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Words that were hashed.
    pub words: usize,
    /// Workers that shared them; at least 1.
    pub workers: usize,
    /// Words in a task; at least 1.
    pub chunksize: usize,
    /// What a run does once, whatever the chunk size: its workers are started, the set is built.
    /// `None` where that was not measured.
    pub once: Option<Duration>,
    /// The median of the total times.
    pub time: Duration,
}

impl Observation {
    /// The observation that a row of a sweep over `words` words is; `None` for a serial row, for
    /// one without a fixed chunk size, and for one without samples.
    #[must_use]
    pub fn of(row: &ResultRow, words: usize) -> Option<Self> {
        let chunksize = row.chunksize.as_ref()?.fixed().filter(|&chunksize| chunksize > 0)?;
        let workers = row.setting.workers.filter(|&workers| workers > 0)?;
        let part = |of: &dyn Fn(&Sample) -> Option<Duration>| {
            median(&row.samples.iter().map(of).collect::<Option<Vec<_>>>()?)
        };
        let time = part(&|sample| Some(sample.total)).filter(|time| !time.is_zero())?;
        let once = part(&|sample| Some(sample.start? + sample.set?));
        Some(Self { words, workers, chunksize, once, time })
    }
}

/// What the parts of a run cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CostModel {
    /// A run, before and after all tasks.
    pub start_seconds: f64,
    /// Handing out one task and taking its result.
    pub seconds_per_task: f64,
    /// A word, for the worker that hashes it.
    pub seconds_per_word: f64,
    /// A word that the last worker has beyond its fair share, since tasks do not come out even.
    pub seconds_per_uneven_word: f64,
    /// A word of the chunk size, since workers are out of step at the end.
    pub seconds_per_tail_word: f64,
}

/// A model and how well it agrees with what was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// The fitted costs.
    pub model: CostModel,
    /// For each observation, predicted over measured time, less 1.
    pub residuals: Vec<f64>,
    /// Whether the model may be shown: no residual is beyond [`WORST_RESIDUAL`], their root mean
    /// square not beyond [`TYPICAL_RESIDUAL`], and there were [`FEWEST`] observations.
    pub fits: bool,
}

/// The residual beyond which a single row says that the model is wrong.
pub const WORST_RESIDUAL: f64 = 0.15;

/// The root mean square of the residuals beyond which the model is wrong as a whole.
pub const TYPICAL_RESIDUAL: f64 = 0.05;

/// Fewer observations than this come too close to agreeing with the costs whatever they are.
pub const FEWEST: usize = 7;

impl Fit {
    /// The root mean square of the residuals.
    #[must_use]
    pub fn typical_residual(&self) -> f64 {
        let squares: f64 = self.residuals.iter().map(|residual| residual * residual).sum();
        (squares / self.residuals.len() as f64).sqrt()
    }
}

/// Fits the model; `None` when there is nothing to fit it to.
#[must_use]
pub fn fit(observations: &[Observation]) -> Option<Fit> {
    let first = observations.first()?;
    let once: Option<Vec<Duration>> =
        observations.iter().map(|observation| observation.once).collect();
    let measured_start = once.and_then(|once| median(&once));
    let one_share = observations.iter().all(|observation| share(observation) == share(first));
    let start_column = if measured_start.is_some() || one_share { 0.0 } else { 1.0 };
    let (rows, targets): (Vec<[f64; 5]>, Vec<f64>) = observations
        .iter()
        .map(|observation| {
            let time = observation.time.as_secs_f64();
            let rest = observation.time.saturating_sub(observation.once.unwrap_or_default());
            let Terms { tasks, share, uneven, tail } = Terms::of(observation);
            // Over its time: a row of 1 s must not count a hundred times as much as one of 0.1 s.
            let row = [start_column, tasks, share, uneven, tail].map(|term| term / time);
            (row, if measured_start.is_some() { rest.as_secs_f64() / time } else { 1.0 })
        })
        .unzip();
    let [
        start_seconds,
        seconds_per_task,
        seconds_per_word,
        seconds_per_uneven_word,
        seconds_per_tail_word,
    ] = nnls(&rows, &targets);
    let start_seconds = measured_start.map_or(start_seconds, |start| start.as_secs_f64());
    let model = CostModel {
        start_seconds,
        seconds_per_task,
        seconds_per_word,
        seconds_per_uneven_word,
        seconds_per_tail_word,
    };
    let residuals: Vec<f64> = observations
        .iter()
        .map(|observation| {
            model.seconds(&Terms::of(observation)) / observation.time.as_secs_f64() - 1.0
        })
        .collect();
    let mut fit = Fit { model, residuals, fits: false };
    fit.fits = observations.len() >= FEWEST
        && fit.typical_residual() <= TYPICAL_RESIDUAL
        && fit.residuals.iter().all(|residual| residual.abs() <= WORST_RESIDUAL);
    Some(fit)
}

impl CostModel {
    /// The time of a run.
    ///
    /// # Panics
    ///
    /// When `workers` or `chunksize` is 0.
    #[must_use]
    pub fn predict(&self, words: usize, workers: usize, chunksize: usize) -> Duration {
        let seconds = self.seconds(&Terms::new(words, workers, chunksize));
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }

    /// The chunk size with the shortest predicted time, of those that give every worker a task; of
    /// equal ones the largest.
    ///
    /// Looked at are the sizes at which the tasks come out even, and one in every sixteenth of a
    /// size between them: finer steps move the time by less than any residual.
    ///
    /// # Panics
    ///
    /// When `workers` is 0.
    #[must_use]
    pub fn best_chunksize(&self, words: usize, workers: usize) -> usize {
        let share = words.div_ceil(workers).max(1);
        let even = (1..=16).map(|tasks| words.div_ceil(workers * tasks).max(1));
        let between = std::iter::successors(Some(share), |&size| {
            (size > 1).then(|| size - size.div_ceil(16))
        });
        let time = |&size: &usize| (self.predict(words, workers, size), Reverse(size));
        even.chain(between).min_by_key(time).unwrap_or(share)
    }

    fn seconds(&self, terms: &Terms) -> f64 {
        self.start_seconds
            + terms.tasks * self.seconds_per_task
            + terms.share * self.seconds_per_word
            + terms.uneven * self.seconds_per_uneven_word
            + terms.tail * self.seconds_per_tail_word
    }
}

/// What the costs are multiplied with.
struct Terms {
    tasks: f64,
    /// Words / workers.
    share: f64,
    /// Words of the worker that has most, less `share`.
    uneven: f64,
    /// The chunk size, where there is anybody to be out of step with.
    tail: f64,
}

impl Terms {
    fn of(observation: &Observation) -> Self {
        Self::new(observation.words, observation.workers, observation.chunksize)
    }

    fn new(words: usize, workers: usize, chunksize: usize) -> Self {
        let (full, rest) = (words / chunksize, words % chunksize);
        let waves = full / workers;
        // The task that is left over goes to a worker that is free, where there is one.
        let most =
            if full % workers > 0 { (waves + 1) * chunksize } else { waves * chunksize + rest };
        let share = words as f64 / workers as f64;
        Self {
            tasks: words.div_ceil(chunksize) as f64,
            share,
            uneven: most as f64 - share,
            tail: if workers > 1 { chunksize.min(words) as f64 } else { 0.0 },
        }
    }
}

/// Words and workers: what the words' cost is multiplied with, exactly.
fn share(observation: &Observation) -> (usize, usize) {
    (observation.words, observation.workers)
}

/// The chunk size that Kruskal and Weiss, "Allocating Independent Subtasks on Parallel Processors"
/// (1985), find best: (√2 · words · overhead / (spread · workers · √ln workers))^(2/3), where a
/// task costs the overhead beside its words, and the spread is the standard deviation of one word's
/// time. Theirs holds for many words a worker; it is never more here than an even share.
///
/// `None` without words or workers.
#[must_use]
pub fn kruskal_weiss_chunksize(
    words: usize,
    workers: usize,
    overhead_seconds: f64,
    spread_seconds: f64,
) -> Option<usize> {
    if words == 0 || workers == 0 {
        return None;
    }
    let share = words.div_ceil(workers);
    let (count, processors) = (words as f64, workers as f64);
    // One worker, or words that all take the same time: nothing is gained by more tasks.
    let loss = spread_seconds * processors * processors.ln().sqrt();
    if loss <= 0.0 {
        return Some(share);
    }
    let best = (std::f64::consts::SQRT_2 * count * overhead_seconds / loss).powf(2.0 / 3.0).round();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast saturates, and the bounds follow"
    )]
    Some((best as usize).clamp(1, share))
}

/// The standard deviation of one word's time in seconds, from what the worker processes of some
/// rows needed for theirs: were words independent, a worker's mean over `w` words would be off by
/// the spread / √w. What slows a worker as a whole counts as spread too, and does as much harm.
///
/// `None` where no row tells of two workers.
#[must_use]
pub fn word_spread<'a>(rows: impl Iterator<Item = &'a ResultRow>) -> Option<f64> {
    let (mut squares, mut freedom) = (0.0, 0);
    for row in rows {
        let worked = row.processes.iter().filter_map(|process| {
            let words = process.words.filter(|&words| words > 0)?;
            Some((words as f64, process.busy?.as_secs_f64()))
        });
        let worked: Vec<(f64, f64)> = worked.collect();
        let (words, busy) =
            worked.iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        if worked.len() > 1 {
            let off = |&(own, time): &(f64, f64)| own * (time / own - busy / words).powi(2);
            squares += worked.iter().map(off).sum::<f64>();
            freedom += worked.len() - 1;
        }
    }
    (freedom > 0).then(|| (squares / freedom as f64).sqrt())
}

#[cfg(test)]
mod tests;
