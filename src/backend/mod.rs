//! The ways to run: one file for each, all behind [`Backend`].
//!
//! A backend takes a list and a description of the work and gives the digests of all words, in
//! input order, with the time that its parts took. It uses [`crate::words`] to cut the list,
//! [`crate::sha512`] to hash and [`crate::pool`] for processes. It knows nothing of statistics,
//! of other runs, or of what is done with the digests; and it never prints.

mod digests;
mod hasher;
#[cfg(feature = "mpi")]
pub mod mpi;
mod processes;
pub mod program;
mod recorder;
mod serial;
mod shared_digests;
mod threads;

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

pub use digests::{Checksum, Digests};
pub use processes::Processes;
pub use recorder::{Lane, Recorder, Span};
pub use serial::Serial;
pub use threads::Threads;

use crate::bench::clock::Clock;
use crate::chunksize::ChunkSize;
use crate::os::interrupt::Interrupt;
use crate::pool::PoolError;
use crate::sha512::{Digest, Engine};
use crate::words::WordList;

/// A way to hash a list.
pub trait Backend {
    /// Hashes every word of the list.
    ///
    /// # Errors
    ///
    /// See [`BackendError`]. After an error nothing of the run is left: no thread, no process.
    fn run(
        &self,
        list: &WordList,
        work: &Work,
        around: &Around<'_>,
    ) -> Result<Outcome, BackendError>;
}

/// What is to be done with a list.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// What computes the digests.
    pub engine: Engine,
    /// How often each word is hashed: the digest is hashed again `rounds - 1` times.
    pub rounds: NonZeroU32,
    /// How many threads or processes work; a serial run has one all the same.
    pub workers: NonZeroUsize,
    /// How the list is cut into tasks; a serial run has none.
    pub chunksize: ChunkSize,
}

/// What surrounds a run.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// Tells the time.
    pub clock: &'a (dyn Clock + Sync),
    /// Is told how many more words are done, now and then, by any thread.
    pub progress: &'a (dyn Fn(usize) + Sync),
    /// Asks for the end.
    pub interrupt: &'a std::sync::Arc<Interrupt>,
    /// Takes down who worked when. A run that is timed has none.
    pub recorder: Option<&'a Recorder>,
}

/// What a run gives.
#[derive(Debug)]
pub struct Outcome {
    /// One digest for each word, in input order.
    pub digests: Digests,
    /// When the run began, as its clock showed it.
    pub begun: Duration,
    /// Until the workers were ready; `None` where there are none to start.
    pub start: Option<Duration>,
    /// From then until all digests were there.
    pub map: Duration,
    /// How many tasks the list was cut into; `None` where there are no tasks.
    pub tasks: Option<usize>,
    /// Each process that worked, where processes did.
    pub processes: Vec<WorkerRecord>,
}

/// What one worker process did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerRecord {
    /// Its process id.
    pub pid: u32,
    /// The tasks it answered.
    pub tasks: u64,
    /// The words of these tasks; `None` when it died before it could say.
    pub words: Option<u64>,
    /// The time it spent in tasks.
    pub busy: Duration,
    /// The CPU time it took in all; `None` when it died before it could say.
    pub cpu: Option<Duration>,
    /// The most memory it ever had resident; `None` when it died before it could say.
    pub peak_rss_bytes: Option<u64>,
    /// The memory that it had resident and shared with nobody when it ended; `None` when it died
    /// before it could say.
    pub private_rss_bytes: Option<u64>,
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// A signal asked for the end.
    #[error("interrupted by signal {signal}")]
    Interrupted {
        /// The signal's number.
        signal: i32,
    },
    /// The worker processes failed.
    #[error(transparent)]
    Pool(PoolError),
    /// The digests do not fit.
    #[error("no memory for {words} digests ({bytes} bytes): {error}")]
    Memory {
        /// How many digests there would be.
        words: usize,
        /// What they would take.
        bytes: usize,
        /// What the system says.
        error: std::io::Error,
    },
    /// The threads cannot be had.
    #[error("cannot start {threads} threads: {reason}; try fewer --workers")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// What the system says.
        reason: String,
    },
}

impl From<PoolError> for BackendError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Interrupted { signal } => Self::Interrupted { signal },
            other => Self::Pool(other),
        }
    }
}

/// Hashes words in steps short enough that a request to stop is heard soon, and reports each.
/// `false` when it stopped on the way.
fn hash_in_steps<'a>(
    mut words: impl Iterator<Item = &'a [u8]>,
    work: &Work,
    digests: &mut [Digest],
    around: &Around<'_>,
) -> bool {
    for step in digests.chunks_mut(step_words(work.rounds)) {
        if around.interrupt.pending().is_some() {
            return false;
        }
        work.engine.hash_words(words.by_ref().take(step.len()), work.rounds, step);
        (around.progress)(step.len());
    }
    true
}

/// The words of one step: about a third of a millisecond's work for the fastest engine, and always
/// enough for the lanes of two groups.
fn step_words(rounds: NonZeroU32) -> usize {
    const STEP_HASHES: u32 = 4096;
    const FEWEST: u32 = 16;
    (STEP_HASHES / rounds).max(FEWEST) as usize
}

fn stop_if_asked(interrupt: &Interrupt) -> Result<(), BackendError> {
    match interrupt.pending() {
        Some(signal) => Err(BackendError::Interrupted { signal }),
        None => Ok(()),
    }
}
