//! Holding records against those that a file has.

use std::fmt::{self, Display, Formatter};
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use crate::words::Shown;

/// A file of records that is read as far as records are held against it.
pub(super) struct Verifier {
    path: PathBuf,
    file: BufReader<File>,
    found: Vec<u8>,
}

/// The file of records cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {path}: {error}", path = path.display())]
pub(super) struct VerifyError {
    path: PathBuf,
    error: io::Error,
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

fn named(word: &[u8]) -> String {
    if word.is_empty() { "an empty word".to_owned() } else { format!("`{}`", Shown(word)) }
}

impl Verifier {
    pub(super) fn open(path: &Path) -> Result<Self, VerifyError> {
        let refused = |error| VerifyError { path: path.to_owned(), error };
        let file = File::open(path).map_err(refused)?;
        Ok(Self {
            path: path.to_owned(),
            file: BufReader::with_capacity(256 << 10, file),
            found: Vec::new(),
        })
    }

    /// The file's name for people.
    pub(super) fn name(&self) -> impl Display {
        self.path.display()
    }

    /// Holds the next bytes of the records against the file.
    pub(super) fn hold(&mut self, records: &[u8]) -> Result<Option<Difference>, VerifyError> {
        self.found.clear();
        let wanted = records.len() as u64;
        let read = self.file.by_ref().take(wanted).read_to_end(&mut self.found);
        read.map_err(|error| self.failed(error))?;
        if self.found == records {
            return Ok(None);
        }
        let differs = records.iter().zip(&self.found).position(|(wanted, found)| wanted != found);
        Ok(Some(match differs {
            Some(place) => Difference { place, cut: false },
            None => Difference { place: self.found.len(), cut: true },
        }))
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
    pub(super) fn end(&mut self, records: usize) -> Result<Option<Mismatch>, VerifyError> {
        let left = self.file.fill_buf().map(|left| !left.is_empty());
        let left = left.map_err(|error| self.failed(error))?;
        Ok(left.then(|| Mismatch::TooLong { path: self.path.clone(), records }))
    }

    fn failed(&self, error: io::Error) -> VerifyError {
        VerifyError { path: self.path.clone(), error }
    }
}
