//! A list that is hashed again and again, wherever its bytes are: in memory, read in windows, or
//! with the ranks of an MPI run. What measures it need not know which.

use std::path::PathBuf;

use super::config::Config;
use super::error::SessionError;
use crate::backend::{Around, Checksum};
use crate::bench::plan::RunParts;
use crate::bench::result::{Disturbance, ProcessRow};
use crate::known::Spilled;
use crate::report::timeline::Timeline;
use crate::words::{Rules, Source};

/// A list that can be hashed in many ways, one run after another.
pub trait List {
    /// How long it is.
    fn size(&self) -> ListSize;

    /// Makes one run: from before the workers are started until the set is complete.
    ///
    /// # Errors
    ///
    /// When the run did not come to its end, or the list has changed since the run before.
    fn run(&mut self, config: &Config, around: &Around<'_>) -> Result<RunResult, SessionError>;

    /// Makes one run and records which worker ran which tasks when; `None` where that cannot be
    /// recorded.
    ///
    /// # Errors
    ///
    /// When the run did not come to its end.
    fn record(
        &mut self,
        config: &Config,
        label: &str,
        around: &Around<'_>,
    ) -> Result<Option<Timeline>, SessionError>;
}

/// Where a list is and how it is split into words.
#[derive(Clone, Debug)]
pub struct ListSpec {
    /// `None` is the built-in list.
    pub source: Option<Source>,
    /// What counts as a word.
    pub rules: Rules,
    /// Whether a line that is not UTF-8 is an error.
    pub utf8: bool,
    /// The folder for what does not fit in memory.
    pub temp_dir: PathBuf,
}

impl ListSpec {
    /// The name of the list that needs no file.
    pub const BUILT_IN: &str = "the built-in list";

    /// The list's name, for messages.
    #[must_use]
    pub fn name(&self) -> Source {
        self.source.clone().unwrap_or_else(|| Source::Path(PathBuf::from(Self::BUILT_IN)))
    }
}

/// How long a list is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListSize {
    /// Its words, doubles included.
    pub words: usize,
    /// Its bytes, line ends included.
    pub bytes: usize,
}

/// What one run gave.
#[derive(Debug)]
pub struct RunResult {
    /// How long it and its parts took.
    pub parts: RunParts,
    /// What the system counted meanwhile; nothing where that was not wanted.
    pub disturbance: Disturbance,
    /// How long the list was.
    pub size: ListSize,
    /// How many different digests there were.
    pub distinct: usize,
    /// An order-sensitive checksum of all digests; `None` where it was not wanted.
    pub checksum: Option<Checksum>,
    /// How many tasks there were; `None` for a serial run.
    pub tasks: Option<usize>,
    /// What each worker process, or each rank, did.
    pub processes: Vec<ProcessRow>,
    /// What worker processes that ran at the same time had resident for themselves.
    pub private_bytes: u64,
    /// What went through temporary files, if anything did.
    pub spilled: Option<Spilled>,
}
