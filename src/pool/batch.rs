//! Tasks on their way: the frame that carries a run of consecutive tasks, kept until all of them
//! are answered, because it is what is sent again when the worker dies.
//!
//! Also how large such a run should be. It knows nothing of workers or sockets.

use std::time::Duration;

use super::frame::{
    HEADER_LEN, Header, IN_ARENA, ITEM_HEAD_LEN, Items, Kind, MAX_TASK_BYTES, PLACE_LEN, Place,
};

/// A run of tasks with consecutive numbers.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) job: u32,
    /// The number of the first task that is not answered.
    pub(super) next: u64,
    /// How many are not answered.
    pub(super) left: u32,
    /// How many workers died with this one task at hand.
    pub(super) deaths: u32,
    /// Whether it was part of what a dead worker had at work. It is then the only task that its
    /// next worker gets, so that a task that kills is told from its neighbours.
    pub(super) suspect: bool,
    /// Header and body.
    frame: Vec<u8>,
    /// Where the first task that is not answered begins.
    at: usize,
    /// What is sent instead when the body is in the arena.
    reference: Option<[u8; HEADER_LEN + PLACE_LEN]>,
}

impl Batch {
    /// An empty batch in a buffer that may have been used before.
    pub(super) fn new(job: u32, first: u64, mut frame: Vec<u8>) -> Self {
        frame.clear();
        frame.resize(HEADER_LEN, 0);
        Self {
            job,
            next: first,
            left: 0,
            deaths: 0,
            suspect: false,
            frame,
            at: HEADER_LEN,
            reference: None,
        }
    }

    /// Adds a task whose input `write` appends to the buffer it is given. If `write` says there
    /// is none after all, nothing is added.
    #[inline]
    pub(super) fn push(&mut self, write: impl FnOnce(&mut Vec<u8>) -> bool) -> bool {
        let start = super::frame::start_item(&mut self.frame);
        if write(&mut self.frame) {
            // One that is too long is refused by whoever takes the batch.
            if self.frame.len() - start <= MAX_TASK_BYTES {
                super::frame::finish_item(&mut self.frame, start);
            }
            self.left += 1;
            true
        } else {
            self.frame.truncate(start - ITEM_HEAD_LEN);
            false
        }
    }

    /// The length of the body in bytes.
    pub(super) fn body_len(&self) -> usize {
        self.frame.len() - HEADER_LEN
    }

    /// The body, before any task is answered.
    pub(super) fn body(&self) -> &[u8] {
        &self.frame[HEADER_LEN..]
    }

    /// Writes the header; the batch is complete. With a place, the body is there already.
    pub(super) fn seal(&mut self, place: Option<Place>) {
        let header = Header {
            body_len: u32::try_from(self.body_len()).expect("limited when the task was taken"),
            first: self.next,
            count: self.left,
            job: self.job,
            ..Header::new(Kind::Tasks)
        };
        self.frame[..HEADER_LEN].copy_from_slice(&header.encode());
        self.reference = place.map(|place| {
            let body_len = u32::try_from(PLACE_LEN).expect("small");
            let header = Header { body_len, flags: IN_ARENA, ..header };
            let mut reference = [0; HEADER_LEN + PLACE_LEN];
            reference[..HEADER_LEN].copy_from_slice(&header.encode());
            reference[HEADER_LEN..].copy_from_slice(&place.encode());
            reference
        });
    }

    /// The bytes that go through the socket.
    pub(super) fn wire(&self) -> &[u8] {
        self.reference.as_ref().map_or(&self.frame, |reference| reference.as_slice())
    }

    /// The input of the first task that is not answered.
    #[inline]
    pub(super) fn input(&self) -> &[u8] {
        Items::new(&self.frame[self.at..]).next().unwrap_or_default()
    }

    /// The first task is answered.
    #[inline]
    pub(super) fn advance(&mut self) {
        self.at += ITEM_HEAD_LEN + self.input().len();
        self.next += 1;
        self.left -= 1;
    }

    /// Gives the buffer back for another batch.
    pub(super) fn into_buffer(self) -> Vec<u8> {
        self.frame
    }

    /// Makes one batch of each task that is not answered.
    pub(super) fn split(mut self) -> Vec<Self> {
        if self.left == 1 && self.at == HEADER_LEN {
            self.suspect = true;
            return vec![self];
        }
        let mut singles = Vec::with_capacity(self.left as usize);
        while self.left > 0 {
            let mut single = Self::new(self.job, self.next, Vec::new());
            single.push(|frame| {
                frame.extend_from_slice(self.input());
                true
            });
            single.deaths = if self.left == 1 && singles.is_empty() { self.deaths } else { 0 };
            single.suspect = true;
            singles.push(single);
            self.advance();
        }
        singles
    }
}

/// What is known of how long a job's tasks take.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    /// Nanoseconds a task; `None` before any was answered.
    task_ns: Option<f64>,
    /// The most tasks that one frame answered.
    largest: u32,
}

/// A batch aims at so much work: long against what its frames cost (some microseconds), short
/// against the whole, so that workers end together.
const BATCH_NS: f64 = 300e3;

/// While so many tasks are left that the end is far, a batch may have so much work: where workers
/// share their processors with others, their parent may have to wait for some milliseconds until it
/// can give out more.
const MOST_BATCH_NS: f64 = 1.5e6;

/// Above this, no task waits behind another in a worker when the end may be near: another worker
/// could be free sooner, and the gap between two tasks (some tens of microseconds) is nothing
/// against the task.
pub(super) const LONG_TASK: Duration = Duration::from_millis(2);

/// A batch may be so many times as long as the longest one before. The first is one task.
const GROWTH: u32 = 8;

/// The most tasks in a batch, so that what was lost with a worker is soon done again.
const MAX_BATCH_TASKS: u32 = 1 << 15;

/// A batch takes no further task once it has so many bytes.
pub(super) const MAX_BATCH_BYTES: usize = 128 << 10;

impl Pace {
    /// How many tasks the next batch should have, where nobody knows how many are left.
    pub(super) fn batch_tasks(&self) -> u32 {
        self.batch_tasks_before_end(0)
    }

    /// The same where one batch of `share` tasks for each worker would be a small part of those
    /// that are left.
    pub(super) fn batch_tasks_before_end(&self, share: u32) -> u32 {
        let Some(task_ns) = self.task_ns else { return 1 };
        let fitting = |batch_ns: f64| {
            let fitting = (batch_ns / task_ns.max(1.0)).clamp(1.0, f64::from(MAX_BATCH_TASKS));
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "clamped to the range of a batch"
            )]
            let fitting = fitting as u32;
            fitting
        };
        let wanted = share.clamp(fitting(BATCH_NS), fitting(MOST_BATCH_NS));
        wanted.min(self.largest.saturating_mul(GROWTH)).max(1)
    }

    /// Whether a worker should have tasks at hand behind those at work.
    pub(super) fn prefetch(&self) -> bool {
        self.task_ns.is_some_and(|task_ns| task_ns < LONG_TASK.as_nanos() as f64)
    }

    /// Tasks were answered. Quick to believe that tasks are long, slow to believe that they are
    /// short: a batch too long keeps the others waiting, one too short costs a little.
    pub(super) fn answered(&mut self, tasks: u32, busy_ns: u64) {
        if tasks == 0 {
            return;
        }
        let sample = busy_ns as f64 / f64::from(tasks);
        self.task_ns = Some(match self.task_ns {
            Some(before) if sample < before => f64::midpoint(before, sample),
            _ => sample,
        });
        self.largest = self.largest.max(tasks);
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::{Frame, split_frame};
    use super::*;

    fn batch_of(inputs: &[&[u8]]) -> Batch {
        let mut batch = Batch::new(3, 10, Vec::new());
        for input in inputs {
            batch.push(|frame| {
                frame.extend_from_slice(input);
                true
            });
        }
        batch
    }

    #[test]
    fn a_source_without_a_task_leaves_a_batch_as_it_was() {
        let mut batch = batch_of(&[b"one"]);
        assert!(!batch.push(|frame| {
            frame.extend_from_slice(b"started, then given up");
            false
        }));
        batch.seal(None);
        let Frame { header, body, len } = split_frame(batch.wire()).unwrap().unwrap();
        assert_eq!((header.first, header.count, header.job), (10, 1, 3));
        assert_eq!((body, len), (&b"\x03\0\0\0one"[..], batch.wire().len()));
    }

    #[test]
    fn what_is_not_answered_is_split_one_by_one() {
        let mut batch = batch_of(&[b"a", b"", b"ccc"]);
        batch.advance();
        let singles = batch.split();
        let seen: Vec<_> =
            singles.iter().map(|single| (single.next, single.left, single.input())).collect();
        assert_eq!(seen, [(11, 1, &b""[..]), (12, 1, &b"ccc"[..])]);
        assert!(singles.iter().all(|single| single.suspect && single.deaths == 0));
    }

    #[test]
    fn a_task_that_was_alone_keeps_its_deaths() {
        let mut batch = batch_of(&[b"x"]);
        batch.deaths = 2;
        let singles = batch.split();
        assert_eq!((singles.len(), singles[0].deaths, singles[0].suspect), (1, 2, true));
    }

    #[test]
    fn batches_start_with_one_task_and_grow_to_the_work_they_aim_at() {
        let mut pace = Pace::default();
        assert_eq!((pace.batch_tasks(), pace.prefetch()), (1, false));
        let mut sizes = Vec::new();
        for _ in 0..6 {
            let tasks = pace.batch_tasks();
            sizes.push(tasks);
            pace.answered(tasks, u64::from(tasks) * 100);
        }
        assert_eq!(sizes, [1, 8, 64, 512, 3000, 3000]);
        assert!(pace.prefetch());
    }

    #[test]
    fn batches_are_larger_while_the_end_is_far() {
        let mut pace = Pace::default();
        pace.answered(1000, 1000 * 100_000);
        let sizes = [0, 1, 4, 10, 14, 15, 1000].map(|share| pace.batch_tasks_before_end(share));
        assert_eq!(sizes, [3, 3, 4, 10, 14, 15, 15]);
        let mut begun = Pace::default();
        assert_eq!(begun.batch_tasks_before_end(1000), 1);
        begun.answered(1, 100_000);
        assert_eq!(begun.batch_tasks_before_end(1000), 8);
    }

    #[test]
    fn long_tasks_go_out_one_by_one_with_none_behind() {
        let mut pace = Pace::default();
        pace.answered(1, 50_000_000);
        assert_eq!((pace.batch_tasks(), pace.prefetch()), (1, false));
        pace.answered(1, 10);
        assert_eq!(pace.batch_tasks(), 1, "one short task does not make short tasks");
    }
}
