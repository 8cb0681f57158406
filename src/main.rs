//! The `wordhash` program: parse, run, exit status.

use std::io::{self, BufWriter, IsTerminal as _};
use std::process::ExitCode;

use clap::Parser as _;
use wordhash::cli::Cli;
use wordhash::commands::{self, Screen, StandardOutput};

fn main() -> ExitCode {
    // A worker process is this same program, started again by the pool.
    wordhash::pool::init();
    let mut screen = Screen {
        out_is_terminal: io::stdout().is_terminal(),
        err_is_terminal: io::stderr().is_terminal(),
        out: &mut BufWriter::new(StandardOutput::default()),
        err: &mut io::stderr(),
        no_color: std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()),
        width: terminal_width(),
        quiet: false,
    };
    let status = match Cli::try_parse() {
        Ok(cli) => commands::run(&cli, &mut screen),
        Err(error) => commands::usage(&error, &mut screen),
    };
    ExitCode::from(status)
}

/// The columns of the terminal that standard output is, if it is one.
fn terminal_width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then(|| usize::from(size.ws_col))
}
