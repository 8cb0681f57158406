//! The distinct words of a text, each with a mark, so that each needs to be dealt with once.
//!
//! Words are told apart by all their bytes. Nearly all words of any language have at most fifteen
//! of them: those stand in a table of sixteen-byte slots, with their length and their mark in the
//! last byte, so that to find one takes one cache line; those of up to 31 bytes stand in a table
//! of the same kind with larger slots. And many are looked for at once: one after another, each
//! would be waited for alone. (The standard `HashMap`, with the same hasher, took two to three
//! times as long for a text of a million different words.) The few that are still longer are kept
//! apart.
//!
//! Several threads share a vocabulary. Whoever looks for words shares a lock with the others for
//! as long as he looks, which only keeps the tables in place; words are added meanwhile, by one
//! thread at a time, and a word is there when all of it is (see [`table`]).
//! (A vocabulary for each thread needs no lock, but each thread would have to deal with all the
//! words itself.)
//!
//! It knows nothing of what the marks mean.

use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};

use foldhash::fast::RandomState;

use super::table::{self, Table};

pub use super::table::{MARKS, Mark};

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
    most_bytes: usize,
    /// Held by the one who adds words.
    adding: Mutex<()>,
    words: RwLock<Words>,
}

#[derive(Debug)]
struct Words {
    short: Table<2>,
    medium: Table<4>,
    long: RwLock<Long>,
    seed: RandomState,
}

#[derive(Debug, Default)]
struct Long {
    marks: HashMap<Box<[u8]>, Mark, RandomState>,
    /// About what they take, in bytes.
    bytes: usize,
}

/// What a long word takes besides its own bytes: its place in a map that may be less than half
/// full while a larger one takes its place, and what the allocator adds.
const LONG_WORD_BYTES: usize = 128;

/// The longest words of the two tables.
const SHORT: usize = Table::<2>::MOST_WORD_BYTES;
const MEDIUM: usize = Table::<4>::MOST_WORD_BYTES;

/// How many short words there are for one that is longer, about.
const SHORT_FOR_A_MEDIUM_ONE: usize = 16;

impl Vocabulary {
    /// An empty one with room for about so many words, and for more as they come; it forgets all
    /// its words rather than take more memory than this.
    ///
    /// # Errors
    ///
    /// When the system refuses the memory for it.
    pub fn new(words: usize, most_bytes: usize) -> io::Result<Self> {
        let words = words.min(most_bytes / table::BYTES_FOR_A_SHORT_WORD / 2);
        let words = Words {
            short: Table::for_words(words)?,
            medium: Table::for_words(words / SHORT_FOR_A_MEDIUM_ONE)?,
            long: RwLock::default(),
            seed: RandomState::default(),
        };
        Ok(Self { most_bytes, adding: Mutex::new(()), words: RwLock::new(words) })
    }

    /// Looks into it. Whoever does so while he has a look already may wait for ever; and others
    /// may have to wait for the end of it to add words.
    #[must_use]
    pub fn look(&self) -> Look<'_> {
        Look(self.words.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds words with their marks, less than [`MARKS`]; those that are there keep their marks.
    /// Must not be called with a look into it.
    ///
    /// # Errors
    ///
    /// When the system refuses the memory for more words.
    pub fn add(&self, text: &[u8], words: &[(Place, Mark)]) -> io::Result<()> {
        for some in words.chunks(AT_A_TIME) {
            while !self.look().add(text, some, &self.adding, self.most_bytes) {
                let mut words = self.words.write().unwrap_or_else(PoisonError::into_inner);
                // Somebody else may have done so.
                if !words.has_room(self.most_bytes) {
                    words.make_room(self.most_bytes)?;
                }
            }
        }
        Ok(())
    }
}

/// A look into a vocabulary.
#[derive(Debug)]
pub struct Look<'a>(RwLockReadGuard<'a, Words>);

impl Look<'_> {
    /// Looks for words one after another, each found only when [`AT_A_TIME`] more were asked for.
    #[must_use]
    pub fn for_words<'t>(&'t self, text: &'t [u8]) -> Lookups<'t> {
        Lookups { words: &self.0, text, asked_for: [Asked::default(); AT_A_TIME], next: 0 }
    }

    /// Adds up to [`AT_A_TIME`] words, if there is room for so many.
    fn add(
        &self,
        text: &[u8],
        words: &[(Place, Mark)],
        adding: &Mutex<()>,
        most_bytes: usize,
    ) -> bool {
        let mut asked_for = [Asked::default(); AT_A_TIME];
        for (asked, &(place, _)) in asked_for.iter_mut().zip(words) {
            self.0.fetch(text, place, asked);
        }
        // Memory is waited for before, not while others wait.
        let _alone = adding.lock().unwrap_or_else(PoisonError::into_inner);
        let has_room = self.0.has_room(most_bytes);
        if has_room {
            let marks = words.iter().map(|&(_, mark)| mark);
            asked_for.iter().zip(marks).for_each(|(asked, mark)| self.0.add(text, asked, mark));
        }
        has_room
    }
}

/// Words that were asked for. By the time that one is looked at, its slot has come to the nearest
/// cache; meanwhile the next ones are found in the text and asked for, so that neither waits for
/// the other.
#[derive(Debug)]
pub struct Lookups<'t> {
    words: &'t Words,
    text: &'t [u8],
    asked_for: [Asked; AT_A_TIME],
    /// How many words were asked for so far.
    next: usize,
}

/// A word whose slot is on its way.
#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    place: Place,
    /// Where it stands if no other word stands there.
    home: usize,
    /// The word itself, if it is short.
    short: [u64; 2],
}

impl Lookups<'_> {
    /// Asks for the word at a place, and calls `found` with the place and the mark of one that was
    /// asked for before, if there were so many; `None` for a word that is not in the vocabulary.
    #[inline]
    pub fn ask(&mut self, place: Place, found: impl FnMut(Place, Option<Mark>)) {
        let number = self.next % AT_A_TIME;
        if self.next >= AT_A_TIME {
            self.give(number, found);
        }
        self.words.fetch(self.text, place, &mut self.asked_for[number]);
        self.next += 1;
    }

    /// Calls `found` with the others that were asked for; how many words that were in all.
    pub fn end(self, mut found: impl FnMut(Place, Option<Mark>)) -> usize {
        for number in self.next.saturating_sub(AT_A_TIME)..self.next {
            self.give(number % AT_A_TIME, &mut found);
        }
        self.next
    }

    #[inline]
    fn give(&self, number: usize, mut found: impl FnMut(Place, Option<Mark>)) {
        let Asked { place, home, ref short } = self.asked_for[number];
        let mark = if place.len() <= SHORT {
            self.words.short.mark(short, home)
        } else {
            self.words.mark_of_longer(&self.text[place.range()], home)
        };
        found(place, mark);
    }
}

impl Words {
    /// Asks for the word at a place. (What this writes is not returned instead: it would be copied
    /// at once, in larger pieces than it was written in, and a core waits long for such a copy.)
    #[inline]
    fn fetch(&self, text: &[u8], place: Place, asked: &mut Asked) {
        asked.place = place;
        if place.len() <= SHORT {
            asked.short = table::short_word(text, place.range());
            asked.home = self.short.fetched_home(&asked.short, &self.seed);
        } else {
            asked.home = self.fetch_longer(&text[place.range()]);
        }
    }

    fn fetch_longer(&self, word: &[u8]) -> usize {
        if word.len() <= MEDIUM {
            self.medium.fetched_home(&table::word(word), &self.seed)
        } else {
            0
        }
    }

    fn mark_of_longer(&self, word: &[u8], home: usize) -> Option<Mark> {
        if word.len() <= MEDIUM {
            self.medium.mark(&table::word(word), home)
        } else {
            let long = self.long.read().unwrap_or_else(PoisonError::into_inner);
            long.marks.get(word).copied()
        }
    }

    /// Adds a word; there is room, and nobody else adds any.
    fn add(&self, text: &[u8], asked: &Asked, mark: Mark) {
        let Asked { place, home, short } = asked;
        let word = &text[place.range()];
        if word.len() <= SHORT {
            self.short.add(short, *home, mark);
        } else if word.len() <= MEDIUM {
            self.medium.add(&table::word(word), *home, mark);
        } else {
            self.add_long(word, mark);
        }
    }

    fn add_long(&self, word: &[u8], mark: Mark) {
        let mut long = self.long.write().unwrap_or_else(PoisonError::into_inner);
        if !long.marks.contains_key(word) {
            long.marks.insert(word.into(), mark);
            long.bytes += word.len() + LONG_WORD_BYTES;
        }
    }

    /// Whether there is room for [`AT_A_TIME`] words more.
    fn has_room(&self, most_bytes: usize) -> bool {
        self.short.has_room(AT_A_TIME)
            && self.medium.has_room(AT_A_TIME)
            && self.long.read().unwrap_or_else(PoisonError::into_inner).bytes <= most_bytes / 4
    }

    /// Makes the table that is full a larger one, if there is the memory; else forgets all words.
    fn make_room(&mut self, most_bytes: usize) -> io::Result<()> {
        let long_bytes = self.long.get_mut().unwrap_or_else(PoisonError::into_inner).bytes;
        let bytes = self.short.bytes() + self.medium.bytes() + long_bytes;
        // A table and one of twice its size are there together.
        if !self.short.has_room(AT_A_TIME) && bytes + 2 * self.short.bytes() <= most_bytes {
            self.short.grow(&self.seed)
        } else if !self.medium.has_room(AT_A_TIME) && bytes + 2 * self.medium.bytes() <= most_bytes
        {
            self.medium.grow(&self.seed)
        } else {
            self.short.forget()?;
            self.medium.forget()?;
            self.long = RwLock::default();
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
