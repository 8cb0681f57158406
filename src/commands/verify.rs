//! Holding records against those that a file has.

use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::os::interrupt::Interrupt;
use crate::words::archive::refuse_others;
use crate::words::blocks::Blocks;
use crate::words::input::open_source;
use crate::words::{LoadError, Shown, Source};

/// What packed records may take to be unpacked.
const ROOM_BYTES: usize = 256 << 20;

/// A file of records that is read as far as records are held against it.
pub(super) struct Verifier {
    path: PathBuf,
    blocks: Blocks,
    interrupt: Arc<Interrupt>,
    /// Lines of text, not raw digests: packed ones are recognised, and differences in form.
    text: bool,
    /// What was read and not compared.
    found: Vec<u8>,
    ended: bool,
    at_start: bool,
}

/// The records may be right, but they are written in another way.
#[derive(Debug, thiserror::Error)]
#[error("{path}: the records are not written as `wordhash digest` writes them: {how}; {remedy}", path = path.display())]
struct OtherForm {
    path: PathBuf,
    how: &'static str,
    remedy: &'static str,
}

/// Where a file is not what it should be. Records are counted from 1.
#[derive(Debug)]
pub(super) enum Mismatch {
    /// A record has another byte.
    Differs { path: PathBuf, record: usize, byte: usize, word: Vec<u8> },
    /// The file ends before or in a record.
    TooShort { path: PathBuf, record: usize, word: Vec<u8> },
    /// The list ends before the file does.
    TooLong { path: PathBuf, records: usize },
}

/// Where bytes differ from those of the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Difference {
    /// How many of them are the same.
    pub(super) place: usize,
    /// Whether the file ends there.
    pub(super) cut: bool,
}

impl Display for Mismatch {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differs { path, record, byte, word } => write!(
                f,
                "{}: record {record} is wrong from its byte {byte} on; it should be that of {}",
                path.display(),
                named(word)
            ),
            Self::TooShort { path, record, word } => write!(
                f,
                "{}: too short: record {record}, that of {}, is missing or cut off",
                path.display(),
                named(word)
            ),
            Self::TooLong { path, records } => {
                write!(f, "{}: too long: the list ends after {records} words", path.display())
            }
        }
    }
}

/// Whether the digits of a record from a place on are the wanted ones, all of them capitals. (One
/// capital alone is a flipped bit.)
fn are_capitals(wanted: &[u8], found: &[u8]) -> bool {
    let digits = found.iter().take_while(|digit| digit.is_ascii_hexdigit()).count();
    let capitals = found[..digits].iter().filter(|digit| digit.is_ascii_uppercase()).count();
    capitals > 1
        && found[..digits].eq_ignore_ascii_case(&wanted[..digits])
        && !found[..digits].iter().any(u8::is_ascii_lowercase)
}

fn named(word: &[u8]) -> String {
    if word.is_empty() { "an empty word".to_owned() } else { format!("`{}`", Shown(word)) }
}

impl Verifier {
    /// Opens the file; `-` is standard input.
    pub(super) fn open(
        path: &Path,
        text: bool,
        interrupt: &Arc<Interrupt>,
    ) -> Result<Self, LoadError> {
        let is_stdin = path == Path::new("-");
        let source = if is_stdin { Source::StandardInput } else { Source::Path(path.to_owned()) };
        let mut blocks = Blocks::new(open_source(&source, interrupt)?, source.clone());
        if text {
            blocks.prepare(ROOM_BYTES, interrupt)?;
        } else {
            blocks.take_as_plain();
        }
        Ok(Self {
            path: PathBuf::from(source.to_string()),
            blocks,
            interrupt: Arc::clone(interrupt),
            text,
            found: Vec::new(),
            ended: false,
            at_start: true,
        })
    }

    /// The file's name for people.
    pub(super) fn name(&self) -> impl Display {
        self.path.display()
    }

    /// Reads until so many bytes are there, or all of the file.
    fn read(&mut self, wanted: usize) -> Result<(), LoadError> {
        let mut block = Vec::new();
        while self.found.len() < wanted && !self.ended {
            self.blocks.next_block(&mut block, &self.interrupt)?;
            self.ended = block.is_empty();
            self.found.append(&mut block);
        }
        Ok(())
    }

    /// Holds the next bytes of the records against the file.
    pub(super) fn hold(&mut self, records: &[u8]) -> anyhow::Result<Option<Difference>> {
        self.read(records.len())?;
        if std::mem::take(&mut self.at_start) && self.text {
            refuse_others(&self.blocks.origin, &self.found)?;
            if self.found.starts_with(b"\xef\xbb\xbf") {
                return Err(self.form(
                    "they begin with a UTF-8 byte-order mark",
                    "remove its three bytes, as with `tail -c +4`",
                ));
            }
        }
        let found = &self.found[..records.len().min(self.found.len())];
        if found == records {
            self.found.drain(..records.len());
            return Ok(None);
        }
        let differs = records.iter().zip(found).position(|(wanted, found)| wanted != found);
        let Some(place) = differs else {
            return Ok(Some(Difference { place: found.len(), cut: true }));
        };
        match (records[place], found[place]) {
            (b'\n', b'\r') if self.text && found.get(place + 1) == Some(&b'\n') => {
                Err(self.form("their line ends are CRLF", "convert them, as with `tr -d '\\r'`"))
            }
            (b'a'..=b'f', _) if self.text && are_capitals(&records[place..], &found[place..]) => {
                Err(self.form(
                    "their hexadecimal digits are capitals",
                    "write them in lower case: with `tr A-F a-f`, where they are hashes only",
                ))
            }
            _ => Ok(Some(Difference { place, cut: false })),
        }
    }

    fn form(&self, how: &'static str, remedy: &'static str) -> anyhow::Error {
        OtherForm { path: self.path.clone(), how, remedy }.into()
    }

    /// What a difference is to the record it lies in: the `record`-th one, that of `word`, from
    /// whose byte `byte` on the file is another.
    pub(super) fn mismatch(&self, cut: bool, record: usize, byte: usize, word: &[u8]) -> Mismatch {
        let (path, word) = (self.path.clone(), word.to_vec());
        if cut {
            Mismatch::TooShort { path, record, word }
        } else {
            Mismatch::Differs { path, record, byte, word }
        }
    }

    /// After the last of so many records: nothing more may follow.
    pub(super) fn end(&mut self, records: usize) -> Result<Option<Mismatch>, LoadError> {
        self.read(1)?;
        let left = !self.found.is_empty();
        Ok(left.then(|| Mismatch::TooLong { path: self.path.clone(), records }))
    }
}
