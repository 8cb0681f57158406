//! Text from outside on one line: what a message or a result names must not break it into two, nor
//! send escape sequences to a terminal.

use std::borrow::Cow;

/// Control characters as escapes: a path with a line end in it must not make two facts of one,
/// nor an escape sequence reach the terminal. So are the two that XML cannot hold in any form.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    let is_awkward =
        |character: char| character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}');
    if !text.contains(is_awkward) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_awkward(character) {
            escaped.extend(character.escape_default());
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}
