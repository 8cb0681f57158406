//! Where in a list its n-th word begins.
//!
//! One pass when a list is loaded counts the words that end in each block of bytes. From then on
//! the border of a chunk is found by skipping whole blocks and walking through one of them.

use memchr::memchr_iter;

use super::split::{Rules, next_line};

/// Small enough that walking through one costs about a microsecond, large enough that the counts
/// take only 0.2 % of the list's size.
const BLOCK_BYTES: usize = 4096;

/// How many words end before each block of a list.
#[derive(Debug)]
pub(super) struct LineIndex {
    /// `before_block[i]`: the words whose line ends before byte `i * BLOCK_BYTES`; one entry more
    /// than there are blocks, so that the last one counts all words, a last line without an end
    /// included.
    before_block: Vec<usize>,
}

impl LineIndex {
    pub(super) fn new(text: &[u8], rules: Rules) -> Self {
        let mut before_block = Vec::with_capacity(text.len() / BLOCK_BYTES + 2);
        before_block.push(0);
        if rules.skip_blank {
            count_words(text, rules, &mut before_block);
        } else {
            count_line_ends(text, &mut before_block);
        }
        Self { before_block }
    }

    /// The number of words in the list.
    pub(super) fn words(&self) -> usize {
        self.before_block.last().copied().unwrap_or(0)
    }

    /// The start of the last block before whose first byte at most `words` words have ended, and
    /// how many have.
    pub(super) fn block_before(&self, words: usize) -> (usize, usize) {
        // The last entry is no block: it lies past the end of the list.
        let blocks = &self.before_block[..self.before_block.len() - 1];
        match blocks.partition_point(|&before| before <= words).checked_sub(1) {
            None => (0, 0),
            Some(block) => (block * BLOCK_BYTES, blocks[block]),
        }
    }
}

/// Every line is a word: counting line ends is enough, at the speed of memory.
fn count_line_ends(text: &[u8], before_block: &mut Vec<usize>) {
    let mut words = 0;
    for block in text.chunks(BLOCK_BYTES) {
        words += memchr_iter(b'\n', block).count();
        before_block.push(words);
    }
    if let (Some(last), Some(b'\0'..=b'\x09' | b'\x0b'..)) = (before_block.last_mut(), text.last())
    {
        *last += 1;
    }
}

/// Some lines are no words: each is looked at.
fn count_words(text: &[u8], rules: Rules, before_block: &mut Vec<usize>) {
    let (mut rest, mut words) = (text, 0);
    while let Some(line) = next_line(&mut rest) {
        let line_end = text.len() - rest.len();
        // The line's last byte lies in the block that counts it.
        while before_block.len() * BLOCK_BYTES < line_end {
            before_block.push(words);
        }
        words += usize::from(rules.is_word(line));
    }
    if !text.is_empty() {
        before_block.push(words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_last_line_counts_with_and_without_its_end() {
        for (text, words) in [("", 0), ("a", 1), ("a\n", 1), ("\n", 1), ("a\nb", 2), ("\r", 1)] {
            assert_eq!(
                LineIndex::new(text.as_bytes(), Rules::default()).words(),
                words,
                "{text:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn the_words_counted_before_a_block_have_ended_there(
            lines in prop::collection::vec(0_usize..3000, 0..20),
            skip_blank: bool,
        ) {
            let rules = Rules { skip_blank, ..Rules::default() };
            let text: Vec<u8> = lines.iter().flat_map(|&len| [vec![b'x'; len], vec![b'\n']].concat()).collect();
            let index = LineIndex::new(&text, rules);
            let all = super::super::Words::new(&text, rules).count();
            prop_assert_eq!(index.words(), all);
            for words in 0..=all {
                let (at, before) = index.block_before(words);
                prop_assert!(before <= words && at <= text.len());
                // Words are counted by the ends of their lines, so a cut line is no word yet.
                let ended = text[..at].iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
                prop_assert_eq!(super::super::Words::new(&text[..ended], rules).count(), before);
            }
        }
    }
}
