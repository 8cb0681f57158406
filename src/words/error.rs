//! Why a list or a text cannot be loaded. It does not know how one is.

use std::io;

use super::source::Source;

/// Takes the largest windows that there are.
const LONG_ZSTD: &str = "zstd -dc --long=31";

/// Why a list could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It cannot be opened.
    #[error("cannot open {origin}: {error}")]
    Open {
        /// The list.
        origin: Source,
        /// What the system says.
        error: io::Error,
    },
    /// A directory was named.
    #[error("{origin} is a directory: name a file in it")]
    Directory {
        /// The list.
        origin: Source,
    },
    /// Reading began and failed.
    #[error("cannot read {origin}: {error}")]
    Read {
        /// The list.
        origin: Source,
        /// What the system says.
        error: io::Error,
    },
    /// The memory for it is not to be had.
    #[error("no memory to load {origin}: {error}")]
    Memory {
        /// The list.
        origin: Source,
        /// What the system says.
        error: io::Error,
    },
    /// It is an archive or another container, and its bytes are no words.
    #[error("{origin} is {kind}, not a word list or a text{remedy}", kind = kind(format, *unpack), remedy = remedy(*unpack))]
    Archive {
        /// The list.
        origin: Source,
        /// Its format.
        format: &'static str,
        /// The usual tool that unpacks it to standard output.
        unpack: Option<&'static str>,
    },
    /// Its characters are units of two or four bytes.
    #[error(
        "{origin} is {encoding}, not UTF-8 or another encoding that has ASCII's line ends: convert it first, with {convert}"
    )]
    Encoding {
        /// The list.
        origin: Source,
        /// The encoding's name.
        encoding: &'static str,
        /// What converts it to UTF-8 on standard output.
        convert: &'static str,
    },
    /// An archive that is unpacked while reading ends before it is whole.
    #[error("{origin}: the {format} archive ends too early: a part of the list is missing")]
    CutArchive {
        /// The list.
        origin: Source,
        /// The archive's format.
        format: &'static str,
    },
    /// Something follows an archive that is not another one of its format.
    #[error(
        "{origin}: the {format} archive is followed by something that is not {format}: cut it off, if it is no part of the list"
    )]
    AfterArchive {
        /// The list.
        origin: Source,
        /// The archive's format.
        format: &'static str,
    },
    /// An archive that is unpacked while reading is damaged.
    #[error("{origin}: the {format} archive is broken: {error}")]
    BrokenArchive {
        /// The list.
        origin: Source,
        /// The archive's format.
        format: &'static str,
        /// What its decoder says.
        error: io::Error,
    },
    /// To unpack it would take more memory than there is for it.
    #[error(
        "{origin}: to unpack this {format} archive takes a larger window than there is memory for: give more --max-memory or unpack it first, with {LONG_ZSTD}"
    )]
    ArchiveWindow {
        /// The list.
        origin: Source,
        /// The archive's format.
        format: &'static str,
    },
    /// It is not UTF-8 and was said to be.
    #[error(
        "{origin}: line {line}, byte {byte} is not UTF-8 (0x{value:02x}): leave --encoding utf-8 out to hash it as bytes"
    )]
    NotUtf8 {
        /// The list.
        origin: Source,
        /// The line, from 1.
        line: usize,
        /// The place of the first bad byte in its line, from 1.
        byte: usize,
        /// The bad byte.
        value: u8,
    },
    /// A line alone takes more memory than there is for it.
    #[error(
        "{origin}: line {line} does not fit in the {room_bytes} bytes that there are for it: give more --max-memory"
    )]
    LineTooLong {
        /// The list.
        origin: Source,
        /// The line, from 1.
        line: usize,
        /// The memory for it and what is made of it.
        room_bytes: usize,
    },
    /// It is no file that several readers can each read their parts of.
    #[error("{origin} is {what}: it cannot be read in parts")]
    NoParts {
        /// The list.
        origin: Source,
        /// What it is instead.
        what: &'static str,
    },
    /// Somebody cut it off while it was read.
    #[error("{origin} has become shorter while it was read")]
    Shrunk {
        /// The list.
        origin: Source,
    },
    /// A signal asked to stop.
    #[error("interrupted while loading")]
    Interrupted {
        /// The signal's number.
        signal: i32,
    },
}

fn kind(format: &str, unpack: Option<&'static str>) -> String {
    match unpack {
        Some(_) => format!("an archive ({format})"),
        None => format!("a file of another format ({format})"),
    }
}

fn remedy(unpack: Option<&'static str>) -> String {
    unpack.map_or_else(String::new, |tool| format!(": unpack it first, with {tool}"))
}

impl LoadError {
    /// The tool that makes a list or a text of it on standard output, and what that is to read;
    /// `None` where there is none, or where it is standard input.
    #[must_use]
    pub fn pipe_from(&self) -> Option<(&'static str, &std::path::Path)> {
        let (origin, tool) = match self {
            Self::Archive { origin, unpack: Some(tool), .. } => (origin, *tool),
            Self::Encoding { origin, convert, .. } => (origin, *convert),
            Self::ArchiveWindow { origin, .. } => (origin, LONG_ZSTD),
            _ => return None,
        };
        match origin {
            Source::Path(path) => Some((tool, path)),
            Source::StandardInput => None,
        }
    }
}
