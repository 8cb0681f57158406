//! A line of a text for a person at a terminal: as much of it as is asked for, with the unknown
//! words marked.

use std::io::Write as _;
use std::ops::Range;

use crate::one_line::one_line;
use crate::text::fold::is_ignorable;
use crate::words::is_printable;

/// How words are marked in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Underlined and red.
    Red,
    /// Underlined only, for those who want no colours.
    Underline,
}

/// A part of a line, from its first unknown word or from before it.
#[derive(Clone, Debug)]
pub struct Excerpt {
    /// The number of the line, from 1.
    pub line: usize,
    /// Where it starts in the line, in bytes.
    start: usize,
    bytes: Vec<u8>,
    /// Whether the line goes on behind it.
    goes_on: bool,
    /// The unknown words in it, by their places in the line.
    words: Vec<Range<usize>>,
    /// How many unknown words of the line are not in it.
    others: u64,
}

impl Excerpt {
    /// At most `most_columns` characters of a line around the first unknown word, which is at
    /// `word` in `content`. That is what is at hand of the line, without its end; it stands
    /// `column` bytes behind the start of the line.
    #[must_use]
    pub fn of(
        line: usize,
        column: usize,
        content: &[u8],
        word: &Range<usize>,
        most_columns: usize,
    ) -> Self {
        let from = if ahead(content, 0, most_columns) >= word.end {
            0
        } else {
            // A quarter of what is shown stands before the word.
            behind(content, word.start, most_columns / 4)
        };
        let to = ahead(content, from, most_columns);
        Self {
            line,
            start: column + from,
            bytes: content[from..to].to_vec(),
            goes_on: to < content.len(),
            words: Vec::new(),
            others: 0,
        }
    }

    /// Marks an unknown word by its place in the line; counts it where it is not in the excerpt.
    pub fn mark(&mut self, word: Range<usize>) {
        if word.start < self.start + self.bytes.len() {
            self.words.push(word);
        } else {
            self.others += 1;
        }
    }

    /// Appends `text:line:` or `line:`, a blank, the excerpt as a terminal can show it, how many
    /// unknown words the line has besides, and a line end.
    pub fn append(&self, text: Option<&str>, mark: Mark, out: &mut Vec<u8>) {
        if let Some(text) = text {
            out.extend_from_slice(one_line(text).as_bytes());
            out.push(b':');
        }
        // Memory takes every write.
        let _ = write!(out, "{}: ", self.line);
        if self.start > 0 {
            out.extend_from_slice("\u{2026}".as_bytes());
        }
        let mut shown = 0;
        for word in &self.words {
            let (start, end) = (word.start - self.start, word.end - self.start);
            let end = end.min(self.bytes.len());
            append_printable(&self.bytes[shown..start], |_| false, out);
            out.extend_from_slice(match mark {
                Mark::Red => b"\x1b[4;31m",
                Mark::Underline => b"\x1b[4m",
            });
            append_printable(&self.bytes[start..end], is_ignorable, out);
            out.extend_from_slice(b"\x1b[0m");
            shown = end;
        }
        append_printable(&self.bytes[shown..], |_| false, out);
        if self.goes_on || self.others > 0 {
            out.extend_from_slice("\u{2026}".as_bytes());
        }
        if self.others > 0 {
            let _ = write!(out, " [{} more]", self.others);
        }
        out.push(b'\n');
    }
}

/// Whether a byte begins a character, or may be one by itself.
fn begins_character(byte: u8) -> bool {
    byte & 0xc0 != 0x80
}

/// So many characters further on in a text, or its end.
fn ahead(text: &[u8], from: usize, characters: usize) -> usize {
    let mut starts = (from..text.len()).filter(|at| begins_character(text[*at]));
    starts.nth(characters).unwrap_or(text.len())
}

/// So many characters further back in a text, or its start.
fn behind(text: &[u8], from: usize, characters: usize) -> usize {
    if characters == 0 {
        return from;
    }
    let mut starts = (0..from).rev().filter(|at| begins_character(text[*at]));
    starts.nth(characters - 1).unwrap_or(0)
}

/// Appends text that does nothing to a terminal: what it could not show is a replacement
/// character, a byte or a character each; so is what is hidden.
fn append_printable(bytes: &[u8], is_hidden: impl Fn(char) -> bool, out: &mut Vec<u8>) {
    const REPLACEMENT: char = '\u{fffd}';
    let mut buffer = [0; 4];
    let mut append = |char: char| {
        out.extend_from_slice(char.encode_utf8(&mut buffer).as_bytes());
    };
    for chunk in bytes.utf8_chunks() {
        for char in chunk.valid().chars() {
            let shown = (char == '\t' || is_printable(char)) && !is_hidden(char);
            append(if shown { char } else { REPLACEMENT });
        }
        chunk.invalid().iter().for_each(|_| append(REPLACEMENT));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: Option<&str>, line: &[u8], words: &[(usize, usize)], most: usize) -> String {
        let mut excerpt = Excerpt::of(7, 0, line, &(words[0].0..words[0].1), most);
        for &(start, end) in words {
            excerpt.mark(start..end);
        }
        let mut out = Vec::new();
        let mark = if text.is_some() { Mark::Underline } else { Mark::Red };
        excerpt.append(text, mark, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn words_are_marked_and_nothing_else_reaches_the_terminal() {
        let line = b"ok bad\x1b[2J caf\xe9\tend";
        assert_eq!(
            shown(None, line, &[(3, 6), (11, 15)], 99),
            "7: ok \x1b[4;31mbad\x1b[0m\u{fffd}[2J \x1b[4;31mcaf\u{fffd}\x1b[0m\tend\n"
        );
        assert_eq!(
            shown(Some("t"), line, &[(3, 6), (11, 15)], 99),
            "t:7: ok \x1b[4mbad\x1b[0m\u{fffd}[2J \x1b[4mcaf\u{fffd}\x1b[0m\tend\n"
        );
        assert_eq!(
            shown(Some("t"), "fu\u{ad}ture".as_bytes(), &[(0, 8)], 99),
            "t:7: \x1b[4mfu\u{fffd}ture\x1b[0m\n"
        );
    }

    #[test]
    fn no_more_of_a_line_is_shown_than_asked_for() {
        let line = "aa bb \u{e4}\u{e4} cc dd ee".as_bytes();
        for (words, most, expected) in [
            (&[(0, 2), (3, 5)][..], 5, "7: <aa> <bb>\u{2026}\n"),
            (&[(0, 2), (14, 16)], 8, "7: <aa> bb \u{e4}\u{e4}\u{2026} [1 more]\n"),
            (&[(11, 13)], 8, "7: \u{2026}\u{e4} <cc> dd \u{2026}\n"),
            (&[(17, 19)], 8, "7: \u{2026}d <ee>\n"),
            (&[(3, 5)], 1, "7: \u{2026}<b>\u{2026}\n"),
        ] {
            let shown = shown(None, line, words, most);
            let shown = shown.replace("\x1b[4;31m", "<").replace("\x1b[0m", ">");
            assert_eq!(shown, expected, "{words:?} in {most}");
        }
    }
}
