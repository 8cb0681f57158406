//! Tasks on their way: the frame that carries a run of consecutive tasks, kept until all of them
//! are answered, because it is what is sent again when the worker dies.
//!
//! It knows nothing of workers or sockets.

use crate::pool::protocol::code::CodePlace;
use crate::pool::protocol::frame::{
    HEADER_LEN, Header, IN_RING, ITEM_HEAD_LEN, Items, Kind, MAX_TASK_BYTES, PLACE_LEN, Place,
};
use crate::pool::protocol::ring::MAX_RING_BODY;

/// A batch takes no further task once it has this many bytes: a little less than a ring surely
/// takes. Batches of small tasks are bounded by time long before.
pub(super) const MAX_BATCH_BYTES: usize = MAX_RING_BODY - 4096;

/// A run of tasks with consecutive numbers.
#[derive(Debug)]
pub(super) struct Batch {
    /// The number that the scheduler knows their function by.
    pub(super) job: u32,
    /// Where workers find it.
    code: CodePlace,
    /// The number of the first task that is not answered.
    pub(super) next: u64,
    /// How many are not answered.
    pub(super) left: u32,
    /// How many workers died with this one task at hand.
    pub(super) deaths: u32,
    /// Whether its tasks were known to be short when they were given out.
    pub(super) short: bool,
    /// Whether it was part of what a dead worker had at work. It is then the only task that its
    /// next worker gets, so that a task that kills is told from its neighbours.
    pub(super) suspect: bool,
    /// Header and body.
    frame: Vec<u8>,
    /// Where the first task that is not answered begins.
    at: usize,
    /// What is sent instead when the body is in the ring.
    reference: Option<[u8; HEADER_LEN + PLACE_LEN]>,
}

impl Batch {
    /// An empty batch in a buffer that may have been used before.
    pub(super) fn new(job: u32, code: CodePlace, first: u64, mut frame: Vec<u8>) -> Self {
        frame.clear();
        frame.resize(HEADER_LEN, 0);
        Self {
            job,
            code,
            next: first,
            left: 0,
            deaths: 0,
            short: false,
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
        let start = crate::pool::protocol::frame::start_item(&mut self.frame);
        if write(&mut self.frame) {
            // One that is too long is refused by whoever takes the batch.
            if self.frame.len() - start <= MAX_TASK_BYTES {
                crate::pool::protocol::frame::finish_item(&mut self.frame, start);
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
            job: self.code.0,
            ..Header::new(Kind::Tasks)
        };
        self.frame[..HEADER_LEN].copy_from_slice(&header.encode());
        self.reference = place.map(|place| {
            let body_len = u32::try_from(PLACE_LEN).expect("small");
            let header = Header { body_len, flags: IN_RING, ..header };
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

    /// The tasks that are not answered, when one of the first `began` batches of a dead worker was
    /// this one: in about as many groups as each group has tasks, each a suspect. If a group kills
    /// a worker again, it is split again, down to the one task that is to blame. Groups of one
    /// would find it in one step, but cost a round trip for each task.
    pub(super) fn split(mut self) -> Vec<Self> {
        if self.left == 1 && self.at == HEADER_LEN {
            self.suspect = true;
            return vec![self];
        }
        let group = self.left.isqrt().max(1);
        let mut groups = Vec::with_capacity((self.left / group + 1) as usize);
        while self.left > 0 {
            let deaths = if self.left == 1 && groups.is_empty() { self.deaths } else { 0 };
            let mut suspects = self.take(group);
            suspects.deaths = deaths;
            suspects.suspect = true;
            groups.push(suspects);
        }
        groups
    }

    /// The tasks that are not answered, as a batch that can be sent again; `None` if there are none.
    pub(super) fn unanswered(mut self) -> Option<Self> {
        match self.left {
            0 => None,
            _ if self.at == HEADER_LEN => Some(self),
            left => Some(self.take(left)),
        }
    }

    /// Takes the first tasks that are not answered off, as a batch of their own.
    fn take(&mut self, count: u32) -> Self {
        let mut taken = Self::new(self.job, self.code, self.next, Vec::new());
        for _ in 0..count.min(self.left) {
            taken.push(|frame| {
                frame.extend_from_slice(self.input());
                true
            });
            self.advance();
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::protocol::frame::{Frame, split_frame};

    fn batch_of(inputs: &[&[u8]]) -> Batch {
        let mut batch = Batch::new(3, CodePlace(77), 10, Vec::new());
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
        assert_eq!((header.first, header.count, header.job), (10, 1, 77));
        assert_eq!((body, len), (&b"\x03\0\0\0one"[..], batch.wire().len()));
    }

    #[test]
    fn what_is_not_answered_is_split_into_groups_and_those_into_tasks() {
        let inputs: Vec<[u8; 1]> = (0..11).map(|number| [number]).collect();
        let mut batch = batch_of(&inputs.iter().map(<[u8; 1]>::as_slice).collect::<Vec<_>>());
        batch.advance();
        let groups = batch.split();
        let seen: Vec<_> =
            groups.iter().map(|group| (group.next, group.left, group.input()[0])).collect();
        assert_eq!(seen, [(11, 3, 1), (14, 3, 4), (17, 3, 7), (20, 1, 10)]);
        assert!(groups.iter().all(|group| group.suspect && group.deaths == 0));
        let singles = groups.into_iter().next().unwrap().split();
        let seen: Vec<_> = singles.iter().map(|single| (single.next, single.left)).collect();
        assert_eq!(seen, [(11, 1), (12, 1), (13, 1)]);
    }

    #[test]
    fn what_is_left_of_a_batch_can_be_sent_again() {
        let mut batch = batch_of(&[b"a", b"", b"ccc"]);
        batch.advance();
        let rest = batch.unanswered().unwrap();
        assert_eq!((rest.next, rest.left, rest.input(), rest.suspect), (11, 2, &b""[..], false));
        let mut batch = batch_of(&[b"a"]);
        batch.advance();
        assert!(batch.unanswered().is_none());
    }

    #[test]
    fn a_task_that_was_alone_keeps_its_deaths() {
        let mut batch = batch_of(&[b"x"]);
        batch.deaths = 2;
        let singles = batch.split();
        assert_eq!((singles.len(), singles[0].deaths, singles[0].suspect), (1, 2, true));
    }
}
