//! Reading a text passage by passage: some lines of it at a time, as soon as they are there.
//!
//! A text is prose, not a list: what counts are its words, wherever they stand. A passage ends
//! with a line, or in a line that is longer than a passage between two words: no word is cut.
//! Memory is bounded by what the caller allows, whatever the text is. Like a list, a text is
//! unpacked while it is read, and other archives are refused.
//!
//! This module knows nothing of what becomes of the words.

use memchr::{memchr_iter, memrchr};

use super::archive::archive_format;
use super::blocks::{BLOCK_BYTES, Blocks};
use super::find;
use super::load::open_source;
use super::{BYTE_ORDER_MARK, LoadError, Source};
use crate::interrupt::Interrupt;

/// How large a passage may become, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassageRoom {
    /// A passage is no longer, unless a word is.
    pub usual: usize,
    /// A word that needs more than this is an error.
    pub most: usize,
}

/// Some of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passage<'a> {
    /// Its bytes; without the byte-order mark that the text may begin with.
    pub text: &'a [u8],
    /// The line that it begins in, from 1.
    pub line: usize,
    /// How many bytes of that line stand before it.
    pub line_bytes_before: usize,
}

/// A text that is read from its start to its end.
#[derive(Debug)]
pub struct Passages {
    blocks: Blocks,
    room: PassageRoom,
    prepared: bool,
    /// What was read and not forgotten yet.
    buffer: Vec<u8>,
    /// Where the last passage ended in it.
    passed: usize,
    /// One block, before it goes into the buffer.
    block: Vec<u8>,
    line: usize,
    line_bytes: usize,
    at_start: bool,
    ended: bool,
}

impl Passages {
    /// Opens a text.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    pub fn open(
        origin: &Source,
        room: PassageRoom,
        interrupt: &Interrupt,
    ) -> Result<Self, LoadError> {
        let input = open_source(origin, interrupt)?;
        Ok(Self {
            blocks: Blocks::new(input, origin.clone()),
            room,
            prepared: false,
            buffer: Vec::new(),
            passed: 0,
            block: Vec::new(),
            line: 1,
            line_bytes: 0,
            at_start: true,
            ended: false,
        })
    }

    /// The next passage; `None` after the last one. It waits until a line is there, but not for
    /// more lines than there are.
    ///
    /// # Errors
    ///
    /// See [`LoadError`]: also when a single word does not fit.
    pub fn next_passage(
        &mut self,
        interrupt: &Interrupt,
    ) -> Result<Option<Passage<'_>>, LoadError> {
        let (line, line_bytes_before) = (self.line, self.line_bytes);
        let end = self.fill(interrupt)?;
        let mut start = self.passed;
        if self.at_start {
            self.at_start = false;
            if let Some((format, unpack)) = archive_format(&self.buffer) {
                let origin = self.blocks.origin.clone();
                return Err(LoadError::Archive { origin, format, unpack });
            }
            if self.buffer.starts_with(BYTE_ORDER_MARK) {
                start = BYTE_ORDER_MARK.len();
            }
        }
        let text = &self.buffer[start..end];
        let is_last = start == end && self.ended;
        self.passed = end;
        self.line += memchr_iter(b'\n', text).count();
        self.line_bytes = match memrchr(b'\n', text) {
            Some(line_end) => text.len() - line_end - 1,
            None => line_bytes_before + text.len(),
        };
        Ok((!is_last).then_some(Passage { text, line, line_bytes_before }))
    }

    /// Reads until there is a passage behind the last one; its end.
    fn fill(&mut self, interrupt: &Interrupt) -> Result<usize, LoadError> {
        if !self.prepared {
            self.blocks.prepare(self.room.most, interrupt)?;
            self.prepared = true;
        }
        // How much of what is left was searched in vain: all of one word.
        let mut searched = 0;
        loop {
            let left = &self.buffer[self.passed..];
            let usual = self.room.usual.saturating_sub(searched);
            if let Some(cut) = find::cut(&left[searched..], usual) {
                return Ok(self.passed + searched + cut);
            }
            if self.ended {
                return Ok(self.buffer.len());
            }
            if left.len() >= self.room.usual {
                searched = left.len();
            }
            if left.len() > self.room.most {
                return Err(LoadError::LineTooLong {
                    origin: self.blocks.origin.clone(),
                    line: self.line,
                    room_bytes: self.room.most,
                });
            }
            // Somebody may wait for the lines that are there.
            if let Some(line_end) = memrchr(b'\n', left).filter(|_| !self.blocks.has_more_now()) {
                return Ok(self.passed + line_end + 1);
            }
            self.read(interrupt)?;
        }
    }

    /// Reads a block behind what is left of the others.
    fn read(&mut self, interrupt: &Interrupt) -> Result<(), LoadError> {
        self.buffer.drain(..self.passed);
        self.passed = 0;
        self.blocks.next_block(&mut self.block, interrupt)?;
        self.ended = self.block.is_empty();
        self.buffer.extend_from_slice(&self.block);
        Ok(())
    }
}

/// What a reader needs besides the room: a block, and the same again while it is unpacked.
pub const PASSAGES_OVERHEAD_BYTES: usize = 2 * BLOCK_BYTES;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write as _;

    const ROOM: PassageRoom = PassageRoom { usual: 16, most: 1 << 20 };

    fn open(text: &[u8], room: PassageRoom) -> (tempfile::NamedTempFile, Passages) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text).unwrap();
        let origin = Source::Path(file.path().to_owned());
        let passages = Passages::open(&origin, room, &Interrupt::manual().unwrap()).unwrap();
        (file, passages)
    }

    fn all(text: &[u8], room: PassageRoom) -> Vec<(Vec<u8>, usize, usize)> {
        let (_file, mut passages) = open(text, room);
        let interrupt = Interrupt::manual().unwrap();
        let mut all = Vec::new();
        while let Some(passage) = passages.next_passage(&interrupt).unwrap() {
            all.push((passage.text.to_vec(), passage.line, passage.line_bytes_before));
        }
        all
    }

    #[test]
    fn a_text_is_cut_at_lines_else_between_words() {
        let long = vec![b'x'; 3 * BLOCK_BYTES];
        for (text, passages) in [
            (&b""[..], vec![]),
            (b"\xef\xbb\xbf", vec![]),
            (b"\xef\xbb\xbfa\nb", vec![(&b"a\nb"[..], 1, 0)]),
            (b"one\ntwo three four", vec![(b"one\n", 1, 0), (b"two three four", 2, 0)]),
            (b"one two three four", vec![(b"one two three ", 1, 0), (b"four", 1, 14)]),
            (
                b"a\nb(0123456789abcdefg)",
                vec![(b"a\n", 1, 0), (b"b(", 2, 0), (b"0123456789abcdefg)", 2, 2)],
            ),
            (&long, vec![(&long, 1, 0)]),
        ] {
            let found = all(text, ROOM);
            let found: Vec<_> = found.iter().map(|(text, a, b)| (&text[..], *a, *b)).collect();
            assert_eq!(found, passages, "{:?}", &text[..text.len().min(20)]);
        }
    }

    #[test]
    fn a_word_beyond_the_room_is_an_error_that_names_its_line() {
        let text = [b"\n\n".to_vec(), vec![b'x'; 3 * BLOCK_BYTES]].concat();
        let (_file, mut passages) = open(&text, PassageRoom { usual: 1, most: BLOCK_BYTES });
        let interrupt = Interrupt::manual().unwrap();
        for _ in 0..2 {
            assert_eq!(passages.next_passage(&interrupt).unwrap().unwrap().text, b"\n");
        }
        let error = passages.next_passage(&interrupt).unwrap_err();
        assert!(matches!(error, LoadError::LineTooLong { line: 3, .. }), "{error}");
    }

    proptest! {
        #[test]
        fn passages_are_the_text_and_say_where_they_begin(
            text in "[ab \n]{0,200}",
            usual in 1_usize..100,
        ) {
            let mut rest = text.as_bytes();
            for (passage, line, before) in all(text.as_bytes(), PassageRoom { usual, ..ROOM }) {
                let done = &text.as_bytes()[..text.len() - rest.len()];
                prop_assert_eq!(line, 1 + memchr_iter(b'\n', done).count());
                prop_assert_eq!(before, done.len() - memrchr(b'\n', done).map_or(0, |at| at + 1));
                prop_assert!(rest.starts_with(&passage));
                rest = &rest[passage.len()..];
            }
            prop_assert!(rest.is_empty());
        }
    }
}
