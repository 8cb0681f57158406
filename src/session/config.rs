//! One way to hash a list, as a row of a table names it.

use std::num::NonZeroUsize;

use super::error::SessionError;
use crate::backend::{Backend, Processes, Serial, Threads, Work};
use crate::chunksize::ChunkSize;

/// One way to hash a list, checked against this machine.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// What works.
    pub way: Way,
    /// What it does.
    pub work: Work,
}

/// What works.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    /// The calling thread.
    Serial,
    /// Threads of this process.
    Threads,
    /// Worker processes of this process.
    Processes(Processes),
    /// The ranks of an MPI run, each with as many threads: all of them are the workers.
    Mpi,
}

impl Config {
    /// The backend that runs it in this process, or from it.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoRanks`] for the ranks of an MPI run, which never bring the digests
    /// together.
    pub fn backend(&self) -> Result<&dyn Backend, SessionError> {
        match &self.way {
            Way::Serial => Ok(&Serial),
            Way::Threads => Ok(&Threads),
            Way::Processes(processes) => Ok(processes),
            Way::Mpi => Err(SessionError::NoRanks),
        }
    }

    /// Whether the ranks of an MPI run do it.
    #[must_use]
    pub fn runs_on_ranks(&self) -> bool {
        matches!(self.way, Way::Mpi)
    }

    /// Whether a signal must not end the program on the spot, because there are other processes to
    /// be ended in order.
    #[must_use]
    pub fn has_others_to_end(&self) -> bool {
        matches!(self.way, Way::Processes(_) | Way::Mpi)
    }

    /// The name of the backend on the command line.
    #[must_use]
    pub fn backend_name(&self) -> &'static str {
        match self.way {
            Way::Serial => "serial",
            Way::Threads => "threads",
            Way::Processes(_) => "processes",
            Way::Mpi => "mpi",
        }
    }

    /// The pool's settings, where worker processes work.
    #[must_use]
    pub fn processes(&self) -> Option<&Processes> {
        match &self.way {
            Way::Processes(processes) => Some(processes),
            Way::Serial | Way::Threads | Way::Mpi => None,
        }
    }

    /// The threads that build the set: a serial run uses one for everything.
    #[must_use]
    pub fn set_threads(&self) -> NonZeroUsize {
        match self.way {
            Way::Serial => NonZeroUsize::MIN,
            Way::Threads | Way::Processes(_) | Way::Mpi => self.work.workers,
        }
    }

    /// The same with another chunk size.
    #[must_use]
    pub fn with_chunksize(mut self, chunksize: ChunkSize) -> Self {
        self.work.chunksize = chunksize;
        self
    }

    /// Whether one thread does everything.
    #[must_use]
    pub fn is_serial(&self) -> bool {
        matches!(self.way, Way::Serial)
    }
}
