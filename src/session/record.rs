//! The runs of a plan, and what they gave.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::config::Config;
use super::error::{RowFailed, SessionError, Shown};
use super::list::{ListSize, RunResult};
use super::open::Lists;
use super::program::{ProgramConfig, ProgramFault, Ran};
use super::row_config::RowConfig;
use super::rows;
use super::spec::SessionSpec;
use crate::backend::{Around, Checksum};
use crate::bench::clock::Clock;
use crate::bench::conclude::conclude;
use crate::bench::evidence::LEVEL;
use crate::bench::plan::{RunRecord, Runner};
use crate::bench::result::{
    Environment, Input, Measurement, Order, ProcessRow, ResultRow, SCHEMA, Sample, Stopped,
};
use crate::bench::stats::summarise;
use crate::bench::verdict::Standings;
use crate::known::Spilled;
use crate::os::interrupt::Interrupt;
use crate::os::peak_memory::Peak;
use crate::report::label;
use crate::sha512::Digest;

/// Makes the runs of a plan, and holds every configuration's digests against the others'.
pub(super) struct Runs<'a, 'l> {
    pub(super) lists: &'a mut Lists<'l>,
    pub(super) configs: &'a [RowConfig],
    pub(super) clock: &'a (dyn Clock + Sync),
    pub(super) interrupt: &'a Arc<Interrupt>,
    pub(super) record: &'a RefCell<Record>,
}

impl Runner for Runs<'_, '_> {
    type Error = SessionError;

    fn run(&mut self, row: usize) -> Result<RunRecord, SessionError> {
        match &self.configs[row] {
            RowConfig::Hash(config) => self.hash(row, config),
            RowConfig::Program(config) => self.program(row, config),
        }
    }

    /// A program that does not run as it must says nothing about the other rows; a fault of
    /// wordhash's own does.
    fn end_row(&mut self, row: usize, error: SessionError) -> Result<(), SessionError> {
        match error {
            SessionError::Program(_) => {
                self.record.borrow_mut().end_row(row, error);
                Ok(())
            }
            error => Err(error),
        }
    }
}

impl Runs<'_, '_> {
    fn program(&self, row: usize, config: &ProgramConfig) -> Result<RunRecord, SessionError> {
        let Ran { record, peak_bytes, output } = config.run(self.clock, self.interrupt)?;
        self.record.borrow_mut().keep_program(row, peak_bytes, output)?;
        Ok(record)
    }

    fn hash(&mut self, row: usize, config: &Config) -> Result<RunRecord, SessionError> {
        // Progress within a run would cost the run; the bar moves between two of them.
        let around = Around {
            clock: self.clock,
            progress: &|_| {},
            interrupt: self.interrupt,
            recorder: None,
        };
        // This process maps all that is shared, so its own peak counts that once; workers add what
        // they have for themselves. They need not have had it when this process was at its peak:
        // the sum is an upper bound, and above the truth by a few MiB a worker at most.
        let peak = Peak::begin();
        let result = self.lists.for_config(config)?.run(config, &around)?;
        let peak_bytes = peak.bytes().map(|own| own + result.private_bytes);
        let (parts, disturbance) = (result.parts, result.disturbance);
        self.record.borrow_mut().keep(row, config, result, peak_bytes)?;
        Ok(RunRecord { parts, disturbance })
    }
}

/// What is known of a measurement besides its samples.
pub(super) struct Record {
    name: String,
    command: Vec<String>,
    environment: Environment,
    size: ListSize,
    rows: Vec<RowRecord>,
    /// What all configurations that hash each word so often must give.
    digested: BTreeMap<u32, Digested>,
    /// What the first run of a program wrote, and its row.
    output: Option<(usize, Digest)>,
    /// Rows that ended before the measurement did, and why.
    ended: Vec<(usize, SessionError)>,
    process_start: Option<Duration>,
}

/// What the runs of one row gave besides their times.
struct RowRecord {
    empty: ResultRow,
    tasks: Option<usize>,
    spilled: Option<Spilled>,
    peak_bytes: Option<u64>,
    processes: Vec<ProcessRow>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Digested {
    checksum: Option<Checksum>,
    distinct: usize,
}

impl Record {
    /// Nothing has run yet.
    pub(super) fn new(
        spec: &SessionSpec,
        environment: Environment,
        size: ListSize,
        configs: &[RowConfig],
    ) -> Self {
        let mut record = Self {
            name: spec.list.clone(),
            command: spec.command.clone(),
            environment,
            size,
            rows: Vec::new(),
            digested: BTreeMap::new(),
            output: None,
            ended: Vec::new(),
            process_start: None,
        };
        record.add_rows(configs);
        record
    }

    /// Makes room for the rows of more configurations.
    pub(super) fn add_rows(&mut self, configs: &[RowConfig]) {
        self.rows.extend(configs.iter().map(|config| RowRecord {
            empty: rows::empty_row(config, self.size.words),
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
        result: RunResult,
        peak_bytes: Option<u64>,
    ) -> Result<(), SessionError> {
        let found = Digested { checksum: result.checksum, distinct: result.distinct };
        let first = *self.digested.entry(config.work.rounds.get()).or_insert(found);
        if first != found {
            return Err(SessionError::WrongDigests {
                found: Shown(found.checksum),
                distinct: found.distinct,
                expected: Shown(first.checksum),
                expected_distinct: first.distinct,
            });
        }
        let row = &mut self.rows[row];
        row.tasks = result.tasks;
        row.spilled = result.spilled;
        row.peak_bytes = row.peak_bytes.max(peak_bytes);
        row.processes = result.processes;
        Ok(())
    }

    /// Keeps what a run of a program gave, once its output was found to be that of the others.
    fn keep_program(
        &mut self,
        row: usize,
        peak_bytes: u64,
        output: Option<Digest>,
    ) -> Result<(), ProgramFault> {
        if let Some(output) = output {
            let (first, expected) = *self.output.get_or_insert((row, output));
            if expected != output {
                let first = self.labels().swap_remove(first);
                return Err(ProgramFault::OutputDiffers { first });
            }
        }
        let row = &mut self.rows[row];
        row.peak_bytes = row.peak_bytes.max(Some(peak_bytes));
        Ok(())
    }

    fn end_row(&mut self, row: usize, error: SessionError) {
        self.ended.push((row, error));
    }

    /// The rows that ended before the measurement did, which are given away.
    pub(super) fn take_ended(&mut self) -> Vec<RowFailed> {
        let labels = self.labels();
        let named = |(row, source): (usize, _)| RowFailed { label: labels[row].clone(), source };
        self.ended.drain(..).map(named).collect()
    }

    /// Keeps what it takes to start a process.
    pub(super) fn set_process_start(&mut self, time: Option<Duration>) {
        self.process_start = time;
    }

    /// What went through temporary files in one run, if anything did.
    pub(super) fn spilled(&self) -> Option<&Spilled> {
        self.rows.iter().find_map(|row| row.spilled.as_ref())
    }

    /// The rows without any samples.
    pub(super) fn rows(&self) -> Vec<ResultRow> {
        self.rows.iter().map(|row| row.empty.clone()).collect()
    }

    /// What the rows are called.
    pub(super) fn labels(&self) -> Vec<String> {
        label::labels(&self.rows())
    }

    /// The measurement with these samples row by row, and what follows from their rounds.
    pub(super) fn measurement(
        &self,
        samples: &[Vec<Sample>],
        spec: &SessionSpec,
        stopped: Stopped,
        standings: &mut Standings,
    ) -> Measurement {
        let mut results: Vec<ResultRow> =
            self.rows.iter().zip(samples).map(|(row, samples)| row.row(samples)).collect();
        let labels = label::labels(&results);
        for (row, label) in results.iter_mut().zip(labels) {
            row.label = label;
        }
        let answers = match spec.plan.order {
            Order::Random => conclude(&mut results, standings),
            Order::Blocked => Vec::new(),
        };
        let digested = self.digested.values().next();
        Measurement {
            schema: SCHEMA,
            wordhash: env!("CARGO_PKG_VERSION").to_owned(),
            command: self.command.clone(),
            seed: spec.plan.seed,
            order: spec.plan.order,
            stopped,
            level: LEVEL,
            margin: spec.margin,
            warnings: Vec::new(),
            environment: self.environment.clone(),
            input: Input {
                path: self.name.clone(),
                words: self.size.words,
                bytes: self.size.bytes as u64,
                distinct: digested.map(|digested| digested.distinct),
                checksum: digested
                    .and_then(|digested| digested.checksum)
                    .map(|sum| sum.to_string()),
            },
            results,
            answers,
            model: None,
            process_start: self.process_start,
        }
    }
}

impl RowRecord {
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
