//! A word as people see it: as text where it can be printed, else as `$HEX[…]`.
//!
//! The notation is that of the programs that recover passwords. A word that itself looks like it
//! is written in it too, so that what is shown stands for one word only.

use std::fmt::{self, Display, Formatter};

/// A word to be shown.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a>(pub &'a [u8]);

impl Shown<'_> {
    /// Whether the word is shown as it stands.
    #[must_use]
    pub fn is_plain(self) -> bool {
        let printable = || str::from_utf8(self.0).is_ok_and(|text| text.chars().all(is_printable));
        (is_printable_ascii(self.0) || printable()) && !self.0.starts_with(b"$HEX[")
    }
}

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.is_plain() {
            return f.write_str(&String::from_utf8_lossy(self.0));
        }
        write!(f, "$HEX[{}]", hex::encode(self.0))
    }
}

/// Whether all bytes are from space to tilde: eight at a time, because nearly every word is looked
/// at and found to be so.
fn is_printable_ascii(bytes: &[u8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    // The highest bit of a byte is set where it was, where taking a space off it falls below 0,
    // and where it is one below it. Carries only go on from bytes that are found so.
    let printable = |eight: &[u8; 8]| {
        let eight = u64::from_le_bytes(*eight);
        let below = eight.wrapping_sub(ONES * u64::from(b' '));
        let above = eight.wrapping_add(ONES);
        (eight | below | above) & (ONES << 7) == 0
    };
    let (eights, rest) = bytes.as_chunks::<8>();
    eights.iter().all(printable) && rest.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Whether a terminal shows a character where it stands, and nothing else happens.
#[must_use]
pub fn is_printable(char: char) -> bool {
    // Line and paragraph separators, and what turns the direction of writing around.
    let moves = matches!(char, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !char.is_control() && !moves && char != '\u{feff}'
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_shown_as_text_where_they_can_be_printed() {
        for (word, shown) in [
            (&b""[..], ""),
            (b"word", "word"),
            (b"two words", "two words"),
            ("h\u{f6}ren \u{1f4da}".as_bytes(), "h\u{f6}ren \u{1f4da}"),
            (b"tab\t", "$HEX[74616209]"),
            (b"\0", "$HEX[00]"),
            (b"\x7f", "$HEX[7f]"),
            (b"\xff\xfe", "$HEX[fffe]"),
            (b"\xc3", "$HEX[c3]"),
            ("\u{85}".as_bytes(), "$HEX[c285]"),
            ("a\u{202e}b".as_bytes(), "$HEX[61e280ae62]"),
            (b"$HEX[00]", "$HEX[244845585b30305d]"),
            (b"$hex[", "$hex["),
        ] {
            assert_eq!(Shown(word).to_string(), shown);
        }
    }

    #[test]
    fn printable_ascii_is_told_byte_by_byte() {
        for place in 0..19 {
            for byte in 0..=255 {
                for around in [b' ', b'a', b'~'] {
                    let mut bytes = [around; 19];
                    bytes[place] = byte;
                    let printable = matches!(byte, b' '..=b'~');
                    assert_eq!(is_printable_ascii(&bytes), printable, "{byte} at {place}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_one_line_and_stands_for_one_word(word: Vec<u8>) {
            let shown = Shown(&word).to_string();
            prop_assert!(!shown.contains(['\n', '\r', '\0', '\x1b']));
            let back = match shown.strip_prefix("$HEX[").and_then(|rest| rest.strip_suffix(']')) {
                Some(digits) => hex::decode(digits).unwrap(),
                None => shown.into_bytes(),
            };
            prop_assert_eq!(back, word);
        }
    }
}
