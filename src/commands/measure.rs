//! Timing many configurations on one list: what `sweep` and `compare` have in common.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::bail;

use super::config::Config;
use super::input::{Input, Text};
use super::larger::Extent;
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
use crate::known::Spilled;
use crate::progress::Progress;
use crate::report::{Report, json, label, plain, table};

/// Times the configurations and prints the result. A signal cuts the measurement short: what was
/// measured until then is printed, and the signal is the error.
pub(super) fn measure(
    input: Input,
    extent: Extent,
    configs: &[Config],
    (arguments, show): (&MeasureArgs, &ShowArgs),
    interrupt: &Arc<Interrupt>,
    screen: &mut Screen<'_>,
) -> anyhow::Result<()> {
    let plan = plan(configs.len(), arguments);
    let words = extent.words;
    let runs = plan.rows * (plan.warmups + plan.runs.get());
    let visible = shows_progress(show.progress, screen);
    let progress = Progress::new(runs.saturating_mul(words), visible);
    let clock = MonotonicClock::new();
    let environment = super::info::environment(&clock);
    let mut runs = Runs::new(input.text, extent, configs, clock, interrupt);
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
        input: runs.saved_input(input.name),
        results: runs.finished_rows(measured.samples),
    };
    if let Some(note) = runs.note() {
        screen.note(note);
    }
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
    text: Text,
    extent: Extent,
    configs: &'a [Config],
    clock: MonotonicClock,
    interrupt: &'a Arc<Interrupt>,
    tasks: Vec<Option<usize>>,
    spilled: Vec<Option<Spilled>>,
    peak_bytes: Vec<Option<u64>>,
    processes: Vec<Vec<WorkerRecord>>,
    /// What all configurations with so many rounds must give.
    seen: BTreeMap<u32, Seen>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Seen {
    checksum: Option<Checksum>,
    distinct: usize,
}

impl<'a> Runs<'a> {
    fn new(
        text: Text,
        extent: Extent,
        configs: &'a [Config],
        clock: MonotonicClock,
        interrupt: &'a Arc<Interrupt>,
    ) -> Self {
        Self {
            text,
            extent,
            configs,
            clock,
            interrupt,
            tasks: vec![None; configs.len()],
            spilled: vec![None; configs.len()],
            peak_bytes: vec![None; configs.len()],
            processes: vec![Vec::new(); configs.len()],
            seen: BTreeMap::new(),
        }
    }

    /// What people are told if digests did not fit in memory.
    fn note(&self) -> Option<String> {
        let Text::Larger(larger) = &self.text else { return None };
        self.spilled.iter().flatten().next().map(|spilled| larger.note(spilled))
    }

    /// All rows with their labels, and nothing measured.
    fn labelled_rows(&self) -> Vec<ResultRow> {
        let empty = |config| rows::empty_row(config, self.extent.words);
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
            row.spilled_bytes = self.spilled[at].map(|spilled| spilled.bytes);
            row.peak_memory_bytes = self.peak_bytes[at];
            row.processes = self.processes[at].iter().map(rows::process_row).collect();
        }
        compare_with_serial(&mut rows);
        rows
    }

    fn saved_input(&self, name: String) -> SavedInput {
        let seen = self.seen.values().next();
        SavedInput {
            path: name,
            words: self.extent.words,
            bytes: self.extent.bytes as u64,
            distinct: seen.map(|seen| seen.distinct),
            checksum: seen.and_then(|seen| seen.checksum).map(|sum| sum.to_string()),
        }
    }

    /// Outside the timed span: the digests must be those that the other configurations gave.
    fn check(&mut self, row: usize, finished: &Finished) -> anyhow::Result<()> {
        let found = Seen { checksum: finished.proof.checksum(), distinct: finished.distinct };
        let rounds = self.configs[row].work.rounds.get();
        let first = *self.seen.entry(rounds).or_insert(found);
        if first != found {
            bail!(
                "wrong digests: checksum {} with {} distinct, where other configurations gave {} \
                 with {}; this is a bug in wordhash or a fault of the machine",
                shown(found.checksum),
                found.distinct,
                shown(first.checksum),
                first.distinct
            );
        }
        Ok(())
    }
}

fn shown(checksum: Option<Checksum>) -> String {
    checksum.map_or_else(|| "unknown".to_owned(), |sum| sum.to_string())
}

impl Runner for Runs<'_> {
    type Error = anyhow::Error;

    fn run(&mut self, row: usize) -> anyhow::Result<RunParts> {
        // Progress within a run would cost the run; the bar moves between two of them.
        let around = Around { clock: &self.clock, progress: &|_| {}, interrupt: self.interrupt };
        let (finished, peak_bytes) = once(&mut self.text, &self.configs[row], &around)?;
        self.check(row, &finished)?;
        self.tasks[row] = finished.tasks;
        self.spilled[row] = finished.spilled;
        self.peak_bytes[row] = self.peak_bytes[row].max(peak_bytes);
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
