//! Standard output as this program writes it: in large pieces, through a large pipe.
//!
//! `std` looks for line ends in all that is written to standard output and cuts there, which costs
//! twice the system calls where pieces end anywhere. This module knows nothing of what is written.

use std::io::{self, Write};

/// What Linux lets anybody have for a pipe (`/proc/sys/fs/pipe-max-size`, as it is by default).
const PIPE_BYTES: usize = 1 << 20;

/// A call writes at most this much: while it goes on, a reader that sleeps is not woken in a pipe
/// of the usual size, and pieces of 256 KiB took three times as long to get through one as these.
const STEP_BYTES: usize = 32 << 10;

/// Standard output, without a buffer.
#[derive(Debug, Default)]
pub struct StandardOutput {
    /// Whether the pipe, if it is one, was asked to be larger.
    asked: bool,
}

impl Write for StandardOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let out = rustix::stdio::stdout();
        if bytes.len() >= STEP_BYTES && !self.asked {
            self.asked = true;
            // Fewer changes between writer and reader; what is no pipe or may not grow stays as it
            // is. (Giving the pipe our pages with vmsplice would be faster still, and wrong: they
            // must not change until the last of all readers down the line has done with them.)
            let _ = rustix::pipe::fcntl_setpipe_size(out, PIPE_BYTES);
        }
        Ok(rustix::io::write(out, &bytes[..bytes.len().min(STEP_BYTES)])?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
