//! `wordhash completions`: the script by which a shell completes command lines.

use clap::CommandFactory as _;

use super::{OutputError, Screen};
use crate::cli::{Cli, CompletionsArgs};

pub(super) fn run(arguments: &CompletionsArgs, screen: &mut Screen<'_>) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "wordhash", &mut script);
    screen.out.write_all(&script).and_then(|()| screen.out.flush()).map_err(OutputError)?;
    Ok(())
}
