//! The runs of a plan, and what they gave.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::bail;

use super::config::Config;
use super::input::Input;
use super::larger::Extent;
use super::once::{Finished, once};
use super::rows;
use crate::backend::{Around, Checksum};
use crate::bench::clock::MonotonicClock;
use crate::bench::evidence::LEVEL;
use crate::bench::plan::{Plan, RunRecord, Runner};
use crate::bench::result::{
    Disturbance, Environment, Input as SavedInput, Measurement, Order, ProcessRow, ResultRow,
    SCHEMA, Sample, Stopped,
};
use crate::bench::stats::summarise;
use crate::bench::verdict::{Standings, conclude};
use crate::known::Spilled;
use crate::os::interrupt::Interrupt;
use crate::os::peak_memory::Peak;
use crate::report::label;

/// Makes the runs of a plan, and holds every configuration's digests against the others'.
pub(super) struct Runs<'a, 'b> {
    pub(super) input: &'a mut Input<'b>,
    pub(super) configs: &'a [Config],
    pub(super) clock: MonotonicClock,
    pub(super) interrupt: &'a Arc<Interrupt>,
    pub(super) record: &'a RefCell<Record>,
}

impl Runner for Runs<'_, '_> {
    type Error = anyhow::Error;

    fn run(&mut self, row: usize) -> anyhow::Result<RunRecord> {
        // Progress within a run would cost the run; the bar moves between two of them.
        let around = Around {
            clock: &self.clock,
            progress: &|_| {},
            interrupt: self.interrupt,
            recorder: None,
        };
        let config = &self.configs[row];
        // This process maps all that is shared, so its own peak counts that once; workers add what
        // they have for themselves. They need not have had it when this process was at its peak:
        // the sum is an upper bound, and above the truth by a few MiB a worker at most.
        let peak = Peak::begin();
        let finished = once(self.input, config, &around)?;
        let peak_bytes = peak.bytes().map(|own| own + finished.private_bytes);
        let parts = finished.parts;
        self.record.borrow_mut().keep(row, config, finished, peak_bytes)?;
        Ok(RunRecord { parts, disturbance: Disturbance::default() })
    }
}

/// What is known of a measurement besides its samples.
pub(super) struct Record {
    name: String,
    command: Vec<String>,
    environment: Environment,
    extent: Extent,
    rows: Vec<Facts>,
    /// What all configurations with so many rounds must give.
    seen: BTreeMap<u32, Seen>,
}

/// What the runs of one row gave besides their times.
struct Facts {
    empty: ResultRow,
    tasks: Option<usize>,
    spilled: Option<Spilled>,
    peak_bytes: Option<u64>,
    processes: Vec<ProcessRow>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Seen {
    checksum: Option<Checksum>,
    distinct: usize,
}

impl Record {
    /// Nothing has run yet.
    pub(super) fn new(
        name: String,
        environment: Environment,
        extent: Extent,
        command: Vec<String>,
    ) -> Self {
        Self { name, command, environment, extent, rows: Vec::new(), seen: BTreeMap::new() }
    }

    /// Makes room for the rows of more configurations.
    pub(super) fn add_rows(&mut self, configs: &[Config]) {
        self.rows.extend(configs.iter().map(|config| Facts {
            empty: rows::empty_row(config, self.extent.words),
            tasks: None,
            spilled: None,
            peak_bytes: None,
            processes: Vec::new(),
        }));
    }

    /// Keeps what a run gave, once its digests were found to be those of the other configurations;
    /// this is outside the timed span.
    fn keep(
        &mut self,
        row: usize,
        config: &Config,
        finished: Finished,
        peak_bytes: Option<u64>,
    ) -> anyhow::Result<()> {
        let found = Seen { checksum: finished.proof.checksum(), distinct: finished.distinct };
        let first = *self.seen.entry(config.work.rounds.get()).or_insert(found);
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
        let facts = &mut self.rows[row];
        facts.tasks = finished.tasks;
        facts.spilled = finished.spilled;
        facts.peak_bytes = facts.peak_bytes.max(peak_bytes);
        facts.processes = finished.processes;
        Ok(())
    }

    /// What went through temporary files in one run, if anything did.
    pub(super) fn spilled(&self) -> Option<&Spilled> {
        self.rows.iter().find_map(|facts| facts.spilled.as_ref())
    }

    /// The rows without any samples.
    pub(super) fn rows(&self) -> Vec<ResultRow> {
        self.rows.iter().map(|facts| facts.empty.clone()).collect()
    }

    /// The label of a row.
    pub(super) fn label(&self, row: usize) -> String {
        label::labels(&self.rows()).swap_remove(row)
    }

    /// The row with this label.
    ///
    /// # Errors
    ///
    /// When no row has it; the error names those that there are.
    pub(super) fn row_called(&self, label: &str) -> anyhow::Result<usize> {
        let labels = label::labels(&self.rows());
        labels.iter().position(|other| other == label).ok_or_else(|| {
            let labels = labels.join("; ");
            anyhow::anyhow!("--reference {label:?} is no row of this table, which has: {labels}")
        })
    }

    /// The measurement with these samples row by row, and what follows from their rounds.
    pub(super) fn measurement(
        &self,
        samples: &[Vec<Sample>],
        plan: &Plan,
        stopped: Stopped,
        margin: f64,
        standings: &mut Standings,
    ) -> Measurement {
        let mut results: Vec<ResultRow> =
            self.rows.iter().zip(samples).map(|(facts, samples)| facts.row(samples)).collect();
        let labels = label::labels(&results);
        for (row, label) in results.iter_mut().zip(labels) {
            row.label = label;
        }
        let answers = match plan.order {
            Order::Random => conclude(&mut results, standings),
            Order::Blocked => Vec::new(),
        };
        let seen = self.seen.values().next();
        Measurement {
            schema: SCHEMA,
            wordhash: env!("CARGO_PKG_VERSION").to_owned(),
            command: self.command.clone(),
            seed: plan.seed,
            order: plan.order,
            stopped,
            level: LEVEL,
            margin,
            warnings: Vec::new(),
            environment: self.environment.clone(),
            input: SavedInput {
                path: self.name.clone(),
                words: self.extent.words,
                bytes: self.extent.bytes as u64,
                distinct: seen.map(|seen| seen.distinct),
                checksum: seen.and_then(|seen| seen.checksum).map(|sum| sum.to_string()),
            },
            results,
            answers,
            model: None,
        }
    }
}

impl Facts {
    fn row(&self, samples: &[Sample]) -> ResultRow {
        ResultRow {
            samples: samples.to_vec(),
            summary: summarise(samples),
            tasks: self.tasks,
            spilled_bytes: self.spilled.map(|spilled| spilled.bytes),
            peak_memory_bytes: self.peak_bytes,
            processes: self.processes.clone(),
            ..self.empty.clone()
        }
    }
}

fn shown(checksum: Option<Checksum>) -> String {
    checksum.map_or_else(|| "unknown".to_owned(), |sum| sum.to_string())
}
