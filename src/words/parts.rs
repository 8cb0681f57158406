//! A list in a file of which many readers each read the parts that they need.
//!
//! Nobody holds such a list as a whole. The words that end in each block of the file are counted
//! once, by several readers, each its own run of blocks; all counts together are the [`PartIndex`],
//! by which anybody finds the n-th word with one short read. Blocks grow with the list, so that the
//! index never takes more than [`MOST_BLOCKS`] × 8 bytes.
//!
//! What was counted and what is read later must be the same bytes, though readers may sit on
//! different machines: [`tally()`] is a sum over bytes at their places that readers add up.
//!
//! This module does not know who the readers are, nor how they tell each other what they found.

mod reader;
mod tally;

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt as _;

use memchr::{memchr_iter, memrchr};

use super::archive::{FIRST_BYTES, refuse_others};
use super::input::open_source;
use super::{BYTE_ORDER_MARK, LoadError, Rules, Source};
use crate::os::interrupt::Interrupt;
pub use reader::{Piece, Reader};
use tally::factor;
pub use tally::tally;

/// An index has at most so many blocks: 32 MiB.
pub const MOST_BLOCKS: u64 = 1 << 22;

/// No block is smaller: to look through one takes about a microsecond.
const LEAST_BLOCK_BYTES: u64 = 4096;

/// One call to `read` asks for so much: it stays in the second-level cache until it is hashed.
const READ_BYTES: usize = 128 << 10;

/// Of a list larger than this, only samples are compared before it is read.
const COMPARED_WHOLE_BYTES: u64 = 16 << 20;

/// How many samples, of 4 KiB each.
const SAMPLES: u64 = 1024;

/// A list in a regular file, open for reading parts of it.
#[derive(Debug)]
pub struct ListFile {
    file: File,
    origin: Source,
    /// Where the words are: all bytes but a byte-order mark.
    text: Range<u64>,
    rules: Rules,
    block_bytes: u64,
}

/// What was counted in a run of blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// For each block, the words whose line ends in it.
    pub words: Vec<u32>,
    /// The [`tally()`] of the blocks' bytes.
    pub tally: u64,
}

/// A byte that is no UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotUtf8 {
    /// Its line, from 0 in the part that was looked through.
    pub line: u64,
    /// Its place in the line, from 1.
    pub byte: u64,
    /// The byte.
    pub value: u8,
}

/// How many words end before each block.
#[derive(Debug)]
pub struct PartIndex {
    /// One entry more than there are blocks: the last one counts all words.
    before: Vec<u64>,
}

impl PartIndex {
    /// The index that the counts of all blocks, in order, make.
    #[must_use]
    pub fn new(words_in_blocks: &[u32]) -> Self {
        let mut before = Vec::with_capacity(words_in_blocks.len() + 1);
        let mut sum = 0;
        before.push(sum);
        before.extend(words_in_blocks.iter().map(|&words| {
            sum += u64::from(words);
            sum
        }));
        Self { before }
    }

    /// The number of words in the list.
    #[must_use]
    pub fn words(&self) -> u64 {
        self.before.last().copied().unwrap_or(0)
    }

    /// The block in which the line of a word ends, and how many words end before that block.
    fn block_of(&self, word: u64) -> (u64, u64) {
        let block = self.before.partition_point(|&before| before <= word).saturating_sub(1);
        (block as u64, self.before[block])
    }
}

impl ListFile {
    /// Opens a list.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, or is nothing of which parts can be read.
    pub fn open(origin: &Source, rules: Rules, interrupt: &Interrupt) -> Result<Self, LoadError> {
        if *origin == Source::StandardInput {
            return Err(LoadError::NoParts { origin: origin.clone(), what: "a stream" });
        }
        Self::of_file(open_source(origin, interrupt)?, origin.clone(), rules)
    }

    /// The list that is all of an open file, from its first byte; `origin` is its name in errors.
    ///
    /// # Errors
    ///
    /// When it is nothing of which parts can be read.
    pub fn of_file(file: OwnedFd, origin: Source, rules: Rules) -> Result<Self, LoadError> {
        let file = File::from(file);
        let failed = |error| LoadError::Read { origin: origin.clone(), error };
        let status = file.metadata().map_err(failed)?;
        if status.is_dir() {
            return Err(LoadError::Directory { origin });
        }
        if !status.is_file() {
            return Err(LoadError::NoParts { origin, what: "no regular file" });
        }
        let mut first = [0; FIRST_BYTES];
        let read = read_up_to(&file, &mut first, 0).map_err(failed)?;
        let first = &first[..read];
        refuse_others(&origin, first).map_err(|error| match error {
            LoadError::Archive { origin, format: "gzip", .. } => {
                LoadError::NoParts { origin, what: "a gzip archive" }
            }
            LoadError::Archive { origin, format: "zstd", .. } => {
                LoadError::NoParts { origin, what: "a zstd archive" }
            }
            other => other,
        })?;
        let start = if first.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let text = start as u64..status.len();
        let least = (text.end - text.start).div_ceil(MOST_BLOCKS).max(LEAST_BLOCK_BYTES);
        Ok(Self { file, origin, text, rules, block_bytes: least.next_power_of_two() })
    }

    /// Another descriptor of the same open file.
    ///
    /// # Errors
    ///
    /// When the system has none left.
    pub fn duplicate(&self) -> io::Result<OwnedFd> {
        self.file.try_clone().map(OwnedFd::from)
    }

    /// The name of the list in errors.
    #[must_use]
    pub fn origin(&self) -> &Source {
        &self.origin
    }

    /// What counts as a word.
    #[must_use]
    pub fn rules(&self) -> Rules {
        self.rules
    }

    /// The bytes of the file, a byte-order mark included.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        self.text.end
    }

    /// Whether the list begins with a UTF-8 byte-order mark.
    #[must_use]
    pub fn had_byte_order_mark(&self) -> bool {
        self.text.start > 0
    }

    /// How many blocks the list has.
    #[must_use]
    pub fn blocks(&self) -> u64 {
        (self.text.end - self.text.start).div_ceil(self.block_bytes)
    }

    /// A sum that is the same for equal files, and all but surely another one for files that differ
    /// in length or in what it looks at: everything in a list of up to 16 MiB, else 1,024 samples
    /// of 4 KiB.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn fingerprint(&self) -> Result<u64, LoadError> {
        let bytes = self.text.end;
        let mut buffer = vec![0; READ_BYTES];
        let mut sum = factor(bytes);
        let (count, step, len) = if bytes <= COMPARED_WHOLE_BYTES {
            (bytes.div_ceil(READ_BYTES as u64), READ_BYTES as u64, READ_BYTES)
        } else {
            let sample = LEAST_BLOCK_BYTES;
            (SAMPLES, (bytes - sample) / (SAMPLES - 1), usize::try_from(sample).unwrap_or(0))
        };
        for at in (0..count).map(|number| number * step) {
            let read =
                read_up_to(&self.file, &mut buffer[..len], at).map_err(|e| self.failed(e))?;
            sum = sum.wrapping_add(tally(&buffer[..read], at));
        }
        Ok(sum)
    }

    /// Counts the words that end in some blocks. `stop` is asked now and then.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or `stop` says a signal.
    pub fn survey(
        &self,
        blocks: Range<u64>,
        stop: &dyn Fn() -> Option<i32>,
    ) -> Result<Survey, LoadError> {
        let mut survey = Survey::default();
        let mut scan = self.scan(blocks.start)?;
        for block in blocks {
            let end = self.block(block).end;
            let mut words = 0;
            while scan.at < end {
                if let Some(signal) = stop() {
                    return Err(LoadError::Interrupted { signal });
                }
                self.read_next(&mut scan, end)?;
                survey.tally = survey.tally.wrapping_add(tally(&scan.buffer, scan.begin));
                words += word_ends(&scan.buffer, scan.before, self.rules).count();
                scan.pass();
            }
            // A last line without an end is a word: it is not blank.
            words += usize::from(end == self.text.end && scan.before[1] != b'\n');
            // A block that counts more words than this has 4 GiB: 16 PiB of list.
            survey.words.push(u32::try_from(words).unwrap_or(u32::MAX));
        }
        Ok(survey)
    }

    /// Looks through the lines that begin in some blocks for bytes that are no UTF-8: how many
    /// lines there are up to the first such byte, or in all, and that byte.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or `stop` says a signal.
    pub fn check_utf8(
        &self,
        blocks: Range<u64>,
        stop: &dyn Fn() -> Option<i32>,
    ) -> Result<(u64, Option<NotUtf8>), LoadError> {
        if blocks.is_empty() {
            return Ok((0, None));
        }
        let (start, end) = (self.line_from(blocks.start)?, self.line_from(blocks.end)?);
        let mut reader = Reader { at: start, buffer: Vec::new() };
        let mut lines = 0;
        while reader.at < end {
            if let Some(signal) = stop() {
                return Err(LoadError::Interrupted { signal });
            }
            let Some((bytes, _)) = reader.next_lines(self, end)? else { break };
            if let Err(error) = std::str::from_utf8(bytes) {
                let good = &bytes[..error.valid_up_to()];
                let line_start = memrchr(b'\n', good).map_or(0, |at| at + 1);
                lines += memchr_iter(b'\n', good).count() as u64;
                let byte = (good.len() - line_start + 1) as u64;
                return Ok((lines, Some(NotUtf8 { line: lines, byte, value: bytes[good.len()] })));
            }
            lines += memchr_iter(b'\n', bytes).count() as u64;
        }
        Ok((lines, None))
    }

    /// Where the first line begins that begins in this block or behind it.
    fn line_from(&self, block: u64) -> Result<u64, LoadError> {
        let start = self.block(block).start;
        if start == self.text.start || start >= self.text.end {
            return Ok(start.min(self.text.end));
        }
        // The line end before a line may be the last byte of the block before.
        let mut scan = Scan::from(start - 1, [b'\n'; 2]);
        while scan.at < self.text.end {
            self.read_next(&mut scan, self.text.end)?;
            if let Some(at) = memchr::memchr(b'\n', &scan.buffer) {
                return Ok(scan.begin + at as u64 + 1);
            }
        }
        Ok(self.text.end)
    }

    /// The byte behind the line of the word before `word`: from here on lines are blank, or the
    /// word's own.
    fn start_of(&self, index: &PartIndex, word: u64) -> Result<u64, LoadError> {
        let Some(last) = word.checked_sub(1) else { return Ok(self.text.start) };
        let (block, before) = index.block_of(last);
        let mut left = usize::try_from(last - before).unwrap_or(usize::MAX);
        let end = self.block(block).end;
        let mut scan = self.scan(block)?;
        while scan.at < end {
            self.read_next(&mut scan, end)?;
            let ends = || word_ends(&scan.buffer, scan.before, self.rules);
            if let Some(at) = ends().nth(left) {
                return Ok(scan.begin + at as u64 + 1);
            }
            left -= ends().count();
            scan.pass();
        }
        Ok(self.text.end)
    }

    fn block(&self, block: u64) -> Range<u64> {
        let start = self.text.start + block * self.block_bytes;
        start.min(self.text.end)..(start + self.block_bytes).min(self.text.end)
    }

    /// Ready to look through the file from the start of a block.
    fn scan(&self, block: u64) -> Result<Scan, LoadError> {
        let at = self.block(block).start;
        // Before the text there is a line end, as it were.
        let mut before = [b'\n'; 2];
        let known = usize::try_from((at - self.text.start).min(2)).unwrap_or(2);
        let read = read_up_to(&self.file, &mut before[2 - known..], at - known as u64);
        read.map_err(|error| self.failed(error))?;
        Ok(Scan::from(at, before))
    }

    /// Reads on, up to `end`, which must be ahead.
    fn read_next(&self, scan: &mut Scan, end: u64) -> Result<(), LoadError> {
        let wanted = usize::try_from(end - scan.at).unwrap_or(usize::MAX).min(READ_BYTES);
        scan.buffer.resize(wanted, 0);
        self.read_all(&mut scan.buffer, scan.at)?;
        scan.begin = scan.at;
        scan.at += wanted as u64;
        Ok(())
    }

    fn read_all(&self, buffer: &mut [u8], at: u64) -> Result<(), LoadError> {
        self.file.read_exact_at(buffer, at).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => LoadError::Shrunk { origin: self.origin.clone() },
            _ => self.failed(error),
        })
    }

    fn failed(&self, error: io::Error) -> LoadError {
        LoadError::Read { origin: self.origin.clone(), error }
    }
}

/// Looking through a file, a buffer at a time.
struct Scan {
    /// What was read last, where it begins, and the two bytes before that.
    buffer: Vec<u8>,
    begin: u64,
    before: [u8; 2],
    /// Where to read on.
    at: u64,
}

impl Scan {
    fn from(at: u64, before: [u8; 2]) -> Self {
        Self { buffer: Vec::new(), begin: at, before, at }
    }

    /// What was read lies behind.
    fn pass(&mut self) {
        self.before = match self.buffer[..] {
            [.., one, two] => [one, two],
            [one] => [self.before[1], one],
            [] => self.before,
        };
    }
}

/// Where the lines of words end in these bytes, which follow `before`.
fn word_ends(bytes: &[u8], before: [u8; 2], rules: Rules) -> impl Iterator<Item = usize> + '_ {
    let byte = move |at: usize, back: usize| match at.checked_sub(back) {
        Some(place) => bytes[place],
        None => before[2 + at - back],
    };
    let is_blank = move |at: usize| match byte(at, 1) {
        b'\n' => true,
        b'\r' => byte(at, 2) == b'\n',
        _ => false,
    };
    memchr_iter(b'\n', bytes).filter(move |&at| !(rules.skip_blank && is_blank(at)))
}

fn read_up_to(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], at + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests;
