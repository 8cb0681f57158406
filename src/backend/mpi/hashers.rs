//! The threads of a rank that hash, and the queue that they take their tasks from.
//!
//! The rank's own thread talks to the other ranks and keeps the queue filled, so that the next task
//! is always at hand; MPI is not called from here.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::outgoing::Outgoing;
use super::tasks::Batch;
use crate::backend::{Checksum, Lane, Span, step_words};
use crate::bench::clock::Clock;
use crate::sha512::{DIGEST_LEN, Digest, Engine};
use crate::words::parts::{ListFile, PartIndex, Piece, Reader, tally};
use crate::words::{LoadError, Words};

/// A piece of the list that a thread reads at once has at most so many words, which is what may
/// find no room after all.
const PIECE_WORDS: usize = 1 << 14;

/// What all threads of a rank work on.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) list: &'a ListFile,
    pub(super) index: &'a PartIndex,
    pub(super) engine: Engine,
    pub(super) rounds: NonZeroU32,
    /// Whether it is taken down who worked when.
    pub(super) recorded: bool,
    pub(super) clock: &'a (dyn Clock + Sync),
    pub(super) rank: usize,
}

/// Tasks that wait for a thread.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// There is a task, or there will be none.
    filled: Condvar,
    /// A task was taken, or a thread has ended.
    emptied: Condvar,
    /// Whoever takes a task and leaves fewer than so many says so.
    low: AtomicUsize,
    /// What is begun is to be left where it is.
    stopped: AtomicBool,
}

/// How it stands with a queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    /// Tasks that wait for a thread.
    pub(super) waiting: usize,
    /// Threads that wait for a task.
    pub(super) idle: usize,
    /// Threads that have not ended, idle or not.
    pub(super) working: usize,
}

#[derive(Default)]
struct State {
    batches: VecDeque<Batch>,
    closed: bool,
    idle: usize,
    working: usize,
}

impl Queue {
    /// A queue with these tasks in it, for so many threads.
    pub(super) fn new(batches: VecDeque<Batch>, working: usize) -> Self {
        let state = Mutex::new(State { batches, closed: false, idle: 0, working });
        Self { state, ..Self::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Whoever panics ends the run; the queue is in order at every moment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, batch: Batch) {
        self.lock().batches.push_back(batch);
        self.filled.notify_one();
    }

    /// No more tasks will come.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
    }

    /// Nothing more is to be done, not even what is begun.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.close();
    }

    /// How it stands. From now on `wait_for_change` ends when fewer than `low` tasks wait.
    pub(super) fn level(&self, low: usize) -> Level {
        self.low.store(low, Ordering::Relaxed);
        let state = self.lock();
        Level { waiting: state.batches.len(), idle: state.idle, working: state.working }
    }

    /// Sleeps until a thread finds no task or leaves few behind, or ends; or for so long.
    pub(super) fn wait_for_change(&self, most: Duration) {
        let state = self.lock();
        let is_short = state.idle > state.batches.len();
        if state.working > 0 && (state.closed || !is_short) {
            let _ = self.emptied.wait_timeout(state, most);
        }
    }

    /// The tasks that nobody took.
    pub(super) fn into_left(self) -> VecDeque<Batch> {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).batches
    }

    fn take(&self) -> Option<Batch> {
        let mut state = self.lock();
        loop {
            if self.stopped.load(Ordering::Relaxed) {
                return None;
            }
            if let Some(batch) = state.batches.pop_front() {
                if state.batches.len() < self.low.load(Ordering::Relaxed) {
                    self.emptied.notify_one();
                }
                return Some(batch);
            }
            if state.closed {
                return None;
            }
            state.idle += 1;
            self.emptied.notify_one();
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }
}

/// Says that a thread has ended, also when it panics.
struct AtWork<'a>(&'a Queue);

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.lock().working -= 1;
        self.0.emptied.notify_one();
    }
}

/// What a thread has done in a run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Done {
    pub(super) tasks: u64,
    pub(super) words: u64,
    pub(super) busy: Duration,
    pub(super) checksum: Checksum,
    pub(super) tally: u64,
}

/// A thread that hashes, from one exchange to the next.
pub(super) struct Hasher {
    number: usize,
    pub(super) outgoing: Outgoing,
    pub(super) done: Done,
    pub(super) spans: Vec<Span>,
    reader: Reader,
    digests: Vec<Digest>,
    /// What is left of the tasks at which there was no more room.
    held: Option<Batch>,
}

impl Hasher {
    pub(super) fn new(number: usize, outgoing: Outgoing) -> Self {
        Self {
            number,
            outgoing,
            done: Done::default(),
            spans: Vec::new(),
            reader: Reader::default(),
            digests: Vec::new(),
            held: None,
        }
    }

    /// Whether nothing of what it took is left.
    pub(super) fn is_done(&self) -> bool {
        self.held.is_none() && self.outgoing.is_empty()
    }

    /// Whether it has begun tasks that it has not finished.
    pub(super) fn holds_tasks(&self) -> bool {
        self.held.is_some()
    }

    /// Works until there are no more tasks or no more room.
    pub(super) fn work(&mut self, job: &Job<'_>, queue: &Queue) -> Result<(), LoadError> {
        let _at_work = AtWork(queue);
        while !self.outgoing.is_full() {
            let Some(batch) = self.held.take().or_else(|| queue.take()) else { break };
            let worked = self.hash(batch, job, queue);
            if worked.is_err() {
                queue.stop();
                return worked;
            }
        }
        Ok(())
    }

    fn hash(&mut self, mut batch: Batch, job: &Job<'_>, queue: &Queue) -> Result<(), LoadError> {
        let begin = job.clock.now();
        let first = batch.words.start;
        self.reader.seek(job.list, job.index, first as u64)?;
        while !batch.words.is_empty() {
            if self.outgoing.is_full() || queue.stopped.load(Ordering::Relaxed) {
                break;
            }
            let most = batch.words.len().min(PIECE_WORDS);
            let Some(piece) = self.reader.next_piece(job.list, most)? else {
                return Err(LoadError::Shrunk { origin: job.list.origin().clone() });
            };
            self.done.tally = self.done.tally.wrapping_add(tally(piece.bytes, piece.at));
            let into = (&mut self.digests, &mut self.outgoing, &mut self.done.checksum);
            hash_piece(piece, batch.words.start, into, job, queue);
            batch.words.start += piece.words;
        }
        if batch.words.end as u64 == job.index.words() && batch.words.is_empty() {
            // Blank lines behind the last word are no words, but a part of what was counted.
            while let Some(piece) = self.reader.next_piece(job.list, 1)? {
                self.done.tally = self.done.tally.wrapping_add(tally(piece.bytes, piece.at));
            }
        }
        let end = job.clock.now();
        let words = batch.words.start - first;
        self.done.words += words as u64;
        self.done.busy += end.saturating_sub(begin);
        let Batch { first_task, tasks, .. } = batch;
        if job.recorded && words > 0 {
            let lane = Lane::Rank(job.rank, self.number);
            self.spans.push(Span { lane, first_task, tasks, words, begin, end });
        }
        if batch.words.is_empty() {
            self.done.tasks += tasks as u64;
        } else {
            self.held = Some(batch);
        }
        Ok(())
    }
}

/// Hashes the words of a piece, of which the first has this number in the list.
fn hash_piece(
    piece: Piece<'_>,
    first_word: usize,
    (digests, outgoing, checksum): (&mut Vec<Digest>, &mut Outgoing, &mut Checksum),
    job: &Job<'_>,
    queue: &Queue,
) {
    let step = step_words(job.rounds);
    digests.resize(step, [0; DIGEST_LEN]);
    let mut words = Words::new(piece.bytes, job.list.rules());
    let (mut first, mut left) = (first_word, piece.words);
    while left > 0 && !queue.stopped.load(Ordering::Relaxed) {
        let digests = &mut digests[..step.min(left)];
        job.engine.hash_words(words.by_ref().take(digests.len()), job.rounds, digests);
        *checksum = checksum.and(Checksum::of(digests, first));
        outgoing.append(digests);
        first += digests.len();
        left -= digests.len();
    }
}
