//! A table of short words, each with a status.
//!
//! A word of up to [`MOST_BYTES`] takes a slot of sixteen bytes: itself, zeros behind it, and in
//! the last byte its length and its status. A hash names the cache line where it stands. A line
//! that is full takes no other word, and the table never grows.

use std::hash::{BuildHasher as _, Hasher as _};
use std::io;

use foldhash::fast::RandomState;

use crate::os::prefetch::prefetch;
use crate::os::region::Region;

/// What the table says of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Known = 1,
    Unknown = 2,
    /// It may be somewhere else.
    InMap = 3,
    /// It was not added.
    Absent,
}

/// The longest word. Nearly all words of any language are as short.
const MOST_BYTES: usize = 15;

type Slot = [u8; MOST_BYTES + 1];

const SLOTS_A_LINE: usize = 4;

#[derive(Debug)]
pub(super) struct ShortWords {
    /// Slots, as many as a power of two, on huge pages where the system gives them: with small
    /// ones, each look into a large table would take two.
    slots: Region,
    /// How far a hash is shifted for its highest bits to number a line.
    shift: u32,
    seed: RandomState,
}

/// A word as its slot has it, with status 0.
#[inline]
fn slot_of(word: &[u8]) -> Option<Slot> {
    let mut slot = [0; MOST_BYTES + 1];
    slot[..MOST_BYTES].get_mut(..word.len())?.copy_from_slice(word);
    slot[MOST_BYTES] = u8::try_from(word.len()).expect("at most 15");
    Some(slot)
}

impl ShortWords {
    /// An empty table for about so many words that takes no more than so much memory.
    pub(super) fn new(words: usize, most_bytes: usize) -> io::Result<Self> {
        let lines = (words / 3).next_power_of_two();
        let most_lines = most_bytes / size_of::<Slot>() / SLOTS_A_LINE;
        let lines = lines.clamp(1 << 10, (most_lines / 2 + 1).next_power_of_two().max(1 << 10));
        let slots = Region::private(lines * SLOTS_A_LINE * size_of::<Slot>())?;
        Ok(Self { slots, shift: u64::BITS - lines.ilog2(), seed: RandomState::default() })
    }

    pub(super) fn bytes(&self) -> usize {
        self.slots.len()
    }

    #[inline]
    fn line(&self, slot: &Slot) -> usize {
        let mut hasher = self.seed.build_hasher();
        hasher.write_u128(u128::from_ne_bytes(*slot));
        usize::try_from(hasher.finish() >> self.shift).expect("fewer than there are lines")
    }

    #[inline]
    fn lines(&self) -> &[[Slot; SLOTS_A_LINE]] {
        self.slots.private_bytes().as_chunks().0.as_chunks().0
    }

    #[inline]
    pub(super) fn prefetch(&self, word: &[u8]) {
        if let Some(slot) = slot_of(word) {
            prefetch(&self.lines()[self.line(&slot)]);
        }
    }

    #[inline]
    pub(super) fn get(&self, word: &[u8]) -> Status {
        let Some(wanted) = slot_of(word) else { return Status::InMap };
        let wanted_bits = u128::from_le_bytes(wanted);
        for slot in &self.lines()[self.line(&wanted)] {
            let differing = u128::from_le_bytes(*slot) ^ wanted_bits;
            if slot[MOST_BYTES] == 0 {
                return Status::Absent;
            }
            if differing >> STATUS_SHIFT << STATUS_SHIFT == differing {
                return match differing >> STATUS_SHIFT {
                    1 => Status::Known,
                    2 => Status::Unknown,
                    _ => Status::InMap,
                };
            }
        }
        Status::InMap
    }

    /// Adds a word that is not there; `false` where there is no room for it.
    pub(super) fn add(&mut self, word: &[u8], status: Status) -> bool {
        let Some(mut slot) = slot_of(word) else { return false };
        let line = self.line(&slot);
        slot[MOST_BYTES] |= (status as u8) << 4;
        let (slots, _) = self.slots.private_bytes_mut().as_chunks_mut::<{ MOST_BYTES + 1 }>();
        let line = &mut slots[line * SLOTS_A_LINE..][..SLOTS_A_LINE];
        let free = line.iter_mut().find(|other| other[MOST_BYTES] == 0 || **other == slot);
        free.map(|place| *place = slot).is_some()
    }

    pub(super) fn clear(&mut self) {
        self.slots.private_bytes_mut().fill(0);
    }
}

/// Where the status stands in a slot that is read as a number.
const STATUS_SHIFT: u32 = 8 * 15 + 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_the_status_that_they_were_added_with() {
        let mut table = ShortWords::new(10_000, 1 << 20).unwrap();
        let word = |number: usize| "0".repeat(number % 9) + &number.to_string();
        let status = |number: usize| [Status::Known, Status::Unknown, Status::InMap][number % 3];
        let added: Vec<bool> =
            (0..10_000).map(|number| table.add(word(number).as_bytes(), status(number))).collect();
        assert!(added.iter().filter(|added| **added).count() > 9000);
        for (number, added) in added.into_iter().enumerate() {
            let expected = if added { status(number) } else { Status::InMap };
            assert_eq!(table.get(word(number).as_bytes()), expected, "{number}");
        }
        for number in 10_000..20_000 {
            let found = table.get(word(number).as_bytes());
            assert!(matches!(found, Status::Absent | Status::InMap));
        }
        table.clear();
        assert_eq!(table.get(word(1).as_bytes()), Status::Absent);
        assert_eq!(table.get(b"sixteen-and-more"), Status::InMap);
        assert!(!table.add(b"sixteen-and-more", Status::Known));
    }

    #[test]
    fn words_that_differ_in_zeros_or_length_are_different() {
        let mut table = ShortWords::new(0, 0).unwrap();
        assert!(table.add(b"a", Status::Known));
        for other in [&b"a\0"[..], b"\0a", b"", b"b", b"aa"] {
            assert!(table.get(other) != Status::Known, "{other:?}");
        }
    }
}
