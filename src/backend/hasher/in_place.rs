//! Hashing straight to where all processes of a run have the digests.
//!
//! Chunks that follow each other in the list are hashed as one run, whatever chunk a word belongs
//! to. Nothing is sent but that tasks are done.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::super::shared_digests::own_pages;
use super::super::step_words;
use super::{How, TaskChunk};
use crate::os::region::{HUGE_PAGE_BYTES, Region};
use crate::pool::Outputs;
use crate::sha512::{DIGEST_LEN, Digest};
use crate::words::Words;

/// Hashes chunks of a list and finishes their tasks. `None` when there are no places for their
/// digests.
pub(super) fn hash(
    how: How,
    list: &[u8],
    chunks: &[TaskChunk<'_>],
    digests: &mut Region,
    outputs: &mut Outputs<'_>,
) -> Option<()> {
    for run in chunks.chunk_by(TaskChunk::is_followed_by) {
        let text = &list[run.first()?.first_byte..run.last()?.end_byte()];
        let numbers = run.first()?.first_word..run.last()?.end_word()?;
        hash_run(how, run, text, numbers, digests, outputs)?;
    }
    Some(())
}

/// Hashes chunks that follow each other: the words that `text` has, which have these numbers.
fn hash_run(
    how: How,
    mut unfinished: &[TaskChunk<'_>],
    text: &[u8],
    numbers: Range<usize>,
    digests: &mut Region,
    outputs: &mut Outputs<'_>,
) -> Option<()> {
    let mut words = Words::new(text, how.rules);
    let own_pages = own_pages(&numbers);
    // Of the words of unfinished chunks.
    let mut hashed = 0;
    for start in numbers.clone().step_by(step_words(how.rounds)) {
        let step = start..numbers.end.min(start + step_words(how.rounds));
        make_pages(digests, &own_pages, &step);
        let places = places(digests, step.clone())?;
        how.engine.hash_words_to(words.by_ref().take(step.len()), how.rounds, places);
        hashed += step.len();
        let (tasks, words) = finished(unfinished, hashed);
        hashed -= words;
        unfinished = &unfinished[tasks..];
        outputs.finish_empty(tasks);
        outputs.count_items(tasks as u64, words as u64);
        if !unfinished.is_empty() {
            outputs.still_at_work();
        }
    }
    Some(())
}

/// How many of the chunks are done when so many of their words are, and the words of those.
fn finished(chunks: &[TaskChunk<'_>], hashed: usize) -> (usize, usize) {
    let mut words = 0;
    let done = chunks.iter().take_while(|chunk| {
        let done = words + chunk.words <= hashed;
        words += if done { chunk.words } else { 0 };
        done
    });
    (done.count(), words)
}

/// Has those of a run's own pages made that begin with digests of this step's words.
fn make_pages(digests: &Region, own: &Range<usize>, step: &Range<usize>) {
    let first = (step.start * DIGEST_LEN).next_multiple_of(HUGE_PAGE_BYTES).max(own.start);
    let end = (step.end * DIGEST_LEN).min(own.end);
    if first < end {
        // Where there is no huge page, small ones are made as they are touched.
        let _ = digests.make_huge_pages(first..end);
    }
}

/// The places of some words' digests in memory that all processes share; `None` when it has no
/// such places.
fn places(digests: &mut Region, words: Range<usize>) -> Option<&mut [MaybeUninit<Digest>]> {
    if words.end > digests.len() / DIGEST_LEN {
        return None;
    }
    let start = digests.as_ptr().cast::<MaybeUninit<Digest>>();
    // SAFETY: the places lie in the mapping, as was just checked, and bytes may be written at any
    // address. Nobody else uses them while the slice lives: each word is in one task, a task is at
    // work in one process at a time (it is given out again only after the process that had it has
    // ended), and the parent does not look before all workers have ended. In this process the
    // region is borrowed mutably for as long.
    Some(unsafe { std::slice::from_raw_parts_mut(start.add(words.start), words.len()) })
}
