//! Eight words side by side: AVX-512, one 64-bit number of each word in a 512-bit register.
//!
//! What is particular to this instruction set is here: rotations and three-way logic in one
//! instruction, masked loads straight from the words, transposition in registers. The rounds are in
//! [`compress`](super::compress), the choice of the words in [`lanes`](super::lanes).

#![expect(clippy::inline_always, reason = "only inlined code may use the engine's instructions")]
#![expect(clippy::cast_possible_truncation, reason = "lengths that are cast are at most 64")]
#![expect(clippy::many_single_char_names, reason = "a block has sixteen numbers and no names")]

use std::arch::x86_64::{
    __m256i, __m512i, _bzhi_u32, _bzhi_u64, _mm_cvtsi32_si128, _mm256_loadu_si256,
    _mm256_mask_loadu_epi8, _mm512_add_epi64, _mm512_castsi256_si512, _mm512_inserti64x4,
    _mm512_load_si512, _mm512_loadu_si512, _mm512_mask_loadu_epi8, _mm512_ror_epi64,
    _mm512_set1_epi64, _mm512_set4_epi32, _mm512_shuffle_epi8, _mm512_shuffle_i64x2,
    _mm512_srl_epi64, _mm512_store_si512, _mm512_storeu_si512, _mm512_ternarylogic_epi64,
    _mm512_unpackhi_epi64, _mm512_unpacklo_epi64,
};
use std::mem::MaybeUninit;
use std::num::NonZeroU32;

use super::block::{BLOCK_LEN, Block, Job, Lanes, States};
use super::compress::{compress, compress_hash, compress_only_block};
use super::pair::Pair;
use super::vector::Vector;

/// Says that this CPU, and the operating system, can do all that this engine needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Avx512(());

impl Avx512 {
    /// The proof, where it holds.
    pub(super) fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("bmi2");
        found.then_some(Self(()))
    }
}

impl Lanes<8> for Avx512 {
    fn hash_short(self, jobs: &mut [Job<'_, '_>; 8], rounds: NonZeroU32) {
        // SAFETY: `self` is the proof that the CPU has the features that the function names.
        unsafe { hash_short(self, jobs, rounds) }
    }

    fn hash_two(self, groups: &mut [[Job<'_, '_>; 8]; 2], rounds: NonZeroU32) {
        // SAFETY: as above.
        unsafe { hash_two(self, groups, rounds) }
    }

    fn compress_blocks(self, states: &mut States<8>, blocks: &[Block<'_>; 8]) {
        // SAFETY: as above.
        unsafe { compress_blocks(self, states, blocks) }
    }
}

/// Eight 64-bit numbers. One is only ever made where an [`Avx512`] is at hand, so the methods may
/// use the instructions.
#[derive(Clone, Copy)]
struct U64x8(__m512i);

impl Vector for U64x8 {
    type Proof = Avx512;

    #[inline(always)]
    fn splat(_: Avx512, value: u64) -> Self {
        // SAFETY: the proof says that the CPU has AVX-512F.
        Self(unsafe { _mm512_set1_epi64(value.cast_signed()) })
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: a `U64x8` exists only where the CPU has AVX-512F.
        Self(unsafe { _mm512_add_epi64(self.0, other.0) })
    }

    #[inline(always)]
    fn xor3(self, second: Self, third: Self) -> Self {
        // SAFETY: as in `add`.
        Self(unsafe { _mm512_ternarylogic_epi64::<0b1001_0110>(self.0, second.0, third.0) })
    }

    #[inline(always)]
    fn choose(self, set: Self, clear: Self) -> Self {
        // SAFETY: as in `add`.
        Self(unsafe { _mm512_ternarylogic_epi64::<0b1100_1010>(self.0, set.0, clear.0) })
    }

    #[inline(always)]
    fn majority(self, second: Self, third: Self) -> Self {
        // SAFETY: as in `add`.
        Self(unsafe { _mm512_ternarylogic_epi64::<0b1110_1000>(self.0, second.0, third.0) })
    }

    #[inline(always)]
    fn rotate_right<const BITS: i32>(self) -> Self {
        // SAFETY: as in `add`.
        Self(unsafe { _mm512_ror_epi64::<BITS>(self.0) })
    }

    #[inline(always)]
    fn shift_right<const BITS: i32>(self) -> Self {
        // SAFETY: as in `add`.
        Self(unsafe { _mm512_srl_epi64(self.0, _mm_cvtsi32_si128(BITS)) })
    }
}

/// The hashes of eight words that fit in one block each, written to their places.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,bmi2")]
fn hash_short(proof: Avx512, jobs: &mut [Job<'_, '_>; 8], rounds: NonZeroU32) {
    let longest = joint_length(jobs);
    let mut hash = if longest < 32 {
        let bits = bits(jobs);
        let [a, b, c, d] = load_32(jobs);
        if longest < 16 {
            compress_only_block(proof, [a, b], bits)
        } else {
            compress_only_block(proof, [a, b, c, d], bits)
        }
    } else {
        let blocks = jobs.each_ref().map(|job| Block::at(job.word, 0));
        let bits = numbers(blocks.each_ref().map(|block| block.bits));
        let [a, b, c, d, e, f, g, h] = load_64(&blocks, 0);
        if longest < 64 {
            compress_only_block(proof, [a, b, c, d, e, f, g, h], bits)
        } else {
            let [i, j, k, l, m, n, _, _] = load_64(&blocks, 64);
            compress_only_block(proof, [a, b, c, d, e, f, g, h, i, j, k, l, m, n], bits)
        }
    };
    for _ in 1..rounds.get() {
        hash = compress_hash(proof, hash);
    }
    store(&hash, jobs);
}

/// Does as [`hash_short`] for two groups. Only words of at most 31 bytes, and the rounds after the
/// first, are worth code of their own for this.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,bmi2")]
fn hash_two(proof: Avx512, groups: &mut [[Job<'_, '_>; 8]; 2], rounds: NonZeroU32) {
    let [first, second] = groups;
    let longest = joint_length(first) | joint_length(second);
    if longest >= 32 {
        hash_short(proof, first, rounds);
        hash_short(proof, second, rounds);
        return;
    }
    let bits = Pair(bits(first), bits(second));
    let ([a, b, c, d], [e, f, g, h]) = (load_32(first), load_32(second));
    let mut hash = if longest < 16 {
        compress_only_block(proof, [Pair(a, e), Pair(b, f)], bits)
    } else {
        compress_only_block(proof, [Pair(a, e), Pair(b, f), Pair(c, g), Pair(d, h)], bits)
    };
    for _ in 1..rounds.get() {
        hash = compress_hash(proof, hash);
    }
    store(&hash.map(|pair| pair.0), first);
    store(&hash.map(|pair| pair.1), second);
}

/// One more block for eight messages.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,bmi2")]
fn compress_blocks(proof: Avx512, states: &mut States<8>, blocks: &[Block<'_>; 8]) {
    let ([a, b, c, d, e, f, g, h], [i, j, k, l, m, n, o, p]) =
        (load_64(blocks, 0), load_64(blocks, 64));
    let p = p.add(numbers(blocks.each_ref().map(|block| block.bits)));
    let message = [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p];
    // SAFETY: a row of the states is 64 bytes, at a border of 64.
    let before =
        states.0.each_ref().map(|row| U64x8(unsafe { _mm512_load_si512(row.as_ptr().cast()) }));
    let after = compress(proof, before, message);
    for (row, word) in states.0.iter_mut().zip(after) {
        // SAFETY: as above.
        unsafe { _mm512_store_si512(row.as_mut_ptr().cast(), word.0) };
    }
}

/// Where the padding bit is, as a row of bytes: the row that starts `BLOCK_LEN - n` bytes into the
/// table has it at its byte `n`.
#[repr(align(64))]
struct Padding([u8; 2 * BLOCK_LEN]);

static PADDING: Padding = {
    let mut bytes = [0; 2 * BLOCK_LEN];
    bytes[BLOCK_LEN] = 0x80;
    Padding(bytes)
};

/// Not the longest length, but below a power of two exactly when that is.
fn joint_length(jobs: &[Job<'_, '_>; 8]) -> usize {
    jobs.iter().fold(0, |lengths, job| lengths | job.word.len())
}

/// The words' lengths in bits.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,bmi2")]
#[inline]
fn bits(jobs: &[Job<'_, '_>; 8]) -> U64x8 {
    numbers(jobs.each_ref().map(|job| job.word.len() as u64 * 8))
}

/// One number in each lane.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,bmi2")]
#[inline]
fn numbers(numbers: [u64; 8]) -> U64x8 {
    // SAFETY: the array is 64 bytes long.
    U64x8(unsafe { _mm512_loadu_si512(numbers.as_ptr().cast()) })
}

/// The first four numbers of words of at most 31 bytes, padded but for the length.
///
/// The way of nearly all words, so it is kept short: while the last rounds of one group are still
/// being worked off, the CPU has room for some 300 instructions of the next group, and its vector
/// units are idle when these are all loads.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,bmi2")]
#[inline]
fn load_32(jobs: &[Job<'_, '_>; 8]) -> [U64x8; 4] {
    let row = |lane: usize| -> __m256i {
        let word = jobs[lane].word;
        // Changes no length that is allowed, and spares the checks of the index and of the mask.
        let len = word.len() & 31;
        let padding = PADDING.0[BLOCK_LEN - len..].as_ptr();
        // SAFETY: 32 bytes of the table and more follow. Of the word, only the bytes in the mask
        // are touched, and these are its own: a masked load neither reads nor faults on the others.
        unsafe {
            let padding = _mm256_loadu_si256(padding.cast());
            let mask = _bzhi_u32(u32::MAX, len as u32);
            _mm256_mask_loadu_epi8(padding, mask, word.as_ptr().cast())
        }
    };
    let rows = |low, high| _mm512_inserti64x4::<1>(_mm512_castsi256_si512(row(low)), row(high));
    let (even_front, odd_front) = (rows(0, 2), rows(1, 3));
    let (even_back, odd_back) = (rows(4, 6), rows(5, 7));
    let low_front = _mm512_unpacklo_epi64(even_front, odd_front);
    let low_back = _mm512_unpacklo_epi64(even_back, odd_back);
    let high_front = _mm512_unpackhi_epi64(even_front, odd_front);
    let high_back = _mm512_unpackhi_epi64(even_back, odd_back);
    [
        _mm512_shuffle_i64x2::<EVEN>(low_front, low_back),
        _mm512_shuffle_i64x2::<EVEN>(high_front, high_back),
        _mm512_shuffle_i64x2::<ODD>(low_front, low_back),
        _mm512_shuffle_i64x2::<ODD>(high_front, high_back),
    ]
    .map(|column| U64x8(swap_bytes(column)))
}

/// The eight numbers of each block from byte `offset` on, which is 0 or 64.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,bmi2")]
#[inline]
fn load_64(blocks: &[Block<'_>; 8], offset: usize) -> [U64x8; 8] {
    let rows = blocks.each_ref().map(|block| {
        let padding = PADDING.0[BLOCK_LEN + offset - block.padding_at..][..64].as_ptr();
        // An address inside the word even when there is nothing to load: a masked load that touches
        // nothing is slow all the same where no page is.
        let rest = block.rest.get(offset..).unwrap_or(&block.rest[..0]);
        let len = rest.len().min(64) as u32;
        // SAFETY: 64 bytes of the table are there. Of the word, only the bytes in the mask are
        // touched, and these are its own: a masked load neither reads nor faults on the others.
        unsafe {
            let padding = _mm512_loadu_si512(padding.cast());
            let mask = _bzhi_u64(u64::MAX, len);
            _mm512_mask_loadu_epi8(padding, mask, rest.as_ptr().cast())
        }
    });
    transpose(&rows).map(|column| U64x8(swap_bytes(column)))
}

/// Writes every word's hash to its place.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,bmi2")]
#[inline]
fn store(hash: &[U64x8; 8], jobs: &mut [Job<'_, '_>; 8]) {
    let rows = transpose(&hash.map(|word| word.0));
    for (job, row) in jobs.iter_mut().zip(rows) {
        let place: *mut MaybeUninit<_> = job.place;
        // SAFETY: the place is 64 bytes that the job may write, at any alignment.
        unsafe { _mm512_storeu_si512(place.cast(), swap_bytes(row)) };
    }
}

/// The first and the third 128 bits of each of two registers.
const EVEN: i32 = 0b10_00_10_00;
/// The second and the fourth 128 bits of each of two registers.
const ODD: i32 = 0b11_01_11_01;

/// Rows to columns, of eight by eight numbers: 24 shuffles, the fewest that two-input shuffles can
/// do it with.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,bmi2")]
#[inline]
fn transpose(rows: &[__m512i; 8]) -> [__m512i; 8] {
    let columns = |pairs: [__m512i; 4]| {
        let [p01, p23, p45, p67] = pairs;
        let front_even = _mm512_shuffle_i64x2::<EVEN>(p01, p23);
        let front_odd = _mm512_shuffle_i64x2::<ODD>(p01, p23);
        let back_even = _mm512_shuffle_i64x2::<EVEN>(p45, p67);
        let back_odd = _mm512_shuffle_i64x2::<ODD>(p45, p67);
        [
            _mm512_shuffle_i64x2::<EVEN>(front_even, back_even),
            _mm512_shuffle_i64x2::<EVEN>(front_odd, back_odd),
            _mm512_shuffle_i64x2::<ODD>(front_even, back_even),
            _mm512_shuffle_i64x2::<ODD>(front_odd, back_odd),
        ]
    };
    let [r0, r1, r2, r3, r4, r5, r6, r7] = *rows;
    let [c0, c2, c4, c6] = columns([
        _mm512_unpacklo_epi64(r0, r1),
        _mm512_unpacklo_epi64(r2, r3),
        _mm512_unpacklo_epi64(r4, r5),
        _mm512_unpacklo_epi64(r6, r7),
    ]);
    let [c1, c3, c5, c7] = columns([
        _mm512_unpackhi_epi64(r0, r1),
        _mm512_unpackhi_epi64(r2, r3),
        _mm512_unpackhi_epi64(r4, r5),
        _mm512_unpackhi_epi64(r6, r7),
    ]);
    [c0, c1, c2, c3, c4, c5, c6, c7]
}

/// Big-endian numbers to the machine's own, or back.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,bmi2")]
#[inline]
fn swap_bytes(numbers: __m512i) -> __m512i {
    let order = _mm512_set4_epi32(0x0809_0a0b, 0x0c0d_0e0f, 0x0001_0203, 0x0405_0607);
    _mm512_shuffle_epi8(numbers, order)
}
