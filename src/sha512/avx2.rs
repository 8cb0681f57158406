//! Four words side by side: AVX2, one 64-bit number of each word in a 256-bit register.
//!
//! What is particular to this instruction set is here: rotations put together from shifts, loads
//! that stop at the word's last byte without byte masks, transposition in registers. The rounds are
//! in [`compress`](super::compress), the choice of the words in [`lanes`](super::lanes).

#![expect(clippy::inline_always, reason = "only inlined code may use the engine's instructions")]
#![expect(clippy::many_single_char_names, reason = "a block has sixteen numbers and no names")]

use std::arch::x86_64::{
    __m256i, _mm_cvtsi32_si128, _mm256_add_epi64, _mm256_and_si256, _mm256_cmpeq_epi64,
    _mm256_cmpgt_epi64, _mm256_load_si256, _mm256_loadu_si256, _mm256_maskload_epi64,
    _mm256_or_si256, _mm256_permute2x128_si256, _mm256_set_epi64x, _mm256_set1_epi64x,
    _mm256_setr_epi8, _mm256_shuffle_epi8, _mm256_sll_epi64, _mm256_srl_epi64, _mm256_srli_epi64,
    _mm256_store_si256, _mm256_storeu_si256, _mm256_unpackhi_epi64, _mm256_unpacklo_epi64,
    _mm256_xor_si256,
};
use std::mem::MaybeUninit;
use std::num::NonZeroU32;

use super::block::{Block, Job, Lanes, States};
use super::compress::{compress, compress_hash, compress_only_block};
use super::vector::Vector;

/// Says that this CPU, and the operating system, can do all that this engine needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Avx2(());

impl Avx2 {
    /// The proof, where it holds.
    pub(super) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }
}

impl Lanes<4> for Avx2 {
    fn hash_short(self, jobs: &mut [Job<'_, '_>; 4], rounds: NonZeroU32) {
        // SAFETY: `self` is the proof that the CPU has AVX2.
        unsafe { hash_short(self, jobs, rounds) }
    }

    fn compress_blocks(self, states: &mut States<4>, blocks: &[Block<'_>; 4]) {
        // SAFETY: as above.
        unsafe { compress_blocks(self, states, blocks) }
    }
}

/// Four 64-bit numbers. One is only ever made where an [`Avx2`] is at hand, so the methods may use
/// the instructions.
#[derive(Clone, Copy)]
struct U64x4(__m256i);

impl Vector for U64x4 {
    type Proof = Avx2;

    #[inline(always)]
    fn splat(_: Avx2, value: u64) -> Self {
        // SAFETY: the proof says that the CPU has AVX2.
        Self(unsafe { _mm256_set1_epi64x(value.cast_signed()) })
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: a `U64x4` exists only where the CPU has AVX2.
        Self(unsafe { _mm256_add_epi64(self.0, other.0) })
    }

    #[inline(always)]
    fn xor3(self, second: Self, third: Self) -> Self {
        // SAFETY: as in `add`.
        Self(unsafe { _mm256_xor_si256(_mm256_xor_si256(self.0, second.0), third.0) })
    }

    #[inline(always)]
    fn choose(self, set: Self, clear: Self) -> Self {
        // SAFETY: as in `add`.
        Self(unsafe {
            let different = _mm256_xor_si256(set.0, clear.0);
            _mm256_xor_si256(clear.0, _mm256_and_si256(self.0, different))
        })
    }

    /// A round's `self ^ second` is the next round's `second ^ third`, so the compiler keeps it and
    /// three operations remain.
    #[inline(always)]
    fn majority(self, second: Self, third: Self) -> Self {
        // SAFETY: as in `add`.
        Self(unsafe {
            let different = _mm256_xor_si256(self.0, second.0);
            let other = _mm256_xor_si256(second.0, third.0);
            _mm256_xor_si256(second.0, _mm256_and_si256(different, other))
        })
    }

    #[inline(always)]
    fn rotate_right<const BITS: i32>(self) -> Self {
        // SAFETY: as in `add`.
        Self(unsafe {
            if BITS == 8 {
                // By whole bytes one shuffle does it.
                let order = _mm256_setr_epi8(
                    1, 2, 3, 4, 5, 6, 7, 0, 9, 10, 11, 12, 13, 14, 15, 8, //
                    1, 2, 3, 4, 5, 6, 7, 0, 9, 10, 11, 12, 13, 14, 15, 8,
                );
                return Self(_mm256_shuffle_epi8(self.0, order));
            }
            let low = _mm256_srl_epi64(self.0, _mm_cvtsi32_si128(BITS));
            let high = _mm256_sll_epi64(self.0, _mm_cvtsi32_si128(64 - BITS));
            _mm256_xor_si256(low, high)
        })
    }

    #[inline(always)]
    fn shift_right<const BITS: i32>(self) -> Self {
        // SAFETY: as in `add`.
        Self(unsafe { _mm256_srli_epi64::<BITS>(self.0) })
    }
}

/// The hashes of four words that fit in one block each, written to their places.
#[target_feature(enable = "avx2")]
fn hash_short(proof: Avx2, jobs: &mut [Job<'_, '_>; 4], rounds: NonZeroU32) {
    let blocks = jobs.each_ref().map(|job| Block::at(job.word, 0));
    let bits = lengths(&blocks);
    // Below a power of two when all the lengths are.
    let longest = jobs.iter().fold(0, |longest, job| longest | job.word.len());
    let [a, b, c, d] = load_32(&blocks, 0);
    let mut hash = if longest < 16 {
        compress_only_block(proof, [a, b], bits)
    } else if longest < 32 {
        compress_only_block(proof, [a, b, c, d], bits)
    } else {
        let [e, f, g, h] = load_32(&blocks, 32);
        if longest < 64 {
            compress_only_block(proof, [a, b, c, d, e, f, g, h], bits)
        } else {
            let ([i, j, k, l], [m, n, _, _]) = (load_32(&blocks, 64), load_32(&blocks, 96));
            compress_only_block(proof, [a, b, c, d, e, f, g, h, i, j, k, l, m, n], bits)
        }
    };
    for _ in 1..rounds.get() {
        hash = compress_hash(proof, hash);
    }
    store(hash, jobs);
}

/// One more block for four messages.
#[target_feature(enable = "avx2")]
fn compress_blocks(proof: Avx2, states: &mut States<4>, blocks: &[Block<'_>; 4]) {
    let ([a, b, c, d], [e, f, g, h]) = (load_32(blocks, 0), load_32(blocks, 32));
    let ([i, j, k, l], [m, n, o, p]) = (load_32(blocks, 64), load_32(blocks, 96));
    let p = p.add(lengths(blocks));
    let message = [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p];
    // SAFETY: a row of the states is 32 bytes, at a border of 32.
    let before =
        states.0.each_ref().map(|row| U64x4(unsafe { _mm256_load_si256(row.as_ptr().cast()) }));
    let after = compress(proof, before, message);
    for (row, word) in states.0.iter_mut().zip(after) {
        // SAFETY: as above.
        unsafe { _mm256_store_si256(row.as_mut_ptr().cast(), word.0) };
    }
}

/// What the blocks' last numbers have besides the words' bytes.
#[target_feature(enable = "avx2")]
#[inline]
fn lengths(blocks: &[Block<'_>; 4]) -> U64x4 {
    let bits = blocks.each_ref().map(|block| block.bits);
    // SAFETY: the array is 32 bytes long.
    U64x4(unsafe { _mm256_loadu_si256(bits.as_ptr().cast()) })
}

/// The four numbers of each block from byte `offset` on, which is 0, 32, 64 or 96.
#[target_feature(enable = "avx2")]
#[inline]
fn load_32(blocks: &[Block<'_>; 4], offset: usize) -> [U64x4; 4] {
    let rows = blocks.each_ref().map(|block| {
        // An address inside the word even when there is nothing to load: a masked load that touches
        // nothing is slow all the same where no page is.
        let rest = block.rest.get(offset..).unwrap_or(&block.rest[..0]);
        let whole_numbers = rest.len().min(32).cast_signed() as i64 / 8;
        let whole_numbers = _mm256_set1_epi64x(whole_numbers);
        let places = _mm256_set_epi64x(3, 2, 1, 0);
        let whole = _mm256_cmpgt_epi64(whole_numbers, places);
        // SAFETY: only the numbers that are whole in the word are touched; a masked load neither
        // reads nor faults on the others.
        let numbers = unsafe { _mm256_maskload_epi64(rest.as_ptr().cast(), whole) };
        if (offset..offset + 32).contains(&block.padding_at) {
            let last = _mm256_set1_epi64x(last_number(block.rest));
            let at = _mm256_cmpeq_epi64(whole_numbers, places);
            _mm256_or_si256(numbers, _mm256_and_si256(last, at))
        } else {
            numbers
        }
    });
    transpose(rows).map(|column| U64x4(swap_bytes(column)))
}

/// The bytes of a word after its last whole eight, and the padding bit, as a little-endian number.
///
/// The eight bytes that end the word hold them all; so there is no loop over bytes, and nothing
/// outside the word is read. Only a word of fewer than eight bytes is put together from parts.
#[inline]
fn last_number(word: &[u8]) -> i64 {
    let rest = word.len() % 8;
    let bytes = if let Some(end) = word.last_chunk() {
        // In two steps, as a shift by 64 is none.
        u64::from_le_bytes(*end) >> (8 * (7 - rest)) >> 8
    } else if let (Some(start), Some(end)) = (word.first_chunk(), word.last_chunk()) {
        let (start, end) = (u32::from_le_bytes(*start), u32::from_le_bytes(*end));
        u64::from(start) | u64::from(end) << (8 * (rest - 4))
    } else if let [first, .., last] = word {
        u64::from(*first)
            | u64::from(word[rest / 2]) << (8 * (rest / 2))
            | u64::from(*last) << (8 * (rest - 1))
    } else {
        word.first().copied().map_or(0, u64::from)
    };
    (bytes | 0x80 << (8 * rest)).cast_signed()
}

/// Writes every word's hash to its place.
#[target_feature(enable = "avx2")]
#[inline]
fn store(hash: [U64x4; 8], jobs: &mut [Job<'_, '_>; 4]) {
    let [a, b, c, d, e, f, g, h] = hash.map(|word| word.0);
    let (front, back) = (transpose([a, b, c, d]), transpose([e, f, g, h]));
    for (job, (front, back)) in jobs.iter_mut().zip(front.into_iter().zip(back)) {
        let place: *mut MaybeUninit<_> = job.place;
        let place: *mut [[u8; 32]; 2] = place.cast();
        // SAFETY: the place is 64 bytes that the job may write, at any alignment.
        unsafe {
            _mm256_storeu_si256((&raw mut (*place)[0]).cast(), swap_bytes(front));
            _mm256_storeu_si256((&raw mut (*place)[1]).cast(), swap_bytes(back));
        }
    }
}

/// Rows to columns, of four by four numbers.
#[target_feature(enable = "avx2")]
#[inline]
fn transpose(rows: [__m256i; 4]) -> [__m256i; 4] {
    let [r0, r1, r2, r3] = rows;
    let (low_front, high_front) = (_mm256_unpacklo_epi64(r0, r1), _mm256_unpackhi_epi64(r0, r1));
    let (low_back, high_back) = (_mm256_unpacklo_epi64(r2, r3), _mm256_unpackhi_epi64(r2, r3));
    [
        _mm256_permute2x128_si256::<0x20>(low_front, low_back),
        _mm256_permute2x128_si256::<0x20>(high_front, high_back),
        _mm256_permute2x128_si256::<0x31>(low_front, low_back),
        _mm256_permute2x128_si256::<0x31>(high_front, high_back),
    ]
}

/// Big-endian numbers to the machine's own, or back.
#[target_feature(enable = "avx2")]
#[inline]
fn swap_bytes(numbers: __m256i) -> __m256i {
    let order = _mm256_setr_epi8(
        7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8, //
        7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8,
    );
    _mm256_shuffle_epi8(numbers, order)
}
