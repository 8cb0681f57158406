//! Where in a sorted partition a tag must be, near enough that what is compared is what is found.
//!
//! Tags are random, so by its share of all tags a tag's place among `n` entries can be told, but
//! for a deviation of about the root of `n`. The places of 256 tags are noted, and with them the
//! guess is made among so many fewer entries: of 4096, it is wrong by two or so instead of thirty.
//! So an entry is in the cache lines that were asked for. (To search from the rougher guess took
//! most of the time of a look-up.)

use super::partition::{Entry, tag};

const PIECE_BITS: u32 = 8;
const PIECES: usize = 1 << PIECE_BITS;
const TAG_BITS: u32 = 32;

/// What is known of the entries of a partition that was sorted.
#[derive(Debug)]
pub(super) struct Sorted {
    /// For each piece of the range of tags the number of entries with lower tags.
    starts: [u32; PIECES],
    len: u32,
}

impl Sorted {
    pub(super) fn new(entries: &[Entry]) -> Self {
        let number = |place: usize| u32::try_from(place).expect("no more than there are digests");
        let mut starts = [0; PIECES];
        let mut begun = 0;
        for (place, &entry) in entries.iter().enumerate() {
            let piece = piece_of(tag(entry));
            // Pieces without entries start where the next one does.
            while begun <= piece {
                starts[begun] = number(place);
                begun += 1;
            }
        }
        starts[begun..].fill(number(entries.len()));
        Self { starts, len: number(entries.len()) }
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    /// Where an entry with this tag should be; no more than a guess.
    pub(super) fn guess(&self, wanted_tag: u64) -> usize {
        let piece = piece_of(wanted_tag);
        let start = self.starts[piece];
        let end = self.starts.get(piece + 1).copied().unwrap_or(self.len);
        let share = wanted_tag & ((1 << (TAG_BITS - PIECE_BITS)) - 1);
        let beyond = (u64::from(end - start) * share) >> (TAG_BITS - PIECE_BITS);
        start as usize + usize::try_from(beyond).expect("no more than there are entries")
    }
}

fn piece_of(tag: u64) -> usize {
    usize::try_from(tag >> (TAG_BITS - PIECE_BITS)).expect("fewer than there are pieces")
}

#[cfg(test)]
mod tests {
    use super::super::partition::{entry, lower_bound};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn from_its_guess_every_tag_is_found(
            tags in prop::collection::vec(prop_oneof![any::<u32>(), 0..9_u32, (u32::MAX - 9)..], 0..2000),
            others in prop::collection::vec(any::<u32>(), 0..100),
        ) {
            let mut entries: Vec<Entry> =
                tags.iter().map(|&tag| entry(tag.into(), 0)).collect();
            entries.sort_unstable_by_key(|&entry| tag(entry));
            let sorted = Sorted::new(&entries);
            prop_assert_eq!(sorted.len(), entries.len());
            for wanted in tags.into_iter().chain(others).chain([0, u32::MAX]).map(u64::from) {
                let guess = sorted.guess(wanted);
                prop_assert!(guess <= entries.len());
                let expected = entries.partition_point(|&entry| tag(entry) < wanted);
                prop_assert_eq!(lower_bound(&entries, guess, wanted), expected);
            }
        }
    }
}
