//! Where the entries go: how many partitions there are, and how large.
//!
//! A partition is one area for each share of the digests (each thread has one share), side by
//! side. All areas are equally large. This module knows sizes only, no digests and no threads.

use std::num::NonZeroUsize;

/// The digests of a partition on average, until there are [`MAX_PARTITIONS`]: its entries and its
/// filter fit the second-level cache several times over, and few areas are being filled at once.
/// Partitions of 512, which fit the first level, made scattering a million digests half as long
/// again (13.0 against 8.5 ms) and finishing them no shorter.
const PARTITION_MEAN: usize = 4096;

/// The most partitions: the cache lines at the ends of so many areas stay in the second-level
/// cache.
const MAX_PARTITIONS: usize = 2048;

/// The fewest digests that an area holds on average, unless there is one area only. With fewer,
/// chance makes them too uneven for the memory that is allowed.
const AREA_MEAN: usize = 512;

/// Fewer digests are scattered sooner than a thread is started for them.
const MIN_SHARE: usize = 1 << 15;

/// The most shares. A few cores use up what the memory can deliver; and as an area has a least
/// filling, more shares would mean fewer and larger partitions, with larger filters.
const MAX_SHARES: usize = 16;

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
        let most = (digests / MIN_SHARE).min(MAX_SHARES);
        let shares = threads.get().min(most).max(1);
        let share_len = digests.div_ceil(shares);
        let most_partitions = (digests / PARTITION_MEAN).min(share_len / AREA_MEAN);
        let partition_bits = most_partitions.clamp(1, MAX_PARTITIONS).ilog2();
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

#[cfg(test)]
mod tests {
    use super::super::partition::{Entry, Filter};
    use super::*;

    /// Sizes on both sides of every power of two, and threads from one to more than are of use.
    fn layouts() -> impl Iterator<Item = (usize, Layout)> {
        let sizes = (0..32).flat_map(|exponent| {
            let power = 1_usize << exponent;
            [power - 1, power, power + 1, power + power / 2]
        });
        sizes.flat_map(|digests| {
            [1, 2, 3, 16, 61, 1000]
                .map(|threads| (digests, Layout::new(digests, NonZeroUsize::new(threads).unwrap())))
        })
    }

    #[test]
    fn a_table_takes_at_most_12_bytes_a_digest_and_64_kib_a_thread() {
        for (digests, layout) in layouts() {
            let areas = layout.shares() * layout.partitions();
            let borders = areas * (size_of::<&mut [Entry]>() + size_of::<u32>());
            // The filters are for counting, the others for looking up; these are put together.
            let noted = 2 * layout.partitions() * size_of::<usize>();
            let filters = layout.shares() * Filter::bytes_for(layout.partition_slots());
            let bytes = layout.slots() * size_of::<Entry>() + borders + noted.max(filters);
            let allowed = 12 * digests + layout.shares() * (64 << 10);
            assert!(bytes <= allowed, "{bytes} bytes for {digests} digests: {layout:?}");
        }
    }

    #[test]
    fn shares_hold_all_digests_and_every_thread_has_a_partition() {
        for (digests, layout) in layouts() {
            assert!(layout.shares() * layout.share_len() >= digests, "{digests}: {layout:?}");
            assert!(layout.shares() <= layout.partitions(), "{digests}: {layout:?}");
        }
    }

    #[test]
    fn every_hash_has_a_partition() {
        for (_, layout) in layouts() {
            assert_eq!(layout.partition_of(0), 0);
            assert_eq!(layout.partition_of(u64::MAX), layout.partitions() - 1);
        }
    }
}
