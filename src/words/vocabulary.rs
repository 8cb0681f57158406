//! The distinct words of a text, each with a mark, so that each needs to be dealt with once.
//!
//! Words are told apart by all their bytes. Nearly all words of any language have at most fifteen
//! of them: those stand in a table of sixteen-byte slots, with their length and their mark in the
//! last byte, so that to find one takes one cache line. And many are looked for at once: one after
//! another, each would be waited for alone. (The standard `HashMap`, with the same hasher, took
//! two to three times as long for a text of a million different words.) The few long words are
//! kept apart.
//!
//! It knows nothing of what the marks mean.

use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::io;
use std::ops::Range;

use foldhash::fast::RandomState;

use crate::prefetch::prefetch;
use crate::region::Region;

/// What a word is marked with: less than [`MARKS`]. A new word has the mark 0.
pub type Mark = u8;

/// How many different marks there are.
pub const MARKS: Mark = 16;

/// How many words are best looked for at once: more than the loads that a core has under way, few
/// enough for the nearest cache.
pub const AT_A_TIME: usize = 32;

/// Where a word stands in a text, in bytes. A word is not empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    start: u32,
    end: u32,
}

impl Place {
    /// The place that a range is.
    ///
    /// # Panics
    ///
    /// When the text is longer than 4 GiB.
    #[inline]
    #[must_use]
    pub fn of(range: &Range<usize>) -> Self {
        let place = |at: usize| u32::try_from(at).expect("a text shorter than 4 GiB");
        Self { start: place(range.start), end: place(range.end) }
    }

    /// The range that it is.
    #[inline]
    #[must_use]
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    fn len(self) -> usize {
        self.range().len()
    }
}

/// Words and their marks.
#[derive(Debug)]
pub struct Vocabulary {
    /// Slots, as many as a power of two, on huge pages where the system gives them: at small ones,
    /// each look into a large table would take two. Those that are zero are free.
    table: Region,
    /// How many are not free.
    short_words: usize,
    long: HashMap<Box<[u8]>, Mark, RandomState>,
    /// The bytes of all long words.
    long_bytes: usize,
    seed: RandomState,
}

/// A word of up to [`Slot::MOST`] bytes, zeros behind it, then four bits each for its length and
/// its mark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Slot(u64, u64);

const MARK_SHIFT: u32 = 60;

impl From<[u8; 16]> for Slot {
    #[inline]
    fn from(bytes: [u8; 16]) -> Self {
        let (halves, _) = bytes.as_chunks();
        Self(u64::from_le_bytes(halves[0]), u64::from_le_bytes(halves[1]))
    }
}

impl Slot {
    const MOST: usize = 15;
    const FREE: Self = Self(0, 0);

    /// The word at a place of a text, which is short; its mark is 0.
    #[inline]
    fn at(text: &[u8], place: Place) -> Self {
        let len = place.len();
        // Reading on behind the word and masking what is read takes no branch on its length.
        let following =
            text.get(place.start as usize..).and_then(|following| following.first_chunk());
        let bytes = following.copied().unwrap_or_else(|| {
            let mut bytes = [0; 16];
            bytes[..len].copy_from_slice(&text[place.range()]);
            bytes
        });
        let word = u128::from_le_bytes(bytes) & (u128::MAX >> (128 - 8 * len));
        Self::from((word | (len as u128) << 120).to_le_bytes())
    }

    fn mark(self) -> Mark {
        Mark::try_from(self.1 >> MARK_SHIFT).expect("four bits")
    }

    fn marked(self, mark: Mark) -> Self {
        Self(self.0, self.1 & !(u64::MAX << MARK_SHIFT) | u64::from(mark) << MARK_SHIFT)
    }

    fn bytes(self) -> [u8; 16] {
        (u128::from(self.1) << 64 | u128::from(self.0)).to_le_bytes()
    }

    /// Whether it is the same word, whatever the mark.
    fn is(self, word: Self) -> bool {
        self.marked(0) == word
    }
}

impl Vocabulary {
    const LEAST_SLOTS: usize = 1 << 12;

    /// An empty one.
    ///
    /// # Errors
    ///
    /// When the system refuses the memory for it.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            table: Region::private(Self::LEAST_SLOTS * size_of::<Slot>())?,
            short_words: 0,
            long: HashMap::default(),
            long_bytes: 0,
            seed: RandomState::default(),
        })
    }

    fn slots(&self) -> &[[u8; 16]] {
        self.table.private_bytes().as_chunks().0
    }

    fn slots_mut(&mut self) -> &mut [[u8; 16]] {
        self.table.private_bytes_mut().as_chunks_mut().0
    }

    /// The marks of the words at up to [`AT_A_TIME`] places of a text; `None` for words that are
    /// not in the vocabulary.
    ///
    /// # Panics
    ///
    /// When there are more places.
    #[inline]
    pub fn marks(&self, text: &[u8], places: &[Place], mut found: impl FnMut(Place, Option<Mark>)) {
        let words = self.fetched(text, places);
        let slots = self.slots();
        for (&place, &(word, home)) in places.iter().zip(&words) {
            let mark = if place.len() > Slot::MOST {
                self.long.get(&text[place.range()]).copied()
            } else {
                let slot = Slot::from(slots[slot_of(slots, word, home)]);
                (slot != Slot::FREE).then(|| slot.mark())
            };
            found(place, mark);
        }
    }

    /// The mark of a word that is in the vocabulary.
    #[must_use]
    pub fn mark(&self, text: &[u8], place: Place) -> Option<Mark> {
        let mut mark = None;
        self.marks(text, &[place], |_, found| mark = found);
        mark
    }

    /// Adds the words at up to [`AT_A_TIME`] places of a text that are new, with the mark 0, and
    /// calls `added` with the place of each.
    ///
    /// # Errors
    ///
    /// When the system refuses the memory for more words.
    ///
    /// # Panics
    ///
    /// When there are more places.
    pub fn add(
        &mut self,
        text: &[u8],
        places: &[Place],
        mut added: impl FnMut(Place),
    ) -> io::Result<()> {
        // Fuller than three quarters, free slots would be far to seek.
        if self.short_words + places.len() > self.slots().len() / 4 * 3 {
            self.grow()?;
        }
        let words = self.fetched(text, places);
        for (&place, &(word, home)) in places.iter().zip(&words) {
            let new = if place.len() > Slot::MOST {
                self.add_long(&text[place.range()])
            } else {
                let slots = self.slots_mut();
                let slot = &mut slots[slot_of(slots, word, home)];
                let new = Slot::from(*slot) == Slot::FREE;
                if new {
                    *slot = word.bytes();
                    self.short_words += 1;
                }
                new
            };
            if new {
                added(place);
            }
        }
        Ok(())
    }

    fn add_long(&mut self, word: &[u8]) -> bool {
        let new = !self.long.contains_key(word);
        if new {
            self.long.insert(word.into(), 0);
            self.long_bytes += word.len();
        }
        new
    }

    /// Gives marks to up to [`AT_A_TIME`] words that are in the vocabulary.
    ///
    /// # Panics
    ///
    /// When one is not, or there are more.
    pub fn set_marks(&mut self, text: &[u8], places: &[Place], marks: impl Iterator<Item = Mark>) {
        let words = self.fetched(text, places);
        for ((&place, &(word, home)), mark) in places.iter().zip(&words).zip(marks) {
            debug_assert!(mark < MARKS);
            if place.len() > Slot::MOST {
                let word = self.long.get_mut(&text[place.range()]);
                *word.expect("a word of the vocabulary") = mark;
                continue;
            }
            let slots = self.slots_mut();
            let slot = &mut slots[slot_of(slots, word, home)];
            assert!(Slot::from(*slot) != Slot::FREE, "a word of the vocabulary");
            *slot = word.marked(mark).bytes();
        }
    }

    /// The short words at some places and their homes, which are on their way to the nearest cache.
    #[inline]
    fn fetched(&self, text: &[u8], places: &[Place]) -> [(Slot, usize); AT_A_TIME] {
        let mut words = [(Slot::FREE, 0); AT_A_TIME];
        let slots = self.slots();
        for (fetched, &place) in words[..places.len()].iter_mut().zip(places) {
            if place.len() <= Slot::MOST {
                let word = Slot::at(text, place);
                let home = self.home(word);
                prefetch(&slots[home]);
                *fetched = (word, home);
            }
        }
        words
    }

    /// Where a word stands if no other one stands there.
    #[inline]
    fn home(&self, word: Slot) -> usize {
        let hash = self.seed.hash_one(word);
        usize::try_from(hash).expect("64 bits") & (self.slots().len() - 1)
    }

    fn grow(&mut self) -> io::Result<()> {
        let larger = Region::private(2 * self.table.len())?;
        let smaller = std::mem::replace(&mut self.table, larger);
        let (smaller, _) = smaller.private_bytes().as_chunks();
        for marked in smaller.iter().map(|&slot| Slot::from(slot)) {
            if marked != Slot::FREE {
                let word = marked.marked(0);
                let home = self.home(word);
                let slots = self.slots_mut();
                slots[slot_of(slots, word, home)] = marked.bytes();
            }
        }
        Ok(())
    }

    /// About how many bytes of memory it takes at most, while it grows.
    #[must_use]
    pub fn bytes(&self) -> usize {
        // A table of long words has a byte more for each place; what the allocator adds to each
        // word is a few bytes.
        const LONG_BYTES: usize = size_of::<(Box<[u8]>, Mark)>() + 1;
        const ALLOCATION_BYTES: usize = 16;
        let tables = self.table.len() + self.long.capacity() * LONG_BYTES;
        3 * tables + self.long_bytes + self.long.len() * ALLOCATION_BYTES
    }
}

/// Where a word stands, or the free slot where it belongs.
fn slot_of(slots: &[[u8; 16]], word: Slot, home: usize) -> usize {
    let mut place = home;
    loop {
        let slot = Slot::from(slots[place]);
        if slot == Slot::FREE || slot.is(word) {
            return place;
        }
        place = (place + 1) & (slots.len() - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_keeps_words_and_marks_as_a_map_does(
            words in prop::collection::vec((prop::collection::vec(0_u8..3, 1..20), 0..MARKS), 1..200),
        ) {
            let text: Vec<u8> = words.iter().flat_map(|(word, _)| word.clone()).collect();
            let mut vocabulary = Vocabulary::new().unwrap();
            let mut map = HashMap::new();
            let mut start = 0;
            let mut places = Vec::new();
            for (word, mark) in &words {
                let place = Place::of(&(start..start + word.len()));
                start += word.len();
                places.push(place);
                prop_assert_eq!(vocabulary.mark(&text, place), map.get(word).copied());
                let mut added = Vec::new();
                vocabulary.add(&text, &[place, place], |place| added.push(place)).unwrap();
                let new = (!map.contains_key(word)).then_some(place);
                prop_assert_eq!(added, Vec::from_iter(new));
                vocabulary.set_marks(&text, &[place], [*mark].into_iter());
                map.insert(word.clone(), *mark);
            }
            let mut found = Vec::new();
            for places in places.chunks(AT_A_TIME) {
                vocabulary.marks(&text, places, |place, mark| found.push((place, mark)));
            }
            let expected: Vec<_> =
                places.iter().zip(&words).map(|(&place, (word, _))| (place, Some(map[word]))).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn it_grows_and_forgets_nothing() {
        let text: Vec<u8> =
            (0..100_000).flat_map(|number| format!("{number:06}").into_bytes()).collect();
        let places: Vec<_> =
            (0..100_000).map(|number| Place::of(&(number * 6..number * 6 + 6))).collect();
        let mut vocabulary = Vocabulary::new().unwrap();
        let mut added = Vec::new();
        for places in places.chunks(AT_A_TIME) {
            vocabulary.add(&text, places, |place| added.push(place)).unwrap();
            vocabulary.set_marks(&text, places, (0..MARKS).cycle());
        }
        assert_eq!(added, places);
        for (number, &place) in (0..).zip(&places) {
            let mark = Mark::try_from(number % AT_A_TIME % usize::from(MARKS)).unwrap();
            assert_eq!(vocabulary.mark(&text, place), Some(mark));
        }
    }
}
