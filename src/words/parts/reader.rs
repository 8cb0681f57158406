//! Reading the words of a part, some at a time. It knows no counts but those of the index.

use memchr::memrchr;

use super::{ListFile, LoadError, PartIndex, READ_BYTES, word_ends};

/// Reads the lines of some words after another.
#[derive(Debug, Default)]
pub struct Reader {
    pub(super) at: u64,
    pub(super) buffer: Vec<u8>,
}

/// Whole lines.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// Their bytes.
    pub bytes: &'a [u8],
    /// Where these stand in the file.
    pub at: u64,
    /// How many words they have.
    pub words: usize,
}

impl Reader {
    /// Goes to the lines of a word, by its number from 0.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn seek(&mut self, list: &ListFile, index: &PartIndex, word: u64) -> Result<(), LoadError> {
        self.at = list.start_of(index, word)?;
        Ok(())
    }

    /// The next lines, with as many words as are read at once but no more than `most_words`; `None`
    /// at the end of the list.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn next_piece(
        &mut self,
        list: &ListFile,
        most_words: usize,
    ) -> Result<Option<Piece<'_>>, LoadError> {
        let at = self.at;
        let Some((bytes, ends)) = self.next_lines(list, list.text.end)? else { return Ok(None) };
        let line_start = [b'\n'; 2];
        let mut words = word_ends(bytes, line_start, list.rules).count();
        let mut used = bytes.len();
        if words >= most_words {
            // Blank lines behind the last word are left to whoever reads the next one.
            let mut word_ends = word_ends(bytes, line_start, list.rules);
            used = most_words
                .checked_sub(1)
                .and_then(|last| word_ends.nth(last))
                .map_or(0, |at| at + 1);
            words = most_words;
        } else if ends && bytes.last() != Some(&b'\n') {
            words += 1;
        }
        self.at = at + used as u64;
        Ok(Some(Piece { bytes: &self.buffer[..used], at, words }))
    }

    /// The next whole lines, and whether the list ends with them. They may go on behind `end`.
    pub(super) fn next_lines(
        &mut self,
        list: &ListFile,
        end: u64,
    ) -> Result<Option<(&[u8], bool)>, LoadError> {
        if self.at >= end {
            return Ok(None);
        }
        let left = usize::try_from(list.text.end - self.at).unwrap_or(usize::MAX);
        let mut filled = 0;
        let mut wanted = left.min(READ_BYTES);
        loop {
            if self.buffer.len() < wanted {
                self.buffer.resize(wanted, 0);
            }
            list.read_all(&mut self.buffer[filled..wanted], self.at + filled as u64)?;
            let lines = if wanted == left {
                Some(left)
            } else {
                memrchr(b'\n', &self.buffer[filled..wanted]).map(|at| filled + at + 1)
            };
            if let Some(lines) = lines {
                let here = usize::try_from(end - self.at).unwrap_or(usize::MAX);
                // Behind `end`, which is where a line begins, are the lines of somebody else.
                let lines = lines.min(here);
                self.at += lines as u64;
                return Ok(Some((&self.buffer[..lines], lines == left)));
            }
            filled = wanted;
            wanted = left.min(wanted.saturating_mul(2));
        }
    }
}
