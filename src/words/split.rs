//! Splitting bytes into words.

use memchr::memchr;
use serde::{Deserialize, Serialize};

/// What counts as a word, beyond the rules that always hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// A word keeps the end of its line, as it stands in the list.
    pub keep_newline: bool,
    /// Blank lines are no words.
    pub skip_blank: bool,
}

impl Rules {
    /// The word of a line that is given with its end, if the line has one and if it is a word.
    #[inline]
    fn word(self, line: &[u8]) -> Option<&[u8]> {
        let content = match line {
            [content @ .., b'\r', b'\n'] | [content @ .., b'\n'] => content,
            without_end => without_end,
        };
        if self.skip_blank && content.is_empty() {
            None
        } else {
            Some(if self.keep_newline { line } else { content })
        }
    }

    /// Whether a line that is given with its end is a word.
    #[inline]
    pub(super) fn is_word(self, line: &[u8]) -> bool {
        self.word(line).is_some()
    }
}

/// The words of some bytes that begin at the start of a line.
#[derive(Clone, Debug)]
pub struct Words<'a> {
    rest: &'a [u8],
    rules: Rules,
}

impl<'a> Words<'a> {
    /// The words of `text`.
    #[must_use]
    pub fn new(text: &'a [u8], rules: Rules) -> Self {
        Self { rest: text, rules }
    }
}

/// Cuts the first line, with its end, off `rest`; `None` when nothing is left.
#[inline]
pub(super) fn next_line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    if rest.is_empty() {
        return None;
    }
    let end = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
    let (line, others) = rest.split_at(end);
    *rest = others;
    Some(line)
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        while let Some(line) = next_line(&mut self.rest) {
            if let Some(word) = self.rules.word(line) {
                return Some(word);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &'static str, keep_newline: bool, skip_blank: bool) -> Vec<&'static str> {
        Words::new(text.as_bytes(), Rules { keep_newline, skip_blank })
            .map(|word| std::str::from_utf8(word).unwrap())
            .collect()
    }

    #[test]
    fn lines_become_words_by_the_rules() {
        for (text, words, kept, not_blank) in [
            ("", vec![], vec![], vec![]),
            ("\n", vec![""], vec!["\n"], vec![]),
            ("a", vec!["a"], vec!["a"], vec!["a"]),
            ("a\n", vec!["a"], vec!["a\n"], vec!["a"]),
            ("a\nb", vec!["a", "b"], vec!["a\n", "b"], vec!["a", "b"]),
            ("a\r\nb\r\n", vec!["a", "b"], vec!["a\r\n", "b\r\n"], vec!["a", "b"]),
            ("\r\n\n", vec!["", ""], vec!["\r\n", "\n"], vec![]),
            ("a\rb\n", vec!["a\rb"], vec!["a\rb\n"], vec!["a\rb"]),
            ("a\r\r\n", vec!["a\r"], vec!["a\r\r\n"], vec!["a\r"]),
            ("a\r", vec!["a\r"], vec!["a\r"], vec!["a\r"]),
            ("\r", vec!["\r"], vec!["\r"], vec!["\r"]),
            ("\n\na\n\n", vec!["", "", "a", ""], vec!["\n", "\n", "a\n", "\n"], vec!["a"]),
        ] {
            assert_eq!(split(text, false, false), words, "{text:?}");
            assert_eq!(split(text, true, false), kept, "{text:?} with its ends");
            assert_eq!(split(text, false, true), not_blank, "{text:?} without blank lines");
        }
    }
}
