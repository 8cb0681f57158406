//! Word lists: sources, archives, lines, chunks, windows.
//!
//! A list is bytes. A line ends with LF or CRLF and the end is no part of the word; a last line
//! without an end counts; a lone CR is data; blank lines are words of length 0. The bytes are
//! loaded once into memory that other processes can map, and no word is ever allocated: words are
//! slices, chunks are byte ranges. A gzip or zstd archive is unpacked while it is read.
//!
//! This room knows nothing of hashing, of processes or of how a list is shared out; it uses
//! [`crate::os`] for its memory and to wait.

pub(crate) mod archive;
pub(crate) mod blocks;
mod chunk;
mod copy;
mod error;
mod index;
pub(crate) mod input;
mod list;
mod load;
pub mod parts;
mod shown;
mod source;
mod split;
mod unpack;
mod windows;

pub use chunk::{Chunk, Chunks};
pub use error::LoadError;
pub(crate) use list::BYTE_ORDER_MARK;
pub use list::WordList;
pub use load::{load, read_blocks};
pub use shown::{Shown, is_printable};
pub use source::Source;
pub use split::{Rules, Words};
pub use windows::{Room, Window, Windows};
