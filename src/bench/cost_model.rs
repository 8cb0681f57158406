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
        let workers = row.workers.filter(|&workers| workers > 0)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WORDS: usize = 1_049_938;
    const SIZES: [usize; 7] = [262_485, 100_000, 50_000, 10_000, 5_000, 1_000, 500];

    /// 5 ms once, 4 µs a task, 100 ns a word, and less for the words of the tail.
    const TRUTH: CostModel = CostModel {
        start_seconds: 0.005,
        seconds_per_task: 4e-6,
        seconds_per_word: 1e-7,
        seconds_per_uneven_word: 8e-8,
        seconds_per_tail_word: 5e-8,
    };

    /// What the truth would measure, each row `noise` times as long.
    fn observations(
        workers: &[usize],
        once: bool,
        noise: impl Fn(usize) -> f64,
    ) -> Vec<Observation> {
        let sizes = workers.iter().flat_map(|&workers| SIZES.map(|size| (workers, size)));
        sizes
            .enumerate()
            .map(|(row, (workers, chunksize))| Observation {
                words: WORDS,
                workers,
                chunksize,
                once: once.then_some(Duration::from_millis(5)),
                time: TRUTH.predict(WORDS, workers, chunksize).mul_f64(noise(row)),
            })
            .collect()
    }

    fn assert_close(found: f64, expected: f64) {
        assert!((found / expected - 1.0).abs() < 1e-4, "{found} for {expected}");
    }

    #[test]
    fn the_costs_that_made_the_times_are_found_again() {
        for (workers, once) in [(&[4][..], true), (&[1, 2, 4], false), (&[2, 3], true)] {
            let fit = fit(&observations(workers, once, |_| 1.0)).unwrap();
            assert_close(fit.model.start_seconds, TRUTH.start_seconds);
            assert_close(fit.model.seconds_per_task, TRUTH.seconds_per_task);
            assert_close(fit.model.seconds_per_word, TRUTH.seconds_per_word);
            assert_close(fit.model.seconds_per_uneven_word, TRUTH.seconds_per_uneven_word);
            assert_close(fit.model.seconds_per_tail_word, TRUTH.seconds_per_tail_word);
            assert!(fit.fits, "{fit:?}");
        }
    }

    #[test]
    fn a_start_that_nothing_tells_apart_is_counted_with_the_words() {
        let fit = fit(&observations(&[4], false, |_| 1.0)).unwrap();
        assert!(fit.fits);
        assert_eq!(fit.model.start_seconds.to_bits(), 0.0_f64.to_bits());
        assert_close(fit.model.seconds_per_word, 1e-7 + 0.005 * 4.0 / WORDS as f64);
    }

    #[test]
    fn a_model_fits_only_where_every_row_and_all_rows_agree_with_it() {
        let alternating =
            |by: f64| move |row: usize| if row.is_multiple_of(2) { 1.0 + by } else { 1.0 - by };
        for (rows, noise, fits) in [
            (7, alternating(0.01), true),
            (7, alternating(0.12), false),
            (FEWEST, alternating(0.0), true),
            (FEWEST - 1, alternating(0.0), false),
        ] {
            let mut observed = observations(&[4], true, noise);
            observed.truncate(rows);
            assert_eq!(fit(&observed).unwrap().fits, fits, "{rows} rows");
        }
        let mut observed = observations(&[1, 2, 3, 4], true, |_| 1.0);
        observed[20].time *= 2;
        assert!(!fit(&observed).unwrap().fits, "one row takes twice as long");
        assert_eq!(fit(&[]), None);
    }

    #[test]
    fn the_tail_is_what_the_last_worker_has_beyond_its_share() {
        for (words, workers, chunksize, tasks, uneven, tail) in [
            (12, 3, 4, 3.0, 0.0, 4.0),
            (12, 3, 2, 6.0, 0.0, 2.0),
            (12, 2, 5, 3.0, 1.0, 5.0),
            (13, 2, 5, 3.0, 1.5, 5.0),
            (17, 2, 5, 4.0, 1.5, 5.0),
            (17, 1, 5, 4.0, 0.0, 0.0),
            (3, 2, 10, 1.0, 1.5, 3.0),
            (0, 2, 10, 0.0, 0.0, 0.0),
        ] {
            let terms = Terms::new(words, workers, chunksize);
            assert_close(terms.tasks + 1.0, tasks + 1.0);
            assert_close(terms.uneven + 1.0, uneven + 1.0);
            assert_close(terms.tail + 1.0, tail + 1.0);
        }
    }

    #[test]
    fn the_best_size_has_few_tasks_where_tasks_cost_and_many_where_the_tail_does() {
        // In between the best is near √(words · per task / per tail word) = 9 165.
        for (seconds_per_task, at_least, at_most) in
            [(1.0, WORDS.div_ceil(4), WORDS.div_ceil(4)), (4e-6, 8_000, 10_500), (0.0, 1, 1)]
        {
            let best = CostModel { seconds_per_task, ..TRUTH }.best_chunksize(WORDS, 4);
            assert!((at_least..=at_most).contains(&best), "{best} at {seconds_per_task} a task");
        }
        // Near a third of an even share, the size at which three tasks a worker come out even.
        let third = CostModel { seconds_per_task: 3.6e-4, ..TRUTH };
        assert_eq!(third.best_chunksize(WORDS, 4), WORDS.div_ceil(12));
        assert_eq!(TRUTH.best_chunksize(0, 4), 1);
        assert_eq!(TRUTH.best_chunksize(3, 8), 1);
    }

    #[test]
    fn kruskal_and_weiss_agree_with_their_formula() {
        for (words, workers, overhead, spread, expected) in [
            // (√2 · 10^6 · 5 / (1 · 4 · √ln 4))^(2/3) = 13 111.9
            (1_000_000, 4, 5.0, 1.0, 13_112),
            (1_000_000, 4, 0.0, 1.0, 1),
            (1_000_000, 4, 5.0, 0.0, 250_000),
            (1_000_000, 1, 5.0, 1.0, 1_000_000),
            (10, 4, 1e9, 1.0, 3),
        ] {
            let found = kruskal_weiss_chunksize(words, workers, overhead, spread);
            assert_eq!(found, Some(expected), "{words} {workers} {overhead} {spread}");
        }
        assert_eq!(kruskal_weiss_chunksize(0, 4, 1.0, 1.0), None);
        assert_eq!(kruskal_weiss_chunksize(4, 0, 1.0, 1.0), None);
    }

    proptest! {
        #[test]
        fn no_size_beats_the_best_size_by_a_hundredth(
            words in 1..2_000_000_usize, workers in 1..16_usize,
            seconds_per_task in 0.0..1e-4_f64, seconds_per_tail_word in 0.0..1e-6_f64, part in 1..2_000_000_usize,
        ) {
            let model = CostModel { seconds_per_task, seconds_per_tail_word, ..TRUTH };
            let share = words.div_ceil(workers);
            let size = share.div_ceil(part);
            let best = model.best_chunksize(words, workers);
            let [best, other] = [best, size].map(|size| model.predict(words, workers, size));
            prop_assert!(best.as_secs_f64() <= other.as_secs_f64() * 1.01 + 1e-9);
        }
    }
}
