//! The subcommands, one file each: they put the rooms below together.
//!
//! A command checks what the command line says against this machine (`config`), loads the list
//! (`input`), has it hashed and measured, and writes the result to the [`Screen`] that it was
//! given. It does not know how hashing, pools or formats work.

mod check;
mod command_line;
mod compare;
mod completions;
mod config;
mod diff;
mod digest;
mod export;
mod findings;
mod generate;
mod info;
mod input;
mod man;
mod measure;
mod pieces;
mod programs;
mod ranks;
mod run;
mod saved;
mod screen;
mod show;
mod standard_output;
mod sweep;
mod verify;

use ranks::Role;
pub use screen::{OutputError, Screen};
pub use standard_output::StandardOutput;

use crate::backend::BackendError;
use crate::cli::{Cli, Command};
use crate::session::{Cluster, SessionError};
use crate::words::LoadError;

/// Done.
const DONE: u8 = 0;
/// The answer is no.
const REFUSED: u8 = 1;
/// An error, named on standard error.
const FAILED: u8 = 2;

/// Does what the command line says; the exit status.
pub fn run(cli: &Cli, screen: &mut Screen<'_>) -> u8 {
    if ranks::launched_ranks().is_some_and(|ranks| ranks > 1) {
        not_at_a_terminal(screen);
    }
    match ranks::join(cli) {
        Ok(Role::Alone) => {
            if let Some(reminder) = ranks::reminder(cli) {
                screen.note(reminder);
            }
            run_alone_or_first(cli, None, screen)
        }
        Ok(Role::First(cluster)) => {
            if cluster.size().get() > 1 || ranks::launched_rank().is_some() {
                not_at_a_terminal(screen);
            }
            let status = run_alone_or_first(cli, Some(cluster.as_ref()), screen);
            cluster.dismiss(status);
            status
        }
        // Rank 0 does all the talking, unless it cannot be heard.
        Ok(Role::Other(follower)) => follower.obey().unwrap_or_else(|error| {
            let status = end(&error.into(), screen);
            follower.abort(status);
            status
        }),
        Err(error) => end(&error, screen),
    }
}

/// mpirun gives its ranks terminals that are none, whatever its own output is.
fn not_at_a_terminal(screen: &mut Screen<'_>) {
    screen.out_is_terminal = false;
    screen.width = None;
}

/// Does what the command line says in a process that may talk.
fn run_alone_or_first(cli: &Cli, cluster: Option<&dyn Cluster>, screen: &mut Screen<'_>) -> u8 {
    let done = match &cli.command {
        None => run::run(&cli.run, cluster, screen),
        Some(Command::Sweep(arguments)) => {
            return finish(sweep::run(arguments, cluster, screen), screen);
        }
        Some(Command::Compare(arguments)) => {
            return finish(compare::run(arguments, cluster, screen), screen);
        }
        Some(Command::Show(arguments)) => show::run(arguments, screen),
        Some(Command::Diff(arguments)) => return finish(diff::run(arguments, screen), screen),
        Some(Command::Check(arguments)) => return finish(check::run(arguments, screen), screen),
        Some(Command::Digest(arguments)) => return finish(digest::run(arguments, screen), screen),
        Some(Command::Generate(arguments)) => generate::run(arguments, screen),
        Some(Command::Info) => info::run(screen),
        Some(Command::Completions(arguments)) => completions::run(arguments, screen),
        Some(Command::Man(arguments)) => man::run(arguments, screen),
    };
    finish(done.map(|()| DONE), screen)
}

fn finish(done: anyhow::Result<u8>, screen: &mut Screen<'_>) -> u8 {
    done.unwrap_or_else(|error| end(&error, screen))
}

/// Writes what clap has to say: help and the version as results, anything else as one line of
/// error. The exit status.
pub fn usage(error: &clap::Error, screen: &mut Screen<'_>) -> u8 {
    if !error.use_stderr() {
        let text = if screen.out_is_terminal && !screen.no_color {
            error.render().ansi().to_string()
        } else {
            error.render().to_string()
        };
        return match screen.text(text) {
            Ok(()) => DONE,
            Err(error) => end(&error.into(), screen),
        };
    }
    // Ranks of an MPI run have the same command line: one of them says what is wrong with it.
    if ranks::is_other_rank() {
        return FAILED;
    }
    screen.error(in_one_line(&error.render().to_string()));
    FAILED
}

/// The matter of an error of clap's, and the name that may have been meant. Behind blank lines it
/// goes on with other tips, the usage and a hint at --help.
fn in_one_line(text: &str) -> String {
    let mut paragraphs = text.split("\n\n");
    let matter = paragraphs.next().unwrap_or_default().trim_start_matches("error: ");
    // What it takes the second of two lists for.
    let second_list = matter
        .strip_prefix("the subcommand ")
        .and_then(|rest| rest.strip_suffix(" cannot be used with '[WORDS]'"));
    if let Some(second) = second_list {
        return format!(
            "unexpected {second} behind the word list: a command comes first, and one list is all that is taken"
        );
    }
    let similar = paragraphs.find_map(|paragraph| {
        paragraph.trim().strip_prefix("tip: ").filter(|tip| tip.contains("similar"))
    });
    similar.map_or_else(|| matter.to_owned(), |tip| format!("{matter}; {tip}"))
}

/// The exit status that an error stands for, after it was written where there is something to say.
fn end(error: &anyhow::Error, screen: &mut Screen<'_>) -> u8 {
    if let Some(signal) = interrupting_signal(error) {
        return u8::try_from(128 + signal).unwrap_or(FAILED);
    }
    if let Some(OutputError(cause)) = error.downcast_ref()
        && cause.kind() == std::io::ErrorKind::BrokenPipe
    {
        return DONE;
    }
    screen.error(format_args!("{}{}", with_causes(error), command_line::way_round(error)));
    FAILED
}

/// An error and what caused it, on one line; a cause that the error names itself is not repeated.
fn with_causes(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |text, cause| {
        let cause = cause.to_string();
        if text.is_empty() {
            cause
        } else if text.contains(&cause) {
            text
        } else {
            format!("{text}: {cause}")
        }
    })
}

fn interrupting_signal(error: &anyhow::Error) -> Option<i32> {
    if let Some(LoadError::Interrupted { signal }) = error.downcast_ref() {
        return Some(*signal);
    }
    if let Some(error) = error.downcast_ref::<SessionError>() {
        return error.signal();
    }
    match error.downcast_ref() {
        Some(BackendError::Interrupted { signal }) => Some(*signal),
        _ => None,
    }
}
