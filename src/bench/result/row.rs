//! One configuration of a measurement: what ran, and what came of it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::comparison::Comparison;
use super::sample::{Sample, Summary};
use super::seconds;

/// One configuration and what it cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResultRow {
    /// What tells this row from the others, for people.
    pub label: String,
    /// What ran, but for the chunk size.
    #[serde(flatten)]
    pub setting: Setting,
    /// Words in a task, or the schedule that varied it; `None` for a serial run.
    pub chunksize: Option<Chunksize>,
    /// How many tasks the words were cut into; `None` for a serial run.
    pub tasks: Option<usize>,
    /// The counted runs, in the order in which they were made.
    pub samples: Vec<Sample>,
    /// The samples in few figures; `None` before the first one.
    pub summary: Option<Summary>,
    /// This row beside its reference; `None` for that row itself, and where there is none.
    pub against_reference: Option<Comparison>,
    /// This row beside the recommended one of the rows that do the same work; `None` for that row
    /// itself.
    pub against_recommended: Option<Comparison>,
    /// The worker processes of the last run; empty for backends that have none.
    pub processes: Vec<ProcessRow>,
    /// What the last run wrote to temporary files because the digests did not fit in memory;
    /// `None` when they did.
    pub spilled_bytes: Option<u64>,
    /// The most memory that a run had resident, all processes together and shared pages once.
    pub peak_memory_bytes: Option<u64>,
}

/// What ran, but for the chunk size: rows with equal settings differ in the chunk size alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// `serial`, `threads`, `processes`, `mpi` or `program`.
    pub backend: String,
    /// The name that the command line gives another program; `None` for a backend of wordhash.
    pub program: Option<String>,
    /// `None` where there are no workers: a serial run.
    pub workers: Option<usize>,
    /// `shared` or `pipe`; `None` where nothing is sent between processes.
    pub transport: Option<String>,
    /// `spawn` or `fork`; `None` where no process is started.
    pub start_method: Option<String>,
    /// The hash engine; empty for another program.
    pub engine: String,
    /// How often each word is hashed, the first time included.
    #[serde(rename = "rounds")]
    pub iterations: u32,
    /// The values of a program's own parameters.
    pub parameters: BTreeMap<String, String>,
}

impl Setting {
    /// Whether this is one thread for everything: what parallel runs of the same work are compared
    /// with.
    #[must_use]
    pub fn is_serial(&self) -> bool {
        self.backend == "serial"
    }

    /// Whether another program ran.
    #[must_use]
    pub fn is_program(&self) -> bool {
        self.program.is_some()
    }
}

impl ResultRow {
    /// The chunk size, where it is one number.
    #[must_use]
    pub fn fixed_chunksize(&self) -> Option<usize> {
        self.chunksize.as_ref()?.fixed()
    }

    /// Whether the rows differ in the chunk size alone, and each has one.
    #[must_use]
    pub fn is_sibling_of(&self, other: &Self) -> bool {
        self.setting == other.setting
            && self.fixed_chunksize().is_some()
            && other.fixed_chunksize().is_some()
    }
}

/// How the words of a row were cut into tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Chunksize {
    /// Every task has this many words, the last one perhaps fewer.
    Fixed(usize),
    /// The size changes on the way by a named schedule, such as `guided:500`.
    Schedule(String),
}

impl Chunksize {
    /// The number of words in a task, where it is one number.
    #[must_use]
    pub fn fixed(&self) -> Option<usize> {
        match self {
            Self::Fixed(words) => Some(*words),
            Self::Schedule(_) => None,
        }
    }
}

impl fmt::Display for Chunksize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(words) => words.fmt(formatter),
            Self::Schedule(name) => name.fmt(formatter),
        }
    }
}

/// What one worker process, or one rank, did in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessRow {
    /// Its process id.
    pub pid: u32,
    /// How many tasks it finished.
    pub tasks: usize,
    /// How many words those had; `None` when the process died before it could say.
    pub words: Option<usize>,
    /// The time it spent on tasks, by the clock on the wall.
    #[serde(with = "seconds::optional")]
    pub busy: Option<Duration>,
    /// The processor time it used, user and system.
    #[serde(with = "seconds::optional")]
    pub cpu: Option<Duration>,
    /// The most memory it ever had in use.
    pub peak_rss_bytes: Option<u64>,
    /// The machine that it ran on; `None` for the one that measured.
    pub host: Option<String>,
    /// Its number among the ranks of an MPI run; `None` in any other run.
    pub rank: Option<usize>,
}
