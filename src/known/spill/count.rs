//! Counts the digests in temporary files, as many at a time as fit in memory.
//!
//! It does not know by which bits they were spread, only that equal ones are in the same file.

use std::hash::RandomState;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::super::{KnownError, KnownSet, MOST_DIGESTS, SET_BYTES_A_DIGEST, count_distinct};
use super::{Key, Partition, Spill, SpillError, Spilled, Stop};
use crate::os::region::Region;
use crate::os::threads::with_threads;
use crate::sha512::{DIGEST_LEN, Digest};

/// Counts files.
pub(super) struct Counter<'a> {
    pub(super) folder: &'a Path,
    pub(super) threads: NonZeroUsize,
    pub(super) memory_bytes: usize,
    pub(super) stop: Stop<'a>,
}

impl Counter<'_> {
    /// Counts the different digests of complete files; the folder has so many bytes besides them.
    pub(super) fn count(&self, files: Vec<Partition>, besides: u64) -> Result<Spilled, SpillError> {
        let mut spilled =
            Spilled { distinct: 0, bytes: files.iter().map(Partition::bytes).sum(), partitions: 0 };
        let each = fitting(self.memory_bytes / self.threads);
        let (small, large): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|file| file.digests() <= each);
        spilled.partitions += small.len();
        spilled.distinct += self.count_side_by_side(small)?;
        let mut left = besides + large.iter().map(Partition::bytes).sum::<u64>();
        for file in large {
            let bytes = file.bytes();
            if file.digests() <= fitting(self.memory_bytes) {
                let mut memory = Self::memory(file.digests())?;
                let digests = self.read(&file, 0..file.digests(), &mut memory)?;
                spilled.distinct += count_distinct(digests, self.threads)?;
                spilled.partitions += 1;
            } else {
                let parts = self.split(&file, left)?;
                // Both would take room on the disk.
                drop(file);
                let parts = self.count(parts, left - bytes)?;
                spilled.distinct += parts.distinct;
                spilled.bytes += parts.bytes;
                spilled.partitions += parts.partitions;
            }
            left -= bytes;
        }
        Ok(spilled)
    }

    /// Counts files of which every thread can have one in memory.
    fn count_side_by_side(&self, files: Vec<Partition>) -> Result<usize, SpillError> {
        let count = |file: Partition| {
            let mut memory = Self::memory(file.digests())?;
            let digests = self.read(&file, 0..file.digests(), &mut memory)?;
            // Its pages need not reach the disk any more.
            drop(file);
            Ok(count_distinct(digests, NonZeroUsize::MIN)?)
        };
        with_threads(self.threads.get().min(files.len()), |threads| threads.map(files, count))
            .map_err(|source| KnownError::Thread { source })?
            .into_iter()
            .sum()
    }

    /// Spreads the different digests of a file over new ones; `besides` are the bytes that the
    /// folder has already.
    fn split(&self, file: &Partition, besides: u64) -> Result<Vec<Partition>, SpillError> {
        let mut parts =
            Spill::with_key(self.folder, self.threads, Key::Seeded(RandomState::new()))?;
        parts.expect(Some(file.digests() as u64));
        parts.besides = besides;
        let piece = fitting(self.memory_bytes).max(1);
        let mut memory = Self::memory(piece)?;
        for start in (0..file.digests()).step_by(piece) {
            let end = (start + piece).min(file.digests());
            let digests = self.read(file, start..end, &mut memory)?;
            let set = KnownSet::build(digests, self.threads)?;
            let is_first = |place, digest: &Digest| set.position(digest) == Some(place);
            parts.add_where(digests, is_first, self.stop)?;
        }
        parts.finish()
    }

    fn memory(digests: usize) -> Result<Region, KnownError> {
        let bytes = digests * DIGEST_LEN;
        Region::private(bytes).map_err(|source| KnownError::Memory { bytes, source })
    }

    /// Reads digests of a file to the start of `memory`.
    fn read<'m>(
        &self,
        file: &Partition,
        digests: Range<usize>,
        memory: &'m mut Region,
    ) -> Result<&'m [Digest], SpillError> {
        if (self.stop)() {
            return Err(SpillError::Stopped);
        }
        let bytes = &mut memory.private_bytes_mut()[..digests.len() * DIGEST_LEN];
        file.file
            .read_exact_at(bytes, (digests.start * DIGEST_LEN) as u64)
            .map_err(|error| SpillError::File { folder: self.folder.to_owned(), error })?;
        Ok(bytes.as_chunks().0)
    }
}

/// How many digests can be counted in so much memory.
fn fitting(memory_bytes: usize) -> usize {
    (memory_bytes / (DIGEST_LEN + SET_BYTES_A_DIGEST)).min(MOST_DIGESTS)
}
