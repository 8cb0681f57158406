//! Which row runs when, and the loop that runs them.
//!
//! A plan knows rows by their number only. Rows run in rounds: each round runs every row once, in
//! an order of its own drawn at random, which is what the verdicts rest on (see
//! [`super::evidence`]). Rounds and positions count through the whole measurement, also where more
//! rows join later. Blocked, a row makes all its runs before the next one has its turn; such rows
//! cannot be compared.
//!
//! The loop is told to stop by its caller, and keeps what it has. It prints nothing: an
//! [`Observer`] is told what happens.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::clock::Clock;
use super::order::Orders;
use super::result::{Disturbance, Order, Sample, Stopped};
use super::verdict::{Entrant, Standings};

/// More rounds than this are made only where their number was asked for.
pub const MOST_ROUNDS: usize = 200;

/// How often the rows run, and in which order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// What the random orders are drawn from.
    pub seed: u64,
    /// The order of the runs.
    pub order: Order,
    /// Uncounted runs of each row before its counted ones.
    pub warmups: usize,
    /// When it is enough.
    pub until: Until,
}

/// When enough rounds were made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Until {
    /// When every row is decided: slower than a fastest row, or the same as the recommended one. At
    /// the latest after this time or [`MOST_ROUNDS`], but not before a verdict is possible.
    Decided {
        /// The time after which no further round is begun, from the first warm-up on.
        max_time: Duration,
    },
    /// After exactly so many rounds.
    Runs(NonZeroUsize),
    /// When every interval reaches no further than this to either side of its ratio. At the latest
    /// after this time, but not before a verdict is possible.
    Precision {
        /// 0.02 is 2 % to either side.
        half_width: f64,
        /// The time after which no further round is begun, from the first warm-up on.
        max_time: Duration,
    },
}

/// What makes one run of a row.
pub trait Runner {
    /// Why a run failed.
    type Error;

    /// Makes one run of a row and says what it took.
    ///
    /// # Errors
    ///
    /// When the run did not come to its end; see [`Runner::end_row`].
    fn run(&mut self, row: usize) -> Result<RunRecord, Self::Error>;

    /// Decides what a failed run of a row ends: with `Ok` its row alone, which does not run again,
    /// while the runner keeps the reason; with the error given back, the measurement.
    ///
    /// # Errors
    ///
    /// The error that it was given, which is the rule where a runner says nothing else.
    fn end_row(&mut self, _row: usize, error: Self::Error) -> Result<(), Self::Error> {
        Err(error)
    }
}

/// What one run took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RunRecord {
    /// How long it and its parts took.
    pub parts: RunParts,
    /// What the system counted meanwhile.
    pub disturbance: Disturbance,
}

/// How long one run and its parts took; see [`Sample`]. What no part accounts for is the end.
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
    /// Building the set.
    pub set: Option<Duration>,
}

impl RunParts {
    /// What is left of the total; `None` where no part was measured.
    fn end(&self) -> Option<Duration> {
        let parts = [self.start, self.map, self.exchange, self.set];
        let sum = parts.into_iter().flatten().reduce(|sum, part| sum + part)?;
        Some(self.total.saturating_sub(sum))
    }
}

/// Is told what the loop does, for a progress bar or to save what there is.
pub trait Observer {
    /// A run was made; `counted` is false for a warm-up.
    fn ran(&mut self, _row: usize, _counted: bool) {}

    /// A round was completed (blocked: a row made all its runs), so that `rounds` are. `samples`
    /// are those of all rows, row by row.
    fn round_ended(&mut self, _rounds: usize, _samples: &[Vec<Sample>], _: &mut Standings) {}
}

/// Does not watch.
impl Observer for () {}

/// A run failed, and with it the measurement; what was measured before is kept.
#[derive(Debug, thiserror::Error)]
#[error("a run of row {row} failed")]
pub struct RunFailed<E> {
    /// The row whose run failed.
    pub row: usize,
    /// Why it did.
    pub source: E,
}

/// A measurement on its way: its rows, their samples, and what these say so far.
#[derive(Clone, Debug)]
pub struct Rounds {
    plan: Plan,
    orders: Orders,
    standings: Standings,
    samples: Vec<Vec<Sample>>,
    /// Whether each row has ended before the measurement has.
    has_ended: Vec<bool>,
    /// The number of the next round.
    next_round: usize,
    /// The position of the next counted run.
    next_position: usize,
    /// When the first run was begun.
    begun: Option<Duration>,
}

/// What surrounds the runs.
pub struct Surroundings<'a, E> {
    /// Makes the runs.
    pub runner: &'a mut dyn Runner<Error = E>,
    /// Tells the time.
    pub clock: &'a dyn Clock,
    /// Is told of each run.
    pub observer: &'a mut dyn Observer,
    /// Is asked before every run, and after one that failed: a run that was cut short on request
    /// did not fail.
    pub stop: &'a dyn Fn() -> bool,
}

/// Why a stretch of runs was left before its end.
enum Cut<E> {
    Stopped,
    Failed(RunFailed<E>),
    /// No row is left.
    NoRows,
}

impl Rounds {
    /// Nothing has run yet, and there are no rows.
    #[must_use]
    pub fn new(plan: Plan, standings: Standings) -> Self {
        let orders = Orders::new(plan.seed);
        Self {
            plan,
            orders,
            standings,
            samples: Vec::new(),
            has_ended: Vec::new(),
            next_round: 0,
            next_position: 0,
            begun: None,
        }
    }

    /// Takes another row in.
    pub fn enter(&mut self, entrant: Entrant) {
        self.standings.enter(entrant);
        self.samples.push(Vec::new());
        self.has_ended.push(false);
    }

    /// Those of the rows that have not ended.
    #[must_use]
    pub fn live(&self, rows: &[usize]) -> Vec<usize> {
        rows.iter().copied().filter(|&row| !self.has_ended[row]).collect()
    }

    /// What the rounds say so far.
    pub fn standings(&mut self) -> &mut Standings {
        &mut self.standings
    }

    /// The samples of each row, in the order in which they were made.
    #[must_use]
    pub fn samples(&self) -> &[Vec<Sample>] {
        &self.samples
    }

    /// Runs these rows until it is enough, those that have not run yet with their warm-ups first;
    /// `time_share` is how much of the plan's time may have passed then, since the first run.
    /// Where all of them have ended, the measurement has failed.
    ///
    /// # Errors
    ///
    /// [`RunFailed`] when a run fails without a request to stop.
    pub fn run<E>(
        &mut self,
        rows: &[usize],
        time_share: f64,
        around: &mut Surroundings<'_, E>,
    ) -> Result<Stopped, RunFailed<E>> {
        let begun = *self.begun.get_or_insert_with(|| around.clock.now());
        let ended = match self.plan.order {
            Order::Random => self.in_rounds(rows, begun, time_share, around),
            Order::Blocked => self.blocked(rows, around),
        };
        match ended {
            Ok(stopped) => Ok(stopped),
            Err(Cut::Stopped) => Ok(Stopped::Interrupted),
            Err(Cut::Failed(failed)) => Err(failed),
            Err(Cut::NoRows) => Ok(Stopped::Failed),
        }
    }

    fn in_rounds<E>(
        &mut self,
        rows: &[usize],
        begun: Duration,
        time_share: f64,
        around: &mut Surroundings<'_, E>,
    ) -> Result<Stopped, Cut<E>> {
        let fresh: Vec<usize> =
            rows.iter().copied().filter(|&row| self.samples[row].is_empty()).collect();
        for _ in 0..self.plan.warmups {
            self.round(self.live(&fresh), None, around)?;
        }
        for made in 1.. {
            let live = self.live(rows);
            if live.is_empty() && !rows.is_empty() {
                return Err(Cut::NoRows);
            }
            let round = self.next_round;
            self.next_round += 1;
            self.round(live, Some(round), around)?;
            around.observer.round_ended(self.next_round, &self.samples, &mut self.standings);
            let live = self.live(rows);
            if live.is_empty() && !rows.is_empty() {
                return Err(Cut::NoRows);
            }
            let spent = around.clock.now().saturating_sub(begun);
            if let Some(stopped) = self.is_enough(&live, made, spent.div_f64(time_share)) {
                return Ok(stopped);
            }
        }
        Ok(Stopped::MaxRounds)
    }

    /// One run of each row, in an order drawn for it; counted as the given round, if at all.
    fn round<E>(
        &mut self,
        mut rows: Vec<usize>,
        round: Option<usize>,
        around: &mut Surroundings<'_, E>,
    ) -> Result<(), Cut<E>> {
        self.orders.shuffle(&mut rows);
        let mut ran = Vec::with_capacity(rows.len());
        let mut ended = Ok(());
        for row in rows {
            match self.run_once(row, round, around) {
                Ok(Some(total)) => ran.push((row, total)),
                Ok(None) => {}
                Err(cut) => {
                    ended = Err(cut);
                    break;
                }
            }
        }
        if let Some(round) = round {
            self.standings.add(round, &ran);
        }
        ended
    }

    fn blocked<E>(
        &mut self,
        rows: &[usize],
        around: &mut Surroundings<'_, E>,
    ) -> Result<Stopped, Cut<E>> {
        let Until::Runs(runs) = self.plan.until else { return Ok(Stopped::Decided) };
        for &row in rows {
            let warmups = std::iter::repeat_n(None, self.plan.warmups);
            for round in warmups.chain((0..runs.get()).map(Some)) {
                if self.run_once(row, round, around)?.is_none() {
                    break;
                }
            }
            self.next_round += 1;
            around.observer.round_ended(self.next_round, &self.samples, &mut self.standings);
        }
        if self.live(rows).is_empty() && !rows.is_empty() {
            return Err(Cut::NoRows);
        }
        Ok(Stopped::Runs)
    }

    /// Makes one run, which is kept where it belongs to a round; the time that it took, or `None`
    /// where its row ended with it.
    fn run_once<E>(
        &mut self,
        row: usize,
        round: Option<usize>,
        around: &mut Surroundings<'_, E>,
    ) -> Result<Option<Duration>, Cut<E>> {
        if (around.stop)() {
            return Err(Cut::Stopped);
        }
        let record = match around.runner.run(row) {
            Ok(record) => record,
            Err(_) if (around.stop)() => return Err(Cut::Stopped),
            Err(error) => {
                let failed = |source| Cut::Failed(RunFailed { row, source });
                around.runner.end_row(row, error).map_err(failed)?;
                self.has_ended[row] = true;
                self.standings.retire(row);
                return Ok(None);
            }
        };
        if let Some(round) = round {
            self.samples[row].push(sample(round, self.next_position, &record));
            self.next_position += 1;
        }
        around.observer.ran(row, round.is_some());
        Ok(Some(record.parts.total))
    }

    /// Why these rows need no more rounds, if they need none: `made` were made of them.
    fn is_enough(&mut self, rows: &[usize], made: usize, spent: Duration) -> Option<Stopped> {
        if let Until::Runs(runs) = self.plan.until {
            return (made >= runs.get()).then_some(Stopped::Runs);
        }
        if made < self.standings.first_round() {
            return None;
        }
        match self.plan.until {
            Until::Decided { max_time } => {
                if self.standings.are_decided(rows) {
                    Some(Stopped::Decided)
                } else if made >= MOST_ROUNDS {
                    Some(Stopped::MaxRounds)
                } else {
                    (spent >= max_time).then_some(Stopped::MaxTime)
                }
            }
            Until::Precision { half_width, max_time } => {
                if is_worth_a_look(made) && self.standings.wider_than(half_width, rows).is_empty() {
                    Some(Stopped::Precision)
                } else {
                    (spent >= max_time).then_some(Stopped::MaxTime)
                }
            }
            Until::Runs(_) => None,
        }
    }
}

/// Whether what is known after so many rounds is worth working out: after every round at first,
/// then whenever there are a tenth more at the most, so that the work for it grows no faster than the
/// rounds.
#[must_use]
pub fn is_worth_a_look(rounds: usize) -> bool {
    let step = (rounds / 20).next_power_of_two();
    rounds.is_multiple_of(step)
}

fn sample(round: usize, position: usize, record: &RunRecord) -> Sample {
    let RunRecord { parts, disturbance } = *record;
    Sample {
        round,
        position,
        total: parts.total,
        start: parts.start,
        map: parts.map,
        exchange: parts.exchange,
        set: parts.set,
        end: parts.end(),
        disturbance,
    }
}
