//! Numbers for the distinct words of a text, so that each needs to be dealt with once.
//!
//! Words are told apart by all their bytes. Nearly all words of any language have at most fifteen
//! of them: those are kept in the table itself, padded to two registers with their length, so that
//! to find one takes one comparison and mostly one cache line. The few others are kept apart.
//!
//! It knows nothing of what is known of a word.

use std::collections::HashMap;
use std::ops::Range;

use foldhash::fast::RandomState;

/// The number of a word, from 0 on, in the order in which words were new.
pub type WordId = u32;

/// Words and their numbers.
#[derive(Debug, Default)]
pub struct Vocabulary {
    short: HashMap<Short, WordId, RandomState>,
    long: HashMap<Box<[u8]>, WordId, RandomState>,
    /// The bytes of all long words.
    long_bytes: usize,
}

/// A word of up to [`Short::MOST`] bytes, zeros behind it, and its length in the last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Short(u64, u64);

impl Short {
    const MOST: usize = 15;

    /// The word at a place of a text, which is short and not empty.
    #[inline]
    fn at(text: &[u8], word: &Range<usize>) -> Self {
        let len = word.len();
        // Reading on behind the word and masking what is read takes no branch on its length.
        let following = text.get(word.start..).and_then(|following| following.first_chunk());
        let bytes = following.copied().unwrap_or_else(|| {
            let mut bytes = [0; 16];
            bytes[..len].copy_from_slice(&text[word.clone()]);
            bytes
        });
        let word =
            u128::from_le_bytes(bytes) & (u128::MAX >> (128 - 8 * len)) | (len as u128) << 120;
        let low = u64::try_from(word & u128::from(u64::MAX)).expect("64 bits");
        Self(low, u64::try_from(word >> 64).expect("64 bits"))
    }
}

impl Vocabulary {
    /// The number of the word at a place of a text, if it has one; the place is not empty.
    #[inline]
    #[must_use]
    pub fn find(&self, text: &[u8], word: &Range<usize>) -> Option<WordId> {
        if word.len() <= Short::MOST {
            self.short.get(&Short::at(text, word)).copied()
        } else {
            self.long.get(&text[word.clone()]).copied()
        }
    }

    /// The number of a word, which is not empty, and whether it is new.
    ///
    /// # Panics
    ///
    /// When there are 2^32 words.
    pub fn number(&mut self, text: &[u8], word: &Range<usize>) -> (WordId, bool) {
        let next = WordId::try_from(self.len()).expect("memory for fewer words than that");
        if word.len() <= Short::MOST {
            let id = *self.short.entry(Short::at(text, word)).or_insert(next);
            return (id, id == next);
        }
        let bytes = &text[word.clone()];
        if let Some(&id) = self.long.get(bytes) {
            return (id, false);
        }
        self.long.insert(bytes.into(), next);
        self.long_bytes += bytes.len();
        (next, true)
    }

    /// How many words have a number.
    #[must_use]
    pub fn len(&self) -> usize {
        self.short.len() + self.long.len()
    }

    /// Whether no word has one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// About how many bytes of memory it takes at most, while it grows.
    #[must_use]
    pub fn bytes(&self) -> usize {
        // A table doubles when it is seven eighths full, and a byte goes with each place. What the
        // allocator adds to each long word is a few bytes.
        const SHORT_BYTES: usize = size_of::<(Short, WordId)>() + 1;
        const LONG_BYTES: usize = size_of::<(Box<[u8]>, WordId)>() + 1;
        const ALLOCATION_BYTES: usize = 16;
        3 * (self.short.capacity() * SHORT_BYTES + self.long.capacity() * LONG_BYTES) / 2
            + self.long_bytes
            + self.long.len() * ALLOCATION_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equal_words_have_equal_numbers_and_others_have_others(
            words in prop::collection::vec(prop::collection::vec(0_u8..3, 1..20), 0..200),
        ) {
            let text = words.concat();
            let mut vocabulary = Vocabulary::default();
            let mut distinct: Vec<&[u8]> = Vec::new();
            let mut start = 0;
            for word in &words {
                let place = start..start + word.len();
                start = place.end;
                let position = distinct.iter().position(|other| other == word);
                let known = vocabulary.find(&text, &place);
                prop_assert_eq!(known.map(|id| id as usize), position);
                let (id, new) = vocabulary.number(&text, &place);
                prop_assert_eq!(new, position.is_none());
                prop_assert_eq!(id as usize, position.unwrap_or(distinct.len()));
                if new {
                    distinct.push(word);
                }
            }
            prop_assert_eq!(vocabulary.len(), distinct.len());
        }
    }
}
