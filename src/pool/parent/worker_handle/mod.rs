//! A worker as its parent sees it: the process, the connection to it, and the batches it holds.
//!
//! A worker answers in the order it was asked, so what it holds is a queue and every answer is for
//! its front. Who gets which batch, and what becomes of those of a dead worker, is the
//! scheduler's business.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use super::batch::Batch;
use super::poller::Key;
use super::process::Process;
use super::report::WorkerReport;
use crate::pool::error::{Death, PoolError, TaskFailure};
use crate::pool::protocol::frame::{FrameError, HEADER_LEN, Header, Kind, MAX_BODY_TO_PARENT};
use crate::pool::protocol::ring::{RingReader, RingWriter};
use crate::pool::protocol::socket;
use crate::pool::protocol::start::{MIN_RING_BODY, SelfReport};

/// Room for what a worker sends at once.
const INBOX_BYTES: usize = 2 * (HEADER_LEN + MAX_BODY_TO_PARENT);

mod answers;

/// What a worker is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pool::parent) enum Stage {
    /// Making its context.
    Starting,
    /// Ready for tasks, or at work.
    Ready,
    /// Asked to end.
    Leaving,
    /// Of no use any more; its process has not ended yet.
    Dying,
}

/// In which of the scheduler's lists a worker is.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::pool::parent) struct Listed {
    /// Workers that hold nothing.
    pub(in crate::pool::parent) idle: bool,
    /// Workers that may take a second batch.
    pub(in crate::pool::parent) second: bool,
}

/// Why a worker's answers cannot be used any further.
#[derive(Debug)]
pub(in crate::pool::parent) enum ReceiveError {
    /// The worker broke the protocol.
    Worker(Death),
    /// The front task's output is longer than the parent takes in.
    OutputTooLong,
    /// The run is over.
    Run(PoolError),
}

impl From<FrameError> for ReceiveError {
    fn from(error: FrameError) -> Self {
        Self::Worker(error.into())
    }
}

/// The parent's side of one worker.
#[derive(Debug)]
pub(in crate::pool::parent) struct WorkerHandle {
    process: Process,
    socket: OwnedFd,
    rings: Option<(RingWriter, RingReader)>,
    pub(in crate::pool::parent) stage: Stage,
    /// When the front batch became that.
    pub(in crate::pool::parent) front_since: Instant,
    /// The oldest first. Those before `sent` are with the worker, of the next `offset` bytes are.
    pub(in crate::pool::parent) batches: VecDeque<Batch>,
    sent: usize,
    offset: usize,
    /// Bytes to be sent before any batch.
    control: Vec<u8>,
    inbox: Box<[u8]>,
    unread: std::ops::Range<usize>,
    /// Bytes of the front task's output that came already.
    output_offset: usize,
    /// Tasks it was given and may be given.
    pub(in crate::pool::parent) tasks_given: u64,
    tasks: u64,
    busy: Duration,
    /// Busy time since the last task that was completed.
    unsized_ns: u64,
    report: Option<SelfReport>,
    /// Its end of the socket is closed.
    pub(in crate::pool::parent) disconnected: bool,
    /// How the poller knows it.
    pub(in crate::pool::parent) key: Key,
    /// Counts the batches that came to the front.
    pub(in crate::pool::parent) fronts: u64,
    /// The front batch that has a deadline.
    pub(in crate::pool::parent) timed_front: u64,
    /// In which of the scheduler's lists it is.
    pub(in crate::pool::parent) listed: Listed,
    /// Whether the poller reports room in the socket.
    pub(in crate::pool::parent) watching_room: bool,
    /// What the pool ended it for.
    pub(in crate::pool::parent) death: Option<Death>,
    /// What becomes of its front task, if the pool ended it because of that task.
    pub(in crate::pool::parent) verdict: Option<TaskFailure>,
}

impl WorkerHandle {
    pub(in crate::pool::parent) fn new(
        process: Process,
        socket: OwnedFd,
        rings: Option<(RingWriter, RingReader)>,
        control: Vec<u8>,
    ) -> Self {
        Self {
            process,
            socket,
            rings,
            stage: Stage::Starting,
            front_since: Instant::now(),
            batches: VecDeque::new(),
            sent: 0,
            offset: 0,
            control,
            inbox: vec![0; INBOX_BYTES].into_boxed_slice(),
            unread: 0..0,
            output_offset: 0,
            tasks_given: 0,
            tasks: 0,
            busy: Duration::ZERO,
            unsized_ns: 0,
            report: None,
            disconnected: false,
            key: Key { slot: 0, generation: 0 },
            fronts: 0,
            timed_front: 0,
            listed: Listed::default(),
            watching_room: false,
            death: None,
            verdict: None,
        }
    }

    pub(in crate::pool::parent) fn process(&self) -> &Process {
        &self.process
    }

    pub(in crate::pool::parent) fn pid(&self) -> u32 {
        self.process.id()
    }

    pub(in crate::pool::parent) fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Whether there is something to send that the socket did not take.
    pub(in crate::pool::parent) fn wants_to_send(&self) -> bool {
        !self.disconnected && (!self.control.is_empty() || self.sent < self.batches.len())
    }

    /// Whether it has the front batch, to the last byte, and so may have begun it.
    pub(in crate::pool::parent) fn began(&self) -> bool {
        self.sent > 0
    }

    /// A batch came to the front, or none is left.
    fn next_front(&mut self) {
        self.front_since = Instant::now();
        self.fronts += 1;
    }

    /// Takes charge of a batch and sends what can be sent. After an error it holds the batch, and
    /// can be of no further use.
    pub(in crate::pool::parent) fn assign(&mut self, mut batch: Batch) -> Result<(), FrameError> {
        let place = match &mut self.rings {
            Some((to_worker, _)) if batch.body_len() >= MIN_RING_BODY => {
                to_worker.put(batch.body())
            }
            _ => Ok(None),
        };
        batch.seal(*place.as_ref().unwrap_or(&None));
        self.tasks_given += u64::from(batch.left);
        if self.batches.is_empty() {
            self.next_front();
        }
        self.batches.push_back(batch);
        place?;
        self.send();
        Ok(())
    }

    /// Asks it to report and end. It must hold nothing.
    pub(in crate::pool::parent) fn ask_to_leave(&mut self) {
        self.stage = Stage::Leaving;
        self.control.extend_from_slice(&Header::new(Kind::Stop).encode());
        self.send();
    }

    /// Sends what the socket takes.
    pub(in crate::pool::parent) fn send(&mut self) {
        // An error means that the other end is closed. That is found out, with all that the worker
        // said before, where its answers are read.
        if self.try_send().is_err() {
            self.control.clear();
        }
    }

    fn try_send(&mut self) -> io::Result<()> {
        while !self.control.is_empty() {
            match socket::send_some(&self.socket, &self.control)? {
                0 => return Ok(()),
                sent => drop(self.control.drain(..sent)),
            }
        }
        while let Some(batch) = self.batches.get(self.sent) {
            let bytes = &batch.wire()[self.offset..];
            match socket::send_some(&self.socket, bytes)? {
                0 => return Ok(()),
                sent if sent == bytes.len() => (self.sent, self.offset) = (self.sent + 1, 0),
                sent => self.offset += sent,
            }
        }
        Ok(())
    }

    /// Waits for the process, which has ended or was killed, and says what it did.
    pub(in crate::pool::parent) fn end(self) -> WorkerReport {
        let pid = self.pid();
        let waited = self.process.wait();
        let report = self.report;
        // A worker that reported ended as it should, even where another process waited for it.
        let lost = waited == Some(Death::Exit(-1)) && report.is_some();
        WorkerReport {
            pid,
            tasks: self.tasks,
            items: report.as_ref().map(|report| report.items),
            busy: self.busy,
            cpu: report.as_ref().map(|report| report.cpu),
            peak_rss_bytes: report.as_ref().and_then(|report| report.peak_rss_bytes),
            private_rss_bytes: report.and_then(|report| report.private_rss_bytes),
            death: self.death.or(waited.filter(|_| !lost)),
        }
    }
}
