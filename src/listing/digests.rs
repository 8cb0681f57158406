//! Digests as records, one for each word: lines such as `sha512sum` writes, or raw bytes.

use std::io::{self, Write};

use crate::sha512::{DIGEST_LEN, Digest};
use crate::words::Shown;

/// How a record is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordFormat {
    /// The 64 bytes of the digest and nothing else.
    Binary,
    /// The digest in lower-case hexadecimal digits and an end.
    Digest {
        /// What ends it: `\n` or `\0`.
        end: u8,
    },
    /// The digest, two spaces, the word and an end.
    DigestAndWord {
        /// What ends it: `\n` or `\0`.
        end: u8,
        /// The word's bytes as they stand, printable or not.
        raw: bool,
    },
}

impl RecordFormat {
    /// Writes the record of one word. A line end that the word was hashed with is not shown.
    ///
    /// # Errors
    ///
    /// What `out` says.
    #[inline]
    pub fn write(self, digest: &Digest, word: &[u8], out: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Binary => out.write_all(digest),
            Self::Digest { end } => {
                out.write_all(hex_digits(digest).as_flattened())?;
                out.write_all(&[end])
            }
            Self::DigestAndWord { end, raw } => {
                let word = match word {
                    [content @ .., b'\r', b'\n'] | [content @ .., b'\n'] => content,
                    without_end => without_end,
                };
                out.write_all(hex_digits(digest).as_flattened())?;
                out.write_all(b"  ")?;
                if raw || Shown(word).is_plain() {
                    out.write_all(word)?;
                } else {
                    write!(out, "{}", Shown(word))?;
                }
                out.write_all(&[end])
            }
        }
    }
}

/// Two digits for each byte. Arithmetic instead of a table, so that the compiler does it for many
/// bytes side by side: the table of the `hex` crate takes several times as long, and crates with
/// vector instructions of their own (`const-hex`, `faster-hex`) are not faster by 2 ns a digest.
#[inline]
fn hex_digits(digest: &Digest) -> [[u8; 2]; DIGEST_LEN] {
    let digit = |half: u8| half + b'0' + if half > 9 { b'a' - b'0' - 10 } else { 0 };
    digest.map(|byte| [digit(byte >> 4), digit(byte & 15)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_becomes_its_two_digits() {
        let bytes: Vec<u8> = (0..=255).collect();
        for digest in bytes.as_chunks::<DIGEST_LEN>().0 {
            assert_eq!(hex_digits(digest).as_flattened(), hex::encode(digest).as_bytes());
        }
    }

    #[test]
    fn records_are_written_as_asked() {
        let digits = "ab".repeat(DIGEST_LEN);
        let lines = |raw| RecordFormat::DigestAndWord { end: b'\n', raw };
        for (format, word, record) in [
            (lines(false), &b"word"[..], format!("{digits}  word\n")),
            (lines(false), b"", format!("{digits}  \n")),
            (lines(false), b"a\0b", format!("{digits}  $HEX[610062]\n")),
            (lines(true), b"a\0b", format!("{digits}  a\0b\n")),
            (lines(false), b"kept\n", format!("{digits}  kept\n")),
            (lines(true), b"kept\r\n", format!("{digits}  kept\n")),
            (RecordFormat::Digest { end: 0 }, b"word", format!("{digits}\0")),
        ] {
            let mut out = Vec::new();
            format.write(&[0xab; DIGEST_LEN], word, &mut out).unwrap();
            assert_eq!(out, record.into_bytes(), "{format:?}");
        }
        let mut out = Vec::new();
        RecordFormat::Binary.write(&[0xab; DIGEST_LEN], b"word", &mut out).unwrap();
        assert_eq!(out, [0xab; DIGEST_LEN]);
    }
}
