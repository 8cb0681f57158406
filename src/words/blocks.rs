//! The bytes of a list block by block: read when there are some, unpacked where they are packed.
//!
//! It knows nothing of lines or words.

use std::os::fd::{AsFd as _, OwnedFd};

use rustix::io::Errno;

use super::error::LoadError;
use super::input::{Stop, wait_for_bytes};
use super::source::Source;
use super::unpack::{Fault, FirstBytes, Format, MAGIC_BYTES, Unpacker};
use crate::os::interrupt::Interrupt;

/// One call to `read` asks for so much: it stays in the second-level cache until it is copied.
pub(crate) const BLOCK_BYTES: usize = 256 << 10;

/// An open list, read from where it stands.
#[derive(Debug)]
pub(crate) struct Blocks {
    pub(crate) input: OwnedFd,
    pub(crate) origin: Source,
    state: State,
    /// Bytes that were read and are not unpacked yet, from `packed_from` on.
    packed: Vec<u8>,
    packed_from: usize,
}

#[derive(Debug)]
enum State {
    /// Nothing was read yet.
    Unknown,
    Plain,
    Packed(Format, Option<Unpacker>),
    Ended,
}

impl Blocks {
    pub(crate) fn new(input: OwnedFd, origin: Source) -> Self {
        Self { input, origin, state: State::Unknown, packed: Vec::new(), packed_from: 0 }
    }

    /// Takes its bytes as they are, whatever they look like.
    pub(crate) fn take_as_plain(&mut self) {
        self.state = State::Plain;
    }

    /// Looks at the first bytes, which are at `start` of a regular file, without moving on.
    pub(crate) fn look_ahead(&mut self, start: u64) {
        let mut first = [0; MAGIC_BYTES];
        // An error comes again when the file is read, and is told then.
        let read = rustix::io::pread(&self.input, &mut first, start).unwrap_or(0);
        self.state = match Format::of(&first[..read]) {
            FirstBytes::Packed(format) => State::Packed(format, None),
            FirstBytes::Plain | FirstBytes::TooFew => State::Plain,
        };
    }

    /// Whether its bytes are known to be those of the list.
    pub(crate) fn is_plain(&self) -> bool {
        matches!(self.state, State::Plain)
    }

    /// Begins again, after the descriptor was set back to the start.
    pub(crate) fn restart(&mut self) {
        self.packed.clear();
        self.packed_from = 0;
        self.state = match self.state {
            State::Packed(format, _) => State::Packed(format, None),
            State::Plain => State::Plain,
            State::Unknown | State::Ended => State::Unknown,
        };
    }

    /// Finds out what the input is and makes ready for it, with so many bytes of memory for the
    /// list; how many of them are taken.
    pub(crate) fn prepare(
        &mut self,
        room_bytes: usize,
        interrupt: &Interrupt,
    ) -> Result<usize, LoadError> {
        if matches!(self.state, State::Unknown) {
            self.recognise(interrupt)?;
        }
        let State::Packed(format, unpacker) = &mut self.state else { return Ok(0) };
        let format = *format;
        if unpacker.is_none() {
            let made = Unpacker::new(format, room_bytes);
            *unpacker = Some(made.map_err(|fault| unpack_error(fault, &self.origin, format))?);
        }
        Ok(unpacker.as_ref().map_or(0, Unpacker::taken_bytes))
    }

    /// Reads as far as it takes to tell.
    fn recognise(&mut self, interrupt: &Interrupt) -> Result<(), LoadError> {
        loop {
            let before = self.packed.len();
            let mut packed = std::mem::take(&mut self.packed);
            self.read(&mut packed, BLOCK_BYTES, interrupt)?;
            self.packed = packed;
            match Format::of(&self.packed) {
                FirstBytes::Packed(format) => self.state = State::Packed(format, None),
                FirstBytes::TooFew if self.packed.len() > before => continue,
                FirstBytes::Plain | FirstBytes::TooFew => self.state = State::Plain,
            }
            return Ok(());
        }
    }

    /// Puts the next bytes of the list into `block`, or nothing when it has ended. Must be
    /// [prepared](Self::prepare).
    pub(crate) fn next_block(
        &mut self,
        block: &mut Vec<u8>,
        interrupt: &Interrupt,
    ) -> Result<(), LoadError> {
        block.clear();
        block.shrink_to(BLOCK_BYTES);
        self.append_block(block, BLOCK_BYTES, interrupt)
    }

    /// Appends the next bytes of the list to `bytes`, or nothing when it has ended: about as many
    /// as are wanted where they need not be unpacked. Must be [prepared](Self::prepare).
    pub(crate) fn append_block(
        &mut self,
        bytes: &mut Vec<u8>,
        wanted: usize,
        interrupt: &Interrupt,
    ) -> Result<(), LoadError> {
        match &self.state {
            State::Ended => Ok(()),
            State::Packed(format, _) => {
                let format = *format;
                self.unpack(format, bytes, interrupt)
            }
            State::Plain | State::Unknown if !self.packed.is_empty() => {
                bytes.append(&mut self.packed);
                Ok(())
            }
            State::Plain | State::Unknown => self.read(bytes, wanted, interrupt),
        }
    }

    /// Whether the next block can be had without waiting for somebody to write it. The end of the
    /// input counts as well.
    pub(crate) fn has_more_now(&self) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        if self.packed_from < self.packed.len() {
            return true;
        }
        let mut waited = [PollFd::new(&self.input, PollFlags::IN)];
        // Whoever is told so by mistake waits, as he did before he asked.
        !matches!(poll(&mut waited, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })), Ok(0))
    }

    fn unpack(
        &mut self,
        format: Format,
        block: &mut Vec<u8>,
        interrupt: &Interrupt,
    ) -> Result<(), LoadError> {
        let before = block.len();
        while block.len() == before {
            if let Some(signal) = interrupt.pending() {
                return Err(LoadError::Interrupted { signal });
            }
            if self.packed_from == self.packed.len() {
                let mut packed = std::mem::take(&mut self.packed);
                self.packed_from = 0;
                packed.clear();
                self.read(&mut packed, BLOCK_BYTES, interrupt)?;
                self.packed = packed;
            }
            let State::Packed(_, Some(unpacker)) = &mut self.state else { break };
            let packed = &self.packed[self.packed_from..];
            let ended = packed.is_empty();
            let taken = if ended {
                unpacker.finish(block).map(|()| 0)
            } else {
                unpacker.push(packed, block)
            };
            self.packed_from += taken.map_err(|fault| unpack_error(fault, &self.origin, format))?;
            if ended {
                self.state = State::Ended;
                break;
            }
        }
        Ok(())
    }

    /// Reads once, when there is something to read, and appends it; nothing at the end. It asks for
    /// as much as is wanted, or for as much as `bytes` has room for.
    fn read(
        &self,
        bytes: &mut Vec<u8>,
        wanted: usize,
        interrupt: &Interrupt,
    ) -> Result<(), LoadError> {
        bytes.reserve_exact(wanted);
        let read = loop {
            wait_for_bytes(self.input.as_fd(), interrupt).map_err(|stop| match stop {
                Stop::Interrupted(signal) => LoadError::Interrupted { signal },
                Stop::System(error) => LoadError::Read { origin: self.origin.clone(), error },
            })?;
            match rustix::io::read(&self.input, rustix::buffer::spare_capacity(bytes)) {
                Err(Errno::INTR | Errno::AGAIN) => {}
                read => break read,
            }
        };
        match read {
            Ok(_) => Ok(()),
            Err(Errno::ISDIR) => Err(LoadError::Directory { origin: self.origin.clone() }),
            Err(error) => Err(LoadError::Read { origin: self.origin.clone(), error: error.into() }),
        }
    }
}

fn unpack_error(fault: Fault, origin: &Source, format: Format) -> LoadError {
    let (origin, format) = (origin.clone(), format.name());
    match fault {
        Fault::Cut => LoadError::CutArchive { origin, format },
        Fault::Broken(error) => LoadError::BrokenArchive { origin, format, error },
        Fault::Trailing => LoadError::AfterArchive { origin, format },
        Fault::WindowTooLarge => LoadError::ArchiveWindow { origin, format },
    }
}
