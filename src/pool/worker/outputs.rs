//! Where a job puts the outputs of its tasks.

use std::time::Instant;

use super::replies::{FLUSH_BYTES, Replies};
use super::tasks::Segment;
use crate::pool::error::TaskFailure;
use crate::pool::protocol::frame::{self, Header, ITEM_HEAD_LEN, Kind, PANICKED};

/// The longest message of an error that is sent.
const MAX_MESSAGE: usize = 16 << 10;

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
