//! The worker's side of a run on processes: what it hashes with, and the function that it runs.
//!
//! A task is the place of a chunk in the list, and the chunk's bytes where the list is not shared.
//! Digests are put in their places where these are shared ([`in_place`]); else they are the task's
//! output. It knows nothing of other workers or of how tasks are shared out.
//!
//! A worker hashes the words of all tasks that it has at hand in one go, so that the lanes of a
//! vector engine stay full even when a chunk is a single word.

mod in_place;

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::os::region::Region;
use crate::pool::{JobError, Outputs, Tasks};
use crate::sha512::{DIGEST_LEN, Digest, Engine, EngineKind};
use crate::words::{Chunk, Rules, Words};

/// The place of a chunk, as a task begins with it: four numbers of eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    first_byte: u64,
    bytes: u64,
    pub(super) first_word: u64,
    pub(super) words: u64,
}

const PLACE_LEN: usize = 32;

impl Place {
    pub(super) fn of(chunk: &Chunk) -> Self {
        Self {
            first_byte: chunk.bytes.start as u64,
            bytes: chunk.bytes.len() as u64,
            first_word: chunk.first_word as u64,
            words: chunk.words as u64,
        }
    }

    #[inline]
    pub(super) fn write(self, task: &mut Vec<u8>) {
        let mut bytes = [0; PLACE_LEN];
        let numbers = [self.first_byte, self.bytes, self.first_word, self.words];
        for (place, number) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(numbers) {
            *place = number.to_le_bytes();
        }
        task.extend_from_slice(&bytes);
    }

    /// The place at the start of a task, and what follows it.
    #[inline]
    pub(super) fn read(task: &[u8]) -> Option<(Self, &[u8])> {
        let (place, rest) = task.split_first_chunk::<PLACE_LEN>()?;
        let [first_byte, bytes, first_word, words] =
            [0, 1, 2, 3].map(|at| u64::from_le_bytes(place.as_chunks::<8>().0[at]));
        Some((Self { first_byte, bytes, first_word, words }, rest))
    }
}

/// What a worker needs to know before its first task.
#[derive(Serialize, Deserialize)]
pub(super) struct HasherArgs {
    pub(super) engine: EngineKind,
    pub(super) rounds: NonZeroU32,
    pub(super) rules: Rules,
    pub(super) text_start: usize,
}

/// What a worker hashes with. Two regions may be shared with it: the list and, behind it, the room
/// for all digests.
pub(super) struct Hasher {
    how: How,
    /// The list, where tasks do not bring their words, and where its text begins.
    list: Option<(Region, usize)>,
    /// Where digests belong, if they are not the tasks' outputs.
    digests: Option<Region>,
    step: Vec<Digest>,
}

/// How words are found and hashed.
#[derive(Clone, Copy)]
struct How {
    engine: Engine,
    rounds: NonZeroU32,
    rules: Rules,
}

impl Hasher {
    /// Makes a worker's context from what its parent sent and shared.
    #[expect(clippy::needless_pass_by_value, reason = "the signature of a context")]
    pub(super) fn new(args: HasherArgs, regions: Vec<Region>) -> Result<Self, JobError> {
        let engine = Engine::forced(args.engine)
            .ok_or_else(|| format!("engine {} does not run here", args.engine))?;
        let mut regions = regions.into_iter();
        let list = regions.next().map(|region| (region, args.text_start));
        let digests = regions.next();
        let how = How { engine, rounds: args.rounds, rules: args.rules };
        Ok(Self { how, list, digests, step: vec![[0; DIGEST_LEN]; STEP_WORDS] })
    }
}

/// The words that are hashed in one go, so that their digests are on their way while the next
/// ones are computed: two such runs and their heads fit what is sent at once (64 KiB).
const STEP_WORDS: usize = 496;

/// A chunk of so many words fills the lanes of every engine by itself, but for its last group.
const FULL_LANES_WORDS: usize = 256;

/// Hashes the chunks of the tasks at hand.
pub(super) fn hash_chunks(
    hasher: &mut Hasher,
    tasks: Tasks<'_>,
    outputs: &mut Outputs<'_>,
) -> Result<(), JobError> {
    let misfit = "a task that does not fit the list";
    let Hasher { how, list, digests, step } = hasher;
    let list = list.as_ref().map(|(region, start)| &region.frozen_bytes()[*start..]);
    let chunks: Option<Vec<TaskChunk<'_>>> =
        tasks.iter().map(|task| TaskChunk::read(task, list)).collect();
    let chunks = chunks.ok_or(misfit)?;
    if let (Some(list), Some(digests)) = (list, digests) {
        in_place::hash(*how, list, &chunks, digests, outputs).ok_or(misfit)?;
    } else if chunks.iter().all(|chunk| chunk.words >= FULL_LANES_WORDS) {
        hash_each(*how, &chunks, outputs);
    } else {
        let words = chunks.iter().flat_map(|chunk| Words::new(chunk.text, how.rules));
        hash_together(*how, words, &chunks, step, outputs);
    }
    Ok(())
}

/// Hashes large chunks one after another, straight to where their digests leave from.
fn hash_each(how: How, chunks: &[TaskChunk<'_>], outputs: &mut Outputs<'_>) {
    for chunk in chunks {
        let mut words = Words::new(chunk.text, how.rules);
        let mut left = chunk.words;
        while left > 0 {
            let count = left.min(STEP_WORDS);
            let digests = outputs.space(count * DIGEST_LEN).as_chunks_mut().0;
            how.engine.hash_words(words.by_ref().take(count), how.rounds, digests);
            left -= count;
        }
        outputs.finish_task();
        outputs.count_items(1, chunk.words as u64);
    }
}

/// Hashes the words of small chunks as one run, whatever chunk a word belongs to, and gives each
/// chunk its digests.
fn hash_together<'a>(
    how: How,
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
                let step = &mut step[..count];
                how.engine.hash_words(words.by_ref().take(count), how.rounds, step);
                left -= count;
                ready = step;
            }
            let (now, later) = ready.split_at(wanted.min(ready.len()));
            outputs.write(now.as_flattened());
            wanted -= now.len();
            ready = later;
        }
        outputs.finish_task();
        outputs.count_items(1, chunk.words as u64);
    }
}

/// What a task says that there is to hash.
struct TaskChunk<'a> {
    text: &'a [u8],
    first_byte: usize,
    first_word: usize,
    words: usize,
}

impl<'a> TaskChunk<'a> {
    /// Reads a task; `None` if it does not fit the list.
    #[inline]
    fn read(task: &'a [u8], list: Option<&'a [u8]>) -> Option<Self> {
        let (place, brought) = Place::read(task)?;
        let first_byte = usize::try_from(place.first_byte).ok()?;
        let text = match list {
            None => brought,
            Some(list) => list.get(first_byte..)?.get(..usize::try_from(place.bytes).ok()?)?,
        };
        let first_word = usize::try_from(place.first_word).ok()?;
        Some(Self { text, first_byte, first_word, words: usize::try_from(place.words).ok()? })
    }

    /// Where the next chunk begins in the list.
    fn end_byte(&self) -> usize {
        self.first_byte + self.text.len()
    }

    /// The first word behind it, if there can be one.
    fn end_word(&self) -> Option<usize> {
        self.first_word.checked_add(self.words)
    }

    fn is_followed_by(&self, next: &Self) -> bool {
        self.end_byte() == next.first_byte && self.end_word() == Some(next.first_word)
    }
}
