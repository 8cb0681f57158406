//! A loaded list: frozen bytes and the index of their lines.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use super::archive::refuse_others;
use super::chunk::{Chunk, Chunks};
use super::error::LoadError;
use super::index::LineIndex;
use super::source::Source;
use super::split::{Rules, Words};
use crate::os::region::{Region, memory_file};

pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A loaded word list. It cannot change any more, in this process or in another one.
#[derive(Debug)]
pub struct WordList {
    region: Region,
    text_start: usize,
    index: LineIndex,
    rules: Rules,
}

impl WordList {
    fn new(region: Region, rules: Rules) -> Self {
        let text_start = if region.frozen_bytes().starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len()
        } else {
            0
        };
        Self::with_text_from(text_start, region, rules)
    }

    /// The words from byte `text_start` on.
    fn with_text_from(text_start: usize, region: Region, rules: Rules) -> Self {
        let index = LineIndex::new(&region.frozen_bytes()[text_start..], rules);
        Self { region, text_start, index, rules }
    }

    /// The number of words.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.words()
    }

    /// Whether there are no words.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of the list, a byte-order mark left out.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.region.frozen_bytes()[self.text_start..]
    }

    /// How many bytes were loaded, a byte-order mark included.
    #[must_use]
    pub fn loaded_bytes(&self) -> usize {
        self.region.len()
    }

    /// Whether the list began with a UTF-8 byte-order mark.
    #[must_use]
    pub fn had_byte_order_mark(&self) -> bool {
        self.text_start > 0
    }

    /// The memory that holds the list, for other processes to map.
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// Where [`WordList::text`] begins in [`WordList::region`], in bytes.
    #[must_use]
    pub fn text_start(&self) -> usize {
        self.text_start
    }

    /// The rules by which the list is split.
    #[must_use]
    pub fn rules(&self) -> Rules {
        self.rules
    }

    /// All words in order.
    #[must_use]
    pub fn words(&self) -> Words<'_> {
        Words::new(self.text(), self.rules)
    }

    /// The words of one chunk in order.
    ///
    /// # Panics
    ///
    /// When the chunk is of another, longer list.
    #[must_use]
    pub fn words_of(&self, chunk: &Chunk) -> Words<'_> {
        Words::new(&self.text()[chunk.bytes.clone()], self.rules)
    }

    /// The list cut into chunks of the given numbers of words, in order; the last one holds what
    /// is left. The chunks end with the list, however long `sizes` is.
    pub fn chunks<S: Iterator<Item = usize>>(&self, sizes: S) -> Chunks<'_, S> {
        Chunks::new(self.text(), self.rules, &self.index, sizes)
    }
}

impl WordList {
    /// The list that `write` writes.
    ///
    /// # Errors
    ///
    /// When the memory for it is not to be had, or what `write` says.
    pub fn from_writer(
        rules: Rules,
        write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
    ) -> io::Result<Self> {
        let mut file = File::from(memory_file()?);
        write(&mut file)?;
        Ok(Self::new(Region::freeze(OwnedFd::from(file))?, rules))
    }

    /// The list that consists of these bytes.
    ///
    /// # Errors
    ///
    /// When the memory for it is not to be had.
    pub fn from_bytes(text: &[u8], rules: Rules) -> io::Result<Self> {
        Self::from_writer(rules, |sink| sink.write_all(text))
    }
}

/// What was read of a list before the bytes at hand.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Before {
    pub(crate) bytes: usize,
    pub(crate) lines: usize,
}

/// The list that these bytes are, if they are what they were said to be.
pub(crate) fn checked_list(
    region: Region,
    before: Before,
    origin: &Source,
    rules: Rules,
    utf8: bool,
) -> Result<WordList, LoadError> {
    let at_start = before.bytes == 0;
    if at_start {
        refuse_others(origin, region.frozen_bytes())?;
    }
    let list = if at_start {
        WordList::new(region, rules)
    } else {
        WordList::with_text_from(0, region, rules)
    };
    if utf8 {
        check_utf8(list.text(), before.lines, origin)?;
    }
    Ok(list)
}

fn check_utf8(text: &[u8], lines_before: usize, origin: &Source) -> Result<(), LoadError> {
    let Err(error) = std::str::from_utf8(text) else { return Ok(()) };
    let good = &text[..error.valid_up_to()];
    let line_start = memchr::memrchr(b'\n', good).map_or(0, |end| end + 1);
    Err(LoadError::NotUtf8 {
        origin: origin.clone(),
        line: lines_before + memchr::memchr_iter(b'\n', good).count() + 1,
        byte: good.len() - line_start + 1,
        value: text[good.len()],
    })
}
