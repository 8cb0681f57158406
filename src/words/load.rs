//! Loading a list: from a file, from standard input, from whatever can be read.
//!
//! The bytes go straight into an anonymous memory file that is then frozen. Mapping the user's
//! own file instead would save the copy, but a file that somebody truncates during the run would
//! kill every process with SIGBUS, and one that somebody edits would give digests of two lists.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags};

use super::archive::archive_format;
use super::blocks::Blocks;
use super::windows::Room;
use super::{Rules, Windows, WordList};
use crate::os::interrupt::Interrupt;
use crate::os::region::{HUGE_PAGE_BYTES, Region, make_huge_pages, memory_file};

/// Where a list comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file, a FIFO, a device: what can be opened and read.
    Path(PathBuf),
    /// Standard input.
    StandardInput,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Path(path) => path.display().fmt(f),
            Self::StandardInput => f.write_str("standard input"),
        }
    }
}

/// Why a list could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It cannot be opened.
    #[error("cannot open {origin}: {error}")]
    Open {
        /// The list.
        origin: Source,
        /// What the system says.
        error: io::Error,
    },
    /// A directory was named.
    #[error("{origin} is a directory: name a file in it")]
    Directory {
        /// The list.
        origin: Source,
    },
    /// Reading began and failed.
    #[error("cannot read {origin}: {error}")]
    Read {
        /// The list.
        origin: Source,
        /// What the system says.
        error: io::Error,
    },
    /// The memory for it is not to be had.
    #[error("no memory to load {origin}: {error}")]
    Memory {
        /// The list.
        origin: Source,
        /// What the system says.
        error: io::Error,
    },
    /// It is an archive, and its bytes are no words.
    #[error(
        "{origin} is an archive ({format}), not a word list: unpack it first (`{unpack} {origin} | wordhash -`)"
    )]
    Archive {
        /// The list.
        origin: Source,
        /// The archive's format.
        format: &'static str,
        /// The usual tool that unpacks it to standard output.
        unpack: &'static str,
    },
    /// An archive that is unpacked while reading ends before it is whole.
    #[error("{origin}: the {format} archive ends too early: a part of the list is missing")]
    CutArchive {
        /// The list.
        origin: Source,
        /// The archive's format.
        format: &'static str,
    },
    /// Something follows an archive that is not another one of its format.
    #[error(
        "{origin}: the {format} archive is followed by something that is not {format}: cut it off, if it is no part of the list"
    )]
    AfterArchive {
        /// The list.
        origin: Source,
        /// The archive's format.
        format: &'static str,
    },
    /// An archive that is unpacked while reading is damaged.
    #[error("{origin}: the {format} archive is broken: {error}")]
    BrokenArchive {
        /// The list.
        origin: Source,
        /// The archive's format.
        format: &'static str,
        /// What its decoder says.
        error: io::Error,
    },
    /// To unpack it would take more memory than there is for it.
    #[error(
        "{origin}: to unpack this {format} archive takes a larger window than there is memory for: give more --max-memory or unpack it first (`zstdcat --long=31 {origin} | wordhash -`)"
    )]
    ArchiveWindow {
        /// The list.
        origin: Source,
        /// The archive's format.
        format: &'static str,
    },
    /// It is not UTF-8 and was said to be.
    #[error(
        "{origin}: line {line}, byte {byte} is not UTF-8 (0x{value:02x}): leave --encoding utf-8 out to hash it as bytes"
    )]
    NotUtf8 {
        /// The list.
        origin: Source,
        /// The line, from 1.
        line: usize,
        /// The place of the first bad byte in its line, from 1.
        byte: usize,
        /// The bad byte.
        value: u8,
    },
    /// A line alone takes more memory than there is for it.
    #[error(
        "{origin}: line {line} does not fit in the {room_bytes} bytes that there are for it: give more --max-memory"
    )]
    LineTooLong {
        /// The list.
        origin: Source,
        /// The line, from 1.
        line: usize,
        /// The memory for it and what is made of it.
        room_bytes: usize,
    },
    /// It is no file that several readers can each read their parts of.
    #[error("{origin} is {what}: it cannot be read in parts")]
    NoParts {
        /// The list.
        origin: Source,
        /// What it is instead.
        what: &'static str,
    },
    /// Somebody cut it off while it was read.
    #[error("{origin} has become shorter while it was read")]
    Shrunk {
        /// The list.
        origin: Source,
    },
    /// A signal asked to stop.
    #[error("interrupted while loading")]
    Interrupted {
        /// The signal's number.
        signal: i32,
    },
}

/// Loads a list; `utf8` demands that all of it is UTF-8.
///
/// # Errors
///
/// See [`LoadError`].
#[expect(clippy::missing_panics_doc, reason = "even an empty list is a window")]
pub fn load(
    origin: &Source,
    rules: Rules,
    utf8: bool,
    interrupt: &Interrupt,
) -> Result<WordList, LoadError> {
    let mut windows = Windows::open(origin, rules, utf8, interrupt)?;
    let all = windows.next_window(Room::ALL, interrupt)?;
    Ok(all.expect("even an empty list is a window").list)
}

/// Reads a list from its start to its end, unpacked where it is packed, and gives it away block by
/// block.
///
/// # Errors
///
/// See [`LoadError`]; or what `give` says.
pub fn read_blocks<E: From<LoadError>>(
    origin: &Source,
    interrupt: &Interrupt,
    mut give: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    /// What a packed list may take to be unpacked.
    const ROOM_BYTES: usize = 256 << 20;
    let mut blocks = Blocks::new(open_source(origin, interrupt)?, origin.clone());
    blocks.prepare(ROOM_BYTES, interrupt)?;
    let mut block = Vec::new();
    loop {
        blocks.next_block(&mut block, interrupt)?;
        if block.is_empty() {
            return Ok(());
        }
        give(&block)?;
    }
}

/// What was read of a list before the bytes at hand.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Before {
    pub(crate) bytes: usize,
    pub(crate) lines: usize,
}

/// The list that these bytes are, if they are what they were said to be.
pub(crate) fn checked_list(
    region: Region,
    before: Before,
    origin: &Source,
    rules: Rules,
    utf8: bool,
) -> Result<WordList, LoadError> {
    let at_start = before.bytes == 0;
    if at_start && let Some((format, unpack)) = archive_format(region.frozen_bytes()) {
        return Err(LoadError::Archive { origin: origin.clone(), format, unpack });
    }
    let list = if at_start {
        WordList::new(region, rules)
    } else {
        WordList::with_text_from(0, region, rules)
    };
    if utf8 {
        check_utf8(list.text(), before.lines, origin)?;
    }
    Ok(list)
}

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

impl WordList {
    /// The list that `write` writes.
    ///
    /// # Errors
    ///
    /// When the memory for it is not to be had, or what `write` says.
    pub fn from_writer(
        rules: Rules,
        write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
    ) -> io::Result<Self> {
        let mut file = File::from(memory_file()?);
        write(&mut file)?;
        Ok(Self::new(Region::freeze(OwnedFd::from(file))?, rules))
    }

    /// The list that consists of these bytes.
    ///
    /// # Errors
    ///
    /// When the memory for it is not to be had.
    pub fn from_bytes(text: &[u8], rules: Rules) -> io::Result<Self> {
        Self::from_writer(rules, |sink| sink.write_all(text))
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

fn check_utf8(text: &[u8], lines_before: usize, origin: &Source) -> Result<(), LoadError> {
    let Err(error) = std::str::from_utf8(text) else { return Ok(()) };
    let good = &text[..error.valid_up_to()];
    let line_start = memchr::memrchr(b'\n', good).map_or(0, |end| end + 1);
    Err(LoadError::NotUtf8 {
        origin: origin.clone(),
        line: lines_before + memchr::memchr_iter(b'\n', good).count() + 1,
        byte: good.len() - line_start + 1,
        value: text[good.len()],
    })
}
