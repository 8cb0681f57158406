//! What a word is: loading a list, splitting it into words, cutting it into chunks, making one.
//!
//! A list is bytes. A line ends with LF or CRLF and the end is no part of the word; a last line
//! without an end counts; a lone CR is data; blank lines are words of length 0. The bytes are
//! loaded once into memory that other processes can map, and no word is ever allocated: words are
//! slices, chunks are byte ranges. A gzip or zstd archive is unpacked while it is read.
//!
//! This room knows nothing of hashing, of processes or of how a list is shared out; it uses
//! [`crate::os::region`] for its memory.

pub(crate) mod archive;
pub(crate) mod blocks;
mod chunk;
mod index;
pub(crate) mod load;
pub mod parts;
mod shown;
mod split;
mod unpack;
mod windows;

pub use chunk::{Chunk, Chunks};
pub use load::{LoadError, Source, load, read_blocks};
pub use shown::{Shown, is_printable};
pub use split::{Rules, Words};
pub use windows::{Room, Window, Windows};

use crate::os::region::Region;
use index::LineIndex;

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

pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
