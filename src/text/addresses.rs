//! Recognising the URLs and e-mail addresses of a text.

use std::ops::Range;

/// No more of a text is looked at on either side of a word.
const MOST_BYTES: usize = 2048;

/// What stands around an address: white space, other control characters, brackets and quotes.
fn ends_address(byte: u8) -> bool {
    byte <= b' '
        || matches!(
            byte,
            b'<' | b'>' | b'"' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'|' | b'`'
        )
}

/// Whether a word of a text is in a URL or in an e-mail address.
#[must_use]
pub fn is_in_address(text: &[u8], word: &Range<usize>) -> bool {
    let from = word.start.saturating_sub(MOST_BYTES);
    let to = (word.end + MOST_BYTES).min(text.len());
    let before = text[from..word.start].iter().rposition(|byte| ends_address(*byte));
    let behind = text[word.end..to].iter().position(|byte| ends_address(*byte));
    let start = before.map_or(from, |at| from + at + 1);
    let end = behind.map_or(to, |at| word.end + at);
    is_url(&text[start..end]) || is_mail_address(&text[start..end])
}

fn is_url(token: &[u8]) -> bool {
    let has = |wanted: &[u8]| {
        token.windows(wanted.len()).position(|part| part.eq_ignore_ascii_case(wanted))
    };
    has(b"://").is_some_and(|at| at > 0 && token[at - 1].is_ascii_alphanumeric())
        || has(b"www.").is_some_and(|at| at == 0 || !token[at - 1].is_ascii_alphanumeric())
        || has(b"mailto:").is_some()
}

fn is_mail_address(token: &[u8]) -> bool {
    let Some(at) = memchr::memchr(b'@', token) else { return false };
    let is_part = |byte: Option<&u8>| {
        byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii())
    };
    let host = &token[at + 1..];
    let has_point = host
        .windows(3)
        .any(|part| part[1] == b'.' && is_part(part.first()) && is_part(part.last()));
    is_part(token[..at].last()) && is_part(host.first()) && has_point
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_addresses_are_told_from_others() {
        for (text, word, expected) in [
            ("see https://cafe.example/menu?a=b.", "cafe", true),
            ("see https://cafe.example/menu?a=b.", "menu", true),
            ("see https://cafe.example/menu?a=b.", "see", false),
            ("[link](http://a.example/x) text", "link", false),
            ("[link](http://a.example/x) text", "example", true),
            ("<ann.lee@mail.example>, and", "lee", true),
            ("<ann.lee@mail.example>, and", "and", false),
            ("www.place.example", "place", true),
            ("awww.nice", "nice", false),
            ("a @mention here", "mention", false),
            ("ten @ five.two", "five", false),
            ("either/or", "or", false),
            ("://or", "or", false),
        ] {
            let start = text.find(word).unwrap();
            let place = start..start + word.len();
            assert_eq!(is_in_address(text.as_bytes(), &place), expected, "{word} in {text}");
        }
    }
}
