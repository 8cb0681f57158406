//! The frames between the parent and its workers: how they look as bytes.
//!
//! A frame is a header of [`HEADER_LEN`] bytes and a body. This module only encodes and decodes:
//! it knows nothing of sockets, of processes, or of what a job makes of its bytes. Decoding never
//! trusts what it reads; every length is checked against what is there and against a limit.

use thiserror::Error;

/// The length of a frame's header in bytes.
pub const HEADER_LEN: usize = 32;

/// The longest input of a task, and the longest arguments of a context, in bytes.
pub const MAX_TASK_BYTES: usize = 1 << 30;

/// The most bytes a frame to a worker may carry after its header: other tasks beside a long one.
pub const MAX_BODY_TO_WORKER: usize = MAX_TASK_BYTES + (1 << 20);

/// The most bytes a frame from a worker may carry after its header. Large outputs come in pieces,
/// so a longer frame is garbage.
pub const MAX_BODY_TO_PARENT: usize = 128 << 10;

/// Every header starts with these two bytes, so that stray output on the socket is noticed.
const MAGIC: [u8; 2] = *b"wp";

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// To a worker: make the context. The first frame of all.
    Start = 1,
    /// To a worker: a run of consecutive tasks of one job.
    Tasks = 2,
    /// To a worker: report and end.
    Stop = 3,
    /// From a worker: the context stands.
    Ready = 4,
    /// From a worker: the context could not be made; the body says why.
    StartFailed = 5,
    /// From a worker: the outputs of a run of consecutive tasks.
    Done = 6,
    /// From a worker: one task failed; the body says why.
    Failed = 7,
    /// From a worker: what it did, before it ends.
    Report = 8,
}

impl Kind {
    fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            1 => Self::Start,
            2 => Self::Tasks,
            3 => Self::Stop,
            4 => Self::Ready,
            5 => Self::StartFailed,
            6 => Self::Done,
            7 => Self::Failed,
            8 => Self::Report,
            _ => return None,
        })
    }

    fn max_body(self) -> usize {
        match self {
            Self::Start | Self::Tasks | Self::Stop => MAX_BODY_TO_WORKER,
            Self::Ready | Self::StartFailed | Self::Done | Self::Failed | Self::Report => {
                MAX_BODY_TO_PARENT
            }
        }
    }
}

/// The body is a [`Place`]: the bytes themselves are in a ring. In a `Start` frame: the first
/// region that comes along is the memory of the rings.
pub const IN_RING: u8 = 1;
/// `Done`: the last output of the frame goes on in the next one.
pub const CONTINUED: u8 = 2;
/// `Done`: all outputs of the frame are empty, and so is its body.
pub const EMPTY: u8 = 4;
/// `Failed`, `StartFailed`: it was a panic.
pub const PANICKED: u8 = 8;

const ALL_FLAGS: u8 = IN_RING | CONTINUED | EMPTY | PANICKED;

/// The head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the frame is for.
    pub kind: Kind,
    /// [`IN_RING`], [`CONTINUED`], [`EMPTY`], [`PANICKED`].
    pub flags: u8,
    /// The length of the body in bytes.
    pub body_len: u32,
    /// The number of the first task.
    pub first: u64,
    /// How many tasks.
    pub count: u32,
    /// Where the function that does the tasks lies in the program.
    pub job: u32,
    /// Nanoseconds the worker was at work for what the frame answers.
    pub busy_ns: u64,
}

impl Header {
    /// A header of this kind with everything else zero.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self { kind, flags: 0, body_len: 0, first: 0, count: 0, job: 0, busy_ns: 0 }
    }

    /// The header as bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[..2].copy_from_slice(&MAGIC);
        bytes[2] = self.kind as u8;
        bytes[3] = self.flags;
        bytes[4..8].copy_from_slice(&self.body_len.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.first.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.count.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.job.to_le_bytes());
        bytes[24..].copy_from_slice(&self.busy_ns.to_le_bytes());
        bytes
    }

    /// Reads a header.
    ///
    /// # Errors
    ///
    /// When the bytes are not a header, or it announces more than a frame of its kind may carry.
    pub fn decode(bytes: &[u8; HEADER_LEN]) -> Result<Self, FrameError> {
        if bytes[..2] != MAGIC {
            return Err(FrameError::NotAFrame);
        }
        let kind = Kind::from_byte(bytes[2]).ok_or(FrameError::UnknownKind(bytes[2]))?;
        if bytes[3] & !ALL_FLAGS != 0 {
            return Err(FrameError::UnknownFlags(bytes[3]));
        }
        let header = Self {
            kind,
            flags: bytes[3],
            body_len: u32_at(bytes, 4),
            first: u64_at(bytes, 8),
            count: u32_at(bytes, 16),
            job: u32_at(bytes, 20),
            busy_ns: u64_at(bytes, 24),
        };
        if header.body_len as usize > kind.max_body() {
            return Err(FrameError::TooLong { bytes: header.body_len, limit: kind.max_body() });
        }
        Ok(header)
    }

    /// Whether this flag is set.
    #[must_use]
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// Finds the frame that `bytes` begin with; `None` when it is not complete yet.
///
/// # Errors
///
/// As [`Header::decode`]; a header is judged as soon as it is there, before its body.
pub fn split_frame(bytes: &[u8]) -> Result<Option<Frame<'_>>, FrameError> {
    let Some(head) = bytes.first_chunk() else { return Ok(None) };
    let header = Header::decode(head)?;
    let len = HEADER_LEN + header.body_len as usize;
    Ok(bytes.get(HEADER_LEN..len).map(|body| Frame { header, body, len }))
}

/// A frame among other bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Its head.
    pub header: Header,
    /// What it carries.
    pub body: &'a [u8],
    /// The bytes that it takes, head and body.
    pub len: usize,
}

/// What is wrong with bytes that should be a frame.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FrameError {
    /// The first bytes are not those of a frame.
    #[error("not a frame")]
    NotAFrame,
    /// There is no such kind of frame.
    #[error("a frame of unknown kind {0}")]
    UnknownKind(u8),
    /// There are no such flags.
    #[error("a frame with unknown flags {0:#04x}")]
    UnknownFlags(u8),
    /// The header announces more than a frame of its kind may carry.
    #[error("a frame that says it is {bytes} bytes long (at most {limit})")]
    TooLong {
        /// What it announces.
        bytes: u32,
        /// What it may.
        limit: usize,
    },
    /// The body does not hold what the header says.
    #[error("a frame whose body does not hold what its head says")]
    Body,
    /// A frame that is well formed, but not one that may come now.
    #[error("an unexpected frame")]
    Unexpected,
    /// It names bytes that are not in the ring, or not its own.
    #[error("a frame that points outside the shared memory it was given")]
    Place,
}

/// The length of the length before each item.
pub const ITEM_HEAD_LEN: usize = 4;

/// Starts an item at the end of `body`; [`finish_item`] closes it. A fixed width: a variable one
/// saves three bytes and costs a move of every long item whose length was guessed too short.
pub fn start_item(body: &mut Vec<u8>) -> usize {
    body.extend_from_slice(&[0; ITEM_HEAD_LEN]);
    body.len()
}

/// Closes the item whose bytes begin at `start` and end with `body`.
///
/// # Panics
///
/// When the item is longer than a frame can carry; whoever takes in items checks that first.
pub fn finish_item(body: &mut [u8], start: usize) {
    let len = u32::try_from(body.len() - start).expect("items are limited to a frame's length");
    body[start - ITEM_HEAD_LEN..start].copy_from_slice(&len.to_le_bytes());
}

/// The items of a body, each a length and so many bytes. Ends early where the body does not hold
/// what a length announces.
#[derive(Clone, Debug)]
pub struct Items<'a> {
    body: &'a [u8],
}

impl<'a> Items<'a> {
    /// The items of `body`.
    #[must_use]
    pub fn new(body: &'a [u8]) -> Self {
        Self { body }
    }

    /// The items of `body`, if it holds exactly `count` of them.
    ///
    /// # Errors
    ///
    /// [`FrameError::Body`] if not.
    pub fn checked(body: &'a [u8], count: u32) -> Result<Self, FrameError> {
        let mut items = Self::new(body);
        for _ in 0..count {
            items.next().ok_or(FrameError::Body)?;
        }
        if items.body.is_empty() { Ok(Self::new(body)) } else { Err(FrameError::Body) }
    }

    /// The bytes of the items not taken yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.body
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let (head, rest) = self.body.split_first_chunk::<ITEM_HEAD_LEN>()?;
        let (item, rest) = rest.split_at_checked(u32::from_le_bytes(*head) as usize)?;
        self.body = rest;
        Some(item)
    }
}

/// Where in a ring a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Bytes that went through the ring before this body, skipped ones counted.
    pub position: u64,
    /// The length of the body.
    pub len: u64,
}

/// The length of a [`Place`] as bytes.
pub const PLACE_LEN: usize = 16;

impl Place {
    /// The place as bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; PLACE_LEN] {
        let mut bytes = [0; PLACE_LEN];
        bytes[..8].copy_from_slice(&self.position.to_le_bytes());
        bytes[8..].copy_from_slice(&self.len.to_le_bytes());
        bytes
    }

    /// Reads a place. Whether it lies inside the ring is for the ring to say.
    ///
    /// # Errors
    ///
    /// [`FrameError::Body`] when the length is wrong.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        let bytes: &[u8; PLACE_LEN] = bytes.try_into().map_err(|_| FrameError::Body)?;
        Ok(Self { position: u64_at(bytes, 0), len: u64_at(bytes, 8) })
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(*bytes[at..].first_chunk().expect("the caller's array is long enough"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(*bytes[at..].first_chunk().expect("the caller's array is long enough"))
}

#[cfg(test)]
mod tests;
