//! Recognising what is no list of words by its first bytes, so that nothing else is hashed as one:
//! archives that are not unpacked here, containers, and text in UTF-16 or UTF-32.

use super::error::LoadError;
use super::source::Source;
use super::unpack::{FirstBytes, Format};

/// What is known of a format by its first bytes.
struct Known {
    /// Where the mark of the format stands.
    at: usize,
    mark: &'static [u8],
    name: &'static str,
    /// The usual tool that unpacks it to standard output, if there is one.
    unpack: Option<&'static str>,
}

const fn known(at: usize, mark: &'static [u8], name: &'static str, unpack: &'static str) -> Known {
    Known { at, mark, name, unpack: if unpack.is_empty() { None } else { Some(unpack) } }
}

/// Marks that no list of words begins with: nearly all have a byte that is no text. (How bzip2 begins
/// could be a word, but not how it goes on.)
const FORMATS: &[Known] = &[
    known(0, b"\x04\x22\x4d\x18", "lz4", "lz4cat"),
    known(0, b"\x02\x21\x4c\x18", "lz4", "lz4cat"),
    known(0, b"\x1f\x9d", "compress", "zcat"),
    known(0, b"\x1f\xa0", "compress", "zcat"),
    known(0, b"\x1f\x1e", "pack", "zcat"),
    known(0, b"LZIP\x01", "lzip", "lzip -dc"),
    known(0, b"\x89LZO\0\r\n\x1a\n", "lzop", "lzop -dc"),
    known(0, b"LRZI\0", "lrzip", "lrzcat"),
    known(0, b"RZIP\x02", "rzip", ""),
    known(0, b"\xff\x06\0\0sNaPpY", "snappy", ""),
    known(0, b"\xfd7zXZ\0", "xz", "xzcat"),
    // A dictionary of 2^16 bytes or a multiple of it; then the length, which is seldom known.
    known(0, b"\x5d\0\0", "lzma", "lzcat"),
    known(4, b"1AY&SY", "bzip2", "bzcat"),
    // An empty one has no block, only the end of the stream.
    known(4, b"\x17\x72\x45\x38\x50\x90", "bzip2", "bzcat"),
    known(0, b"\x25\xb5\x2f\xfd", "old zstd", ""),
    known(0, b"\x26\xb5\x2f\xfd", "old zstd", ""),
    known(0, b"\x27\xb5\x2f\xfd", "old zstd", ""),
    known(0, b"Rar!\x1a\x07", "rar", "unrar p -inul"),
    known(0, b"PK\x03\x04", "zip", "unzip -p"),
    known(0, b"PK\x05\x06", "zip", "unzip -p"),
    known(0, b"PK\x07\x08", "zip", "unzip -p"),
    known(0, b"7z\xbc\xaf\x27\x1c", "7z", "7z x -so"),
    known(0, b"\x60\xea", "arj", "arj p"),
    known(7, b"**ACE**", "ace", ""),
    known(0, b"7kSt\xa0", "zpaq", ""),
    known(0, b"MSCF\0\0\0\0", "cab", "bsdtar -xOf"),
    known(0, b"xar!\0", "xar", "bsdtar -xOf"),
    known(0, b"!<arch>\n", "ar", "bsdtar -xOf"),
    known(0, b"\xed\xab\xee\xdb", "rpm", "bsdtar -xOf"),
    known(0, b"MSWIM\0\0\0", "wim", ""),
    known(0, b"hsqs\0", "squashfs", ""),
    // POSIX (POSIX.1-2017, pax, "ustar Interchange Format"), and GNU's own.
    known(257, b"ustar\x0000", "tar", "tar -xOf"),
    known(257, b"ustar  \0", "tar", "tar -xOf"),
    known(0, b"Salted__", "openssl", ""),
    known(0, b"age-encryption.org/v1\n", "age", "age -d"),
    known(0, b"\x8c\x0d\x04", "gpg", "gpg -d"),
    known(0, b"SQLite format 3\0", "SQLite", ""),
    known(0, b"%PDF-", "PDF", ""),
    known(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Microsoft compound file", ""),
    known(0, b"\x7fELF", "ELF", ""),
    known(0, b"\x89PNG\r\n\x1a\n", "PNG", ""),
    known(0, b"\xff\xd8\xff", "JPEG", ""),
];

/// So many first bytes are enough to recognise any of them.
pub(crate) const FIRST_BYTES: usize = 4096;

/// Refuses what is no list and no text, by its first bytes: [`FIRST_BYTES`] or all there are.
///
/// # Errors
///
/// When they are those of an archive, of another container, or of an encoding with NULs.
pub(crate) fn refuse_others(origin: &Source, first: &[u8]) -> Result<(), LoadError> {
    let first = &first[..first.len().min(FIRST_BYTES)];
    let origin = || origin.clone();
    if let Some((format, unpack)) = archive_format(first) {
        return Err(LoadError::Archive { origin: origin(), format, unpack });
    }
    match encoding(first) {
        Some((encoding, convert)) => {
            Err(LoadError::Encoding { origin: origin(), encoding, convert })
        }
        None => Ok(()),
    }
}

/// The format of an archive and the tool that unpacks it, by its first bytes.
fn archive_format(bytes: &[u8]) -> Option<(&'static str, Option<&'static str>)> {
    // These come here only where one was packed in another.
    match Format::of(bytes) {
        FirstBytes::Packed(format @ Format::Gzip) => return Some((format.name(), Some("zcat"))),
        FirstBytes::Packed(format @ Format::Zstd) => return Some((format.name(), Some("zstdcat"))),
        FirstBytes::Plain | FirstBytes::TooFew => {}
    }
    let is_tar = || is_old_tar(bytes).then_some(("tar", Some("tar -xOf")));
    let is_cpio = || is_ascii_cpio(bytes).then_some(("cpio", Some("bsdtar -xOf")));
    let is_lha = || is_lha(bytes).then_some(("lha", Some("bsdtar -xOf")));
    FORMATS
        .iter()
        .filter(|format| format.name != "bzip2" || bytes.starts_with(b"BZh"))
        .find(|format| bytes.get(format.at..).is_some_and(|rest| rest.starts_with(format.mark)))
        .map(|format| (format.name, format.unpack))
        .or_else(is_tar)
        .or_else(is_cpio)
        .or_else(is_lha)
}

/// A tar archive of the seventh edition has no mark, but its header has a checksum.
fn is_old_tar(bytes: &[u8]) -> bool {
    const CHECKSUM: std::ops::Range<usize> = 148..156;
    let Some(header) = bytes.get(..512) else { return false };
    let digits = header[CHECKSUM].trim_ascii_start();
    let digits = digits.split(|byte| !byte.is_ascii_digit()).next().unwrap_or_default();
    let wanted = str::from_utf8(digits).ok().and_then(|digits| u32::from_str_radix(digits, 8).ok());
    let sum: u32 = header
        .iter()
        .enumerate()
        .map(|(at, byte)| u32::from(if CHECKSUM.contains(&at) { b' ' } else { *byte }))
        .sum();
    wanted == Some(sum)
}

/// The header of a cpio archive in ASCII is one line of digits that is longer than any number.
fn is_ascii_cpio(bytes: &[u8]) -> bool {
    let digits = |count: usize, is_digit: fn(&u8) -> bool| {
        bytes.get(6..count).is_some_and(|digits| digits.iter().all(is_digit))
    };
    (bytes.starts_with(b"070701") || bytes.starts_with(b"070702"))
        && digits(110, u8::is_ascii_hexdigit)
        || bytes.starts_with(b"070707") && digits(76, u8::is_ascii_digit)
}

/// An LHA archive names its method behind the length and the checksum of its header.
fn is_lha(bytes: &[u8]) -> bool {
    matches!(bytes.get(2..7), Some([b'-', b'l', b'h' | b'z', _, b'-']))
        && bytes.get(20).is_some_and(|level| *level <= 3)
}

/// The encoding of a text in units of two or four bytes, and what converts it.
fn encoding(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    const UTF_32: (&str, &str) = ("UTF-32", "iconv -f UTF-32 -t UTF-8");
    const UTF_32LE: (&str, &str) = ("UTF-32", "iconv -f UTF-32LE -t UTF-8");
    const UTF_32BE: (&str, &str) = ("UTF-32", "iconv -f UTF-32BE -t UTF-8");
    const UTF_16: (&str, &str) = ("UTF-16", "iconv -f UTF-16 -t UTF-8");
    const UTF_16LE: (&str, &str) = ("UTF-16", "iconv -f UTF-16LE -t UTF-8");
    const UTF_16BE: (&str, &str) = ("UTF-16", "iconv -f UTF-16BE -t UTF-8");
    let (twos, rest_of_twos) = bytes.as_chunks::<2>();
    let (fours, rest_of_fours) = bytes.as_chunks::<4>();
    // The first bytes of a longer text may end in a unit.
    let is_cut = bytes.len() >= FIRST_BYTES;
    if rest_of_fours.is_empty() || is_cut {
        for (units, with_mark, without) in [
            (
                fours.iter().map(|four| u32::from_le_bytes(*four)).collect::<Vec<_>>(),
                UTF_32,
                UTF_32LE,
            ),
            (fours.iter().map(|four| u32::from_be_bytes(*four)).collect(), UTF_32, UTF_32BE),
        ] {
            let is_text = units.iter().all(|unit| char::from_u32(*unit).is_some_and(is_of_text));
            if is_text && units.first() == Some(&0xfeff) {
                return Some(with_mark);
            }
            if is_text && units.len() > 1 {
                return Some(without);
            }
        }
    }
    if rest_of_twos.is_empty() || is_cut {
        for (units, with_mark, without) in [
            (twos.iter().map(|two| u16::from_le_bytes(*two)).collect::<Vec<_>>(), UTF_16, UTF_16LE),
            (twos.iter().map(|two| u16::from_be_bytes(*two)).collect(), UTF_16, UTF_16BE),
        ] {
            let characters = char::decode_utf16(units.iter().copied()).collect::<Vec<_>>();
            // The last one may be cut in two.
            let (_, but_last) =
                characters.split_last().map_or((None, &[][..]), |(l, f)| (Some(l), f));
            let whole = if is_cut { but_last } else { &characters[..] };
            let is_text =
                whole.iter().all(|char| char.as_ref().is_ok_and(|char| is_of_text(*char)));
            if is_text && units.first() == Some(&0xfeff) {
                return Some(with_mark);
            }
            if is_text && units.len() > 1 && has_nuls_of_units(bytes, &units) {
                return Some(without);
            }
        }
    }
    None
}

fn is_of_text(char: char) -> bool {
    !char.is_control() || matches!(char, '\t' | '\n' | '\r' | '\u{c}' | '\u{85}')
}

/// Whether NULs are where units of ASCII have them, and line ends are whole units.
fn has_nuls_of_units(bytes: &[u8], units: &[u16]) -> bool {
    let ascii = units.iter().filter(|unit| **unit < 0x80).count();
    let line_ends = units.iter().filter(|unit| **unit == 0x0a).count();
    let line_feeds = memchr::memchr_iter(b'\n', bytes).count();
    ascii * 10 >= units.len() * 7 && line_feeds == line_ends
        || line_ends > 0 && line_ends * 2 > line_feeds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(bytes: &[u8]) -> Option<&'static str> {
        match refuse_others(&Source::StandardInput, bytes) {
            Ok(()) => None,
            Err(LoadError::Archive { format, .. }) => Some(format),
            Err(LoadError::Encoding { encoding, .. }) => Some(encoding),
            Err(error) => panic!("{error}"),
        }
    }

    fn utf_16(text: &str, big_endian: bool) -> Vec<u8> {
        let bytes = |unit: u16| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() };
        text.encode_utf16().flat_map(bytes).collect()
    }

    fn utf_32(text: &str, big_endian: bool) -> Vec<u8> {
        let bytes = |unit: u32| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() };
        text.chars().flat_map(|char| bytes(char.into())).collect()
    }

    #[test]
    fn encodings_with_nuls_or_a_mark_are_recognised() {
        for text in [
            "one\ntwo\n",
            "a\r\nb\r\n",
            "\u{441}\u{43b}\u{43e}\u{432}\u{43e}\n\u{434}\u{430}\n",
            "one two",
        ] {
            for big_endian in [false, true] {
                let marked = format!("\u{feff}{text}");
                assert_eq!(name(&utf_16(text, big_endian)), Some("UTF-16"), "{text}");
                assert_eq!(name(&utf_16(&marked, big_endian)), Some("UTF-16"), "{text}");
                assert_eq!(name(&utf_32(text, big_endian)), Some("UTF-32"), "{text}");
                assert_eq!(name(&utf_32(&marked, big_endian)), Some("UTF-32"), "{text}");
                let long = marked.repeat(3000).replace('\u{feff}', "");
                assert_eq!(name(&utf_16(&long, big_endian)), Some("UTF-16"), "{text}");
            }
        }
    }

    #[test]
    fn lists_of_bytes_are_lists() {
        for list in [
            &b""[..],
            b"a\0b\na\0c\na\0b\n",
            b"one\0two\0six\0",
            b"\xff\xfe\n\x80\n",
            b"\0",
            b"\0\0\0\0",
            b"a\0",
            b"word\nnext\n",
            b"070701\n070702\n",
            b"BZhora\nBZ\nPK\n",
            b"-lh5-\nMZ\nGIF\n",
        ] {
            assert_eq!(name(list), None, "{list:?}");
        }
        assert_eq!(name(&b"12345 10\nab".repeat(100)), None);
    }

    #[test]
    fn archives_without_a_mark_are_recognised_by_their_headers() {
        let mut tar = vec![0; 1024];
        tar[..4].copy_from_slice(b"name");
        tar[100..107].copy_from_slice(b"0000644");
        let sum: u32 = tar.iter().map(|byte| u32::from(*byte)).sum::<u32>() + 8 * u32::from(b' ');
        tar[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        assert_eq!(name(&tar), Some("tar"));
        tar[0] = b'm';
        assert_eq!(name(&tar), None);
        assert_eq!(name(&[b"070701".to_vec(), b"0".repeat(104)].concat()), Some("cpio"));
        assert_eq!(name(b"BZh9\x17\x72\x45\x38\x50\x90\0\0\0\0"), Some("bzip2"));
        assert_eq!(name(b"\x02\x21\x4c\x18\x07\0\0\0"), Some("lz4"));
    }
}
