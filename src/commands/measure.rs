//! Timing many configurations on one list: what `sweep` and `compare` have in common.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::bail;

use super::config::Config;
use super::input::Input;
use super::once::{Finished, once};
use super::run::shows_progress;
use super::{Screen, rows};
use crate::backend::{Around, BackendError, Checksum, WorkerRecord};
use crate::bench::bootstrap::compare_paired;
use crate::bench::clock::MonotonicClock;
use crate::bench::plan::{Observer, Order, Plan, RunParts, Runner, run_plan};
use crate::bench::result::{Input as SavedInput, ResultRow, Sample, SavedRun};
use crate::bench::stats::summarise;
use crate::cli::{self, Format, MeasureArgs, ShowArgs};
use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::report::{Report, json, label, plain, table};
use crate::words::WordList;

/// Times the configurations and prints the result. A signal cuts the measurement short: what was
/// measured until then is printed, and the signal is the error.
pub(super) fn measure(
    input: &Input,
    configs: &[Config],
    (arguments, show): (&MeasureArgs, &ShowArgs),
    interrupt: &Arc<Interrupt>,
    screen: &mut Screen<'_>,
) -> anyhow::Result<()> {
    let plan = plan(configs.len(), arguments);
    let words = input.list.len();
    let runs = plan.rows * (plan.warmups + plan.runs.get());
    let visible = shows_progress(show.progress, screen);
    let progress = Progress::new(runs.saturating_mul(words), visible);
    let clock = MonotonicClock::new();
    let environment = super::info::environment(&clock);
    let mut runs = Runs::new(&input.list, configs, clock, interrupt);
    let mut watcher = Watcher { words, progress: &progress };
    let stop = || interrupt.pending().is_some();
    interrupt.end_at_once(false);
    let measured = run_plan(&plan, &mut runs, &clock, &mut watcher, &stop);
    interrupt.end_at_once(true);
    progress.finish();
    let measured = match measured {
        Ok(measured) => measured,
        Err(failed) => {
            let row = runs.labelled_rows().swap_remove(failed.row).label;
            return Err(failed.source.context(row));
        }
    };
    let run = SavedRun {
        wordhash: env!("CARGO_PKG_VERSION").to_owned(),
        environment,
        input: runs.saved_input(input),
        results: runs.finished_rows(measured.samples),
    };
    screen.text(rendered(&run, arguments.format, screen))?;
    match interrupt.pending() {
        Some(signal) => Err(BackendError::Interrupted { signal }.into()),
        None => Ok(()),
    }
}

fn plan(rows: usize, arguments: &MeasureArgs) -> Plan {
    Plan {
        rows,
        runs: arguments.runs,
        warmups: usize::try_from(arguments.warmup).unwrap_or(usize::MAX),
        order: match arguments.order {
            cli::Order::Interleaved => Order::Interleaved,
            cli::Order::Blocked => Order::Blocked,
        },
        precision: None,
    }
}

fn rendered(run: &SavedRun, format: Option<Format>, screen: &Screen<'_>) -> String {
    let for_a_person = if screen.out_is_terminal { Format::Table } else { Format::Plain };
    let report = Report::new(run);
    match format.unwrap_or(for_a_person) {
        Format::Plain => plain::render(&report),
        Format::Table => table::render(&report, screen.table_layout()),
        Format::Json => json::render(run),
    }
}

/// Makes the runs of a plan, and holds every configuration's digests against the others'.
struct Runs<'a> {
    list: &'a WordList,
    configs: &'a [Config],
    clock: MonotonicClock,
    interrupt: &'a Arc<Interrupt>,
    tasks: Vec<Option<usize>>,
    processes: Vec<Vec<WorkerRecord>>,
    /// What all configurations with so many rounds must give.
    seen: BTreeMap<u32, Seen>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Seen {
    checksum: Checksum,
    distinct: usize,
}

impl<'a> Runs<'a> {
    fn new(
        list: &'a WordList,
        configs: &'a [Config],
        clock: MonotonicClock,
        interrupt: &'a Arc<Interrupt>,
    ) -> Self {
        Self {
            list,
            configs,
            clock,
            interrupt,
            tasks: vec![None; configs.len()],
            processes: vec![Vec::new(); configs.len()],
            seen: BTreeMap::new(),
        }
    }

    /// All rows with their labels, and nothing measured.
    fn labelled_rows(&self) -> Vec<ResultRow> {
        let empty = |config| rows::empty_row(config, self.list.len());
        let mut rows: Vec<ResultRow> = self.configs.iter().map(empty).collect();
        let labels = label::labels(&rows);
        for (row, label) in rows.iter_mut().zip(labels) {
            row.label = label;
        }
        rows
    }

    fn finished_rows(&self, samples: Vec<Vec<Sample>>) -> Vec<ResultRow> {
        let mut rows = self.labelled_rows();
        for (at, (row, samples)) in rows.iter_mut().zip(samples).enumerate() {
            let totals: Vec<_> = samples.iter().map(|sample| sample.total).collect();
            row.summary = summarise(&totals);
            row.samples = samples;
            row.tasks = self.tasks[at];
            row.processes = self.processes[at].iter().map(rows::process_row).collect();
        }
        compare_with_serial(&mut rows);
        rows
    }

    fn saved_input(&self, input: &Input) -> SavedInput {
        let seen = self.seen.values().next();
        SavedInput {
            path: input.name.clone(),
            words: input.list.len(),
            bytes: input.list.loaded_bytes() as u64,
            distinct: seen.map(|seen| seen.distinct),
            checksum: seen.map(|seen| seen.checksum.to_string()),
        }
    }

    /// Outside the timed span: the digests must be those that the other configurations gave.
    fn check(&mut self, row: usize, finished: &Finished) -> anyhow::Result<()> {
        let found = Seen { checksum: finished.digests.checksum(), distinct: finished.distinct };
        let rounds = self.configs[row].work.rounds.get();
        let first = *self.seen.entry(rounds).or_insert(found);
        if first != found {
            bail!(
                "wrong digests: checksum {} with {} distinct, where other configurations gave {} \
                 with {}; this is a bug in wordhash or a fault of the machine",
                found.checksum,
                found.distinct,
                first.checksum,
                first.distinct
            );
        }
        Ok(())
    }
}

impl Runner for Runs<'_> {
    type Error = anyhow::Error;

    fn run(&mut self, row: usize) -> anyhow::Result<RunParts> {
        // Progress within a run would cost the run; the bar moves between two of them.
        let around = Around { clock: &self.clock, progress: &|_| {}, interrupt: self.interrupt };
        let finished = once(self.list, &self.configs[row], &around)?;
        self.check(row, &finished)?;
        self.tasks[row] = finished.tasks;
        self.processes[row] = finished.processes;
        Ok(finished.parts)
    }
}

/// Sets every row beside the first serial one with as many rounds.
fn compare_with_serial(rows: &mut [ResultRow]) {
    let serial: Vec<ResultRow> =
        rows.iter().filter(|row| row.backend == "serial").cloned().collect();
    for row in rows.iter_mut().filter(|row| row.backend != "serial") {
        let reference = serial
            .iter()
            .find(|serial| (serial.rounds, &serial.engine) == (row.rounds, &row.engine))
            .or_else(|| serial.iter().find(|serial| serial.rounds == row.rounds));
        row.against_serial =
            reference.and_then(|serial| compare_paired(&row.samples, &serial.samples));
    }
}

/// Moves the progress bar after each run.
struct Watcher<'a> {
    words: usize,
    progress: &'a Progress,
}

impl Observer for Watcher<'_> {
    fn warmed_up(&mut self, _row: usize) {
        self.progress.advance(self.words);
    }

    fn sampled(&mut self, _row: usize, _sample: &Sample) {
        self.progress.advance(self.words);
    }
}
