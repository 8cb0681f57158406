//! Scatters the digests' entries over the partitions: the one pass that reads all digests.
//!
//! It knows the layout of the areas, but not what will become of the partitions.

use crate::os::prefetch::prefetch_once;
use crate::os::threads::Threads;
use crate::sha512::Digest;

use super::layout::{Layout, tag_of};
use super::partition::{Entry, entry, sort_distinct};

/// How many digests ahead the caches are told what will be read. The hardware prefetcher
/// does not cross 4 KiB pages, which have 64 digests: without this, the pass took 1.3 times as long.
const AHEAD: usize = 16;

/// Writes an entry for every digest into the areas, each thread those of its own share.
///
/// Returns for each share how far it filled its area in every partition; `None` when some area had
/// no room for its different digests.
pub(super) fn scatter(
    digests: &[Digest],
    slots: &mut [Entry],
    layout: Layout,
    hash: impl Fn(&Digest) -> u64 + Sync,
    threads: Threads<'_>,
) -> Option<Vec<Vec<u32>>> {
    let mut areas: Vec<Vec<&mut [Entry]>> =
        (0..layout.shares()).map(|_| Vec::with_capacity(layout.partitions())).collect();
    for (place, area) in slots.chunks_exact_mut(layout.area_slots()).enumerate() {
        areas[place % layout.shares()].push(area);
    }
    let shares = areas
        .into_iter()
        .enumerate()
        .map(|(number, areas)| {
            let start = (number * layout.share_len()).min(digests.len());
            let end = (start + layout.share_len()).min(digests.len());
            Share { digests, range: start..end, areas, filled: vec![0; layout.partitions()] }
        })
        .collect();
    threads.map(shares, |share: Share| share.scatter(layout, &hash)).into_iter().collect()
}

/// A run of digests and the areas that its entries go to.
struct Share<'a> {
    digests: &'a [Digest],
    range: std::ops::Range<usize>,
    /// For each partition this share's area.
    areas: Vec<&'a mut [Entry]>,
    /// For each area the number of its entries.
    filled: Vec<u32>,
}

impl Share<'_> {
    fn scatter(mut self, layout: Layout, hash: impl Fn(&Digest) -> u64) -> Option<Vec<u32>> {
        for index in self.range.clone() {
            if let Some(coming) = self.digests.get(index + AHEAD) {
                prefetch_once(coming);
            }
            let hash = hash(&self.digests[index]);
            let partition = layout.partition_of(hash);
            let area = &mut self.areas[partition];
            let filled = &mut self.filled[partition];
            if *filled as usize == area.len() {
                let kept = sort_distinct(self.digests, area);
                if kept > layout.area_distinct_limit() {
                    return None;
                }
                *filled = u32::try_from(kept).expect("fewer than there are digests");
            }
            area[*filled as usize] = entry(tag_of(hash), index);
            *filled += 1;
        }
        Some(self.filled)
    }
}
