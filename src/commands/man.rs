//! `wordhash man`: the manual pages, one for the program and one for each command.

use std::io::{self, Write};

use anyhow::bail;
use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use super::{OutputError, Screen};
use crate::cli::{Cli, ManArgs};

/// The day from which on the pages say what they say. mandoc wants one; that of the build would make
/// every build another program.
const DATE: &str = "2026-11-24";

pub(super) fn run(arguments: &ManArgs, screen: &mut Screen<'_>) -> anyhow::Result<()> {
    let mut program = Cli::command();
    // Pages are named after the whole command: `wordhash-sweep`.
    program.build();
    let command = match &arguments.command {
        None => program,
        Some(name) => match program.find_subcommand(name) {
            Some(command) => command.clone(),
            None => bail!(
                "there is no command `{name}`: the commands are {}",
                program.get_subcommands().map(Command::get_name).collect::<Vec<_>>().join(", ")
            ),
        },
    };
    let mut text = Vec::new();
    page(&command, &mut text)?;
    // A blank line is a space of its own for `man`, and a break before or after it one too many.
    let text = String::from_utf8(text)?.replace(".br\n\n.br\n", ".sp\n");
    screen.out.write_all(text.as_bytes()).and_then(|()| screen.out.flush()).map_err(OutputError)?;
    Ok(())
}

fn page(command: &Command, out: &mut dyn Write) -> io::Result<()> {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let notes = command.get_after_help().map(ToString::to_string);
    let has_commands = command.has_subcommands();
    let man = Man::new(command.clone())
        .title(name.to_uppercase())
        .date(DATE)
        .source(concat!("wordhash ", env!("CARGO_PKG_VERSION")))
        .manual("User Commands");
    man.render_title(out)?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    if has_commands {
        man.render_subcommands_section(out)?;
    }
    match notes {
        Some(notes) => as_it_stands(&notes, out),
        None => Ok(()),
    }
}

/// The text below a help, whose lines must not be filled: `Man` would join the examples.
fn as_it_stands(notes: &str, out: &mut dyn Write) -> io::Result<()> {
    let notes = notes.strip_prefix("Examples:\n").unwrap_or(notes);
    writeln!(out, ".SH EXAMPLES\n.nf")?;
    for line in notes.lines() {
        let line = line.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
        // A line that begins with a full stop would be a request.
        writeln!(out, "\\&{line}")?;
    }
    writeln!(out, ".fi")
}
