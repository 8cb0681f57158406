//! The command line by which this command would read a file that it cannot read itself.

use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use clap::Parser as _;

use crate::cli::{Cli, Command};
use crate::shell_word::shell_word;
use crate::words::LoadError;

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
    let command: Vec<_> = replaced.iter().map(|argument| shell_word(argument)).collect();
    Some(format!("{tool} {} | {}", shell_word(path), command.join(" ")))
}

/// Whether a command line is that of a check without a text.
fn reads_texts_from_stdin(arguments: &[Vec<u8>]) -> bool {
    let arguments = arguments.iter().map(|argument| OsStr::from_bytes(argument));
    let command = Cli::try_parse_from(arguments).ok().and_then(|cli| cli.command);
    matches!(command, Some(Command::Check(check)) if check.texts.is_empty())
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
}
