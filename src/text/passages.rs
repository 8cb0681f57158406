//! Reading a text passage by passage: some lines of it at a time, as soon as they are there.
//!
//! A text is prose, not a list: what counts are its words, wherever they stand. A passage ends
//! with a line, or in a line that is longer than a passage between two words: no word is cut.
//! Memory is bounded by what the caller allows, whatever the text is. Like a list, a text is
//! unpacked while it is read, and other archives are refused.
//!
//! This module knows nothing of what becomes of the words.

use memchr::{memchr_iter, memrchr};

use super::segment;
use crate::os::interrupt::Interrupt;
use crate::words::archive::refuse_others;
use crate::words::blocks::{BLOCK_BYTES, Blocks};
use crate::words::input::open_source;
use crate::words::{BYTE_ORDER_MARK, LoadError, Source};

/// How large a passage may become, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassageRoom {
    /// A passage is no longer, unless a word is.
    pub usual: usize,
    /// A word that needs more than this is an error.
    pub most: usize,
}

/// Some of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// Its bytes; without the byte-order mark that the text may begin with.
    pub text: Vec<u8>,
    /// The line that it begins in, from 1.
    pub line: usize,
    /// How many bytes of that line stand before it.
    pub line_bytes_before: usize,
}

/// What a text has next.
#[derive(Debug)]
pub enum Next {
    /// Another passage.
    Passage(Passage),
    /// Nothing yet: somebody has to write it first.
    NotYet,
    /// Nothing more.
    End,
}

/// A text that is read from its start to its end.
#[derive(Debug)]
pub struct Passages {
    blocks: Blocks,
    room: PassageRoom,
    prepared: bool,
    /// What was read behind the last passage.
    rest: Vec<u8>,
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
            rest: Vec::new(),
            line: 1,
            line_bytes: 0,
            at_start: true,
            ended: false,
        })
    }

    /// The next passage, in the memory of another one that is not needed any more. If it may wait,
    /// it waits until a line is there, but not for more lines than there are. The first time it
    /// waits in any case, for what the text begins with.
    ///
    /// # Errors
    ///
    /// See [`LoadError`]: also when a single word does not fit.
    pub fn next_passage(
        &mut self,
        mut memory: Vec<u8>,
        may_wait: bool,
        interrupt: &Interrupt,
    ) -> Result<Next, LoadError> {
        memory.clear();
        memory.append(&mut self.rest);
        let end = self.fill(&mut memory, may_wait, interrupt)?;
        let Some(end) = end else {
            self.rest = memory;
            return Ok(Next::NotYet);
        };
        let at_start = std::mem::take(&mut self.at_start);
        if at_start {
            refuse_others(&self.blocks.origin, &memory)?;
        }
        self.rest.extend_from_slice(&memory[end..]);
        memory.truncate(end);
        if at_start && memory.starts_with(BYTE_ORDER_MARK) {
            memory.drain(..BYTE_ORDER_MARK.len());
        }
        if memory.is_empty() && self.ended {
            return Ok(Next::End);
        }
        let (line, line_bytes_before) = (self.line, self.line_bytes);
        self.line += memchr_iter(b'\n', &memory).count();
        self.line_bytes = match memrchr(b'\n', &memory) {
            Some(line_end) => memory.len() - line_end - 1,
            None => line_bytes_before + memory.len(),
        };
        Ok(Next::Passage(Passage { text: memory, line, line_bytes_before }))
    }

    /// Reads until what was read has a passage in front; its end. `None` if it would have to wait
    /// and may not.
    fn fill(
        &mut self,
        read: &mut Vec<u8>,
        may_wait: bool,
        interrupt: &Interrupt,
    ) -> Result<Option<usize>, LoadError> {
        if !self.prepared {
            self.blocks.prepare(self.room.most, interrupt)?;
            self.prepared = true;
        }
        // How much of it was searched in vain: all of one word.
        let mut searched = 0;
        loop {
            let usual = self.room.usual.saturating_sub(searched);
            if let Some(cut) = segment::cut(&read[searched..], usual) {
                return Ok(Some(searched + cut));
            }
            if self.ended {
                return Ok(Some(read.len()));
            }
            if read.len() >= self.room.usual {
                searched = read.len();
            }
            if read.len() > self.room.most {
                return Err(LoadError::LineTooLong {
                    origin: self.blocks.origin.clone(),
                    line: self.line,
                    room_bytes: self.room.most,
                });
            }
            let line_end = memrchr(b'\n', read);
            if (line_end.is_some() || !may_wait) && !self.blocks.has_more_now() {
                // Somebody may wait for the lines that are there.
                return Ok(line_end.map(|line_end| line_end + 1));
            }
            let before = read.len();
            let missing = self.room.usual.saturating_sub(before);
            let wanted = if missing == 0 { BLOCK_BYTES } else { missing.min(BLOCK_BYTES) };
            self.blocks.append_block(read, wanted, interrupt)?;
            self.ended = read.len() == before;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write as _;
    use std::os::fd::AsRawFd as _;

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
        let mut memory = Vec::new();
        loop {
            match passages.next_passage(memory, true, &interrupt).unwrap() {
                Next::Passage(passage) => {
                    all.push((passage.text.clone(), passage.line, passage.line_bytes_before));
                    memory = passage.text;
                }
                Next::NotYet => panic!("it may wait"),
                Next::End => return all,
            }
        }
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
            let next = passages.next_passage(Vec::new(), true, &interrupt).unwrap();
            assert!(matches!(next, Next::Passage(passage) if passage.text == b"\n"));
        }
        let error = passages.next_passage(Vec::new(), true, &interrupt).unwrap_err();
        assert!(matches!(error, LoadError::LineTooLong { line: 3, .. }), "{error}");
    }

    #[test]
    fn it_waits_for_nobody_unless_it_may() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let folder = std::path::PathBuf::from("/proc/self/fd");
        let origin = Source::Path(folder.join(reader.as_raw_fd().to_string()));
        let interrupt = Interrupt::manual().unwrap();
        writer.write_all(b"none").unwrap();
        let mut passages = Passages::open(&origin, ROOM, &interrupt).unwrap();
        let mut next = || passages.next_passage(Vec::new(), false, &interrupt).unwrap();
        for (written, passage) in [
            ("", None),
            (" one", None),
            (" two", None),
            ("\nthree", Some("none one two\n")),
            ("", None),
            (" and much more", Some("three and much ")),
            ("\n", Some("more\n")),
        ] {
            writer.write_all(written.as_bytes()).unwrap();
            match (next(), passage) {
                (Next::Passage(found), Some(passage)) => assert_eq!(found.text, passage.as_bytes()),
                (Next::NotYet, None) => {}
                (found, _) => panic!("{found:?} behind {written:?}"),
            }
        }
        drop(writer);
        assert!(matches!(next(), Next::End));
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
