//! A table of words of limited length, each with a mark, in which many threads may look while one
//! adds words.
//!
//! A slot is `N` numbers of 64 bits: a word's bytes, zeros behind them, and in the last byte the
//! word's length and its mark. That byte is never zero, and the last number is written after the
//! others. So whoever reads that one first finds no word or all of it.
//!
//! The highest bits of a word's hash name a slot, its home. The word stands there, else in another
//! slot of the same cache line, else in one of the next line that has a free one. (In the next free
//! slot, wherever that is, every third word would be in a line that nobody has asked for.) A table
//! twice as large has the words in nearly the same order; so they are brought there from the first
//! one to the last instead of to and fro.

use std::hash::{BuildHasher as _, Hasher as _};
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use foldhash::fast::RandomState;

use crate::os::numbers::Numbers;
use crate::os::prefetch::prefetch;

/// What a word is marked with: less than [`MARKS`].
pub type Mark = u8;

/// How many different marks there are.
pub const MARKS: Mark = 8;

/// The fewest slots of a table.
const LEAST_SLOTS: usize = 1 << 11;

/// What a short word takes at most, in bytes, in a table that was made for it.
pub(super) const BYTES_FOR_A_SHORT_WORD: usize = 2 * 16 * 4 / 3 + 1;

const MARK_SHIFT: u32 = 61;
const LEN_SHIFT: u32 = 56;
const WITHOUT_MARK: u64 = !(u64::MAX << MARK_SHIFT);

/// Words of up to [`Self::MOST_WORD_BYTES`].
#[derive(Debug)]
pub(super) struct Table<const N: usize> {
    /// Slots, as many as a power of two, on huge pages where the system gives them: at small ones,
    /// each look into a large table would take two. Those that end with a zero are free.
    numbers: Numbers,
    /// How far a hash is shifted for its highest bits to number a slot.
    shift: u32,
    /// How many slots are not free.
    words: AtomicUsize,
}

/// A short word at a place of a text, as a table has it; its mark is 0.
#[inline]
pub(super) fn short_word(text: &[u8], place: Range<usize>) -> [u64; 2] {
    let len = place.len();
    // Reading on behind the word and masking what is read takes no branch on its length.
    let Some(following) = text.get(place.start..).and_then(<[u8]>::first_chunk::<16>) else {
        return word(&text[place]);
    };
    let bytes = u128::from_le_bytes(*following) & (u128::MAX >> (128 - 8 * len));
    let numbers = bytes | (len as u128) << (64 + LEN_SHIFT);
    #[expect(clippy::cast_possible_truncation, reason = "the lower and the upper half")]
    [numbers as u64, (numbers >> 64) as u64]
}

/// A word as a table has it; its mark is 0.
pub(super) fn word<const N: usize>(word: &[u8]) -> [u64; N] {
    let mut numbers = [0; N];
    for (number, bytes) in numbers.iter_mut().zip(word.chunks(8)) {
        let mut eight = [0; 8];
        eight[..bytes.len()].copy_from_slice(bytes);
        *number = u64::from_le_bytes(eight);
    }
    numbers[N - 1] |= (word.len() as u64) << LEN_SHIFT;
    numbers
}

impl<const N: usize> Table<N> {
    /// The longest word: one byte is for its length and its mark.
    pub(super) const MOST_WORD_BYTES: usize = 8 * N - 1;

    /// How many slots a cache line of 64 bytes has.
    const SLOTS_A_LINE: usize = 8 / N;

    /// An empty table with room for so many words.
    pub(super) fn for_words(words: usize) -> io::Result<Self> {
        Self::new((words / 3 * 4).next_power_of_two().max(LEAST_SLOTS))
    }

    /// An empty table with so many slots, a power of two.
    fn new(slots: usize) -> io::Result<Self> {
        let numbers = Numbers::zeros(slots * N)?;
        Ok(Self { numbers, shift: u64::BITS - slots.ilog2(), words: AtomicUsize::new(0) })
    }

    #[inline]
    fn slots(&self) -> &[[AtomicU64; N]] {
        self.numbers.as_slice().as_chunks().0
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.numbers.as_slice())
    }

    /// Whether so many words more can be added. Fuller than three quarters, free slots would be far to
    /// seek.
    pub(super) fn has_room(&self, words: usize) -> bool {
        self.words.load(Ordering::Relaxed) + words <= self.slots().len() / 4 * 3
    }

    /// Where a word stands if no other one stands there; the slot is on its way to the nearest
    /// cache.
    #[inline]
    pub(super) fn fetched_home(&self, word: &[u64; N], seed: &RandomState) -> usize {
        let home = self.home(word, seed);
        prefetch(&self.slots()[home]);
        home
    }

    #[inline]
    fn home(&self, word: &[u64; N], seed: &RandomState) -> usize {
        let mut hasher = seed.build_hasher();
        for &number in word {
            hasher.write_u64(number);
        }
        usize::try_from(hasher.finish() >> self.shift).expect("fewer than there are slots")
    }

    /// The mark of a word, if it is there.
    #[inline]
    pub(super) fn mark(&self, word: &[u64; N], home: usize) -> Option<Mark> {
        let (_, last) = self.find(word, home);
        (last != 0).then(|| Mark::try_from(last >> MARK_SHIFT).expect("three bits"))
    }

    /// The slot where a word stands, or the free one where it belongs, and its last number.
    #[inline]
    fn find(&self, word: &[u64; N], home: usize) -> (&[AtomicU64; N], u64) {
        let slots = self.slots();
        let mut line = home - home % Self::SLOTS_A_LINE;
        loop {
            for step in 0..Self::SLOTS_A_LINE {
                let slot = &slots[line + (home + step) % Self::SLOTS_A_LINE];
                // What was written before it is seen as well.
                let last = slot[N - 1].load(Ordering::Acquire);
                if last == 0 || last & WITHOUT_MARK == word[N - 1] && has_first(slot, word) {
                    return (slot, last);
                }
            }
            line = (line + Self::SLOTS_A_LINE) & (slots.len() - 1);
        }
    }

    /// Adds a word unless it is there. There is room, and nobody else adds any.
    pub(super) fn add(&self, word: &[u64; N], home: usize, mark: Mark) {
        debug_assert!(mark < MARKS);
        let (slot, last) = self.find(word, home);
        if last == 0 {
            for (place, &number) in slot.iter().zip(word).take(N - 1) {
                place.store(number, Ordering::Relaxed);
            }
            slot[N - 1].store(word[N - 1] | u64::from(mark) << MARK_SHIFT, Ordering::Release);
            self.words.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Makes it twice as large.
    pub(super) fn grow(&mut self, seed: &RandomState) -> io::Result<()> {
        let larger = Self::new(2 * self.slots().len())?;
        for slot in self.slots() {
            let mut word = slot.each_ref().map(|number| number.load(Ordering::Relaxed));
            if word[N - 1] != 0 {
                let mark = Mark::try_from(word[N - 1] >> MARK_SHIFT).expect("three bits");
                word[N - 1] &= WITHOUT_MARK;
                larger.add(&word, larger.home(&word, seed), mark);
            }
        }
        *self = larger;
        Ok(())
    }

    /// Forgets all words; it stays as large.
    pub(super) fn forget(&mut self) -> io::Result<()> {
        *self = Self::new(self.slots().len())?;
        Ok(())
    }
}

/// Whether a slot has the first numbers of a word.
#[inline]
fn has_first<const N: usize>(slot: &[AtomicU64; N], word: &[u64; N]) -> bool {
    let numbers = slot.iter().zip(word).take(N - 1);
    numbers.fold(0, |bits, (place, &number)| bits | (place.load(Ordering::Relaxed) ^ number)) == 0
}
