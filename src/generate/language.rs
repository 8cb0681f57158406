//! The words that can be made, as a tree of syllables that is walked in byte order.
//!
//! A word is one to [`MOST_SYLLABLES`] syllables and an ending. A syllable is consonants and one
//! vowel, so no syllable is the beginning of another, and none is the beginning of an ending. So two
//! ways through the tree never spell the same word, and a walk that takes the branches of each node
//! in byte order meets the words in byte order. That is why nothing is ever sorted or looked up.
//! (Syllables such as `ban` beside `ba` would break both; `ba` + `nda` spells what they would.)
//!
//! The module does not know how many words are wanted.

use std::array::from_fn;

/// The most syllables that a word has.
pub(super) const MOST_SYLLABLES: usize = 6;

/// The most bytes that a word has: its syllables and its ending.
pub(super) const MOST_WORD_BYTES: usize = MOST_SYLLABLES * 3 + 2;

/// Bytes in which every syllable and every ending fits; the rest is zeros.
const PIECE_BYTES: usize = 4;

/// The vowels, in byte order, and how common each is.
const VOWELS: [(&str, u32); 5] = [("a", 8), ("e", 9), ("i", 7), ("o", 6), ("u", 3)];

/// How common each of some consonants is, and the consonants.
type Onsets = (u32, &'static [&'static str]);

/// What may begin any syllable.
const ONSETS: &[Onsets] = &[
    (12, &["r", "t"]),
    (10, &["l", "n", "s"]),
    (9, &["m"]),
    (8, &["c", "d", "p"]),
    (6, &["b"]),
    (5, &["f", "g", "h", "v"]),
    (4, &["pr", "st", "tr"]),
    (3, &["br", "ch", "cr", "gr", "k", "sp", "th", "w"]),
    (2, &["bl", "cl", "dr", "fl", "fr", "pl", "sc", "sh"]),
    (1, &["gl", "j", "sk", "sl", "tw", "wh", "z"]),
];

/// What may begin every syllable but the first.
const INNER_ONSETS: &[Onsets] = &[
    (5, &["nd", "nt"]),
    (4, &["ll", "ss"]),
    (3, &["ct", "ng", "rt"]),
    (2, &["ld", "lt", "mb", "mp", "nc", "nn", "ns", "rd", "rm", "rn", "rr", "rs", "tt"]),
    (1, &["mm", "nk", "pt", "rb", "rc", "rg", "x"]),
];

/// What may begin the first syllable only: nothing, so that words begin with a vowel too.
const NO_ONSET: &[Onsets] = &[(24, &[""])];

/// What may follow the last syllable, in byte order, all equally common.
const ENDINGS: [&str; 14] =
    ["", "d", "l", "m", "n", "nd", "ng", "nt", "r", "rs", "s", "st", "t", "th"];

/// How many endings there are.
pub(super) const ENDING_COUNT: usize = ENDINGS.len();

/// How many onsets there are in `groups`.
const fn count(groups: &[Onsets]) -> usize {
    let (mut sum, mut index) = (0, 0);
    while index < groups.len() {
        sum += groups[index].1.len();
        index += 1;
    }
    sum
}

/// Syllables that can stand first.
const FIRST_SYLLABLES: usize = (count(ONSETS) + count(NO_ONSET)) * VOWELS.len();

/// Syllables that can follow another.
const INNER_SYLLABLES: usize = (count(ONSETS) + count(INNER_ONSETS)) * VOWELS.len();

/// Slots over which the syllables of a node are laid out by weight; a power of two, large enough
/// that the rarest syllable has one.
pub(super) const SLOTS: usize = 4096;

/// A few letters, to be copied whole and counted by length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) bytes: [u8; PIECE_BYTES],
    pub(super) len: usize,
}

impl Piece {
    fn new(parts: [&str; 2]) -> Self {
        let mut bytes = [0; PIECE_BYTES];
        let mut len = 0;
        for byte in parts.iter().flat_map(|part| part.bytes()) {
            bytes[len] = byte;
            len += 1;
        }
        Self { bytes, len }
    }

    /// The letters.
    fn text(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// The syllables that may come next, in byte order.
#[derive(Debug)]
pub(super) struct Syllables {
    pub(super) pieces: Vec<Piece>,
    /// `slots[edges[i]..edges[i + 1]]` belong to syllable `i`: the more, the more common it is.
    pub(super) edges: Vec<u32>,
    /// The syllable that each slot belongs to.
    pub(super) slots: Box<[u16; SLOTS]>,
    /// The slots of the most common syllable.
    pub(super) widest: u32,
}

impl Syllables {
    fn new(onsets: [&[Onsets]; 2]) -> Self {
        let mut weighted = Vec::new();
        for &(common, onsets) in onsets.into_iter().flatten() {
            for onset in onsets {
                weighted.extend(
                    VOWELS.map(|(vowel, share)| (Piece::new([onset, vowel]), common * share)),
                );
            }
        }
        weighted.sort_unstable_by_key(|(piece, _)| piece.bytes);
        let total: u32 = weighted.iter().map(|(_, weight)| weight).sum();
        let slot_count = u32::try_from(SLOTS).expect("the slots are few thousand");

        let mut edges = vec![0];
        let mut slots = Box::new([0; SLOTS]);
        let (mut weight_so_far, mut widest) = (0, 0);
        for (index, (_, weight)) in (0_u16..).zip(&weighted) {
            let start = weight_so_far * slot_count / total;
            weight_so_far += weight;
            let end = weight_so_far * slot_count / total;
            slots[start as usize..end as usize].fill(index);
            edges.push(end);
            widest = widest.max(end - start);
        }
        Self {
            pieces: weighted.into_iter().map(|(piece, _)| piece).collect(),
            edges,
            slots,
            widest,
        }
    }
}

/// The tree: the same syllables and endings at every node but the root.
#[derive(Debug)]
pub(super) struct Language {
    first: Syllables,
    inner: Syllables,
    endings: [Piece; ENDING_COUNT],
    /// For each ending, the first inner syllable that sorts after it.
    ending_places: [usize; ENDING_COUNT],
    most_syllables: usize,
    /// See [`Language::words_below`].
    words_below: [u64; MOST_SYLLABLES + 1],
}

impl Language {
    /// All words of up to `most_syllables` syllables, 1 to [`MOST_SYLLABLES`].
    pub(super) fn new(most_syllables: usize) -> Self {
        assert!((1..=MOST_SYLLABLES).contains(&most_syllables), "{most_syllables} syllables");
        let inner = Syllables::new([ONSETS, INNER_ONSETS]);
        let endings = ENDINGS.map(|ending| Piece::new([ending, ""]));
        let ending_places = endings
            .map(|ending| inner.pieces.partition_point(|syllable| syllable.text() < ending.text()));
        Self {
            first: Syllables::new([ONSETS, NO_ONSET]),
            inner,
            endings,
            ending_places,
            most_syllables,
            words_below: from_fn(|depth| words_below(depth, most_syllables)),
        }
    }

    /// The syllables that may come after `depth` others; none after the most that a word has.
    #[inline]
    pub(super) fn syllables(&self, depth: usize) -> Option<&Syllables> {
        match depth {
            0 => Some(&self.first),
            _ if depth < self.most_syllables => Some(&self.inner),
            _ => None,
        }
    }

    /// The letters of ending `index`.
    #[inline]
    pub(super) fn ending(&self, index: usize) -> Piece {
        self.endings[index]
    }

    /// The first inner syllable that sorts after ending `index`.
    #[inline]
    pub(super) fn ending_place(&self, index: usize) -> usize {
        self.ending_places[index]
    }

    /// The number of words that begin with any given `depth` syllables.
    pub(super) fn words_below(&self, depth: usize) -> u64 {
        self.words_below[depth]
    }
}

/// The endings that a word of `depth` syllables may have, as a range of their indices: one syllable
/// wants a consonant after it, or the list would hold `a` and `u`.
#[inline]
pub(super) const fn ending_range(depth: usize) -> (usize, usize) {
    match depth {
        0 => (0, 0),
        1 => (1, ENDING_COUNT),
        _ => (0, ENDING_COUNT),
    }
}

/// The number of words that begin with any given `depth` syllables, of at most `most` in all.
pub(super) const fn words_below(depth: usize, most: usize) -> u64 {
    let (start, end) = ending_range(depth);
    let ended = (end - start) as u64;
    if depth >= most {
        return ended;
    }
    let branches = if depth == 0 { FIRST_SYLLABLES } else { INNER_SYLLABLES };
    ended + branches as u64 * words_below(depth + 1, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_syllable_begins_another_or_an_ending() {
        let language = Language::new(MOST_SYLLABLES);
        for syllables in [&language.first, &language.inner] {
            for pair in syllables.pieces.windows(2) {
                assert!(pair[0].text() < pair[1].text(), "{pair:?}");
                // In byte order, what begins another stands directly before one that it begins.
                assert!(!pair[1].text().starts_with(pair[0].text()), "{pair:?}");
            }
            for ending in language.endings {
                assert!(!syllables.pieces.iter().any(|s| ending.text().starts_with(s.text())));
            }
        }
        assert!(language.endings.windows(2).all(|pair| pair[0].text() < pair[1].text()));
    }

    #[test]
    fn every_syllable_has_a_slot_and_every_slot_its_syllable() {
        let language = Language::new(MOST_SYLLABLES);
        for (syllables, count) in
            [(&language.first, FIRST_SYLLABLES), (&language.inner, INNER_SYLLABLES)]
        {
            assert_eq!((syllables.pieces.len(), syllables.edges.len()), (count, count + 1));
            assert_eq!(syllables.edges[count] as usize, SLOTS);
            for index in 0..count {
                let range = syllables.edges[index] as usize..syllables.edges[index + 1] as usize;
                assert!(!range.is_empty(), "{:?}", syllables.pieces[index]);
                assert!(syllables.slots[range].iter().all(|&slot| usize::from(slot) == index));
            }
        }
    }

    #[test]
    fn the_longest_word_fits() {
        let language = Language::new(MOST_SYLLABLES);
        let longest = |pieces: &[Piece]| pieces.iter().map(|piece| piece.len).max().unwrap();
        let syllable = longest(&language.first.pieces).max(longest(&language.inner.pieces));
        let ending = longest(&language.endings);
        assert_eq!(syllable * MOST_SYLLABLES + ending, MOST_WORD_BYTES);
    }
}
