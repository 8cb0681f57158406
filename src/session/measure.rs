//! A measurement on its way: all configurations of a table in rounds, then those that refine it.

use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::sync::Arc;

use super::error::RowFailed;
use super::list::ListSize;
use super::open::Lists;
use super::program::process_start;
use super::record::{Record, Runs};
use super::row_config::RowConfig;
use super::spec::SessionSpec;
use crate::backend::Around;
use crate::bench::clock::MonotonicClock;
use crate::bench::conclude::entrants;
use crate::bench::plan::{Observer, Rounds, RunFailed, Surroundings, Until, is_worth_a_look};
use crate::bench::refine::refine;
use crate::bench::result::{Environment, Measurement, ResultRow, Sample, Stopped};
use crate::bench::verdict::Standings;
use crate::known::Spilled;
use crate::os::interrupt::Interrupt;
use crate::report::timeline::Timeline;

/// Where sizes are to be refined, the first sizes have this share of the time.
const SHARE_BEFORE_REFINING: f64 = 0.5;
/// So many of the quickest rows run again beside the sizes that refine them.
const ROWS_BESIDE_REFINED: usize = 3;

/// Is told how a measurement goes.
pub trait Watch {
    /// So many runs are planned at least, from now on.
    fn expect(&mut self, _runs: usize) {}

    /// A run was made.
    fn ran(&mut self) {}

    /// So many rounds were made. `so_far` makes the measurement as it is now, which is work.
    fn round_ended(&mut self, _rounds: usize, _so_far: &mut dyn FnMut() -> Measurement) {}
}

/// The row that `--reference` names is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("--reference {label:?} is no row of this table, which has: {labels}", labels = labels.join("; "))]
pub struct NoSuchRow {
    /// The label that was asked for.
    pub label: String,
    /// Those that there are.
    pub labels: Vec<String>,
}

/// A measurement on its way.
pub struct Session<'a> {
    spec: SessionSpec,
    interrupt: &'a Arc<Interrupt>,
    clock: MonotonicClock,
    size: ListSize,
    configs: Vec<RowConfig>,
    reference: Option<usize>,
    rounds: Rounds,
    record: RefCell<Record>,
    stopped: Stopped,
}

impl<'a> Session<'a> {
    /// Nothing has run yet.
    ///
    /// # Errors
    ///
    /// [`NoSuchRow`] where the reference is no row of the table.
    pub fn new(
        spec: SessionSpec,
        size: ListSize,
        configs: Vec<RowConfig>,
        environment: Environment,
        clock: MonotonicClock,
        interrupt: &'a Arc<Interrupt>,
    ) -> Result<Self, NoSuchRow> {
        let record = Record::new(&spec, environment, size, &configs);
        let labels = record.labels();
        let place = |label: &String| labels.iter().position(|other| other == label);
        let reference = spec.reference.as_ref().map(|label| {
            place(label).ok_or_else(|| NoSuchRow { label: label.clone(), labels: labels.clone() })
        });
        let reference = reference.transpose()?;
        let most_rows = configs.len() + spec.refine;
        let mut rounds = Rounds::new(spec.plan, Standings::new(most_rows, spec.margin));
        for entrant in entrants(&record.rows(), reference) {
            rounds.enter(entrant);
        }
        Ok(Self {
            spec,
            interrupt,
            clock,
            size,
            configs,
            reference,
            rounds,
            record: RefCell::new(record),
            stopped: Stopped::Interrupted,
        })
    }

    /// Runs all configurations, and then those that refine the answer beside the best ones.
    ///
    /// # Errors
    ///
    /// [`RowFailed`] when a run fails without a request to stop; what was measured can be concluded
    /// all the same. A failure that ends its row alone is none: see [`Session::take_ended_rows`].
    pub fn run(&mut self, lists: &mut Lists<'_>, watch: &mut dyn Watch) -> Result<(), RowFailed> {
        if self.configs.iter().any(|config| config.program().is_some()) {
            let time = process_start(&self.clock, self.interrupt);
            self.record.borrow_mut().set_process_start(time);
        }
        let all: Vec<usize> = (0..self.configs.len()).collect();
        let share = if self.spec.refine > 0 { SHARE_BEFORE_REFINING } else { 1.0 };
        self.run_rows(lists, &all, share, watch)?;
        if self.spec.refine == 0 || matches!(self.stopped, Stopped::Interrupted | Stopped::Failed) {
            return Ok(());
        }
        let (finer, beside) = self.finer();
        if finer.is_empty() {
            return Ok(());
        }
        let first = self.configs.len();
        self.record.borrow_mut().add_rows(&finer);
        self.configs.extend(finer);
        let entrants = entrants(&self.record.borrow().rows(), self.reference);
        for entrant in entrants.into_iter().skip(first) {
            self.rounds.enter(entrant);
        }
        let rows: Vec<usize> = beside.into_iter().chain(first..self.configs.len()).collect();
        self.run_rows(lists, &rows, 1.0, watch)
    }

    /// Runs these rows until it is enough.
    fn run_rows(
        &mut self,
        lists: &mut Lists<'_>,
        rows: &[usize],
        time_share: f64,
        watch: &mut dyn Watch,
    ) -> Result<(), RowFailed> {
        let at_least = match self.spec.plan.until {
            Until::Runs(runs) => runs.get(),
            Until::Decided { .. } | Until::Precision { .. } => {
                self.rounds.standings().first_round()
            }
        };
        watch.expect(rows.len() * (self.spec.plan.warmups + at_least));
        let mut runner = Runs {
            lists,
            configs: &self.configs,
            clock: &self.clock,
            interrupt: self.interrupt,
            record: &self.record,
        };
        let mut observer = Watched { spec: &self.spec, record: &self.record, watch };
        let stop = || self.interrupt.pending().is_some();
        let ended = self.rounds.run(
            rows,
            time_share,
            &mut Surroundings {
                runner: &mut runner,
                clock: &self.clock,
                observer: &mut observer,
                stop: &stop,
            },
        );
        match ended {
            Ok(stopped) => {
                self.stopped = stopped;
                Ok(())
            }
            Err(RunFailed { row, source }) => {
                self.stopped = Stopped::Failed;
                let label = self.record.borrow().labels().swap_remove(row);
                Err(RowFailed { label, source })
            }
        }
    }

    /// The configurations that refine the answer: like the best one, with chunk sizes around its
    /// own. And the rows that run beside them: all references, and the quickest of the same work.
    fn finer(&mut self) -> (Vec<RowConfig>, Vec<usize>) {
        let rows = self.record.borrow().rows();
        let standings = self.rounds.standings();
        let Some(recommended) = standings.answers().first().map(|answer| answer.recommended) else {
            return (Vec::new(), Vec::new());
        };
        let quickest = standings.quickest(recommended);
        let has_size = |row: &&usize| rows[**row].fixed_chunksize().is_some();
        let best = [recommended].iter().chain(&quickest).find(has_size).copied();
        let Some((best, size)) = best.and_then(|row| Some((row, rows[row].fixed_chunksize()?)))
        else {
            return (Vec::new(), Vec::new());
        };
        let siblings = rows.iter().filter(|row| row.is_sibling_of(&rows[best]));
        let measured: Vec<usize> = siblings.filter_map(ResultRow::fixed_chunksize).collect();
        let like = &self.configs[best];
        // Without a list, nothing is known of the largest size.
        let largest = if self.spec.list.is_empty() { usize::MAX } else { self.size.words };
        let finer = refine(&measured, size, largest, self.spec.refine)
            .into_iter()
            .filter_map(NonZeroUsize::new)
            .map(|size| like.with_chunksize(size))
            .collect();
        let references = entrants(&rows, self.reference).into_iter().map(|found| found.reference);
        let quickest = quickest.into_iter().take(ROWS_BESIDE_REFINED).chain([best]);
        let mut beside: Vec<usize> = references.flatten().chain(quickest).collect();
        beside.sort_unstable();
        beside.dedup();
        (finer, beside)
    }

    /// The measurement, with all that follows from its rounds.
    pub fn conclude(&mut self) -> Measurement {
        let samples = self.rounds.samples().to_vec();
        let record = self.record.borrow();
        record.measurement(&samples, &self.spec, self.stopped, self.rounds.standings())
    }

    /// The rows whose intervals are wider than was asked for; none where nothing was asked.
    pub fn wide_rows(&mut self) -> Vec<usize> {
        let rows: Vec<usize> = (0..self.configs.len()).collect();
        let rows = self.rounds.live(&rows);
        match self.spec.plan.until {
            Until::Precision { half_width, .. } => {
                self.rounds.standings().wider_than(half_width, &rows)
            }
            Until::Decided { .. } | Until::Runs(_) => Vec::new(),
        }
    }

    /// The rows that ended before the measurement did, and why; a second call gives none.
    pub fn take_ended_rows(&mut self) -> Vec<RowFailed> {
        self.record.borrow_mut().take_ended()
    }

    /// What went through temporary files in a run, if anything did.
    #[must_use]
    pub fn spilled(&self) -> Option<Spilled> {
        self.record.borrow().spilled().copied()
    }

    /// One more run of each configuration, recorded and not timed; none where a signal asks for the
    /// end or the list does not allow it. Nothing is known of what happens in other programs.
    ///
    /// # Errors
    ///
    /// [`RowFailed`] when such a run fails.
    pub fn timelines(
        &self,
        lists: &mut Lists<'_>,
        watch: &mut dyn Watch,
    ) -> Result<Vec<Timeline>, RowFailed> {
        let hashing = || self.configs.iter().filter_map(RowConfig::hash);
        watch.expect(hashing().count());
        let around = Around {
            clock: &self.clock,
            progress: &|_| {},
            interrupt: self.interrupt,
            recorder: None,
        };
        let mut timelines = Vec::with_capacity(self.configs.len());
        for (config, label) in self.configs.iter().zip(self.record.borrow().labels()) {
            let Some(config) = config.hash() else { continue };
            let recorded =
                lists.for_config(config).and_then(|list| list.record(config, &label, &around));
            match recorded {
                Ok(Some(timeline)) => timelines.push(timeline),
                Ok(None) => return Ok(Vec::new()),
                Err(error) if error.signal().is_some() => return Ok(Vec::new()),
                Err(source) => {
                    return Err(RowFailed { label: format!("the timeline of {label}"), source });
                }
            }
            if self.interrupt.pending().is_some() {
                return Ok(Vec::new());
            }
            watch.ran();
        }
        Ok(timelines)
    }
}

/// Passes on what the loop tells.
struct Watched<'a> {
    spec: &'a SessionSpec,
    record: &'a RefCell<Record>,
    watch: &'a mut dyn Watch,
}

impl Observer for Watched<'_> {
    fn ran(&mut self, _row: usize, _counted: bool) {
        self.watch.ran();
    }

    fn round_ended(&mut self, rounds: usize, samples: &[Vec<Sample>], standings: &mut Standings) {
        // What a reader of it finds if nothing comes after it.
        let stopped = Stopped::Interrupted;
        let mut so_far =
            || self.record.borrow().measurement(samples, self.spec, stopped, standings);
        if is_worth_a_look(rounds) {
            self.watch.round_ended(rounds, &mut so_far);
        }
    }
}
