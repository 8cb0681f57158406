//! Which configuration runs when, and the loop that runs them.
//!
//! A plan knows rows by their number only. Interleaved, each round runs every row once, and every
//! other round runs them backwards, so that a machine that slowly changes its speed changes that
//! of all rows alike: the row that comes first in one round comes last in the next. Blocked, a row
//! makes all its runs before the next one has its turn: for rows that leave something behind which
//! slows the next one down, at the price that a change of speed is taken for one of the rows.
//!
//! The loop is told to stop by its caller, and keeps what it has. It prints nothing: an
//! [`Observer`] is told what happens.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::bootstrap::median_interval;
use super::clock::Clock;
use super::result::Sample;
use super::stats::median;

/// What is to be run, and how often.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// How many configurations there are.
    pub rows: usize,
    /// Counted runs of each row: the exact number, or with `precision` the fewest.
    pub runs: NonZeroUsize,
    /// Runs of each row before the counted ones.
    pub warmups: usize,
    /// The order of the runs.
    pub order: Order,
    /// When to run on beyond `runs`.
    pub precision: Option<Precision>,
}

/// The order in which the rows take their turns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Round by round over all rows, every other round backwards.
    #[default]
    Interleaved,
    /// Row by row.
    Blocked,
}

/// Run on until every median is known this well, or the time is up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Precision {
    /// Half the width of the median's interval over the median: 0.02 is ± 2 %.
    pub half_width: f64,
    /// The time after which no further round is begun, from the first warm-up on. The runs that
    /// the plan asks for are made even so.
    pub max_time: Duration,
}

/// What makes one run of a row.
pub trait Runner {
    /// Why a run failed.
    type Error;

    /// Makes one run of a row and says how long its parts took.
    ///
    /// # Errors
    ///
    /// When the run did not come to its end; this ends the plan.
    fn run(&mut self, row: usize) -> Result<RunParts, Self::Error>;
}

/// How long one run and its parts took; see [`Sample`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunParts {
    /// From before the workers are started until the set is complete.
    pub total: Duration,
    /// Until the workers are ready.
    pub start: Option<Duration>,
    /// Until the last digest is back.
    pub map: Option<Duration>,
    /// Until every digest is where it is counted, if that is another machine.
    pub exchange: Option<Duration>,
    /// Until the set is complete.
    pub set: Option<Duration>,
}

/// Is told what the loop does, for a progress bar or to save what there is.
pub trait Observer {
    /// An uncounted run of a row was made.
    fn warmed_up(&mut self, _row: usize) {}

    /// A counted run of a row was made.
    fn sampled(&mut self, _row: usize, _sample: &Sample) {}

    /// All rows have as many samples as each other again (interleaved), or a row has all of its own
    /// (blocked): a good moment to save them. `samples` are those of all rows, row by row.
    fn checkpoint(&mut self, _samples: &[Vec<Sample>]) {}
}

/// Nobody is watching.
impl Observer for () {}

/// What was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// The samples of each row, in the order of their rounds.
    pub samples: Vec<Vec<Sample>>,
    /// Why there are no more of them.
    pub end: End,
}

/// Why a plan came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Everything was run; all medians are as precise as was asked for.
    Complete,
    /// The time was up before all medians were as precise as was asked for.
    TimeUp,
    /// The caller asked to stop.
    Stopped,
}

/// A run failed, and with it the plan. What was measured before is kept.
#[derive(Debug, thiserror::Error)]
#[error("a run of row {row} failed")]
pub struct RunFailed<E> {
    /// The row whose run failed.
    pub row: usize,
    /// Why it did.
    pub source: E,
    /// The samples of each row until then.
    pub samples: Vec<Vec<Sample>>,
}

/// Runs a plan.
///
/// `stop` is asked before every run, and after one that failed: a run that was cut short on
/// request is no failure.
///
/// # Errors
///
/// [`RunFailed`] when a run fails without a request to stop.
pub fn run_plan<E>(
    plan: &Plan,
    runner: &mut dyn Runner<Error = E>,
    clock: &dyn Clock,
    observer: &mut dyn Observer,
    stop: &dyn Fn() -> bool,
) -> Result<Measured, RunFailed<E>> {
    let begun = clock.now();
    let mut course = Course {
        runner,
        observer,
        stop,
        samples: vec![Vec::new(); plan.rows],
        position: 0,
        checked_at: 0,
    };
    let time_is_up = || {
        let spent = clock.now().saturating_sub(begun);
        plan.precision.is_some_and(|precision| spent >= precision.max_time)
    };
    let ended = match plan.order {
        Order::Interleaved => course.rounds(plan, 0..plan.rows, &time_is_up),
        Order::Blocked => (0..plan.rows).try_fold(End::Complete, |end, row| {
            let row_end = course.rounds(plan, row..row + 1, &time_is_up)?;
            course.observer.checkpoint(&course.samples);
            Ok(if row_end == End::Complete { end } else { row_end })
        }),
    };
    let samples = course.samples;
    match ended {
        Ok(end) => Ok(Measured { samples, end }),
        Err(Cut::Stopped) => Ok(Measured { samples, end: End::Stopped }),
        Err(Cut::Failed { row, source }) => Err(RunFailed { row, source, samples }),
    }
}

/// A plan on its way.
struct Course<'a, E> {
    runner: &'a mut dyn Runner<Error = E>,
    observer: &'a mut dyn Observer,
    stop: &'a dyn Fn() -> bool,
    samples: Vec<Vec<Sample>>,
    position: usize,
    /// The number of rounds at the last look at the intervals.
    checked_at: usize,
}

/// Why a course was left before its end.
enum Cut<E> {
    Stopped,
    Failed { row: usize, source: E },
}

impl<E> Course<'_, E> {
    /// Warms some rows up and then runs them round by round.
    fn rounds(
        &mut self,
        plan: &Plan,
        rows: std::ops::Range<usize>,
        time_is_up: &dyn Fn() -> bool,
    ) -> Result<End, Cut<E>> {
        for row in (0..plan.warmups).flat_map(|_| rows.clone()) {
            self.run(row)?;
            self.observer.warmed_up(row);
        }
        self.checked_at = 0;
        for round in 0.. {
            for row in round_order(rows.clone(), round) {
                let parts = self.run(row)?;
                self.keep(row, round, parts);
            }
            if plan.order == Order::Interleaved {
                self.observer.checkpoint(&self.samples);
            }
            if round + 1 < plan.runs.get() {
                continue;
            }
            let Some(precision) = plan.precision else { break };
            if self.precise_enough(rows.clone(), round + 1, precision.half_width) {
                break;
            }
            if time_is_up() {
                return Ok(End::TimeUp);
            }
        }
        Ok(End::Complete)
    }

    fn run(&mut self, row: usize) -> Result<RunParts, Cut<E>> {
        if (self.stop)() {
            return Err(Cut::Stopped);
        }
        self.runner.run(row).map_err(|source| {
            if (self.stop)() { Cut::Stopped } else { Cut::Failed { row, source } }
        })
    }

    fn keep(&mut self, row: usize, round: usize, parts: RunParts) {
        let RunParts { total, start, map, exchange, set } = parts;
        let sample = Sample { round, position: self.position, total, start, map, exchange, set };
        self.position += 1;
        self.samples[row].push(sample);
        self.observer.sampled(row, &sample);
    }

    /// Whether the medians of all these rows are known well enough.
    ///
    /// Intervals are looked at whenever there is a tenth more rounds than at the last look: after
    /// every round, a long row of short runs would spend its time here, and the more looks, the
    /// likelier is a lucky one.
    fn precise_enough(
        &mut self,
        rows: std::ops::Range<usize>,
        rounds: usize,
        half_width: f64,
    ) -> bool {
        if rounds < self.checked_at + self.checked_at.div_ceil(10) {
            return false;
        }
        self.checked_at = rounds;
        self.samples[rows].iter().all(|samples| is_precise(samples, half_width))
    }
}

/// Whether the interval of the samples' median is at most so wide: half of it, over the median.
fn is_precise(samples: &[Sample], half_width: f64) -> bool {
    let totals: Vec<Duration> = samples.iter().map(|sample| sample.total).collect();
    let (Some(median), Some(interval)) = (median(&totals), median_interval(&totals)) else {
        return false;
    };
    interval.high.saturating_sub(interval.low).as_secs_f64()
        <= 2.0 * half_width * median.as_secs_f64()
}

/// The rows of a round in their order: every other round goes backwards.
fn round_order(rows: std::ops::Range<usize>, round: usize) -> impl Iterator<Item = usize> {
    let backwards = round % 2 == 1;
    let (first, last) = (rows.start, rows.end);
    rows.map(move |row| if backwards { last - 1 - (row - first) } else { row })
}
