//! Text from outside made harmless, by the rules of each format.
//!
//! Nothing is dropped: what a format cannot hold is shown as an escape that a person can read.

use std::borrow::Cow;

use crate::one_line::one_line;
use crate::shell_word::shell_word;

/// For text and attribute values of HTML and XML.
pub(crate) fn markup(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in one_line(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// One field of RFC 4180, quoted where it must be. Line ends stay: quoted fields may hold them.
pub(crate) fn csv_field(field: &str) -> Cow<'_, str> {
    if field.contains(['"', ',', '\n', '\r']) {
        Cow::Owned(format!("\"{}\"", field.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(field)
    }
}

/// For a cell of a Markdown table: `CommonMark` lets any ASCII punctuation stand behind a
/// backslash, and only what could mean something is put there.
pub(crate) fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in one_line(text).chars() {
        if r"\`*_[]<>|~&$#".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// A code span, fenced by one more backtick than the text has in a row: nothing in it formats,
/// links or mentions anything.
pub(crate) fn markdown_code(text: &str) -> String {
    let text = one_line(text);
    let fence = "`".repeat(longest_run_of_backticks(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A fenced block that the text cannot end.
pub(crate) fn markdown_block(text: &str) -> String {
    let text = one_line(text);
    let fence = "`".repeat((longest_run_of_backticks(&text) + 1).max(3));
    format!("{fence}sh\n{text}\n{fence}\n")
}

/// A command line that can be pasted into a shell. A word that cannot be seen as it stands is
/// written as escapes between `$'` and `'`, which bash, zsh and ksh know, and POSIX since 2024.
pub(crate) fn command_line(words: &[String]) -> String {
    words.iter().map(|word| shell_word(word.as_bytes())).collect::<Vec<_>>().join(" ")
}

fn longest_run_of_backticks(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or(0)
}
