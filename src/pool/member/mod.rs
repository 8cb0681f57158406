//! A worker as its parent sees it: the process, the line to it, and the batches it holds.
//!
//! A worker answers in the order it was asked, so what it holds is a queue and every answer is for
//! its front. Who gets which batch, and what becomes of those of a dead worker, is the
//! scheduler's business.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use super::arena::{RingReader, RingWriter};
use super::batch::{Batch, MAX_BATCH_BYTES, Pace};
use super::error::{Death, PoolError, TaskFailure};
use super::frame::{FrameError, HEADER_LEN, Header, Kind, MAX_BODY_TO_PARENT};
use super::outputs::MIN_ARENA_BODY;
use super::process::Process;
use super::report::{SelfReport, WorkerReport};
use super::socket;

/// Room for what a worker sends at once.
const INBOX_BYTES: usize = 2 * (HEADER_LEN + MAX_BODY_TO_PARENT);

mod answers;

/// Where tasks come from and what becomes of them.
pub(super) trait Client {
    /// The job of the next task; `None` when there is none now.
    fn next_job(&mut self) -> Option<u32>;
    /// Appends the next task's input. `false`, and nothing counts as appended, when there is none.
    fn next_task(&mut self, input: &mut Vec<u8>) -> bool;
    /// How many tasks there still are, if that is known.
    fn tasks_left(&self) -> Option<usize> {
        None
    }
    /// What follows came from this worker.
    fn answers_from(&mut self, _pid: u32) {}
    /// A piece of a task's output; `offset` bytes came before.
    fn piece(&mut self, task: u64, input: &[u8], offset: usize, output: &[u8]);
    /// Where a piece may be put straight away, instead.
    fn room(&mut self, _: u64, _: &[u8], _: usize, _: usize) -> Option<&mut [u8]> {
        None
    }
    /// A task is complete.
    fn done(&mut self, task: u64, input: &[u8]);
    /// A worker was busy for so long with the answers that just came, which completed `count` tasks.
    fn worked(&mut self, _pid: u32, _first_task: u64, _count: u32, _busy: Duration) {}
    /// A task gave no output. An error ends the run.
    fn failed(&mut self, task: u64, pid: u32, failure: TaskFailure) -> Result<(), PoolError>;
}

/// What a worker is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Making its context.
    Starting,
    /// Ready for tasks, or at work.
    Ready,
    /// Asked to end.
    Leaving,
}

/// Why a worker's answers cannot be used any further.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It is of no use any more.
    Worker(Death),
    /// The run is over.
    Run(PoolError),
}

impl From<FrameError> for Trouble {
    fn from(error: FrameError) -> Self {
        Self::Worker(error.into())
    }
}

/// What all members share while answers are taken.
#[derive(Debug)]
pub(super) struct Ledger {
    /// By job.
    pub(super) paces: Vec<Pace>,
    /// Buffers of answered batches, for the next ones.
    pub(super) spare: Vec<Vec<u8>>,
    /// Tasks sent and not answered, or to be sent again.
    pub(super) tasks_out: usize,
    /// Bodies that were taken out of an arena.
    scratch: Vec<u8>,
}

impl Ledger {
    /// Nothing is out yet, and nothing known of any job.
    pub(super) fn new(jobs: usize) -> Self {
        let paces = vec![Pace::default(); jobs];
        Self { paces, spare: Vec::new(), tasks_out: 0, scratch: Vec::new() }
    }

    /// Keeps a buffer for another batch, unless there are enough or it is a giant.
    fn keep(&mut self, buffer: Vec<u8>) {
        if self.spare.len() < 64 && buffer.capacity() <= 4 * MAX_BATCH_BYTES {
            self.spare.push(buffer);
        }
    }
}

/// The parent's side of one worker.
#[derive(Debug)]
pub(super) struct Member {
    process: Process,
    socket: OwnedFd,
    rings: Option<(RingWriter, RingReader)>,
    pub(super) stage: Stage,
    /// When the front batch became that.
    pub(super) front_since: Instant,
    /// The oldest first. Those before `sent` are with the worker, of the next `offset` bytes are.
    pub(super) held: VecDeque<Batch>,
    sent: usize,
    offset: usize,
    /// Bytes to be sent before any batch.
    control: Vec<u8>,
    inbox: Box<[u8]>,
    unread: std::ops::Range<usize>,
    /// Bytes of the front task's output that came already.
    output_offset: usize,
    /// Tasks it was given and may be given.
    pub(super) tasks_given: u64,
    tasks: u64,
    busy: Duration,
    /// Busy time since the last task that was completed.
    unpaced_ns: u64,
    report: Option<SelfReport>,
    /// Its end of the socket is closed.
    pub(super) hung_up: bool,
}

impl Member {
    pub(super) fn new(
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
            held: VecDeque::new(),
            sent: 0,
            offset: 0,
            control,
            inbox: vec![0; INBOX_BYTES].into_boxed_slice(),
            unread: 0..0,
            output_offset: 0,
            tasks_given: 0,
            tasks: 0,
            busy: Duration::ZERO,
            unpaced_ns: 0,
            report: None,
            hung_up: false,
        }
    }

    pub(super) fn process(&self) -> &Process {
        &self.process
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.id()
    }

    pub(super) fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Whether there is something to send that the socket did not take.
    pub(super) fn wants_to_send(&self) -> bool {
        !self.hung_up && (!self.control.is_empty() || self.sent < self.held.len())
    }

    /// Whether it has the front batch, to the last byte, and so may have begun it.
    pub(super) fn began(&self) -> bool {
        self.sent > 0
    }

    /// Takes charge of a batch and sends what can be sent. After an error it holds the batch, and
    /// can be of no further use.
    pub(super) fn give(&mut self, mut batch: Batch) -> Result<(), FrameError> {
        let place = match &mut self.rings {
            Some((to_worker, _)) if batch.body_len() >= MIN_ARENA_BODY => {
                to_worker.put(batch.body())
            }
            _ => Ok(None),
        };
        batch.seal(*place.as_ref().unwrap_or(&None));
        self.tasks_given += u64::from(batch.left);
        if self.held.is_empty() {
            self.front_since = Instant::now();
        }
        self.held.push_back(batch);
        place?;
        self.send();
        Ok(())
    }

    /// Asks it to report and end. It must hold nothing.
    pub(super) fn ask_to_leave(&mut self) {
        self.stage = Stage::Leaving;
        self.control.extend_from_slice(&Header::new(Kind::Stop).encode());
        self.send();
    }

    /// Sends what the socket takes.
    pub(super) fn send(&mut self) {
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
        while let Some(batch) = self.held.get(self.sent) {
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
    pub(super) fn end(self, death: Option<Death>) -> WorkerReport {
        let pid = self.pid();
        let waited = self.process.wait();
        let report = self.report;
        WorkerReport {
            pid,
            tasks: self.tasks,
            items: report.as_ref().map(|report| report.items),
            busy: self.busy,
            cpu: report.as_ref().map(|report| report.cpu),
            peak_rss_bytes: report.as_ref().and_then(|report| report.peak_rss_bytes),
            private_rss_bytes: report.and_then(|report| report.private_rss_bytes),
            death: death.or(waited),
        }
    }
}
