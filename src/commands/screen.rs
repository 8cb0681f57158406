//! Where results and notes go, and what happens when they cannot go there.

use std::fmt::Display;
use std::io::{self, Write};

use crate::report::table::Layout;

/// The two streams of the program and what is known of them.
#[expect(clippy::struct_excessive_bools, reason = "facts that do not depend on each other")]
pub struct Screen<'a> {
    /// Results.
    pub out: &'a mut dyn Write,
    /// Notes, warnings and errors.
    pub err: &'a mut dyn Write,
    /// Whether results are read by a person.
    pub out_is_terminal: bool,
    /// Whether notes are.
    pub err_is_terminal: bool,
    /// Whether the person does not want colours (`NO_COLOR`).
    pub no_color: bool,
    /// The columns of the terminal, if results go to one.
    pub width: Option<usize>,
    /// Notes and warnings are not wanted.
    pub quiet: bool,
}

/// Results could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output: {0}")]
pub struct OutputError(pub io::Error);

impl Screen<'_> {
    /// How a table may look there.
    pub(super) fn table_layout(&self) -> Layout {
        Layout { width: self.width, colour: self.out_is_terminal && !self.no_color }
    }

    /// Writes one line of results at once.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn line(&mut self, line: impl Display) -> Result<(), OutputError> {
        self.text(format_args!("{line}\n"))
    }

    /// Writes results as they stand, at once.
    ///
    /// # Errors
    ///
    /// When they cannot be written.
    pub fn text(&mut self, text: impl Display) -> Result<(), OutputError> {
        write!(self.out, "{text}").and_then(|()| self.out.flush()).map_err(OutputError)
    }

    /// Writes a note, unless none is wanted. One that cannot be written is lost: nobody could be
    /// told.
    pub fn note(&mut self, note: impl Display) {
        if !self.quiet {
            let _ = writeln!(self.err, "wordhash: {note}");
        }
    }

    /// Writes the error that ends the program, on one line.
    pub fn error(&mut self, error: impl Display) {
        let text = error.to_string();
        let one_line = text.lines().map(str::trim).collect::<Vec<_>>().join(" ");
        let _ = writeln!(self.err, "wordhash: {one_line}");
    }
}
