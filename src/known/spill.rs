//! Counting digests that do not fit in memory: they are spread over temporary files by their bits,
//! and the files are counted one by one.
//!
//! Equal digests go to the same file, so the counts of the files add up. The files have no name
//! ([`crate::os::scratch`]); they are gone with the process, however it ends. This module does not
//! know where digests come from, nor how much memory others use.
//!
//! # How it works
//!
//! 1. *Spread.* Every thread has a buffer for every file and appends it when it is full. Bits of
//!    the ninth to sixteenth byte choose the file, because the set begins with the eight before.
//! 2. *Count.* Every thread takes whole files, as long as that many fit in memory at a time. A
//!    larger file is counted by all threads together.
//! 3. *Split.* A file that does not even fit alone is read piece by piece; of equal digests in a
//!    piece only one is kept, and those are spread over new files by a randomly seeded hash of all
//!    64 bytes. Different digests cannot have been aimed at that; equal ones have become few. So
//!    whatever the digests are, their count is exact and the memory is bounded.

mod count;

use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::num::NonZeroUsize;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::KnownError;
use count::Counter;

use crate::os::region::Region;
use crate::os::scratch;
use crate::os::threads::with_threads;
use crate::sha512::{DIGEST_LEN, Digest};
use crate::size::Size;

/// How many files digests are spread over; a power of two.
const PARTITIONS: usize = 1 << PARTITION_BITS;
const PARTITION_BITS: u32 = 6;

/// What a thread collects for a file before it writes: enough to make a system call worth its
/// while, little enough that all buffers stay in the caches near the core.
const BUFFER_BYTES: usize = 64 << 10;

/// The memory of one thread's buffers.
pub const SPILL_BUFFER_BYTES: usize = PARTITIONS * BUFFER_BYTES;

/// Fewer digests are spread sooner than a thread is started for them.
const MIN_SHARE: usize = 1 << 15;

/// Is asked now and then, by any thread, whether to stop.
pub type Stop<'a> = &'a (dyn Fn() -> bool + Sync);

/// Why digests could not be counted by way of the disk.
#[derive(Debug, thiserror::Error)]
pub enum SpillError {
    /// There can be no temporary files.
    #[error("cannot make temporary files in {folder}: {error}; name another folder with --temp-dir", folder = folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// There is no more room.
    #[error(
        "no more room in {folder} after {written} of digests: {error}; they take {least}{needed} in all: \
         name a larger folder with --temp-dir, or allow more --max-memory",
        folder = folder.display(), least = if *estimated { "about " } else { "at least " }
    )]
    Full {
        /// The folder.
        folder: PathBuf,
        /// How much was written.
        written: Size,
        /// What all digests take.
        needed: Size,
        /// Whether `needed` is an estimate for all of them, else it is what was known to come.
        estimated: bool,
        /// What the system says.
        error: io::Error,
    },
    /// A temporary file cannot be written or read.
    #[error("cannot use a temporary file in {folder}: {error}", folder = folder.display())]
    File {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A part of the digests could not be counted.
    #[error(transparent)]
    Known(#[from] KnownError),
    /// It was asked to stop.
    #[error("stopped while counting")]
    Stopped,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spilled {
    /// Different digests.
    pub distinct: usize,
    /// What was written to temporary files.
    pub bytes: u64,
    /// The files that were counted.
    pub partitions: usize,
}

/// Digests on their way to temporary files.
#[derive(Debug)]
pub struct Spill {
    folder: PathBuf,
    key: Key,
    files: Vec<Partition>,
    writers: Vec<Writer>,
    expected: Option<u64>,
    /// Bytes of other files of the same run that are in the folder as well.
    besides: u64,
}

impl Spill {
    /// Makes the files in a folder; up to `threads` threads, the caller's included, will work.
    ///
    /// # Errors
    ///
    /// When the folder takes no files, or there is no memory for the buffers.
    pub fn create(folder: &Path, threads: NonZeroUsize) -> Result<Self, SpillError> {
        Self::with_key(folder, threads, Key::Middle)
    }

    fn with_key(folder: &Path, threads: NonZeroUsize, key: Key) -> Result<Self, SpillError> {
        let files = (0..PARTITIONS)
            .map(|_| Partition::create(folder))
            .collect::<io::Result<_>>()
            .map_err(|error| SpillError::Folder { folder: folder.to_owned(), error })?;
        let writers = (0..threads.get())
            .map(|_| Writer::new())
            .collect::<io::Result<_>>()
            .map_err(|source| KnownError::Memory { bytes: SPILL_BUFFER_BYTES, source })?;
        Ok(Self { folder: folder.to_owned(), key, files, writers, expected: None, besides: 0 })
    }

    /// Says how many digests there will be in all, about, for the error when there is no room.
    pub fn expect(&mut self, digests: Option<u64>) {
        self.expected = digests;
    }

    /// Spreads digests over the files.
    ///
    /// # Errors
    ///
    /// When a file cannot be written, or when it was asked to stop.
    pub fn add(&mut self, digests: &[Digest], stop: Stop<'_>) -> Result<(), SpillError> {
        self.add_where(digests, |_, _| true, stop)
    }

    /// Spreads those digests of which `keep` says so, by their place and themselves.
    fn add_where(
        &mut self,
        digests: &[Digest],
        keep: impl Fn(usize, &Digest) -> bool + Sync,
        stop: Stop<'_>,
    ) -> Result<(), SpillError> {
        let share = digests.len().div_ceil(self.writers.len()).max(MIN_SHARE);
        let (files, key) = (&self.files, &self.key);
        let jobs: Vec<_> = self.writers.iter_mut().zip(digests.chunks(share)).enumerate().collect();
        let add = |(number, (writer, digests)): (usize, (&mut Writer, _))| {
            let first = number * share;
            writer.add(digests, |place, digest| keep(first + place, digest), (files, key, stop))
        };
        let written = with_threads(jobs.len(), |threads| threads.map(jobs, add))
            .map_err(|source| KnownError::Thread { source })?;
        written.into_iter().collect::<Result<(), Failed>>().map_err(|failed| self.failed(failed))
    }

    /// Counts the different digests among all that were added, in at most `memory_bytes` besides
    /// the buffers.
    ///
    /// # Errors
    ///
    /// When files cannot be read or written, memory or threads are refused, or when it was asked
    /// to stop.
    pub fn count(self, memory_bytes: usize, stop: Stop<'_>) -> Result<Spilled, SpillError> {
        let threads = NonZeroUsize::new(self.writers.len()).unwrap_or(NonZeroUsize::MIN);
        let folder = self.folder.clone();
        let counter = Counter { folder: &folder, threads, memory_bytes, stop };
        counter.count(self.finish()?, 0)
    }

    /// Empties the buffers and gives them back to the system; the files are complete then.
    fn finish(mut self) -> Result<Vec<Partition>, SpillError> {
        let files = &self.files;
        let written: Result<(), Failed> =
            self.writers.iter_mut().try_for_each(|writer| writer.write_all(files));
        written.map_err(|failed| self.failed(failed))?;
        Ok(self.files)
    }

    fn failed(&self, failed: Failed) -> SpillError {
        let error = match failed {
            Failed::Stopped => return SpillError::Stopped,
            Failed::Write(error) => error,
        };
        let folder = self.folder.clone();
        if !scratch::is_full(&error) {
            return SpillError::File { folder, error };
        }
        let written = self.besides + self.files.iter().map(Partition::bytes).sum::<u64>();
        let needed = self
            .expected
            .map(|digests| digests.saturating_mul(DIGEST_LEN as u64).saturating_add(self.besides));
        SpillError::Full {
            folder,
            written: Size(written),
            needed: Size(needed.unwrap_or(0).max(written)),
            estimated: needed.is_some(),
            error,
        }
    }
}

/// Which bits of a digest choose its file.
#[derive(Debug)]
enum Key {
    /// Those of its ninth to sixteenth byte.
    Middle,
    /// Those of a hash of all its bytes.
    Seeded(RandomState),
}

impl Key {
    #[inline]
    fn partition(&self, digest: &Digest) -> usize {
        let bits = match self {
            Self::Middle => u64::from_le_bytes(digest.as_chunks::<8>().0[1]),
            Self::Seeded(seed) => seed.hash_one(digest),
        };
        usize::try_from(bits >> (u64::BITS - PARTITION_BITS)).expect("fewer than PARTITIONS")
    }
}

/// A temporary file of digests.
#[derive(Debug)]
struct Partition {
    file: File,
    /// In bytes, what is being written included.
    len: AtomicU64,
}

impl Partition {
    fn create(folder: &Path) -> io::Result<Self> {
        Ok(Self { file: scratch::unnamed_file(folder)?, len: AtomicU64::new(0) })
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let offset = self.len.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.file.write_all_at(bytes, offset)
    }

    fn bytes(&self) -> u64 {
        self.len.load(Ordering::Relaxed)
    }

    fn digests(&self) -> usize {
        usize::try_from(self.bytes()).unwrap_or(usize::MAX) / DIGEST_LEN
    }
}

/// Why a thread gave up.
enum Failed {
    Stopped,
    Write(io::Error),
}

/// One thread's buffers, one for each file, side by side.
#[derive(Debug)]
struct Writer {
    buffers: Region,
    /// The bytes in each.
    filled: [usize; PARTITIONS],
}

impl Writer {
    fn new() -> io::Result<Self> {
        Ok(Self { buffers: Region::private(SPILL_BUFFER_BYTES)?, filled: [0; PARTITIONS] })
    }

    fn add(
        &mut self,
        digests: &[Digest],
        keep: impl Fn(usize, &Digest) -> bool,
        (files, key, stop): (&[Partition], &Key, Stop<'_>),
    ) -> Result<(), Failed> {
        let buffers = self.buffers.private_bytes_mut();
        for (place, digest) in digests.iter().enumerate() {
            if !keep(place, digest) {
                continue;
            }
            let partition = key.partition(digest);
            let filled = &mut self.filled[partition];
            let buffer = &mut buffers[partition * BUFFER_BYTES..][..BUFFER_BYTES];
            buffer[*filled..*filled + DIGEST_LEN].copy_from_slice(digest);
            *filled += DIGEST_LEN;
            if *filled == BUFFER_BYTES {
                if stop() {
                    return Err(Failed::Stopped);
                }
                files[partition].append(buffer).map_err(Failed::Write)?;
                *filled = 0;
            }
        }
        Ok(())
    }

    /// Empties the buffers.
    fn write_all(&mut self, files: &[Partition]) -> Result<(), Failed> {
        let buffers = self.buffers.private_bytes();
        for (partition, filled) in self.filled.iter_mut().enumerate() {
            let bytes = &buffers[partition * BUFFER_BYTES..][..std::mem::take(filled)];
            if !bytes.is_empty() {
                files[partition].append(bytes).map_err(Failed::Write)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
