//! The command line of this process, as whoever wants to run it again pastes it into a shell.

use std::env;
use std::os::unix::ffi::OsStrExt as _;

use super::cluster;
use crate::bench::result::SavedRun;

/// The command line that made this measurement.
pub(super) fn command_line(run: &SavedRun) -> String {
    let arguments = env::args_os().skip(1).map(|argument| quoted(argument.as_bytes()));
    let command = std::iter::once("wordhash".to_owned()).chain(arguments);
    launcher(run).into_iter().chain(command).collect::<Vec<_>>().join(" ")
}

/// What started the ranks of an MPI run, as far as a rank can know: how many, not where.
fn launcher(run: &SavedRun) -> Option<String> {
    let mut on_ranks = run.results.iter().filter(|row| row.backend == "mpi");
    on_ranks.next()?;
    Some(format!("mpirun -n {}", cluster::launched_ranks()?))
}

/// One word of a shell's command line. What is no text, or cannot be seen, is written as escapes
/// between `$'` and `'`, which bash, zsh and ksh know, and POSIX since 2024.
fn quoted(argument: &[u8]) -> String {
    let Some(text) = visible(argument) else {
        return format!("$'{}'", argument.iter().copied().map(escaped).collect::<String>());
    };
    let plain = |letter: char| letter.is_alphanumeric() || "-_=+.,:/@%".contains(letter);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

fn visible(argument: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(argument).ok()?;
    (!text.chars().any(char::is_control)).then_some(text)
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
            let script = format!("printf %s {}", quoted(argument));
            let said = std::process::Command::new("bash").args(["-c", &script]).output().unwrap();
            assert_eq!(said.stdout, argument, "{script}");
        }
    }

    #[test]
    fn what_needs_no_quotes_has_none() {
        assert_eq!(quoted(b"--export=a_b/c-1.json"), "--export=a_b/c-1.json");
        assert_eq!(quoted(b"1..1m*4"), "'1..1m*4'");
    }
}
