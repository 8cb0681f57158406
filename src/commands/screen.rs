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
            self.say(&note.to_string());
        }
    }

    /// Writes the error that ends the program, on one line.
    pub fn error(&mut self, error: impl Display) {
        let text = error.to_string();
        let one_line = text.lines().map(str::trim).collect::<Vec<_>>().join(" ");
        self.say(&one_line);
    }

    /// In a single write: standard error has no buffer, and what others write there (the launcher
    /// of an MPI run, other ranks) would get between the pieces.
    fn say(&mut self, text: &str) {
        let _ = self.err.write_all(format!("wordhash: {text}\n").as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps what each write brings.
    #[derive(Default)]
    struct Writes(Vec<String>);

    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(String::from_utf8(bytes.to_vec()).expect("text"));
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn notes_and_errors_are_one_write_and_one_line_each() {
        let mut writes = Writes::default();
        let mut screen = Screen {
            out: &mut io::sink(),
            err: &mut writes,
            out_is_terminal: false,
            err_is_terminal: false,
            no_color: false,
            width: None,
            quiet: false,
        };
        screen.note(format_args!("{} of {}", 1, 2));
        screen.error("first\n  second");
        screen.quiet = true;
        screen.note("not wanted");
        assert_eq!(writes.0, ["wordhash: 1 of 2\n", "wordhash: first second\n"]);
    }
}
