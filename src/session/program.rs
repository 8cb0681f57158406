//! Another program as a row of a table: its command, what fills it, and what a run must be like.
//!
//! How a process is run and timed is the matter of [`crate::backend::program`].

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use super::counted::counted;
use super::template::{Field, Template};
use crate::backend::program::{Program, ProgramError, ProgramRun, how_it_failed};
use crate::bench::clock::Clock;
use crate::bench::plan::{RunParts, RunRecord};
use crate::bench::result::Disturbance;
use crate::bench::stats::median;
use crate::os::interrupt::Interrupt;
use crate::sha512::Digest;

/// Why a run of a program does not count, which ends its row.
#[derive(Debug, thiserror::Error)]
pub enum ProgramFault {
    /// It could not be run to its end.
    #[error(transparent)]
    NotRun(#[from] ProgramError),
    /// It said that it failed.
    #[error("ended with {how}; --ignore-failure counts such runs")]
    Failed {
        /// Its status or signal, and what it said.
        how: String,
    },
    /// It wrote something else than the runs before.
    #[error("wrote other output than {first} did (--same-output)")]
    OutputDiffers {
        /// The row that wrote first.
        first: String,
    },
    /// `--prepare` or `--setup` failed.
    #[error("{option} {command:?} ended with {how}")]
    Beside {
        /// The option.
        option: &'static str,
        /// Its command.
        command: OsString,
        /// Its status or signal, and what it said.
        how: String,
    },
}

impl ProgramFault {
    /// The signal that ended the run, if one asked this program for the end.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        match self {
            Self::NotRun(ProgramError::Interrupted { signal }) => Some(*signal),
            _ => None,
        }
    }
}

/// What the rows of one program have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramSpec {
    /// What people call it.
    pub label: String,
    /// Its command.
    pub template: Template,
    /// The path of the word list, where the command names it.
    pub words: Option<OsString>,
    /// Is run before every run.
    pub prepare: Option<OsString>,
    /// A run that takes longer is ended, and its row with it.
    pub timeout: Option<Duration>,
    /// Whether all runs of all programs must write the same.
    pub compares_output: bool,
    /// Whether runs that failed count.
    pub ignores_failure: bool,
}

/// One row: a program and a value for each axis that its command names; `None` for the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramConfig {
    /// The program.
    pub spec: Arc<ProgramSpec>,
    /// `{workers}`.
    pub workers: Option<NonZeroUsize>,
    /// `{chunksize}`.
    pub chunksize: Option<NonZeroUsize>,
    /// `{rounds}`.
    pub rounds: Option<NonZeroU32>,
    /// The parameters that the command names.
    pub parameters: BTreeMap<String, String>,
}

/// What one run of a program gave.
pub(super) struct Ran {
    pub(super) record: RunRecord,
    pub(super) peak_bytes: u64,
    pub(super) output: Option<Digest>,
}

impl ProgramConfig {
    /// The command of this row.
    #[must_use]
    pub fn program(&self) -> Program {
        let number = |value: Option<NonZeroUsize>| {
            OsString::from(value.map_or_else(String::new, |value| value.to_string()))
        };
        let rounds = self.rounds.and_then(|rounds| rounds.try_into().ok());
        let value = |field: &Field| match field {
            Field::Workers => number(self.workers),
            Field::Chunksize => number(self.chunksize),
            Field::Rounds => number(rounds),
            Field::Words => self.spec.words.clone().unwrap_or_default(),
            Field::Parameter(name) => self.parameters.get(name).cloned().unwrap_or_default().into(),
        };
        Program {
            command: self.spec.template.fill(&value),
            timeout: self.spec.timeout,
            compares_output: self.spec.compares_output,
        }
    }

    /// Prepares a run and makes it.
    pub(super) fn run(
        &self,
        clock: &dyn Clock,
        interrupt: &Interrupt,
    ) -> Result<Ran, ProgramFault> {
        if let Some(command) = &self.spec.prepare {
            run_beside("--prepare", command, clock, interrupt)?;
        }
        let program = self.program();
        let (run, disturbance) = counted(clock, || program.run(clock, interrupt));
        let run = run?;
        if !run.status.success() && !self.spec.ignores_failure {
            return Err(ProgramFault::Failed { how: how_it_failed(&run) });
        }
        let ProgramRun { total, usage, output, .. } = run;
        let disturbance = Disturbance {
            user: Some(usage.user),
            system: Some(usage.system),
            involuntary_switches: Some(usage.involuntary_switches),
            page_faults: Some(usage.page_faults),
            ..disturbance
        };
        let parts = RunParts { total, ..RunParts::default() };
        let record = RunRecord { parts, disturbance };
        Ok(Ran { record, peak_bytes: usage.peak_rss_bytes, output })
    }
}

/// Runs the command of an option by a shell, untimed.
///
/// # Errors
///
/// When it fails, or a signal asks for the end.
pub fn run_beside(
    option: &'static str,
    command: &OsStr,
    clock: &dyn Clock,
    interrupt: &Interrupt,
) -> Result<(), ProgramFault> {
    let shell = [OsStr::new("sh"), OsStr::new("-c"), command].map(OsStr::to_owned).to_vec();
    let program = Program { command: shell, timeout: None, compares_output: false };
    let run = program.run(clock, interrupt)?;
    if run.status.success() {
        return Ok(());
    }
    Err(ProgramFault::Beside { option, command: command.to_owned(), how: how_it_failed(&run) })
}

/// What it takes to start a process that does nothing and to wait for it: the median of some.
/// `None` where the system has no such program.
pub(super) fn process_start(clock: &dyn Clock, interrupt: &Interrupt) -> Option<Duration> {
    const STARTS: usize = 11;
    let nothing = Program { command: vec!["true".into()], timeout: None, compares_output: false };
    let start = || Some(nothing.run(clock, interrupt).ok()?.total);
    // The first ones bring the program and what starts it into memory.
    let times: Option<Vec<Duration>> = (0..2 * STARTS).map(|_| start()).collect();
    median(&times?[STARTS..])
}
