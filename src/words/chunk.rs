//! Cutting a list into chunks.

use std::ops::Range;

use super::index::LineIndex;
use super::split::{Rules, next_line};

/// A run of consecutive words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Where its lines stand in the list's text, their ends included.
    pub bytes: Range<usize>,
    /// The index of its first word.
    pub first_word: usize,
    /// How many words it has; at least one.
    pub words: usize,
}

/// The chunks of a list, in order.
#[derive(Debug)]
pub struct Chunks<'a, S> {
    text: &'a [u8],
    rules: Rules,
    index: &'a LineIndex,
    sizes: S,
    next_byte: usize,
    next_word: usize,
}

/// From this many words on it pays to look a chunk's end up in the index.
const LOOK_UP_FROM_WORDS: usize = 512;

impl<'a, S: Iterator<Item = usize>> Chunks<'a, S> {
    pub(super) fn new(text: &'a [u8], rules: Rules, index: &'a LineIndex, sizes: S) -> Self {
        Self { text, rules, index, sizes, next_byte: 0, next_word: 0 }
    }

    /// The byte after the line of word `last`, which is `next_word` or a later one.
    fn end_of_word(&self, last: usize) -> usize {
        let (mut at, mut word) = (self.next_byte, self.next_word);
        if last - word >= LOOK_UP_FROM_WORDS {
            let (block, words_before) = self.index.block_before(last);
            if block > at {
                // A line that the block cuts has not ended before it, so it is not counted yet.
                let line_start =
                    memchr::memrchr(b'\n', &self.text[..block]).map_or(0, |end| end + 1);
                (at, word) = (line_start, words_before);
            }
        }
        let mut rest = &self.text[at..];
        while let Some(line) = next_line(&mut rest) {
            if self.rules.is_word(line) {
                if word == last {
                    break;
                }
                word += 1;
            }
        }
        self.text.len() - rest.len()
    }
}

impl<S: Iterator<Item = usize>> Iterator for Chunks<'_, S> {
    type Item = Chunk;

    fn next(&mut self) -> Option<Chunk> {
        let left = self.index.words() - self.next_word;
        if left == 0 {
            return None;
        }
        let words = self.sizes.next()?.clamp(1, left);
        let end = self.end_of_word(self.next_word + words - 1);
        let chunk = Chunk { bytes: self.next_byte..end, first_word: self.next_word, words };
        self.next_byte = end;
        self.next_word += words;
        Some(chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Words;
    use super::*;
    use proptest::prelude::*;

    fn text_of(lines: &[(usize, u8)]) -> Vec<u8> {
        let mut text = Vec::new();
        for &(len, end) in lines {
            text.extend(std::iter::repeat_n(b'x', len));
            text.extend_from_slice([&b"\n"[..], b"\r\n", b"\n\n", b"\r\r\n"][usize::from(end % 4)]);
        }
        text
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn chunks_put_together_are_the_list(
            lines in prop::collection::vec((prop_oneof![0_usize..12, Just(5000)], 0_u8..4), 0..3000),
            last in 0_usize..3,
            sizes in prop::collection::vec(1_usize..1500, 1..8),
            skip_blank: bool,
        ) {
            let rules = Rules { skip_blank, ..Rules::default() };
            let mut text = text_of(&lines);
            text.extend(std::iter::repeat_n(b'y', last));
            let index = LineIndex::new(&text, rules);
            let all: Vec<&[u8]> = Words::new(&text, rules).collect();
            let chunks: Vec<Chunk> =
                Chunks::new(&text, rules, &index, sizes.iter().copied().cycle()).collect();
            let mut seen = 0;
            for (place, chunk) in chunks.iter().enumerate() {
                prop_assert_eq!(chunk.first_word, seen);
                if place + 1 < chunks.len() {
                    prop_assert_eq!(chunk.words, sizes[place % sizes.len()]);
                }
                let words: Vec<&[u8]> = Words::new(&text[chunk.bytes.clone()], rules).collect();
                prop_assert_eq!(&words[..], &all[seen..seen + chunk.words]);
                seen += chunk.words;
            }
            prop_assert_eq!(seen, all.len());
        }
    }

    #[test]
    fn chunks_end_with_the_sizes() {
        let text = b"a\nb\nc\n";
        let rules = Rules::default();
        let index = LineIndex::new(text, rules);
        assert_eq!(Chunks::new(text, rules, &index, [2].into_iter()).count(), 1);
        assert_eq!(
            Chunks::new(text, rules, &index, std::iter::repeat(0)).count(),
            3,
            "never 0 words"
        );
    }
}
