//! Recognising archives that are not unpacked here, so that none is taken for a list.

use super::unpack::{FirstBytes, Format};

/// What is known of a format by its first bytes.
struct Known {
    /// Where the mark of the format stands.
    at: usize,
    mark: &'static [u8],
    name: &'static str,
    /// The usual tool that unpacks it to standard output.
    unpack: &'static str,
}

const fn known(at: usize, mark: &'static [u8], name: &'static str, unpack: &'static str) -> Known {
    Known { at, mark, name, unpack }
}

/// Marks that no list of words begins with: most have a byte that is no text. (How bzip2 begins
/// could be a word, but not how it goes on.)
const FORMATS: [Known; 11] = [
    known(0, b"\x04\x22\x4d\x18", "lz4", "lz4cat"),
    known(0, b"\x1f\x9d", "compress", "zcat"),
    known(0, b"LZIP\x01", "lzip", "lzip -dc"),
    known(0, b"Rar!\x1a\x07", "rar", "unrar p -inul"),
    known(0, b"\xfd7zXZ\0", "xz", "xzcat"),
    // A dictionary of 2^16 bytes or a multiple of it; then the length, which is seldom known.
    known(0, b"\x5d\0\0", "lzma", "lzcat"),
    known(4, b"1AY&SY", "bzip2", "bzcat"),
    known(0, b"PK\x03\x04", "zip", "unzip -p"),
    known(0, b"7z\xbc\xaf\x27\x1c", "7z", "7z x -so"),
    // POSIX (POSIX.1-2017, pax, "ustar Interchange Format"), and GNU's own.
    known(257, b"ustar\x0000", "tar", "tar -xOf"),
    known(257, b"ustar  \0", "tar", "tar -xOf"),
];

/// So many first bytes are enough to recognise any of them.
pub(crate) const FIRST_BYTES: usize = 257 + 8;

/// The format of an archive and the tool that unpacks it, by its first bytes.
pub(crate) fn archive_format(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    // These come here only where one was packed in another.
    match Format::of(bytes) {
        FirstBytes::Packed(format @ Format::Gzip) => return Some((format.name(), "zcat")),
        FirstBytes::Packed(format @ Format::Zstd) => return Some((format.name(), "zstdcat")),
        FirstBytes::Plain | FirstBytes::TooFew => {}
    }
    FORMATS
        .iter()
        .find(|format| bytes.get(format.at..).is_some_and(|rest| rest.starts_with(format.mark)))
        .filter(|format| format.name != "bzip2" || bytes.starts_with(b"BZh"))
        .map(|format| (format.name, format.unpack))
}
