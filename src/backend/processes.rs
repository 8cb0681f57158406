//! Worker processes, by way of the [`crate::pool`].
//!
//! With `shared` the workers map the list, and a task is the place of a chunk in it; with `pipe`
//! a task brings the chunk's bytes along. Either way its answer is the digests, which the parent
//! puts where they belong: out of a worker's arena of shared memory, or out of its socket.
//!
//! Letting workers write into one shared region of digests instead would save the parent that
//! copy, but costs more than it saves. Shared memory comes in small pages on nearly every system,
//! private memory in huge ones: to touch 67 MB of the former took 44 to 60 ms, of the latter 7 ms,
//! and the copy, out of an arena that stays in the second-level cache, about as much again.
//!
//! A worker hashes the words of all tasks that it has at hand in one go, so that the lanes of a
//! vector engine stay full even when a chunk is a single word.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::recorder::Arrivals;
use super::{Around, Backend, BackendError, Digests, Outcome, Work, WorkerRecord};
use crate::chunksize::Sizes;
use crate::pool::{
    BatchJob, Context, JobError, Outputs, Pool, PoolError, Registry, StartMethod, TaskSink,
    TaskSource, Tasks, Transport, WorkerReport,
};
use crate::region::Region;
use crate::sha512::{DIGEST_LEN, Digest, Engine, EngineKind};
use crate::words::{Chunk, Chunks, Rules, WordList, Words};

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

/// The jobs that a worker process of this program can be given.
#[must_use]
pub fn job_registry() -> Registry {
    Registry::new().batch_job::<HashChunks>()
}

impl Backend for Processes {
    fn run(
        &self,
        list: &WordList,
        work: &Work,
        around: &Around<'_>,
    ) -> Result<Outcome, BackendError> {
        let begin = around.clock.now();
        let digests = Digests::new(list.len())?;
        let mut pool = self.pool(list, work, around)?;
        let started = around.clock.now();
        let mut source = ChunkSource {
            chunks: list.chunks(work.chunksize.sizes(list.len(), work.workers, work.rounds)),
            text: (self.transport == Transport::Pipe).then(|| list.text()),
            tasks: 0,
        };
        let arrivals = around.recorder.map(|_| Arrivals::default());
        let mut sink = DigestSink { digests, around, words: 0, arrivals };
        pool.run::<HashChunks>(&mut source, &mut sink)?;
        let mapped = around.clock.now();
        if let (Some(recorder), Some(arrivals)) = (around.recorder, sink.arrivals) {
            arrivals.note_in(recorder);
        }
        let processes = pool.shutdown().iter().map(record).collect();
        Ok(Outcome {
            digests: sink.digests,
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
        work: &Work,
        around: &Around<'_>,
    ) -> Result<Pool<Hasher>, PoolError> {
        let registry = job_registry();
        let mut builder = Pool::builder(&registry)
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
        builder.build(HasherArgs {
            engine: work.engine.kind(),
            rounds: work.rounds,
            rules: list.rules(),
            text_start: list.text_start(),
        })
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

/// The place of a chunk, as a task begins with it: four numbers of eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    first_byte: u64,
    bytes: u64,
    first_word: u64,
    words: u64,
}

const PLACE_LEN: usize = 32;

impl Place {
    fn of(chunk: &Chunk) -> Self {
        Self {
            first_byte: chunk.bytes.start as u64,
            bytes: chunk.bytes.len() as u64,
            first_word: chunk.first_word as u64,
            words: chunk.words as u64,
        }
    }

    #[inline]
    fn write(self, task: &mut Vec<u8>) {
        let mut bytes = [0; PLACE_LEN];
        let numbers = [self.first_byte, self.bytes, self.first_word, self.words];
        for (place, number) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(numbers) {
            *place = number.to_le_bytes();
        }
        task.extend_from_slice(&bytes);
    }

    /// The place at the start of a task, and what follows it.
    #[inline]
    fn read(task: &[u8]) -> Option<(Self, &[u8])> {
        let (place, rest) = task.split_first_chunk::<PLACE_LEN>()?;
        let [first_byte, bytes, first_word, words] =
            [0, 1, 2, 3].map(|at| u64::from_le_bytes(place.as_chunks::<8>().0[at]));
        Some((Self { first_byte, bytes, first_word, words }, rest))
    }
}

/// The chunks of a list as tasks.
struct ChunkSource<'a> {
    chunks: Chunks<'a, Sizes>,
    /// The list's bytes, where tasks bring them.
    text: Option<&'a [u8]>,
    tasks: usize,
}

impl TaskSource for ChunkSource<'_> {
    #[inline]
    fn next_task(&mut self, input: &mut Vec<u8>) -> bool {
        let Some(chunk) = self.chunks.next() else { return false };
        Place::of(&chunk).write(input);
        if let Some(text) = self.text {
            input.extend_from_slice(&text[chunk.bytes]);
        }
        self.tasks += 1;
        true
    }
}

/// Puts digests where they belong.
struct DigestSink<'a> {
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

/// What a worker needs to know before its first task.
#[derive(Serialize, Deserialize)]
struct HasherArgs {
    engine: EngineKind,
    rounds: NonZeroU32,
    rules: Rules,
    text_start: usize,
}

/// What a worker hashes with.
struct Hasher {
    engine: Engine,
    rounds: NonZeroU32,
    rules: Rules,
    /// The list, where tasks do not bring their words, and where its text begins.
    list: Option<(Region, usize)>,
    step: Vec<Digest>,
}

impl Context for Hasher {
    const NAME: &'static str = "hasher";
    type Args = HasherArgs;

    fn create(args: HasherArgs, regions: Vec<Region>) -> Result<Self, JobError> {
        let engine = Engine::forced(args.engine)
            .ok_or_else(|| JobError::new(format!("engine {} does not run here", args.engine)))?;
        let list = regions.into_iter().next().map(|region| (region, args.text_start));
        let step = vec![[0; DIGEST_LEN]; STEP_WORDS];
        Ok(Self { engine, rounds: args.rounds, rules: args.rules, list, step })
    }
}

/// The words that are hashed in one go, so that their digests are on their way while the next
/// ones are computed: two such runs and their heads fit what is sent at once (64 KiB).
const STEP_WORDS: usize = 496;

/// A chunk of so many words fills the lanes of every engine by itself, but for its last group.
const FULL_LANES_WORDS: usize = 256;

/// Hashes chunks: a task is a chunk's place, and the chunk's bytes where the list is not shared;
/// its output is the digests.
struct HashChunks;

impl BatchJob for HashChunks {
    const NAME: &'static str = "hash-chunks";
    type Context = Hasher;

    fn run(
        hasher: &mut Hasher,
        tasks: Tasks<'_>,
        outputs: &mut Outputs<'_>,
    ) -> Result<(), JobError> {
        let Hasher { engine, rounds, rules, list, step } = hasher;
        let list = list.as_ref().map(|(region, start)| &region.frozen_bytes()[*start..]);
        let chunks: Option<Vec<TaskChunk<'_>>> =
            tasks.iter().map(|task| TaskChunk::read(task, list)).collect();
        let chunks = chunks.ok_or_else(|| JobError::new("a task that does not fit the list"))?;
        if chunks.iter().all(|chunk| chunk.words >= FULL_LANES_WORDS) {
            hash_each(*engine, *rounds, *rules, &chunks, outputs);
        } else {
            let words = chunks.iter().flat_map(|chunk| Words::new(chunk.text, *rules));
            hash_together(*engine, *rounds, words, &chunks, step, outputs);
        }
        Ok(())
    }
}

/// Hashes large chunks one after another, straight to where their digests leave from.
fn hash_each(
    engine: Engine,
    rounds: NonZeroU32,
    rules: Rules,
    chunks: &[TaskChunk<'_>],
    outputs: &mut Outputs<'_>,
) {
    for chunk in chunks {
        let mut words = Words::new(chunk.text, rules);
        let mut left = chunk.words;
        while left > 0 {
            let count = left.min(STEP_WORDS);
            let digests = outputs.space(count * DIGEST_LEN).as_chunks_mut().0;
            engine.hash_words(words.by_ref().take(count), rounds, digests);
            left -= count;
        }
        outputs.finish_task();
        outputs.count_items(chunk.words as u64);
    }
}

/// Hashes the words of small chunks as one run, whatever chunk a word belongs to, and gives each
/// chunk its digests.
fn hash_together<'a>(
    engine: Engine,
    rounds: NonZeroU32,
    mut words: impl Iterator<Item = &'a [u8]>,
    chunks: &[TaskChunk<'_>],
    step: &mut [Digest],
    outputs: &mut Outputs<'_>,
) {
    let mut left: usize = chunks.iter().map(|chunk| chunk.words).sum();
    let mut ready: &[Digest] = &[];
    for chunk in chunks {
        let mut wanted = chunk.words;
        while wanted > 0 {
            if ready.is_empty() {
                let count = left.min(STEP_WORDS);
                engine.hash_words(words.by_ref().take(count), rounds, &mut step[..count]);
                left -= count;
                ready = &step[..count];
            }
            let (now, later) = ready.split_at(wanted.min(ready.len()));
            outputs.write(now.as_flattened());
            wanted -= now.len();
            ready = later;
        }
        outputs.finish_task();
        outputs.count_items(chunk.words as u64);
    }
}

/// What a task says that there is to hash.
struct TaskChunk<'a> {
    text: &'a [u8],
    words: usize,
}

impl<'a> TaskChunk<'a> {
    /// Reads a task; `None` if it does not fit the list.
    #[inline]
    fn read(task: &'a [u8], list: Option<&'a [u8]>) -> Option<Self> {
        let (place, brought) = Place::read(task)?;
        let text = match list {
            None => brought,
            Some(list) => {
                let start = usize::try_from(place.first_byte).ok()?;
                list.get(start..)?.get(..usize::try_from(place.bytes).ok()?)?
            }
        };
        Some(Self { text, words: usize::try_from(place.words).ok()? })
    }
}
