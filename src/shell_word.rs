//! Words of a shell's command line.

/// One word, quoted where it must be. What is not text, or cannot be seen, is written as escapes
/// between `$'` and `'`, which bash, zsh and ksh know, and POSIX since 2024.
pub(crate) fn shell_word(word: &[u8]) -> String {
    let visible = std::str::from_utf8(word).ok().filter(|text| !text.chars().any(char::is_control));
    match visible.map(shlex::try_quote) {
        Some(Ok(quoted)) => quoted.into_owned(),
        _ => format!("$'{}'", word.iter().copied().map(escaped).collect::<String>()),
    }
}

fn escaped(byte: u8) -> String {
    match byte {
        b'\'' | b'\\' => format!("\\{}", char::from(byte)),
        b' '..=b'~' => char::from(byte).to_string(),
        // Three octal digits, always: hexadecimal ones would go on into the next letter.
        _ => format!("\\{byte:03o}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bash_reads_the_same_bytes() {
        let arguments: [&[u8]; 9] = [
            b"words.txt",
            b"",
            b"a b",
            b"it's",
            b"$HOME `date` \\ *.txt ~ # ! \"",
            "W\u{f6}rter".as_bytes(),
            b"1..1m*4",
            b"bad\xff\xfename 'x' \\1",
            b"two\nlines\t\x1b[1m7",
        ];
        for argument in arguments {
            let script = format!("printf %s {}", shell_word(argument));
            let said = std::process::Command::new("bash").args(["-c", &script]).output().unwrap();
            assert_eq!(said.stdout, argument, "{script}");
        }
    }
}
