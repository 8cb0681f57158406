//! Words of a text that are not known, and where they stand: for editors and scripts, for a
//! person at a terminal, for programs.
//!
//! The JSON document is one object: `wordhash`, the version; `known`, with the `lists` and how many
//! `words` they have together; `unknown`, an array of objects with `text`, `line`, `column` (both
//! from 1, the column in bytes) and `word`, in the order of the texts; and `summary`, with `texts`,
//! `texts_failed`, `words` and `unknown_words`. A word that is no printable UTF-8 is `$HEX[…]`.

use std::io::Write as _;

use serde::Serialize;

use crate::one_line::one_line;
use crate::text::fold::is_ignorable;
use crate::words::Shown;

/// A word that is not known.
#[derive(Clone, Copy, Debug)]
pub struct Unknown<'a> {
    /// The name of its text.
    pub text: &'a str,
    /// Its line, from 1.
    pub line: usize,
    /// The place of its first byte in the line, from 1.
    pub column: usize,
    /// Its bytes.
    pub word: &'a [u8],
}

impl Unknown<'_> {
    /// Appends `text:line:column: word` and a line end.
    pub fn append_plain(&self, out: &mut Vec<u8>) {
        let Self { text, line, column, word } = self;
        // Memory takes every write.
        let _ = writeln!(out, "{}:{line}:{column}: {}", one_line(text), shown(word));
    }

    /// Appends an element of the array in a JSON document; `first` is the first one.
    pub fn append_json(&self, first: bool, out: &mut Vec<u8>) {
        #[derive(Serialize)]
        struct Element<'a> {
            text: &'a str,
            line: usize,
            column: usize,
            word: String,
        }
        let Self { text, line, column, word } = *self;
        let element = Element { text, line, column, word: shown(word) };
        out.extend_from_slice(if first { b"\n    " } else { b",\n    " });
        out.extend_from_slice(json(&element).as_bytes());
    }
}

/// What the words were looked up in.
#[derive(Clone, Debug, Serialize)]
pub struct KnownLists {
    /// The names of the lists.
    pub lists: Vec<String>,
    /// How many words they have together, repeats included.
    pub words: usize,
}

/// What was looked up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Texts that were read to their end.
    pub texts: usize,
    /// Texts that were not, because of an error.
    pub texts_failed: usize,
    /// Words of all texts, repeats included.
    pub words: u64,
    /// Those that are not known, repeats included.
    pub unknown_words: u64,
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("only maps can have keys that cannot be written")
}

/// The start of a JSON document, as far as the array of unknown words.
#[must_use]
pub fn json_head(known: &KnownLists) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let known = json(known);
    format!("{{\n  \"wordhash\": \"{version}\",\n  \"known\": {known},\n  \"unknown\": [")
}

/// The rest of the document.
#[must_use]
pub fn json_tail(summary: &Summary) -> String {
    let summary = json(summary);
    format!("\n  ],\n  \"summary\": {summary}\n}}\n")
}

/// A word as people see it. Where it has characters without a glyph, it would look like another
/// word, so its bytes are shown.
#[must_use]
pub fn shown(word: &[u8]) -> String {
    let is_hidden = str::from_utf8(word).is_ok_and(|text| text.chars().any(is_ignorable));
    if is_hidden { format!("$HEX[{}]", hex::encode(word)) } else { Shown(word).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_name_the_place_and_the_word() {
        for (text, word, line) in [
            ("a.txt", &b"word"[..], "a.txt:3:7: word\n"),
            ("a", "fu\u{ad}ture".as_bytes(), "a:3:7: $HEX[6675c2ad74757265]\n"),
            ("a\nb", b"\xff", "a\\nb:3:7: $HEX[ff]\n"),
        ] {
            let mut out = Vec::new();
            Unknown { text, line: 3, column: 7, word }.append_plain(&mut out);
            assert_eq!(String::from_utf8(out).unwrap(), line);
        }
    }

    #[test]
    fn a_document_is_json_with_any_number_of_words() {
        let known = KnownLists { lists: vec!["w\"\n".to_owned()], words: 9 };
        let summary = Summary { texts: 1, texts_failed: 0, words: 5, unknown_words: 2 };
        for count in 0..3 {
            let mut out = json_head(&known).into_bytes();
            for place in 0..count {
                let unknown = Unknown { text: "a", line: 1, column: place + 1, word: b"\xff" };
                unknown.append_json(place == 0, &mut out);
            }
            out.extend_from_slice(json_tail(&summary).as_bytes());
            let read: serde_json::Value = serde_json::from_slice(&out).unwrap();
            assert_eq!(read["unknown"].as_array().unwrap().len(), count);
            assert_eq!(read["known"]["lists"][0], "w\"\n");
            assert_eq!(read["summary"]["words"], 5);
            if count > 0 {
                assert_eq!(read["unknown"][0]["word"], "$HEX[ff]");
            }
        }
    }
}
