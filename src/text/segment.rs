//! Finding the words of a text: where a dictionary's words stand in lines of prose.
//!
//! Words are those of Unicode's word boundaries (UAX #29, by way of `unicode-segmentation`): the
//! pieces between two boundaries that have a letter or a digit. An inner apostrophe belongs to its
//! word, typewritten or typographic. On top of that:
//!
//! - words joined by single hyphens are found as one, which can be taken apart again ([`parts`]),
//!   as can those that a full stop or a colon joins;
//! - underscores at either end, as Markdown puts them, are no part of a word;
//! - a byte that is not UTF-8 counts as a letter. So the words of a text in another encoding are
//!   found whole, at least where that has ASCII's spaces and full stops, and nothing is lost.
//!
//! The rules are applied to what stands between white space and other ASCII marks that are never
//! in a word: so a text can be cut there ([`cut`]), and what is ASCII only is found without
//! decoding it.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memrchr;
use unicode_segmentation::UnicodeSegmentation as _;

/// What a byte can be in a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// ASCII that no rule ever has inside of a word: white space, brackets, slashes, NUL, ….
    Apart,
    /// A letter or a digit of ASCII.
    Alphanumeric,
    /// An ASCII mark that the rules for words speak of. (The quotation mark is inside of words in
    /// Hebrew.)
    Mark,
    /// A byte of another character, or one that is not UTF-8.
    Other,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Other; 256];
    let mut byte = 0;
    while byte < 128 {
        #[expect(clippy::cast_possible_truncation, reason = "below 128")]
        let ascii = byte as u8;
        classes[byte] = match ascii {
            _ if ascii.is_ascii_alphanumeric() => Class::Alphanumeric,
            b'_' | b'.' | b'\'' | b':' | b',' | b';' | b'-' | b'"' => Class::Mark,
            _ => Class::Apart,
        };
        byte += 1;
    }
    classes
};

#[inline]
fn class(byte: u8) -> Class {
    CLASSES[usize::from(byte)]
}

/// Whether a byte is ASCII that is never inside of a word: between two such bytes the rules can be
/// applied without a look at what stands around.
#[must_use]
pub fn is_apart(byte: u8) -> bool {
    class(byte) == Class::Apart
}

/// Calls `found` with the place of each word of the text, in order. The text begins and ends where
/// it may be cut.
#[inline]
pub fn find_words(text: &[u8], mut found: impl FnMut(Range<usize>)) {
    let skip = |at: usize, other: fn(Class) -> bool| {
        let rest = text[at..].iter().position(|&byte| other(class(byte)));
        rest.map_or(text.len(), |rest| at + rest)
    };
    let mut at = 0;
    loop {
        let start = skip(at, |class| class != Class::Apart);
        if start == text.len() {
            return;
        }
        let plain_end = skip(start, |class| class != Class::Alphanumeric);
        let is_mark = text.get(plain_end).is_some_and(|&byte| class(byte) == Class::Mark);
        let end = plain_end + usize::from(is_mark);
        if text.get(end).is_none_or(|&byte| is_apart(byte)) {
            // Nearly all words come this way: letters, with one mark behind them or none.
            if start < plain_end {
                found(start..plain_end);
            }
            at = end;
        } else {
            at = skip(end, |class| class == Class::Apart);
            find_in_run(&text[start..at], |word| found(start + word.start..start + word.end));
        }
    }
}

/// The words of a run of bytes, none of them apart.
fn find_in_run(run: &[u8], found: impl FnMut(Range<usize>)) {
    if run.is_ascii() {
        return join(AsciiPieces { run, at: 0 }, run, found);
    }
    let text = match std::str::from_utf8(run) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(with_letters_for_stray_bytes(run)),
    };
    let pieces = text.unicode_word_indices().map(|(start, piece)| start..start + piece.len());
    join(pieces, run, found);
}

/// The same text, as long as before, with a letter in place of each byte that is not UTF-8.
fn with_letters_for_stray_bytes(run: &[u8]) -> String {
    let mut text = String::with_capacity(run.len());
    for chunk in run.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| 'x'));
    }
    text
}

/// Joins pieces that have a hyphen between them, and nothing else, to one word.
fn join(
    mut pieces: impl Iterator<Item = Range<usize>>,
    run: &[u8],
    mut found: impl FnMut(Range<usize>),
) {
    let Some(mut word) = pieces.next() else { return };
    for piece in pieces {
        if is_hyphen(&run[word.end..piece.start]) {
            word.end = piece.end;
        } else {
            found(without_underscores(run, word));
            word = piece;
        }
    }
    found(without_underscores(run, word));
}

const HYPHENS: [&[u8]; 3] = [b"-", "\u{2010}".as_bytes(), "\u{2011}".as_bytes()];

fn is_hyphen(bytes: &[u8]) -> bool {
    HYPHENS.contains(&bytes)
}

/// The place of a word without the underscores around it.
fn without_underscores(run: &[u8], mut word: Range<usize>) -> Range<usize> {
    while run[word.clone()].starts_with(b"_") {
        word.start += 1;
    }
    while run[word.clone()].ends_with(b"_") {
        word.end -= 1;
    }
    word
}

/// The pieces with a letter or a digit of an ASCII text, as `unicode_word_indices` gives them.
struct AsciiPieces<'a> {
    run: &'a [u8],
    at: usize,
}

impl Iterator for AsciiPieces<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let run = self.run;
        let mut at = self.at;
        while at < run.len() {
            if !is_core_or_underscore(run[at]) {
                at += 1;
                continue;
            }
            let start = at;
            let mut has_core = false;
            while at < run.len() {
                if is_core_or_underscore(run[at]) {
                    has_core |= run[at] != b'_';
                } else if at + 1 == run.len() || !joins(run[at - 1], run[at], run[at + 1]) {
                    break;
                }
                at += 1;
            }
            if has_core {
                self.at = at;
                return Some(start..at);
            }
        }
        self.at = at;
        None
    }
}

fn is_core_or_underscore(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether a mark is inside of a word: between letters (rules WB6 and WB7) or between digits (WB11
/// and WB12).
fn joins(before: u8, mark: u8, behind: u8) -> bool {
    let letters = before.is_ascii_alphabetic() && behind.is_ascii_alphabetic();
    let digits = before.is_ascii_digit() && behind.is_ascii_digit();
    match mark {
        b'\'' | b'.' => letters || digits,
        b':' => letters,
        b',' | b';' => digits,
        _ => false,
    }
}

/// The places of the words that hyphens join, or full stops and colons between letters (`p.m`,
/// `end.Start`); a single one if there are none.
pub fn parts(word: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut rest = Some(0);
    let parts = std::iter::from_fn(move || {
        let start = rest?;
        let joint = (start..word.len()).find_map(|at| {
            let len = joint_len(word, at)?;
            Some(at..at + len)
        });
        rest = joint.as_ref().map(|joint| joint.end);
        let end = joint.map_or(word.len(), |joint| joint.start);
        Some(without_underscores(word, start..end))
    });
    // A hyphen that has a combining letter on it is a piece itself, with nothing before the hyphen.
    parts.filter(|part| !part.is_empty())
}

/// How many bytes join two parts of a word at a place, if they do.
fn joint_len(word: &[u8], at: usize) -> Option<usize> {
    let is_letter =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii());
    match word[at] {
        b'.' | b':' => (is_letter(word[..at].last()) && is_letter(word.get(at + 1))).then_some(1),
        b'-' | 0xe2 => {
            HYPHENS.iter().find(|hyphen| word[at..].starts_with(hyphen)).map(|hyphen| hyphen.len())
        }
        _ => None,
    }
}

/// Where an elided article or the like ends (`l'` in `l'homme`): behind the first apostrophe, with
/// at least two bytes to follow.
#[must_use]
pub fn elision_end(word: &[u8]) -> Option<usize> {
    let at = memchr::memchr(b'\'', word)?;
    (at > 0 && at + 2 < word.len()).then_some(at + 1)
}

/// Where a text can be cut so that no word is: behind the last line end in its first `usual` bytes;
/// else behind the last byte there that is never in a word; else behind the first such byte that
/// follows. `None` where there is none, or fewer bytes than `usual`.
#[must_use]
pub fn cut(text: &[u8], usual: usize) -> Option<usize> {
    let (first, behind) = text.split_at_checked(usual)?;
    let apart = |byte: &u8| is_apart(*byte);
    let last = memrchr(b'\n', first).or_else(|| first.iter().rposition(apart));
    let at = last.or_else(|| Some(usual + behind.iter().position(apart)?))?;
    Some(at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(text: &[u8]) -> Vec<&[u8]> {
        let mut words = Vec::new();
        find_words(text, |word| words.push(&text[word]));
        words
    }

    #[track_caller]
    fn finds(text: &str, words: &[&str]) {
        let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        assert_eq!(found(text.as_bytes()), words, "{text:?}");
    }

    #[test]
    fn words_are_found_in_prose() {
        finds("", &[]);
        finds(" \t\r\n", &[]);
        finds("one", &["one"]);
        finds("Don't stop, 'tis e.g. (a) \"word\"!", &["Don't", "stop", "tis", "e.g", "a", "word"]);
        finds(
            "the dogs' don\u{2019}t \u{2018}quoted\u{2019}",
            &["the", "dogs", "don\u{2019}t", "quoted"],
        );
        finds("3.14 and 1,000;5 at 12:30", &["3.14", "and", "1,000;5", "at", "12", "30"]);
        finds("b\u{e4}r Stra\u{df}e\u{2014}na\u{ef}ve", &["b\u{e4}r", "Stra\u{df}e", "na\u{ef}ve"]);
        finds("one\u{b}two\u{c}three\rfour", &["one", "two", "three", "four"]);
    }

    #[test]
    fn single_hyphens_join_and_other_marks_do_not() {
        finds("a well-known mother-in-law", &["a", "well-known", "mother-in-law"]);
        finds("so--well -known un- \u{2013} x-", &["so", "well", "known", "un", "x"]);
        finds(
            "b\u{e4}r-tig well\u{2010}known a\u{2011}b",
            &["b\u{e4}r-tig", "well\u{2010}known", "a\u{2011}b"],
        );
        finds("a-_-b", &["a", "b"]);
    }

    #[test]
    fn underscores_around_a_word_are_no_part_of_it() {
        finds("_very_ __init__ snake_case _ __ _a_-b_", &["very", "init", "snake_case", "a_-b"]);
        finds("_b\u{e4}r_", &["b\u{e4}r"]);
    }

    #[test]
    fn bytes_that_are_not_utf8_are_letters() {
        assert_eq!(
            found(b"sch\xf6n, \xe9t\xe9! caf\xe9"),
            [&b"sch\xf6n"[..], b"\xe9t\xe9", b"caf\xe9"]
        );
        assert_eq!(
            found(b"\xc3 b\xc3\xa4r\xff \xe2\x80"),
            [&b"\xc3"[..], b"b\xc3\xa4r\xff", b"\xe2\x80"]
        );
    }

    #[test]
    fn compounds_are_taken_apart() {
        let places = |word: &str| -> Vec<_> { parts(word.as_bytes()).collect() };
        assert_eq!(places("plain"), vec![0..5]);
        assert_eq!(places("a-bc-d"), [0..1, 2..4, 5..6]);
        assert_eq!(places("a_\u{2010}_b"), [0..1, 6..7]);
        assert_eq!(places("p.m"), [0..1, 2..3]);
        assert_eq!(places("end:Start-3.14"), [0..3, 4..9, 10..14]);
    }

    /// Pieces of texts in which the rules meet each other.
    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "a",
            "B",
            "z",
            "0",
            "9",
            "_",
            "-",
            "'",
            "\u{2019}",
            ".",
            ",",
            ":",
            ";",
            "\"",
            " ",
            "\n",
            "\r\n",
            "\t",
            "(",
            "$",
            "\0",
            "\u{e4}",
            "\u{308}",
            "\u{5d0}",
            "\u{430}",
            "\u{4e2d}",
            "\u{30ab}",
            "\u{663}",
            "\u{ad}",
            "\u{feff}",
            "\u{2010}",
            "\u{a0}",
            "\u{1f600}",
        ]);
        prop::collection::vec(piece, 0..100).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn the_pieces_of_ascii_are_those_of_the_crate(text in "[aZ09_.,:;'\"x -]{0,40}|[\\x00-\\x7f]{0,40}") {
            let own: Vec<_> = AsciiPieces { run: text.as_bytes(), at: 0 }.collect();
            let crates: Vec<_> =
                text.unicode_word_indices().map(|(at, piece)| at..at + piece.len()).collect();
            prop_assert_eq!(own, crates);
        }

        #[test]
        fn words_are_joined_pieces_of_the_crate(text in pieces()) {
            let mut words = Vec::new();
            let pieces = text.unicode_word_indices().map(|(at, piece)| at..at + piece.len());
            join(pieces, text.as_bytes(), |word| words.push(&text.as_bytes()[word]));
            prop_assert_eq!(found(text.as_bytes()), words);
        }

        #[test]
        fn a_cut_text_has_the_same_words(text in pieces(), stray: u8) {
            let text = [text.as_bytes(), &[stray], text.as_bytes()].concat();
            for usual in 0..=text.len() {
                let Some(cut) = cut(&text, usual) else { continue };
                let (first, second) = text.split_at(cut);
                prop_assert_eq!([found(first), found(second)].concat(), found(&text));
            }
        }

        #[test]
        fn any_bytes_have_words_without_ends_of_lines_that_stand_apart(text: Vec<u8>) {
            let mut before = 0;
            find_words(&text, |word| {
                assert!(before <= word.start && word.start < word.end && word.end <= text.len());
                assert!(text[word.clone()].iter().all(|byte| !is_apart(*byte)));
                assert!(!text[word.clone()].starts_with(b"\xef\xbb\xbf"));
                assert!(parts(&text[word.clone()]).next().is_some());
                before = word.end;
            });
            let ascii_letters = text.iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
            let in_words: usize = found(&text)
                .iter()
                .map(|word| word.iter().filter(|byte| byte.is_ascii_alphanumeric()).count())
                .sum();
            prop_assert_eq!(in_words, ascii_letters, "no letter is lost");
        }
    }
}
