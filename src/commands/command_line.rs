//! The command line of this process, as whoever wants to run it again pastes it into a shell.

use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use clap::Parser as _;

use super::cluster;
use crate::bench::result::SavedRun;
use crate::cli::{Cli, Command};
use crate::words::LoadError;

/// The command line that made this measurement.
pub(super) fn command_line(run: &SavedRun) -> String {
    let arguments = env::args_os().skip(1).map(|argument| quoted(argument.as_bytes()));
    let command = std::iter::once("wordhash".to_owned()).chain(arguments);
    launcher(run).into_iter().chain(command).collect::<Vec<_>>().join(" ")
}

/// The command line by which this command reads what a tool makes of a file that it cannot read
/// itself; nothing for other errors, or where standard input is read already.
pub(super) fn way_round(error: &anyhow::Error) -> String {
    let piped = error.chain().find_map(|cause| cause.downcast_ref::<LoadError>()?.pipe_from());
    let Some((tool, path)) = piped else { return String::new() };
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    piped_command(tool, path.as_os_str().as_bytes(), &arguments)
        .map_or_else(String::new, |command| format!(" (`{command}`)"))
}

fn piped_command(tool: &str, path: &[u8], arguments: &[OsString]) -> Option<String> {
    if arguments.iter().any(|argument| argument == "-" || argument.as_bytes().ends_with(b"=-")) {
        return None;
    }
    let with_stdin = |argument: &OsString| match argument.as_bytes().strip_suffix(path) {
        Some(option) if option.ends_with(b"=") || option.is_empty() => [option, b"-"].concat(),
        _ => argument.as_bytes().to_vec(),
    };
    let mut replaced: Vec<_> = arguments.iter().map(with_stdin).collect();
    // A text that is given twice can be read from standard input once.
    let count =
        arguments.iter().zip(&replaced).filter(|(old, new)| old.as_bytes() != &new[..]).count();
    if count != 1 {
        return None;
    }
    replaced.insert(0, b"wordhash".to_vec());
    if reads_texts_from_stdin(&replaced) {
        return None;
    }
    let command: Vec<_> = replaced.iter().map(|argument| quoted(argument)).collect();
    Some(format!("{tool} {} | {}", quoted(path), command.join(" ")))
}

/// Whether a command line is that of a check without a text.
fn reads_texts_from_stdin(arguments: &[Vec<u8>]) -> bool {
    let arguments = arguments.iter().map(|argument| OsStr::from_bytes(argument));
    let command = Cli::try_parse_from(arguments).ok().and_then(|cli| cli.command);
    matches!(command, Some(Command::Check(check)) if check.texts.is_empty())
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
    fn a_file_of_the_command_line_is_replaced_by_standard_input() {
        for (arguments, expected) in [
            (&["my list.xz"][..], Some("xzcat 'my list.xz' | wordhash -")),
            (
                &["check", "--known", "my list.xz", "t"],
                Some("xzcat 'my list.xz' | wordhash check --known - t"),
            ),
            (
                &["check", "--known=my list.xz"],
                Some("xzcat 'my list.xz' | wordhash check --known=-"),
            ),
            (&["check", "--known", "-", "my list.xz"], None),
            (&["check", "--known", "k", "my list.xz", "my list.xz"], None),
        ] {
            let arguments: Vec<_> = arguments.iter().map(OsString::from).collect();
            let command = piped_command("xzcat", b"my list.xz", &arguments);
            assert_eq!(command.as_deref(), expected);
        }
    }

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
