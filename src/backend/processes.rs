//! Worker processes, by way of the [`crate::pool`].
//!
//! With `shared` the workers map the list and the room for its digests: a task is the place of a
//! chunk in the list, and its digests are put where they belong by the worker that has it
//! ([`shared_digests`](super::shared_digests)). With `pipe` a task brings the chunk's bytes along,
//! its answer is the digests, and the parent puts them where they belong.
//!
//! Where the system has small pages only for shared memory, digests are sent with `shared` too, by
//! way of a worker's ring, to a parent that keeps them in huge pages of its own: to touch 67 MB of
//! small shared pages took 44 to 60 ms, of huge ones 8 ms, and the copy, out of a ring that stays
//! in the second-level cache, about as much again.
//!
//! What a worker does is in [`hasher`](super::hasher).

use std::sync::Arc;
use std::time::Duration;

use super::hasher::{Hasher, HasherArgs, Place, hash_chunks};
use super::recorder::Arrivals;
use super::shared_digests::SharedDigests;
use super::{Around, Backend, BackendError, Digests, Outcome, Work, WorkerRecord};
use crate::chunksize::Sizes;
use crate::pool::{Pool, PoolError, StartMethod, TaskSink, TaskSource, Transport, WorkerReport};
use crate::sha512::DIGEST_LEN;
use crate::words::{Chunks, WordList};

/// Worker processes and how they are run.
#[derive(Clone, Copy, Debug)]
pub struct Processes {
    /// How bytes reach the workers and digests come back.
    pub transport: Transport,
    /// How a worker is made.
    pub start_method: StartMethod,
    /// How often a task is given out again after its worker died.
    pub retries: u32,
    /// After how many tasks a worker is replaced.
    pub max_tasks_per_worker: Option<u64>,
    /// How long the run may go without any progress.
    pub progress_timeout: Option<Duration>,
}

impl Backend for Processes {
    fn run(
        &self,
        list: &WordList,
        work: &Work,
        around: &Around<'_>,
    ) -> Result<Outcome, BackendError> {
        let begin = around.clock.now();
        let shared = match self.transport {
            Transport::Shared => SharedDigests::new(list.len())?,
            Transport::Pipe => None,
        };
        let sent = Digests::new(if shared.is_some() { 0 } else { list.len() })?;
        let mut pool = self.pool(list, shared.as_ref(), work, around)?;
        let started = around.clock.now();
        let fixed = work.chunksize.fixed(list.len(), work.workers, work.rounds);
        let mut source = ChunkSource {
            chunks: list.chunks(work.chunksize.sizes(list.len(), work.workers, work.rounds)),
            text: (self.transport == Transport::Pipe).then(|| list.text()),
            shared,
            tasks: 0,
            all_tasks: fixed.map(|size| list.len().div_ceil(size.get())),
        };
        let arrivals = around.recorder.map(|_| Arrivals::default());
        let mut sink = DigestSink { digests: sent, around, words: 0, arrivals };
        pool.run(hash_chunks, &mut source, &mut sink)?;
        let mapped = around.clock.now();
        if let (Some(recorder), Some(arrivals)) = (around.recorder, sink.arrivals) {
            arrivals.note_in(recorder);
        }
        let processes = pool.shutdown().iter().map(record).collect();
        let digests = match source.shared {
            Some(shared) => shared.finish()?,
            None => sink.digests,
        };
        Ok(Outcome {
            digests,
            begun: begin,
            start: Some(started.saturating_sub(begin)),
            map: mapped.saturating_sub(started),
            tasks: Some(source.tasks),
            processes,
        })
    }
}

impl Processes {
    fn pool(
        &self,
        list: &WordList,
        digests: Option<&SharedDigests>,
        work: &Work,
        around: &Around<'_>,
    ) -> Result<Pool<Hasher>, PoolError> {
        let mut builder = Pool::builder()
            .workers(work.workers.get())
            .start_method(self.start_method)
            .transport(self.transport)
            .retries(self.retries)
            .max_tasks_per_worker(self.max_tasks_per_worker)
            .progress_timeout(self.progress_timeout)
            .interrupt(Arc::clone(around.interrupt));
        if self.transport == Transport::Shared {
            builder = builder.share(list.region());
        }
        if let Some(digests) = digests {
            builder = builder.share(digests.region());
        }
        let args = HasherArgs {
            engine: work.engine.kind(),
            rounds: work.rounds,
            rules: list.rules(),
            text_start: list.text_start(),
        };
        builder.context_sharing(args, Hasher::new).build()
    }
}

fn record(worker: &WorkerReport) -> WorkerRecord {
    WorkerRecord {
        pid: worker.pid,
        tasks: worker.tasks,
        words: worker.items,
        busy: worker.busy,
        cpu: worker.cpu,
        peak_rss_bytes: worker.peak_rss_bytes,
        private_rss_bytes: worker.private_rss_bytes,
    }
}

/// The chunks of a list as tasks.
struct ChunkSource<'a> {
    chunks: Chunks<'a, Sizes>,
    /// The list's bytes, where tasks bring them.
    text: Option<&'a [u8]>,
    /// Where workers put digests themselves.
    shared: Option<SharedDigests>,
    /// How many tasks there were so far.
    tasks: usize,
    /// How many there will be, where all have the same size.
    all_tasks: Option<usize>,
}

impl TaskSource for ChunkSource<'_> {
    #[inline]
    fn next_task(&mut self, input: &mut Vec<u8>) -> bool {
        let Some(chunk) = self.chunks.next() else { return false };
        if let Some(shared) = &mut self.shared {
            shared.make_pages(chunk.first_word..chunk.first_word + chunk.words);
        }
        Place::of(&chunk).write(input);
        if let Some(text) = self.text {
            input.extend_from_slice(&text[chunk.bytes]);
        }
        self.tasks += 1;
        true
    }

    fn tasks_left(&self) -> Option<usize> {
        self.all_tasks.map(|all| all.saturating_sub(self.tasks))
    }
}

/// Puts digests where they belong, if workers send them, and counts what is done.
struct DigestSink<'a> {
    /// None at all where workers put them in their places themselves.
    digests: Digests,
    around: &'a Around<'a>,
    /// Words that are done and not reported yet.
    words: usize,
    /// Only where the run is recorded.
    arrivals: Option<Arrivals>,
}

/// Progress is reported in steps of so many words: with chunks of one word, a look at the clock
/// for each would take longer than the word.
const PROGRESS_WORDS: usize = 8192;

impl TaskSink for DigestSink<'_> {
    fn piece(&mut self, task: u64, input: &[u8], offset: usize, output: &[u8]) {
        // A worker that sends more than its task has words for sends it to nowhere.
        if let Some(room) = self.room(task, input, offset, output.len()) {
            room.copy_from_slice(output);
        }
    }

    fn room(&mut self, _task: u64, input: &[u8], offset: usize, len: usize) -> Option<&mut [u8]> {
        let (place, _) = Place::read(input)?;
        let start = usize::try_from(place.first_word).ok()?;
        let start = start.checked_mul(DIGEST_LEN)?.checked_add(offset)?;
        let bytes = self.digests.as_mut_slice().as_flattened_mut();
        bytes.get_mut(start..start.checked_add(len)?)
    }

    #[inline]
    fn done(&mut self, _task: u64, input: &[u8]) {
        let Some((place, _)) = Place::read(input) else { return };
        let words = usize::try_from(place.words).unwrap_or(0);
        self.words += words;
        if self.words >= PROGRESS_WORDS {
            (self.around.progress)(std::mem::take(&mut self.words));
        }
        if let Some(arrivals) = &mut self.arrivals {
            arrivals.completed(words);
        }
    }

    fn worked(&mut self, pid: u32, first_task: u64, count: u32, busy: Duration) {
        if let Some(arrivals) = &mut self.arrivals {
            let first_task = usize::try_from(first_task).unwrap_or(usize::MAX);
            arrivals.worked(pid, first_task, count as usize, busy, self.around.clock.now());
        }
    }
}
