//! Copying a regular file into memory that is then frozen.
//!
//! Mapping the user's own file instead would save the copy, but a file that somebody truncates
//! during the run would kill every process with SIGBUS, and one that somebody edits would give
//! digests of two lists.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use super::error::LoadError;
use super::input::{Stop, wait_for_bytes};
use super::source::Source;
use crate::os::interrupt::Interrupt;
use crate::os::region::{HUGE_PAGE_BYTES, Region, make_huge_pages, memory_file};

/// One call to the kernel moves at most this much, so that a request to stop is heard soon.
const STEP_BYTES: usize = 8 << 20;

/// Copies what is left of a regular file: about so many bytes, unless somebody is writing it.
pub(crate) fn copy_to_memory(
    input: BorrowedFd<'_>,
    bytes: usize,
    origin: &Source,
    interrupt: &Interrupt,
) -> Result<Region, LoadError> {
    let no_memory = |error: io::Error| LoadError::Memory { origin: origin.clone(), error };
    let failed = |error: io::Error| LoadError::Read { origin: origin.clone(), error };
    let memory = memory_file().map_err(no_memory)?;
    let mut mover = Mover { in_kernel: true, buffer: Vec::new() };
    let mut copied = 0;
    let mut made = 0;
    loop {
        // The last page too: half of a huge one is sooner made than 256 small ones.
        let wanted = bytes.min(copied + STEP_BYTES);
        if bytes >= HUGE_PAGE_BYTES && made < wanted {
            made = if make_huge_pages(&memory, made..wanted) { wanted } else { usize::MAX };
        }
        wait_for_bytes(input, interrupt).map_err(|stop| match stop {
            Stop::Interrupted(signal) => LoadError::Interrupted { signal },
            Stop::System(error) => failed(error),
        })?;
        match mover.step(input, &memory) {
            Ok(0) => break,
            Ok(count) => copied += count,
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
            Err(error @ (rustix::io::Errno::NOMEM | rustix::io::Errno::NOSPC)) => {
                return Err(no_memory(error.into()));
            }
            Err(error) => return Err(failed(error.into())),
        }
    }
    Region::freeze(memory).map_err(no_memory)
}

/// Moves bytes from one descriptor to another: inside the kernel where it can, else through a
/// buffer.
struct Mover {
    in_kernel: bool,
    buffer: Vec<u8>,
}

impl Mover {
    /// Moves some bytes; 0 is the end of the input.
    fn step(&mut self, input: BorrowedFd<'_>, output: &OwnedFd) -> rustix::io::Result<usize> {
        if self.in_kernel {
            match rustix::fs::sendfile(output, input, None, STEP_BYTES) {
                Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => self.in_kernel = false,
                copied => return copied,
            }
        }
        self.buffer.resize(256 << 10, 0);
        let read = rustix::io::read(input, &mut self.buffer)?;
        let mut left = &self.buffer[..read];
        while !left.is_empty() {
            left = &left[rustix::io::retry_on_intr(|| rustix::io::write(output, left))?..];
        }
        Ok(read)
    }
}
