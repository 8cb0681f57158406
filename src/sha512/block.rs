//! What a side-by-side engine is given: words with the places of their digests, and blocks of words.
//! It knows no instruction set.

use std::mem::MaybeUninit;
use std::num::NonZeroU32;

use super::{DIGEST_LEN, Digest, one_by_one};

/// The bytes of one block.
pub(super) const BLOCK_LEN: usize = 128;

/// The longest word that one block holds beside the padding bit and the length.
pub(super) const SHORT_LEN: usize = BLOCK_LEN - 16 - 1;

/// A word, and where its digest goes.
pub(super) struct Job<'a, 'd> {
    pub(super) word: &'a [u8],
    pub(super) place: &'d mut MaybeUninit<Digest>,
}

/// One block of a word, before it is padded (FIPS 180-4, section 5.1.2).
pub(super) struct Block<'a> {
    /// The word from the block's first byte on; it may go on after the block.
    pub(super) rest: &'a [u8],
    /// The byte of the block in which the padding bit is; [`BLOCK_LEN`] when it is in another block.
    pub(super) padding_at: usize,
    /// What the last of the block's sixteen numbers has besides the word's bytes: the length in bits
    /// in the word's last block, 0 in the others.
    pub(super) bits: u64,
}

impl<'a> Block<'a> {
    /// A lane that has nothing to do hashes this. It is not empty, as an empty slice may have any
    /// address, and a masked load that touches nothing is slow all the same where no page is.
    pub(super) const IDLE_WORD: &'static [u8] = &[0];

    /// The block of a word that begins at byte `offset`.
    #[inline]
    pub(super) fn at(word: &'a [u8], offset: usize) -> Self {
        let rest = &word[offset.min(word.len())..];
        let padding_at = if offset > word.len() { BLOCK_LEN } else { rest.len().min(BLOCK_LEN) };
        // A word cannot have 2^61 bytes, so the upper half of the length is zero.
        let bits = if rest.len() > SHORT_LEN { 0 } else { word.len() as u64 * 8 };
        Self { rest, padding_at, bits }
    }
}

/// The states of `N` messages that are being hashed: row `i` has word `i` of every state.
#[repr(align(64))]
pub(super) struct States<const N: usize>(pub(super) [[u64; N]; 8]);

/// An engine with `N` lanes.
pub(super) trait Lanes<const N: usize>: Copy {
    /// Hashes words of at most [`SHORT_LEN`] bytes `rounds` times, into their places.
    fn hash_short(self, jobs: &mut [Job<'_, '_>; N], rounds: NonZeroU32);

    /// Does as [`hash_short`](Self::hash_short) for two groups at once.
    fn hash_two(self, groups: &mut [[Job<'_, '_>; N]; 2], rounds: NonZeroU32) {
        let [first, second] = groups;
        self.hash_short(first, rounds);
        self.hash_short(second, rounds);
    }

    /// Takes every state over one more block.
    fn compress_blocks(self, states: &mut States<N>, blocks: &[Block<'_>; N]);
}

/// Hashes the first `filled` jobs of a group.
pub(super) fn hash_rest<const N: usize>(
    lanes: impl Lanes<N>,
    group: &mut [Job<'_, '_>; N],
    filled: usize,
    rounds: NonZeroU32,
) {
    match &mut group[..filled] {
        [] => {}
        // One word alone is faster by itself: a group takes its time however few its words.
        [job] => {
            job.place.write(one_by_one::hash(job.word, rounds));
        }
        _ => lanes.hash_short(group, rounds),
    }
}

const _: () = assert!(DIGEST_LEN == size_of::<[u64; 8]>());
