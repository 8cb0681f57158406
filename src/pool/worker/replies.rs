//! The worker's end of the connection: frames gathered in one buffer and sent.
//!
//! The buffer is sent when enough has come together, when time has passed, or when the tasks of a
//! frame are all done. So a million small outputs cost few system calls, and a big one flows while
//! its task is still at work. It knows nothing of how a worker gets its tasks.

use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, Timespec, clock_gettime};

use crate::os::peak_memory::field_bytes;
use crate::pool::protocol::frame::{
    self, CONTINUED, EMPTY, HEADER_LEN, Header, IN_RING, ITEM_HEAD_LEN, Kind,
};
use crate::pool::protocol::ring::RingWriter;
use crate::pool::protocol::socket;
use crate::pool::protocol::start::{MIN_RING_BODY, SelfReport};

/// Output is sent once this many bytes have come together.
pub(super) const FLUSH_BYTES: usize = 64 << 10;

/// A run of empty outputs up to here joins the frame of outputs that follow; a longer one gets a
/// frame of its own, which costs as much as this many.
const FEW_EMPTIES: u32 = 8;

/// The worker's end of the connection to its parent.
#[derive(Debug)]
pub(super) struct Replies {
    socket: OwnedFd,
    ring: Option<RingWriter>,
    /// Frames to be sent. The last one is open: room for its header, and its body so far.
    pub(super) buffer: Vec<u8>,
    /// Where the open frame begins.
    pub(super) open: usize,
    /// The task of the open frame's first output.
    pub(super) first: u64,
    /// Outputs finished in the open frame.
    pub(super) outputs: u32,
    /// Where the bytes of the output being written begin, if one is.
    pub(super) writing: Option<usize>,
    /// When the time that the next frame reports began.
    pub(super) mark: Instant,
    /// When the buffer was last sent, on the coarse clock.
    sent: Timespec,
    /// Items done, for the report.
    pub(super) items: u64,
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

    pub(super) fn use_ring(&mut self, ring: RingWriter) {
        self.ring = Some(ring);
    }

    pub(super) fn socket(&self) -> &OwnedFd {
        &self.socket
    }

    /// Whether sending failed: the parent is gone.
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

    pub(super) fn body_len(&self) -> usize {
        self.buffer.len() - self.open - HEADER_LEN
    }

    /// Closes the open frame and opens the next. A frame that answers nothing is none.
    pub(super) fn close_frame(&mut self) {
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
        } else if let Some(place) = self.put_in_ring(body_at) {
            flags |= IN_RING;
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

    fn put_in_ring(&mut self, body_at: usize) -> Option<frame::Place> {
        let body = &self.buffer[body_at..];
        let ring = self.ring.as_mut().filter(|_| body.len() >= MIN_RING_BODY)?;
        // If the parent's counter is invalid, fall back to the socket.
        ring.put(body).ok().flatten()
    }

    pub(super) fn open_frame(&mut self) {
        self.open = self.buffer.len();
        self.buffer.extend_from_slice(&[0; HEADER_LEN]);
    }

    /// Sends all there is.
    pub(super) fn flush(&mut self) {
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
    pub(super) fn overdue(&self) -> bool {
        coarse_now() != self.sent
    }

    /// Turns the empty outputs of the open frame into ones that others can follow.
    pub(super) fn spell_out_empties(&mut self) {
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

/// The last frame: what this worker did.
pub(super) fn send_report(replies: &mut Replies) -> io::Result<()> {
    let body = postcard::to_stdvec(&self_report(replies.items)).map_err(io::Error::other)?;
    replies.send_control(Kind::Report, 0, &body);
    Ok(())
}

/// Reads this process's figures.
///
/// The peak is the kernel's `VmHWM`, not `ru_maxrss`: the latter of a fresh process starts at what
/// its parent had when it called exec.
fn self_report(items: u64) -> SelfReport {
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    SelfReport {
        items,
        cpu: Duration::try_from(cpu).unwrap_or_default(),
        peak_rss_bytes: field_bytes(&status, "VmHWM:"),
        private_rss_bytes: field_bytes(&status, "RssAnon:"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_its_own_memory() {
        let report = self_report(0);
        assert!(report.private_rss_bytes.unwrap() > 0);
        assert!(report.peak_rss_bytes > report.private_rss_bytes);
    }
}
