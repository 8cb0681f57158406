//! Reading a list window by window: as much of it at a time as there is memory for.
//!
//! A window is a [`WordList`] that ends with a line; what was read beyond goes into the next one.
//! A list that fits is one window, read as [`load`](super::load()) does. This module is told how
//! much memory a window may cost, not what the memory is for.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::FileExt as _;

use memchr::{memchr_iter, memrchr};
use rustix::io::Errno;

use super::blocks::{BLOCK_BYTES, Blocks};
use super::copy::copy_to_memory;
use super::error::LoadError;
use super::input::open_source;
use super::list::{Before, WordList, checked_list};
use super::source::Source;
use super::split::Rules;
use crate::os::interrupt::Interrupt;
use crate::os::region::{Region, memory_file};

/// How much memory a window may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// All of it: for the window's bytes and for what is made of each of its words.
    pub bytes: usize,
    /// What is made of one word takes so many bytes.
    pub bytes_a_word: usize,
    /// A window never has more words.
    pub most_words: usize,
}

impl Room {
    /// All the memory that there is.
    pub(super) const ALL: Self =
        Self { bytes: usize::MAX, bytes_a_word: 0, most_words: usize::MAX };

    /// Whether so many bytes of text with so many lines fit. Every line counts as a word.
    #[must_use]
    pub fn holds(self, bytes: usize, lines: usize) -> bool {
        // The index of the lines takes 8 bytes for each 4096 of the text.
        let text = bytes + bytes / 512;
        lines <= self.most_words
            && lines.saturating_mul(self.bytes_a_word).saturating_add(text) <= self.bytes
    }
}

/// A part of a list.
#[derive(Debug)]
pub struct Window {
    /// Its words.
    pub list: WordList,
    /// The index of its first word in the whole list.
    pub first_word: usize,
    /// Whether the list ends with it.
    pub is_last: bool,
}

/// A list that is read window by window.
#[derive(Debug)]
pub struct Windows {
    blocks: Blocks,
    rules: Rules,
    utf8: bool,
    /// Where the list begins in a regular file, and how many bytes there were from there on when
    /// it was opened; `None` where reading cannot begin again.
    file: Option<Extent>,
    /// What was read and is in no window yet, from `unread_from` on.
    buffer: Vec<u8>,
    unread_from: usize,
    before: Before,
    words_before: usize,
    ended: bool,
}

#[derive(Clone, Copy, Debug)]
struct Extent {
    start: u64,
    bytes: u64,
}

impl Windows {
    /// Opens a list; `utf8` demands that all of it is UTF-8.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    pub fn open(
        origin: &Source,
        rules: Rules,
        utf8: bool,
        interrupt: &Interrupt,
    ) -> Result<Self, LoadError> {
        let input = open_source(origin, interrupt)?;
        Self::of_file(input, origin.clone(), rules, utf8)
    }

    /// Reads a list from an open file, from where it stands; `origin` is its name in errors.
    ///
    /// # Errors
    ///
    /// When the system does not tell what kind of file it is.
    pub fn of_file(
        input: OwnedFd,
        origin: Source,
        rules: Rules,
        utf8: bool,
    ) -> Result<Self, LoadError> {
        let failed = |error: Errno| LoadError::Read { origin: origin.clone(), error: error.into() };
        let status = rustix::fs::fstat(&input).map_err(failed)?;
        let kind = rustix::fs::FileType::from_raw_mode(status.st_mode);
        let file = if kind == rustix::fs::FileType::RegularFile {
            let start = rustix::fs::tell(&input).map_err(failed)?;
            let size = u64::try_from(status.st_size).unwrap_or(0);
            // Files that the kernel makes up as they are read say that they have no bytes.
            (size > 0).then(|| Extent { start, bytes: size.saturating_sub(start) })
        } else {
            None
        };
        let mut blocks = Blocks::new(input, origin);
        if let Some(file) = file {
            blocks.look_ahead(file.start);
        }
        Ok(Self {
            blocks,
            rules,
            utf8,
            file,
            buffer: Vec::new(),
            unread_from: 0,
            before: Before::default(),
            words_before: 0,
            ended: false,
        })
    }

    /// The same list from a file that holds all its bytes, from the file's start.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn again_from(&self, file: OwnedFd) -> Result<Self, LoadError> {
        rustix::fs::seek(&file, rustix::fs::SeekFrom::Start(0))
            .map_err(|error| self.failed(error))?;
        Self::of_file(file, self.blocks.origin.clone(), self.rules, self.utf8)
    }

    /// The bytes of the whole list, where they are known before it was read. How many an archive
    /// unpacks to is not.
    #[must_use]
    pub fn whole_bytes(&self) -> Option<u64> {
        self.file.filter(|_| self.blocks.is_plain()).map(|file| file.bytes)
    }

    /// Whether it can be read any number of times.
    #[must_use]
    pub fn can_rewind(&self) -> bool {
        self.file.is_some()
    }

    /// The bytes that the windows had so far.
    #[must_use]
    pub fn bytes_read(&self) -> usize {
        self.before.bytes
    }

    /// Begins again with the first window; `false` when what is read is no file and cannot be
    /// read twice.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn rewind(&mut self) -> Result<bool, LoadError> {
        let Some(file) = self.file else { return Ok(false) };
        rustix::fs::seek(&self.blocks.input, rustix::fs::SeekFrom::Start(file.start))
            .map_err(|error| self.failed(error))?;
        self.blocks.restart();
        self.buffer.clear();
        self.unread_from = 0;
        self.before = Before::default();
        self.words_before = 0;
        self.ended = false;
        Ok(true)
    }

    /// The next window; `None` after the last one. An empty list is one empty window.
    ///
    /// # Errors
    ///
    /// See [`LoadError`]: also when a single line does not fit.
    pub fn next_window(
        &mut self,
        room: Room,
        interrupt: &Interrupt,
    ) -> Result<Option<Window>, LoadError> {
        if self.ended {
            return Ok(None);
        }
        let left = self.whole_bytes().map(|bytes| bytes.saturating_sub(self.before.bytes as u64));
        let fitting = left
            .and_then(|left| usize::try_from(left).ok())
            .filter(|&left| room.holds(left, left) && self.buffer.len() == self.unread_from);
        let (region, lines) = if let Some(left) = fitting {
            self.ended = true;
            let input = self.blocks.input.as_fd();
            // Nobody asks for the lines before the end.
            (copy_to_memory(input, left, &self.blocks.origin, interrupt)?, 0)
        } else {
            self.fill(room, interrupt)?
        };
        let bytes = region.len();
        let list = checked_list(region, self.before, &self.blocks.origin, self.rules, self.utf8)?;
        let window = Window { first_word: self.words_before, is_last: self.ended, list };
        self.words_before += window.list.len();
        self.before.bytes += bytes;
        self.before.lines += lines;
        Ok(Some(window))
    }

    /// Reads until the room is full or the list ends; the bytes, and how many line ends they have.
    fn fill(&mut self, room: Room, interrupt: &Interrupt) -> Result<(Region, usize), LoadError> {
        let mut memory = File::from(memory_file().map_err(|error| self.no_memory(error))?);
        let taken = self.blocks.prepare(room.bytes, interrupt)?;
        let room = Room { bytes: room.bytes - taken, ..room };
        let mut filled = Filled::default();
        loop {
            self.read_if_empty(interrupt)?;
            let unread = &self.buffer[self.unread_from..];
            if unread.is_empty() {
                self.ended = true;
                break;
            }
            let block = &unread[..unread.len().min(BLOCK_BYTES)];
            let taken = filled.take(block, room);
            let full = taken < block.len();
            memory.write_all(&block[..taken]).map_err(|error| self.no_memory(error))?;
            self.unread_from += taken;
            if full {
                self.cut_at_line_end(&memory, &filled, room)?;
                break;
            }
        }
        let region = Region::freeze(memory.into()).map_err(|error| self.no_memory(error))?;
        Ok((region, filled.lines))
    }

    fn read_if_empty(&mut self, interrupt: &Interrupt) -> Result<(), LoadError> {
        if self.unread_from < self.buffer.len() {
            return Ok(());
        }
        self.unread_from = 0;
        self.blocks.next_block(&mut self.buffer, interrupt)
    }

    /// Takes the begun line behind the last line end out of the window again, to be read once
    /// more for the next one.
    fn cut_at_line_end(
        &mut self,
        memory: &File,
        filled: &Filled,
        room: Room,
    ) -> Result<(), LoadError> {
        if filled.line_end == 0 {
            return Err(LoadError::LineTooLong {
                origin: self.blocks.origin.clone(),
                line: self.before.lines + 1,
                room_bytes: room.bytes,
            });
        }
        if filled.line_end == filled.bytes {
            return Ok(());
        }
        let mut begun = vec![0; filled.bytes - filled.line_end];
        memory
            .read_exact_at(&mut begun, filled.line_end as u64)
            .and_then(|()| memory.set_len(filled.line_end as u64))
            .map_err(|error| self.no_memory(error))?;
        begun.extend_from_slice(&self.buffer[self.unread_from..]);
        self.buffer = begun;
        self.unread_from = 0;
        Ok(())
    }

    fn failed(&self, error: Errno) -> LoadError {
        LoadError::Read { origin: self.blocks.origin.clone(), error: error.into() }
    }

    fn no_memory(&self, error: io::Error) -> LoadError {
        LoadError::Memory { origin: self.blocks.origin.clone(), error }
    }
}

/// How far a window is filled.
#[derive(Debug, Default)]
struct Filled {
    bytes: usize,
    /// Line ends among them.
    lines: usize,
    /// The byte after the last of these.
    line_end: usize,
}

impl Filled {
    /// Counts the block in, as much of it as fits: all, or whole lines; how many bytes it took.
    fn take(&mut self, block: &[u8], room: Room) -> usize {
        let lines = memchr_iter(b'\n', block).count();
        // A begun line is a word too.
        if room.holds(self.bytes + block.len(), self.lines + lines + 1) {
            if let Some(last) = memrchr(b'\n', block) {
                self.line_end = self.bytes + last + 1;
            }
            self.bytes += block.len();
            self.lines += lines;
            return block.len();
        }
        let before = self.bytes;
        for end in memchr_iter(b'\n', block).map(|at| at + 1) {
            if !room.holds(before + end, self.lines + 1) {
                break;
            }
            self.bytes = before + end;
            self.line_end = self.bytes;
            self.lines += 1;
        }
        self.bytes - before
    }
}

#[cfg(test)]
mod tests;
