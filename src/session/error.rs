//! Why a run of a measurement failed.

use super::program::ProgramFault;
use crate::backend::{BackendError, Checksum};
use crate::known::{KnownError, SpillError};
use crate::words::LoadError;

/// Why a run failed, or a list could not be opened for many runs.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The words could not be hashed, or a signal asked for the end.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The list could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The distinct digests could not be counted.
    #[error(transparent)]
    Count(#[from] KnownError),
    /// The digests could not go through temporary files.
    #[error(transparent)]
    Spill(SpillError),
    /// A list that is read again for every run is another one now.
    #[error(
        "the list changed while it was measured: it had {words_before} words in {bytes_before} \
         bytes, now {words} in {bytes}"
    )]
    ListChanged {
        /// The words at first.
        words_before: usize,
        /// The bytes at first.
        bytes_before: usize,
        /// The words of the last run.
        words: usize,
        /// The bytes of the last run.
        bytes: usize,
    },
    /// A temporary copy of the list could not be made.
    #[error(
        "cannot copy the list to a temporary file in {folder}: {error}; name another folder with \
         --temp-dir",
        folder = folder.display()
    )]
    NoCopy {
        /// The folder.
        folder: std::path::PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// Two configurations gave different digests.
    #[error(
        "wrong digests: checksum {found} with {distinct} distinct, where other configurations gave \
         {expected} with {expected_distinct}; this is a bug in wordhash or a fault of the machine, \
         or the list changed while it was measured"
    )]
    WrongDigests {
        /// The checksum that does not agree.
        found: Shown,
        /// The distinct digests that it came with.
        distinct: usize,
        /// The checksum of the other configurations.
        expected: Shown,
        /// The distinct digests that it came with.
        expected_distinct: usize,
    },
    /// A configuration for the ranks of an MPI run, where the list is in this process alone.
    #[error("--backend mpi: no ranks have opened the list")]
    NoRanks,
    /// Another program did not run as it must.
    #[error(transparent)]
    Program(#[from] ProgramFault),
    /// Signals cannot be handled.
    #[error("cannot handle signals: {0}")]
    Signals(std::io::Error),
    /// The ranks of an MPI run failed.
    #[cfg(feature = "mpi")]
    #[error(transparent)]
    Mpi(crate::backend::mpi::MpiError),
}

/// A checksum for a message.
#[derive(Clone, Copy, Debug)]
pub struct Shown(pub Option<Checksum>);

impl std::fmt::Display for Shown {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(checksum) => checksum.fmt(formatter),
            None => formatter.write_str("unknown"),
        }
    }
}

impl SessionError {
    /// The signal that ended the run, if one did.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        match self {
            Self::Backend(BackendError::Interrupted { signal })
            | Self::Load(LoadError::Interrupted { signal }) => Some(*signal),
            Self::Program(fault) => fault.signal(),
            _ => None,
        }
    }
}

/// A run of a row failed, and with it the row or the measurement; what was measured before is kept.
#[derive(Debug, thiserror::Error)]
#[error("{label}: {source}")]
pub struct RowFailed {
    /// The row.
    pub label: String,
    /// Why its run failed.
    pub source: SessionError,
}
