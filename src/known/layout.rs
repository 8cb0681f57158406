//! Where the entries go: how many partitions there are, and how large.
//!
//! A partition is one area for each share of the digests (each thread has one share), side by
//! side. All areas are equally large. This module knows sizes only, no digests and no threads.

use std::num::NonZeroUsize;

/// The fewest digests that an area holds on average, unless there is one area only. With fewer,
/// chance makes them too uneven for the memory that is allowed.
const AREA_MEAN: usize = 512;

/// More partitions would take more cache lines than the second-level cache has for their ends.
const MAX_PARTITIONS: usize = 4096;

/// Fewer digests are scattered sooner than a thread is started for them.
const MIN_SHARE: usize = 1 << 15;

/// The sizes of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    shares: usize,
    share_len: usize,
    partition_bits: u32,
    area_slots: usize,
    area_mean: usize,
}

impl Layout {
    /// The layout for that many digests and at most that many shares.
    pub(super) fn new(digests: usize, threads: NonZeroUsize) -> Self {
        // The root leaves at least as many partitions as shares.
        let most = (digests / (2 * AREA_MEAN)).isqrt().min(digests / MIN_SHARE);
        let shares = threads.get().min(most).max(1);
        let share_len = digests.div_ceil(shares);
        let partition_bits = (share_len / AREA_MEAN).clamp(1, MAX_PARTITIONS).ilog2();
        let area_mean = share_len.div_ceil(1 << partition_bits).max(1);
        let area_slots = if partition_bits == 0 {
            area_mean
        } else {
            // The filling of an area has a standard deviation of about the root of its mean. Six
            // of them are reached once in a billion; the eighth is what makes it worth while to
            // throw out repeats when frequent digests fill the area.
            area_mean + area_mean / 8 + 6 * area_mean.isqrt()
        };
        Self { shares, share_len, partition_bits, area_slots, area_mean }
    }

    /// Into how many shares the digests are divided.
    pub(super) fn shares(self) -> usize {
        self.shares
    }

    /// How many digests a share has; the last one may have fewer.
    pub(super) fn share_len(self) -> usize {
        self.share_len
    }

    /// How many partitions there are; a power of two.
    pub(super) fn partitions(self) -> usize {
        1 << self.partition_bits
    }

    /// How many entries an area can hold.
    pub(super) fn area_slots(self) -> usize {
        self.area_slots
    }

    /// How many different digests may stay in an area from which the repeats were thrown out. More
    /// of them, and doing so pays no longer.
    pub(super) fn area_distinct_limit(self) -> usize {
        self.area_slots - self.area_mean / 16
    }

    /// How many entries the areas of a partition can hold together.
    pub(super) fn partition_slots(self) -> usize {
        self.shares * self.area_slots
    }

    /// How many entries the whole table can hold.
    pub(super) fn slots(self) -> usize {
        self.partitions() * self.partition_slots()
    }

    /// The partition for a hash: its highest bits.
    pub(super) fn partition_of(self, hash: u64) -> usize {
        // In two steps because a shift by all 64 bits is none.
        usize::try_from(hash >> 32 >> (32 - self.partition_bits)).expect("fewer than 32 bits")
    }
}

/// The tag for a hash: its lowest bits, which no partition is chosen by.
pub(super) fn tag_of(hash: u64) -> u64 {
    hash & u64::from(u32::MAX)
}
