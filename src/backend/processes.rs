//! Worker processes, by way of the [`crate::pool`].
//!
//! With `shared` the workers map the list and the digests; a task is the place of a chunk, its
//! answer is empty. With `pipe` a task brings the chunk's bytes and its answer the digests. Either
//! way a worker hashes the words of all tasks that it has at hand in one go, so that the lanes of
//! a vector engine stay full even when a chunk is a single word.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

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
    Registry::new().batch_job::<HashPlaces>().batch_job::<HashBytes>()
}

impl Backend for Processes {
    fn run(
        &self,
        list: &WordList,
        work: &Work,
        around: &Around<'_>,
    ) -> Result<Outcome, BackendError> {
        let begin = around.clock.now();
        let digests = match self.transport {
            Transport::Shared => Digests::shared(list.len())?,
            Transport::Pipe => Digests::private(list.len())?,
        };
        let mut pool = self.pool(list, &digests, work, around)?;
        let started = around.clock.now();
        let mut source = ChunkSource {
            chunks: list.chunks(work.chunksize.sizes(list.len(), work.workers)),
            text: (self.transport == Transport::Pipe).then(|| list.text()),
            tasks: 0,
        };
        let mut sink = DigestSink { digests, around };
        match self.transport {
            Transport::Shared => pool.run::<HashPlaces>(&mut source, &mut sink)?,
            Transport::Pipe => pool.run::<HashBytes>(&mut source, &mut sink)?,
        }
        let mapped = around.clock.now();
        let processes = pool.shutdown().iter().map(record).collect();
        Ok(Outcome {
            digests: sink.digests,
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
        digests: &Digests,
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
            builder = builder.share(list.region()).share(digests.region());
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

    /// Whether `next` goes on where this one ends.
    fn goes_on_with(self, next: Self) -> bool {
        self.first_byte + self.bytes == next.first_byte
            && self.first_word + self.words == next.first_word
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
}

impl TaskSink for DigestSink<'_> {
    fn piece(&mut self, _task: u64, input: &[u8], offset: usize, output: &[u8]) {
        let Some((place, _)) = Place::read(input) else { return };
        let start = usize::try_from(place.first_word).unwrap_or(usize::MAX);
        let start = start.saturating_mul(DIGEST_LEN).saturating_add(offset);
        let bytes = self.digests.private_slice_mut().as_flattened_mut();
        // A worker that sends more than its task has words for sends it to nowhere.
        if let Some(place) = bytes.get_mut(start..start.saturating_add(output.len())) {
            place.copy_from_slice(output);
        }
    }

    #[inline]
    fn done(&mut self, _task: u64, input: &[u8]) {
        if let Some((place, _)) = Place::read(input) {
            (self.around.progress)(usize::try_from(place.words).unwrap_or(usize::MAX));
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
    shared: Option<SharedMemory>,
    step: Vec<Digest>,
}

/// The list and the digests, mapped.
struct SharedMemory {
    list: Region,
    text_start: usize,
    digests: Region,
}

impl Context for Hasher {
    const NAME: &'static str = "hasher";
    type Args = HasherArgs;

    fn create(args: HasherArgs, regions: Vec<Region>) -> Result<Self, JobError> {
        let engine = Engine::forced(args.engine)
            .ok_or_else(|| JobError::new(format!("engine {} does not run here", args.engine)))?;
        let shared = match <[Region; 2]>::try_from(regions) {
            Ok([list, digests]) => {
                Some(SharedMemory { list, text_start: args.text_start, digests })
            }
            Err(_) => None,
        };
        Ok(Self { engine, rounds: args.rounds, rules: args.rules, shared, step: Vec::new() })
    }
}

/// A task that names places in shared memory.
struct HashPlaces;

impl BatchJob for HashPlaces {
    const NAME: &'static str = "hash-places";
    type Context = Hasher;

    fn run(
        hasher: &mut Hasher,
        tasks: Tasks<'_>,
        outputs: &mut Outputs<'_>,
    ) -> Result<(), JobError> {
        let mut tasks_at_hand = 0;
        let mut at_hand: Option<Place> = None;
        for task in tasks {
            let (place, _) = Place::read(task).ok_or_else(malformed)?;
            match &mut at_hand {
                Some(run) if run.goes_on_with(place) => {
                    run.bytes += place.bytes;
                    run.words += place.words;
                }
                _ => {
                    if let Some(run) = at_hand.replace(place) {
                        hasher.hash_place(run)?;
                        finish(tasks_at_hand, run, outputs);
                        tasks_at_hand = 0;
                    }
                }
            }
            tasks_at_hand += 1;
        }
        if let Some(run) = at_hand {
            hasher.hash_place(run)?;
            finish(tasks_at_hand, run, outputs);
        }
        Ok(())
    }
}

/// Answers the tasks that a run of words was put together from. The items of a worker are words.
fn finish(tasks: usize, run: Place, outputs: &mut Outputs<'_>) {
    outputs.add_items(run.words.saturating_sub(tasks as u64));
    outputs.finish_empty(tasks);
}

impl Hasher {
    /// Hashes the words at a place in shared memory to the place of their digests.
    fn hash_place(&self, place: Place) -> Result<(), JobError> {
        let shared = self.shared.as_ref().ok_or_else(malformed)?;
        let text = shared.list.frozen_bytes().get(shared.text_start..).ok_or_else(malformed)?;
        let text = range_of(place.first_byte, place.bytes)
            .and_then(|range| text.get(range))
            .ok_or_else(malformed)?;
        let places = range_of(place.first_word, place.words)
            .filter(|range| range.end <= shared.digests.len() / DIGEST_LEN)
            .ok_or_else(malformed)?;
        // SAFETY: the range lies inside the mapping (checked above), which is aligned to a page.
        // While this task is at work nobody else touches its words' places: the parent gives each
        // task to one worker at a time, to another one only when the first is dead, and looks at
        // digests only when all workers are gone.
        let digests = unsafe {
            std::slice::from_raw_parts_mut(
                shared.digests.as_ptr().cast::<Digest>().add(places.start),
                places.len(),
            )
        };
        self.engine.hash_words(Words::new(text, self.rules), self.rounds, digests);
        Ok(())
    }
}

/// A task that brings its words along and gets their digests back.
struct HashBytes;

/// The words that are hashed in one go, so that their digests are on their way while the next
/// ones are computed: 64 KiB of digests, what a frame of results holds.
const STEP_WORDS: usize = 1024;

impl BatchJob for HashBytes {
    const NAME: &'static str = "hash-bytes";
    type Context = Hasher;

    fn run(
        hasher: &mut Hasher,
        tasks: Tasks<'_>,
        outputs: &mut Outputs<'_>,
    ) -> Result<(), JobError> {
        let mut left = 0_u64;
        for task in tasks {
            left += Place::read(task).ok_or_else(malformed)?.0.words;
        }
        // The words of all tasks as one run, whatever task a word belongs to.
        let rules = hasher.rules;
        let mut words =
            tasks.iter().filter_map(Place::read).flat_map(|(_, text)| Words::new(text, rules));
        hasher.step.resize(STEP_WORDS, [0; DIGEST_LEN]);
        let mut ready: &[Digest] = &[];
        for task in tasks {
            let mut wanted = Place::read(task).ok_or_else(malformed)?.0.words;
            outputs.add_items(wanted.saturating_sub(1));
            while wanted > 0 {
                if ready.is_empty() {
                    let count = usize::try_from(left).unwrap_or(STEP_WORDS).min(STEP_WORDS);
                    let step = &mut hasher.step[..count];
                    hasher.engine.hash_words(words.by_ref().take(count), hasher.rounds, step);
                    left -= count as u64;
                    ready = &hasher.step[..count];
                }
                let count = usize::try_from(wanted).unwrap_or(usize::MAX).min(ready.len());
                let (now, later) = ready.split_at(count);
                outputs.write(now.as_flattened());
                ready = later;
                wanted -= count as u64;
            }
            outputs.finish_task();
        }
        Ok(())
    }
}

fn range_of(first: u64, count: u64) -> Option<std::ops::Range<usize>> {
    let end = first.checked_add(count)?;
    Some(usize::try_from(first).ok()?..usize::try_from(end).ok()?)
}

fn malformed() -> JobError {
    JobError::new("a task that does not fit the list")
}
