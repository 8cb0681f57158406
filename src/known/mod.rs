//! The set of known digests: how many distinct ones an array holds, and whether a digest is one of
//! them. Exact: two digests are the same only if all 64 bytes are.
//!
//! It borrows the digests and never copies them; it does not know where they came from, nor what
//! was hashed. It uses `sha512` for the type and `region` for its memory.
//!
//! # How it works
//!
//! An entry is a digest's place in the array and 32 of its bits, the tag.
//!
//! 1. *Scatter.* Every thread reads its own share of the digests, once and in order, and appends
//!    an entry to the area that it alone has in the partition that other bits of the digest name.
//! 2. *Finish.* Every thread takes one run of partitions after the other, each partition small
//!    enough for the nearest caches. [`count_distinct`] looks with a filter for the entries that may have an equal, and
//!    compares only those in full; [`KnownSet`] sorts the partition and notes where some of the
//!    tags are (`sorted`), so that it can be searched.
//!
//! Threads share nothing that is written, so there is nothing to lock, and all of them have ended
//! when a function of this module returns.
//!
//! # Memory
//!
//! With `n` digests, on top of them and at any moment: entries of 8 bytes in areas that are at
//! most 39 % larger than their mean filling (see `layout`), 11.2 bytes a digest; the borders of
//! the areas and the filters, or what is noted of partitions, come to less than 0.6 bytes a digest.
//! Together less than **12 bytes a digest and 64 KiB a thread**, whatever the digests are.
//!
//! # Digests that are not random
//!
//! The bits of SHA-512 spread evenly; digests made by hand need not. An area that fills up throws
//! out its repeats, so frequent digests cost no memory and no thread more than its share. If that
//! does not help, too many *different* digests name one partition, and everything begins again
//! with the bits of a randomly seeded hash of all 64 bytes, which nobody can have aimed at. Equal
//! tags of different digests are resolved by sorting. So every input is expected to take no more
//! than `n × log n` steps.
//!
//! # What was rejected
//!
//! Medians for 1,049,938 digests, 979,250 or so of them distinct, in turn on one core of a Zen 4
//! machine with huge pages; counting as it is done here took 13.8 ms.
//!
//! - One large table with open addressing, 12 bytes a digest, each slot prefetched 64 digests
//!   ahead: 32.9 ms. Nearly every insertion misses the second-level cache, and the comparison of
//!   an equal digest waits for memory in the middle of it. Threads would have to share it, too.
//! - The standard library's `HashSet` of references: 160 to 210 ms, and more memory.
//! - Counting by sorting every partition, as [`KnownSet`] does: about 1.8 times as long.
//! - A first pass for the size of each area: it would read all digests twice. Areas with some room
//!   to spare cost less than that.
//!
//! # Counting in pieces
//!
//! Only the first 8 bytes of a digest choose partition and tag at first. Whoever splits a larger
//! array into pieces by the digests' bits, to count piece by piece, best uses later ones.

mod layout;
mod partition;
mod scatter;
mod spill;

use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::num::NonZeroUsize;

use crate::os::region::{HUGE_PAGE_BYTES, Region};
use crate::os::threads::{Threads, with_threads};
use crate::sha512::Digest;

use layout::Layout;
use partition::{Entry, Filter};

pub use spill::{SPILL_BUFFER_BYTES, Spill, SpillError, Spilled, Stop};

/// What a set takes at most on top of its digests: so many bytes for each of them, besides 64 KiB
/// a thread.
pub const SET_BYTES_A_DIGEST: usize = 12;

/// The most digests of one set: entries number them with 32 bits.
pub const MOST_DIGESTS: usize = u32::MAX as usize;

/// Several runs of partitions for a thread to finish, so that one that the system holds up leaves
/// the rest to others.
const RUNS_A_THREAD: usize = 8;

/// A page, or less.
const PAGE_BYTES: usize = 4096;

/// Why a set could not be built.
#[derive(Debug, thiserror::Error)]
pub enum KnownError {
    /// Entries number the digests with 32 bits.
    #[error("{digests} digests are too many for one set: it holds up to {limit}; split the list", limit = u32::MAX)]
    TooMany {
        /// How many there are.
        digests: usize,
    },
    /// The system refused the memory for the entries.
    #[error("no memory for the set of digests ({bytes} bytes): {source}")]
    Memory {
        /// How much was asked for.
        bytes: usize,
        /// What the system said.
        source: io::Error,
    },
    /// The system refused a thread.
    #[error("cannot start a thread to build the set of digests: {source}; use fewer workers")]
    Thread {
        /// What the system said.
        source: io::Error,
    },
}

/// Counts the distinct digests with up to `threads` threads, the caller's included (1: none is
/// started).
///
/// Cheaper than building a [`KnownSet`] where only the number is wanted.
///
/// # Errors
///
/// When there are 2^32 digests or more, or the system refuses memory or threads.
pub fn count_distinct(digests: &[Digest], threads: NonZeroUsize) -> Result<usize, KnownError> {
    let table = Table::build(digests, threads, || {
        let mut filter = Filter::new();
        move |entries: &mut [Entry]| filter.count_distinct(digests, entries)
    })?;
    Ok(table.partitions.into_iter().sum())
}

/// Sorts the digests and leaves each of them once, in front; returns how many are left.
///
/// It takes no memory, and several times as long as [`count_distinct`].
pub fn keep_distinct(digests: &mut [Digest]) -> usize {
    digests.sort_unstable();
    let mut kept = digests.len().min(1);
    for place in 1..digests.len() {
        if digests[place] != digests[kept - 1] {
            digests[kept] = digests[place];
            kept += 1;
        }
    }
    kept
}

/// The distinct digests of an array, ready to be looked up.
#[derive(Debug)]
pub struct KnownSet<'a> {
    digests: &'a [Digest],
    /// Of each partition, how many entries it keeps.
    table: Table<usize>,
}

impl<'a> KnownSet<'a> {
    /// Builds the set with up to `threads` threads, the caller's included (1: none is started).
    ///
    /// # Errors
    ///
    /// When there are 2^32 digests or more, or the system refuses memory or threads.
    pub fn build(digests: &'a [Digest], threads: NonZeroUsize) -> Result<Self, KnownError> {
        let table = Table::build(digests, threads, || {
            |entries: &mut [Entry]| partition::sort_distinct(digests, entries)
        })?;
        Ok(Self { digests, table })
    }

    /// The number of distinct digests.
    #[must_use]
    pub fn distinct(&self) -> usize {
        self.table.partitions.iter().sum()
    }

    /// Whether `digest` is equal to one of the array, in all 64 bytes.
    #[must_use]
    pub fn contains(&self, digest: &Digest) -> bool {
        self.position(digest).is_some()
    }

    /// The index of the first digest of the array that is equal to `digest`.
    #[must_use]
    pub fn position(&self, digest: &Digest) -> Option<usize> {
        let Table { entries, layout, key, partitions } = &self.table;
        let hash = key.hash(digest);
        let partition = layout.partition_of(hash);
        let (slots, _) = entries.private_bytes().as_chunks();
        let kept = &slots[partition * layout.partition_slots()..][..partitions[partition]];
        partition::find(self.digests, kept, layout::tag_of(hash), digest)
    }
}

/// Which bits of a digest choose its partition and its tag.
#[derive(Debug)]
enum Key {
    /// Its first 8 bytes as they are.
    Leading,
    /// A hash of all its bytes with a seed that was drawn for this table.
    Seeded(RandomState),
}

impl Key {
    fn hash(&self, digest: &Digest) -> u64 {
        match self {
            Self::Leading => leading_bits(digest),
            Self::Seeded(seed) => seed.hash_one(digest),
        }
    }
}

/// Little-endian, so that partitions go by the eighth byte: then even digests that come sorted
/// fill all areas at the same pace.
fn leading_bits(digest: &Digest) -> u64 {
    u64::from_le_bytes(*digest.first_chunk().expect("a digest has more than 8 bytes"))
}

/// The finished partitions.
#[derive(Debug)]
struct Table<P> {
    entries: Region,
    layout: Layout,
    key: Key,
    /// What came of each partition.
    partitions: Vec<P>,
}

impl<P: Send> Table<P> {
    /// Scatters the digests and has every partition finished by a function that `finisher` makes,
    /// one for each thread. It gets a partition's entries in any order, repeats included, leaves
    /// in front those that shall be kept, and returns what is to be known of them.
    fn build<F: FnMut(&mut [Entry]) -> P>(
        digests: &[Digest],
        threads: NonZeroUsize,
        finisher: impl Fn() -> F + Sync,
    ) -> Result<Self, KnownError> {
        if u32::try_from(digests.len()).is_err() {
            return Err(KnownError::TooMany { digests: digests.len() });
        }
        let layout = Layout::new(digests.len(), threads);
        let bytes = layout.slots() * size_of::<Entry>();
        let refused = |source| KnownError::Memory { bytes, source };
        let mut entries = Region::private(bytes).map_err(refused)?;
        let (key, partitions) = with_threads(layout.shares(), |threads| {
            touch(entries.private_bytes_mut(), threads);
            let mut key = Key::Leading;
            loop {
                let (slots, _) = entries.private_bytes_mut().as_chunks_mut();
                let hash = |digest: &Digest| key.hash(digest);
                let scattered = match &key {
                    Key::Leading => scatter::scatter(digests, slots, layout, leading_bits, threads),
                    Key::Seeded(_) => scatter::scatter(digests, slots, layout, hash, threads),
                };
                if let Some(fillings) = scattered {
                    break (key, finish(slots, layout, &fillings, &finisher, threads));
                }
                // With an honest seed this happens once in a billion runs; a new one then.
                key = Key::Seeded(RandomState::new());
            }
        })
        .map_err(|source| KnownError::Thread { source })?;
        Ok(Self { entries, layout, key, partitions })
    }
}

/// Has the pages of the entries made, one huge page after the other by whichever thread is free.
///
/// All threads write all over the entries right from the start. They would all ask for the same
/// huge pages at the same time, and all but one of those that were cleared for them be thrown away.
fn touch(entries: &mut [u8], threads: Threads<'_>) {
    if threads.is_one() {
        return;
    }
    let clear_a_byte_of_each_page = |part: &mut [u8]| {
        for page in part.chunks_mut(PAGE_BYTES) {
            page[0] = 0;
        }
    };
    threads.map(entries.chunks_mut(HUGE_PAGE_BYTES).collect(), clear_a_byte_of_each_page);
}

/// Finishes all partitions, a thread one run of them after the other; returns what came of each.
fn finish<P: Send, F: FnMut(&mut [Entry]) -> P>(
    slots: &mut [Entry],
    layout: Layout,
    fillings: &[Vec<u32>],
    finisher: impl Fn() -> F + Sync,
    threads: Threads<'_>,
) -> Vec<P> {
    let runs = if layout.shares() == 1 { 1 } else { layout.shares() * RUNS_A_THREAD };
    let run = layout.partitions().div_ceil(runs);
    let jobs = slots.chunks_mut(run * layout.partition_slots()).enumerate().collect();
    let done = threads.map(jobs, |(job, slots): (usize, &mut [Entry])| {
        let mut finish = finisher();
        slots
            .chunks_mut(layout.partition_slots())
            .enumerate()
            .map(|(place, slots)| {
                let partition = job * run + place;
                let filled = join_areas(slots, layout, fillings.iter().map(|f| f[partition]));
                finish(&mut slots[..filled])
            })
            .collect::<Vec<_>>()
    });
    done.into_iter().flatten().collect()
}

/// Moves the entries of a partition's areas together, to its start; returns their number.
fn join_areas(slots: &mut [Entry], layout: Layout, fillings: impl Iterator<Item = u32>) -> usize {
    let mut end = 0;
    for (area, filling) in fillings.enumerate() {
        let start = area * layout.area_slots();
        let filling = filling as usize;
        if start != end {
            slots.copy_within(start..start + filling, end);
        }
        end += filling;
    }
    end
}

#[cfg(test)]
mod tests;
