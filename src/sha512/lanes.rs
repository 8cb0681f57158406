//! Hands words out to the lanes of a side-by-side engine, so that no lane is idle before the words
//! end.
//!
//! Words that fit in one block go in groups, one a lane, in the order in which they come; longer
//! ones are put aside and run through [`long`](super::long), so that they never hold up a group of
//! short ones. This module knows no instruction set.

use std::mem::MaybeUninit;
use std::num::NonZeroU32;

use super::Digest;
use super::block::{Block, Job, Lanes, SHORT_LEN, hash_rest};
use super::long::LongWords;

/// Hashes all words; the `i`-th digest goes to the `i`-th place.
///
/// # Panics
///
/// When there are more or fewer words than places.
pub(super) fn hash_words<'a, const N: usize>(
    lanes: impl Lanes<N>,
    words: impl Iterator<Item = &'a [u8]>,
    rounds: NonZeroU32,
    places: &mut [MaybeUninit<Digest>],
) {
    // A lane that no word was given yet hashes an idle word to a place of its own; in a group that
    // is not full, a lane that had a word before hashes it once more to the same place.
    let mut spare = [[MaybeUninit::<Digest>::uninit(); N]; 2];
    let mut groups = spare
        .each_mut()
        .map(|places| places.each_mut().map(|place| Job { word: Block::IDLE_WORD, place }));
    let mut filled = 0;
    let mut long = None;
    let mut places = places.iter_mut();
    for word in words {
        let job = Job { word, place: places.next().expect("a place for every word") };
        if word.len() > SHORT_LEN {
            long.get_or_insert_with(|| LongWords::new(lanes, rounds)).push(job);
            continue;
        }
        groups.as_flattened_mut()[filled] = job;
        filled += 1;
        if filled == 2 * N {
            lanes.hash_two(&mut groups, rounds);
            filled = 0;
        }
    }
    assert!(places.next().is_none(), "a word for every place");
    if filled > N + 1 {
        lanes.hash_two(&mut groups, rounds);
    } else {
        let [first, second] = &mut groups;
        hash_rest(lanes, first, filled.min(N), rounds);
        hash_rest(lanes, second, filled.saturating_sub(N), rounds);
    }
    if let Some(long) = long {
        long.finish();
    }
}
