//! Entries of lists that are not one word of a text: `ice cream`, `C++`, `東京`, `e.g.`, `-able`.
//!
//! Each of their words is noted with its place in the entry. Where a text has such a word, what
//! stands around it may be the whole entry; whether it is, a list of known words has to tell. So
//! the entries themselves are not kept.

use std::hash::{BuildHasher as _, Hasher as _};
use std::ops::Range;

use foldhash::fast::RandomState;
use unicode_segmentation::UnicodeSegmentation as _;

use super::fold::{folded, lower_case};
use super::segment::find_words;

/// The longest entry that is found as a whole. Of longer lines, the words are known.
pub const MOST_PHRASE_BYTES: usize = 128;

/// A word of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// A hash of the word in lower case. Where different words share it, one is looked at in vain.
    word: u64,
    /// How many bytes of the entry stand before the word.
    before: u8,
    /// How many bytes the whole entry has.
    len: u8,
}

/// The words of entries that are found as a whole.
#[derive(Debug, Default)]
pub struct Phrases {
    /// Sorted when they are [sealed](Phrases::seal).
    places: Vec<Place>,
    seed: RandomState,
}

/// What an entry of a list is to texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// One word.
    Word,
    /// It is found as a whole.
    Phrase,
    /// It is too long for that; these are the places of its words.
    Words(Vec<Range<usize>>),
    /// It has no letter and no digit: no text can match it.
    NoWord,
}

impl Phrases {
    /// Notes an entry of a list, if it is a phrase.
    pub fn add(&mut self, entry: &[u8]) -> Entry {
        if entry.iter().all(u8::is_ascii_alphanumeric) {
            return Entry::Word;
        }
        let mut words = Vec::new();
        find_words(entry, |word| words.push(word));
        match &words[..] {
            [] => Entry::NoWord,
            [word] if word.len() == entry.len() => Entry::Word,
            _ if entry.len() > MOST_PHRASE_BYTES => Entry::Words(words),
            _ => {
                self.places.extend(words.iter().map(|word| Place {
                    word: key(&self.seed, &entry[word.clone()]),
                    before: u8::try_from(word.start).unwrap_or(u8::MAX),
                    len: u8::try_from(entry.len()).unwrap_or(u8::MAX),
                }));
                Entry::Phrase
            }
        }
    }

    /// Makes it ready to find phrases.
    pub fn seal(&mut self) {
        self.places.sort_unstable();
        self.places.dedup();
        self.places.shrink_to_fit();
    }

    /// About how much memory it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        // A vector that grows has up to twice its length, and the old one besides.
        3 * size_of_val(&self.places[..])
    }

    /// Whether the word at a place of a text belongs to a phrase there. `is_entry` tells whether
    /// some bytes are an entry of a list.
    pub fn has(
        &self,
        text: &[u8],
        word: &Range<usize>,
        mut is_entry: impl FnMut(&[u8]) -> bool,
    ) -> bool {
        if self.places.is_empty() {
            return false;
        }
        let key = key(&self.seed, &text[word.clone()]);
        let first = self.places.partition_point(|place| place.word < key);
        self.places[first..].iter().take_while(|place| place.word == key).any(|place| {
            let Some(start) = word.start.checked_sub(place.before.into()) else { return false };
            let end = start + usize::from(place.len);
            end <= text.len()
                && end >= word.end
                && is_boundary(text, start)
                && is_boundary(text, end)
                && is_entry(&text[start..end])
        })
    }
}

fn key(seed: &RandomState, word: &[u8]) -> u64 {
    let mut hasher = seed.build_hasher();
    hasher.write(&lower_case(&folded(word)));
    hasher.finish()
}

/// Whether no word goes on across a place of a text.
fn is_boundary(text: &[u8], at: usize) -> bool {
    let left =
        (at.saturating_sub(4)..at).rev().find_map(|from| str::from_utf8(&text[from..at]).ok());
    let right =
        (at + 1..=(at + 4).min(text.len())).find_map(|to| str::from_utf8(&text[at..to]).ok());
    let (Some(left), Some(right)) = (left, right) else {
        // The start or the end of the text, or bytes that are not UTF-8: those are letters.
        return at == 0 || at == text.len() || !(is_letter(text[at - 1]) && is_letter(text[at]));
    };
    let pair = format!("{left}{right}");
    pair.split_word_bounds().nth(1).is_some()
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(entries: &[&str], text: &str) -> Vec<String> {
        let mut phrases = Phrases::default();
        for entry in entries {
            phrases.add(entry.as_bytes());
        }
        phrases.seal();
        let mut words = Vec::new();
        let text = text.as_bytes();
        find_words(text, |word| {
            let is_entry = |bytes: &[u8]| entries.iter().any(|entry| entry.as_bytes() == bytes);
            if phrases.has(text, &word, is_entry) {
                words.push(String::from_utf8(text[word].to_vec()).unwrap());
            }
        });
        words
    }

    #[test]
    fn words_of_phrases_are_found_where_the_whole_phrase_stands() {
        let entries = ["ice cream", "C++", "\u{6771}\u{4eac}", "e.g.", "-able", "walk/DGS"];
        for (text, expected) in [
            ("ice cream", &["ice", "cream"][..]),
            ("nice cream, ice creams, ice", &[]),
            ("C++ and C+", &["C"]),
            ("\u{6771}\u{4eac}\u{3067}", &["\u{6771}", "\u{4eac}"]),
            ("\u{6771}\u{3067}", &[]),
            ("e.g. this", &["e.g"]),
            ("-able", &["able"]),
            ("walk/DGS walk", &["walk", "DGS"]),
        ] {
            assert_eq!(found(&entries, text), expected, "{text}");
        }
    }

    #[test]
    fn entries_are_told_apart() {
        let mut phrases = Phrases::default();
        for (entry, expected) in [
            ("word", Entry::Word),
            ("don't", Entry::Word),
            ("well-known", Entry::Word),
            ("two words", Entry::Phrase),
            ("--", Entry::NoWord),
        ] {
            assert_eq!(phrases.add(entry.as_bytes()), expected, "{entry}");
        }
        let long = "ab ".repeat(50);
        assert!(matches!(phrases.add(long.as_bytes()), Entry::Words(words) if words.len() == 50));
    }
}
