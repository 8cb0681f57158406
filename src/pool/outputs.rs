//! A worker's answers: from what a job writes to frames on the socket.
//!
//! Outputs gather in one buffer and leave it when enough has come together, when time has passed,
//! or when the tasks of a frame are all done. So a million small outputs cost few system calls,
//! and a big one flows while its task is still at work. It knows nothing of how a worker gets its
//! tasks.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Instant;

use rustix::time::{ClockId, Timespec, clock_gettime};

use super::arena::RingWriter;
use super::error::TaskFailure;
use super::frame::{
    self, CONTINUED, EMPTY, HEADER_LEN, Header, IN_ARENA, ITEM_HEAD_LEN, Kind, PANICKED,
};
use super::job::Segment;
use super::socket;

/// So many bytes of output are sent at once.
const FLUSH_BYTES: usize = 64 << 10;

/// From here on a body is worth the arena; below, its place would cost as much as itself.
pub(super) const MIN_ARENA_BODY: usize = 2 << 10;

/// A run of empty outputs up to here joins the frame of outputs that follow; a longer one gets a
/// frame of its own, which costs as much as this many.
const FEW_EMPTIES: u32 = 8;

/// The longest message of an error that is sent.
const MAX_MESSAGE: usize = 16 << 10;

/// The worker's end of the line to its parent.
#[derive(Debug)]
pub(super) struct Replies {
    socket: OwnedFd,
    ring: Option<RingWriter>,
    /// Frames to be sent. The last one is open: room for its header, and its body so far.
    buffer: Vec<u8>,
    /// Where the open frame begins.
    open: usize,
    /// The task of the open frame's first output.
    first: u64,
    /// Outputs finished in the open frame.
    outputs: u32,
    /// Where the bytes of the output being written begin, if one is.
    writing: Option<usize>,
    /// When the time that the next frame reports began.
    mark: Instant,
    /// When the buffer was last sent, on the coarse clock.
    sent: Timespec,
    /// Items done, for the report.
    items: u64,
    /// The parent cannot be reached any more.
    gone: bool,
}

impl Replies {
    pub(super) fn new(socket: OwnedFd) -> Self {
        Self {
            socket,
            ring: None,
            buffer: vec![0; HEADER_LEN],
            open: 0,
            first: 0,
            outputs: 0,
            writing: None,
            mark: Instant::now(),
            sent: coarse_now(),
            items: 0,
            gone: false,
        }
    }

    pub(super) fn use_arena(&mut self, ring: RingWriter) {
        self.ring = Some(ring);
    }

    pub(super) fn socket(&self) -> &OwnedFd {
        &self.socket
    }

    pub(super) fn items(&self) -> u64 {
        self.items
    }

    /// Whether sending failed: there is nobody to work for.
    pub(super) fn gone(&self) -> bool {
        self.gone
    }

    /// Sends a frame that answers no task.
    pub(super) fn send_control(&mut self, kind: Kind, flags: u8, body: &[u8]) {
        let body_len = u32::try_from(body.len()).expect("control frames are small");
        let header = Header { flags, body_len, ..Header::new(kind) };
        let mut frame = header.encode().to_vec();
        frame.extend_from_slice(body);
        self.send(&frame);
    }

    /// Starts the time that the next frame reports.
    pub(super) fn start_clock(&mut self) {
        self.mark = Instant::now();
    }

    fn send(&mut self, bytes: &[u8]) {
        if !self.gone && socket::send_all(&self.socket, bytes).is_err() {
            self.gone = true;
        }
    }

    fn body_len(&self) -> usize {
        self.buffer.len() - self.open - HEADER_LEN
    }

    /// Closes the open frame and opens the next. A frame that answers nothing is none.
    fn close_frame(&mut self) {
        let continued = self.writing.is_some();
        if let Some(start) = self.writing {
            frame::finish_item(&mut self.buffer, start);
        }
        if self.outputs == 0 && !continued {
            self.buffer.truncate(self.open + HEADER_LEN);
            return;
        }
        let body_at = self.open + HEADER_LEN;
        let mut flags = if continued { CONTINUED } else { 0 };
        if self.buffer.len() == body_at {
            flags |= EMPTY;
        } else if let Some(place) = self.put_in_arena(body_at) {
            flags |= IN_ARENA;
            self.buffer.truncate(body_at);
            self.buffer.extend_from_slice(&place.encode());
        }
        let now = Instant::now();
        let busy = now.duration_since(std::mem::replace(&mut self.mark, now));
        let header = Header {
            kind: Kind::Done,
            flags,
            body_len: u32::try_from(self.body_len()).expect("flushed long before"),
            first: self.first,
            count: self.outputs + u32::from(continued),
            job: 0,
            busy_ns: u64::try_from(busy.as_nanos()).unwrap_or(u64::MAX),
        };
        self.buffer[self.open..body_at].copy_from_slice(&header.encode());
        self.first += u64::from(self.outputs);
        self.outputs = 0;
        self.open_frame();
        if continued {
            self.writing = Some(frame::start_item(&mut self.buffer));
        }
    }

    fn put_in_arena(&mut self, body_at: usize) -> Option<frame::Place> {
        let body = &self.buffer[body_at..];
        let ring = self.ring.as_mut().filter(|_| body.len() >= MIN_ARENA_BODY)?;
        // A parent that breaks the protocol has other worries; the socket still works.
        ring.put(body).ok().flatten()
    }

    fn open_frame(&mut self) {
        self.open = self.buffer.len();
        self.buffer.extend_from_slice(&[0; HEADER_LEN]);
    }

    /// Sends all there is.
    fn flush(&mut self) {
        self.close_frame();
        let mut buffer = std::mem::take(&mut self.buffer);
        self.send(&buffer[..self.open]);
        buffer.drain(..self.open);
        self.buffer = buffer;
        if let Some(start) = &mut self.writing {
            *start -= self.open;
        }
        self.open = 0;
        self.sent = coarse_now();
    }

    /// Whether outputs have been waiting for long enough. The clock is the coarse one: it costs a
    /// few nanoseconds and its step, some milliseconds, is just the delay that is wanted.
    fn overdue(&self) -> bool {
        coarse_now() != self.sent
    }

    /// Turns the empty outputs of the open frame into ones that others can follow.
    fn spell_out_empties(&mut self) {
        if self.body_len() == 0 && self.outputs > 0 {
            if self.outputs > FEW_EMPTIES {
                self.close_frame();
            } else {
                let zeros = self.outputs as usize * ITEM_HEAD_LEN;
                self.buffer.resize(self.buffer.len() + zeros, 0);
            }
        }
    }
}

fn coarse_now() -> Timespec {
    clock_gettime(ClockId::MonotonicCoarse)
}

/// Where a job puts its outputs, in the order of its tasks.
#[derive(Debug)]
pub struct Outputs<'a> {
    replies: &'a mut Replies,
    segments: &'a [Segment<'a>],
    /// Tasks of the first segment that are not finished.
    left: u32,
    finished: u64,
}

impl<'a> Outputs<'a> {
    pub(super) fn new(replies: &'a mut Replies, segments: &'a [Segment<'a>]) -> Self {
        let mut outputs = Self { replies, segments, left: 0, finished: 0 };
        outputs.enter_segment();
        outputs
    }

    fn enter_segment(&mut self) {
        if let Some((segment, rest)) = self.segments.split_first() {
            self.left = segment.count;
            self.replies.first = segment.first;
            self.segments = rest;
        }
    }

    /// Adds to the output of the task at work. A large output leaves in pieces, while the task is
    /// still at work.
    pub fn write(&mut self, mut bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.replies.spell_out_empties();
        if self.replies.writing.is_none() {
            self.replies.writing = Some(frame::start_item(&mut self.replies.buffer));
        }
        loop {
            let room = FLUSH_BYTES.saturating_sub(self.replies.buffer.len());
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.replies.buffer.extend_from_slice(now);
            if later.is_empty() {
                break;
            }
            self.replies.flush();
            bytes = later;
        }
    }

    /// Adds `len` bytes to the output of the task at work, for the job to fill: what it does not
    /// fill is zeros. It saves the copy that [`write`](Self::write) makes; meant for pieces shorter
    /// than what is sent at once (64 KiB, the heads of the frame included).
    pub fn space(&mut self, len: usize) -> &mut [u8] {
        self.replies.spell_out_empties();
        if self.replies.writing.is_some() && self.replies.buffer.len() + len > FLUSH_BYTES {
            self.replies.flush();
        }
        if self.replies.writing.is_none() {
            self.replies.writing = Some(frame::start_item(&mut self.replies.buffer));
        }
        let start = self.replies.buffer.len();
        self.replies.buffer.resize(start + len, 0);
        &mut self.replies.buffer[start..]
    }

    /// The output of the task at work is complete, and the next task is at work.
    ///
    /// # Panics
    ///
    /// When all tasks are finished already: a mistake in the job.
    #[inline]
    pub fn finish_task(&mut self) {
        assert!(self.left > 0, "a job finished more tasks than it was given");
        let replies = &mut *self.replies;
        if let Some(start) = replies.writing.take() {
            frame::finish_item(&mut replies.buffer, start);
        } else if replies.body_len() > 0 {
            replies.buffer.extend_from_slice(&[0; ITEM_HEAD_LEN]);
        }
        replies.outputs += 1;
        replies.items += 1;
        self.finished += 1;
        self.left -= 1;
        if self.left == 0 || replies.buffer.len() >= FLUSH_BYTES || replies.overdue() {
            self.flush_finished();
        }
    }

    /// Finishes `count` tasks whose outputs are empty, at the cost of one. What was written for
    /// the first of them is its output.
    ///
    /// # Panics
    ///
    /// When there are not that many tasks left: a mistake in the job.
    pub fn finish_empty(&mut self, mut count: usize) {
        if count > 0 && (self.replies.writing.is_some() || self.replies.body_len() > 0) {
            self.finish_task();
            count -= 1;
            if count > 0 && self.replies.body_len() > 0 {
                self.replies.close_frame();
            }
        }
        while count > 0 {
            assert!(self.left > 0, "a job finished more tasks than it was given");
            let now = self.left.min(u32::try_from(count).unwrap_or(u32::MAX));
            self.replies.outputs += now;
            self.replies.items += u64::from(now);
            self.finished += u64::from(now);
            self.left -= now;
            count -= now as usize;
            if self.left == 0 || self.replies.overdue() {
                self.flush_finished();
            }
        }
    }

    /// A frame answers tasks of one segment only: that keeps their numbers consecutive, and lets
    /// the parent send more while the next segment is at work.
    fn flush_finished(&mut self) {
        self.replies.flush();
        if self.left == 0 {
            self.enter_segment();
        }
    }

    /// Says how many items the last `tasks` that were finished had together; without a word each
    /// of them had one.
    pub fn count_items(&mut self, tasks: u64, items: u64) {
        self.replies.items = self.replies.items.saturating_sub(tasks) + items;
    }

    /// Lets the parent hear, every few milliseconds, that the task at work goes on, and sends what
    /// was finished before it. For jobs that work for long without writing: so a limit to the time
    /// without any progress does not take a long task for a dead one.
    pub fn still_at_work(&mut self) {
        if self.replies.overdue() {
            self.replies.spell_out_empties();
            if self.replies.writing.is_none() {
                self.replies.writing = Some(frame::start_item(&mut self.replies.buffer));
            }
            self.replies.flush();
        }
    }

    /// How many tasks were finished.
    pub(super) fn finished(&self) -> u64 {
        self.finished
    }

    /// Sends what there is; the job returned.
    pub(super) fn end(self) {
        self.replies.flush();
    }

    /// The task at work failed: its output so far is thrown away and the failure sent instead.
    pub(super) fn fail_task(self, failure: &TaskFailure) {
        let replies = self.replies;
        if let Some(start) = replies.writing.take() {
            replies.buffer.truncate(start - ITEM_HEAD_LEN);
        }
        replies.close_frame();
        let (flags, mut body) = match failure {
            TaskFailure::Panicked(message) => (PANICKED, message.clone()),
            other => (0, other.to_string()),
        };
        body.truncate(body.floor_char_boundary(MAX_MESSAGE));
        let now = Instant::now();
        let busy = now.duration_since(std::mem::replace(&mut replies.mark, now));
        let header = Header {
            flags,
            body_len: u32::try_from(body.len()).expect("cut above"),
            first: replies.first,
            count: 1,
            busy_ns: u64::try_from(busy.as_nanos()).unwrap_or(u64::MAX),
            ..Header::new(Kind::Failed)
        };
        let open = replies.open;
        replies.buffer[open..].copy_from_slice(&header.encode());
        replies.buffer.extend_from_slice(body.as_bytes());
        replies.first += 1;
        replies.open_frame();
        replies.flush();
    }
}

/// The last frame: what this worker did.
pub(super) fn send_report(replies: &mut Replies) -> io::Result<()> {
    let report = super::report::SelfReport::now(replies.items());
    let body = postcard::to_stdvec(&report).map_err(io::Error::other)?;
    replies.send_control(Kind::Report, 0, &body);
    Ok(())
}
