//! Threads of this process, in a rayon pool of the asked size.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{
    Around, Backend, BackendError, Digests, Lane, Outcome, Span, Work, hash_in_steps, stop_if_asked,
};
use crate::chunksize::Sizes;
use crate::sha512::Digest;
use crate::words::{Chunk, Chunks, WordList};

/// Threads that take chunks from one queue.
#[derive(Clone, Copy, Debug, Default)]
pub struct Threads;

/// A thread takes chunks from the queue until it has so many words, so that the lock is not taken
/// for every word of a small chunk size and the engine's lanes are full. It always takes one.
const WORDS_AT_HAND: usize = 512;

impl Backend for Threads {
    fn run(
        &self,
        list: &WordList,
        work: &Work,
        around: &Around<'_>,
    ) -> Result<Outcome, BackendError> {
        let begin = around.clock.now();
        let threads = work.workers.get();
        // A scoped pool: its threads have ended when `build_scoped` returns, where those of an
        // ordinary pool end some time after it was dropped, and `fork` later on wants none alive.
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_scoped(rayon::ThreadBuilder::run, |pool| {
                let started = around.clock.now();
                let mut digests = Digests::new(list.len())?;
                let queue = Queue::new(list, work, digests.as_mut_slice());
                pool.broadcast(|thread| queue.work_off(thread.index(), list, work, around));
                let tasks = queue.tasks.into_inner();
                stop_if_asked(around.interrupt)?;
                Ok(Outcome {
                    digests,
                    begun: begin,
                    start: Some(started.saturating_sub(begin)),
                    map: around.clock.now().saturating_sub(started),
                    tasks: Some(tasks),
                    processes: Vec::new(),
                })
            })
            .map_err(|error| BackendError::Threads { threads, reason: error.to_string() })?
    }
}

/// The chunks that nobody has taken yet, and the places of their digests.
struct Queue<'a> {
    left: Mutex<Left<'a>>,
    tasks: AtomicUsize,
}

struct Left<'a> {
    chunks: Chunks<'a, Sizes>,
    places: &'a mut [Digest],
}

/// What a thread takes from the queue at once.
struct Taken<'a> {
    chunk: Chunk,
    first_task: usize,
    tasks: usize,
    /// Where the digests belong.
    places: &'a mut [Digest],
}

impl<'a> Queue<'a> {
    fn new(list: &'a WordList, work: &Work, places: &'a mut [Digest]) -> Self {
        let chunks = list.chunks(work.chunksize.sizes(list.len(), work.workers, work.rounds));
        Self { left: Mutex::new(Left { chunks, places }), tasks: AtomicUsize::new(0) }
    }

    fn work_off(&self, thread: usize, list: &WordList, work: &Work, around: &Around<'_>) {
        while let Some(Taken { chunk, first_task, tasks, places }) = self.take() {
            let begin = around.recorder.map(|_| around.clock.now());
            if !hash_in_steps(list.words_of(&chunk), work, places, around) {
                break;
            }
            if let (Some(recorder), Some(begin)) = (around.recorder, begin) {
                let (lane, end) = (Lane::Thread(thread), around.clock.now());
                recorder.note(Span { lane, first_task, tasks, words: chunk.words, begin, end });
            }
        }
    }

    /// The next chunk, or several small ones as one.
    fn take(&self) -> Option<Taken<'a>> {
        // A thread that panicked ends the run anyway; what it left is still in order.
        let mut left = self.left.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut taken = left.chunks.next()?;
        let mut tasks = 1;
        while taken.words < WORDS_AT_HAND {
            let Some(next) = left.chunks.next() else { break };
            taken.bytes.end = next.bytes.end;
            taken.words += next.words;
            tasks += 1;
        }
        let first_task = self.tasks.fetch_add(tasks, Ordering::Relaxed);
        let places = left.places.split_off_mut(..taken.words)?;
        Some(Taken { chunk: taken, first_task, tasks, places })
    }
}
