//! Opening what a list is read from, and waiting for its bytes, so that a request to stop is heard.
//!
//! It knows nothing of what the bytes are.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::event::{PollFd, PollFlags};

use super::error::LoadError;
use super::source::Source;
use crate::os::interrupt::Interrupt;

/// Opens what a list is read from.
pub(crate) fn open_source(origin: &Source, interrupt: &Interrupt) -> Result<OwnedFd, LoadError> {
    let refused = |error| LoadError::Open { origin: origin.clone(), error };
    match origin {
        Source::Path(path) => open(path, interrupt).map_err(|stop| match stop {
            Stop::Interrupted(signal) => LoadError::Interrupted { signal },
            Stop::System(error) => refused(error),
        }),
        Source::StandardInput => io::stdin().as_fd().try_clone_to_owned().map_err(refused),
    }
}

/// Why a wait came to nothing.
pub(crate) enum Stop {
    Interrupted(i32),
    System(io::Error),
}

/// Opens a file without waiting: a FIFO that nobody writes to would hold up `open` itself, where
/// no request to stop could be heard. The writer is awaited when reading.
fn open(path: &Path, interrupt: &Interrupt) -> Result<OwnedFd, Stop> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    loop {
        match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(file) => return Ok(file),
            Err(rustix::io::Errno::INTR) => {
                if let Some(signal) = interrupt.pending() {
                    return Err(Stop::Interrupted(signal));
                }
            }
            Err(error) => return Err(Stop::System(error.into())),
        }
    }
}

/// Waits until there is something to read or the end is reached, or until a request to stop.
///
/// Reading without waiting first would be wrong for a FIFO: while no writer has opened it, `read`
/// says that it is at its end, and only `poll` waits for the first writer.
pub(crate) fn wait_for_bytes(input: BorrowedFd<'_>, interrupt: &Interrupt) -> Result<(), Stop> {
    let stop = interrupt.descriptor();
    loop {
        if let Some(signal) = interrupt.pending() {
            return Err(Stop::Interrupted(signal));
        }
        let mut waited =
            [PollFd::from_borrowed_fd(input, PollFlags::IN), PollFd::new(&stop, PollFlags::IN)];
        match rustix::event::poll(&mut waited, None) {
            Ok(_) if waited[0].revents().is_empty() => {}
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(Stop::System(error.into())),
        }
    }
}
