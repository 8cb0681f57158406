//! The compression function of SHA-512 (FIPS 180-4, section 6.4.2) on vectors: one block of each
//! of several messages at once.
//!
//! Written once for every vector type; it knows nothing of bytes, only of 64-bit numbers in
//! registers. The functions are inlined into the engines' own, for the reason in
//! [`vector`](super::vector).
//!
//! The first 16 rounds are straight code, then comes a loop of 16. So what is known of a message
//! when the code is compiled (its zero words, the initial state) folds away in the only place where
//! it can, and the rest, the same for all kinds of message, stays small.

#![expect(clippy::inline_always, reason = "only inlined code may use the engines' instructions")]
#![expect(clippy::many_single_char_names, reason = "the names that the standard gives")]

use super::constants::{INITIAL_STATE, ROUND_CONSTANTS};
use super::vector::Vector;

/// The hash after the only block of messages that fit in one: their first `LIVE` words, then zeros,
/// then the length in bits. The padding bit belongs to the live words.
#[inline(always)]
pub(super) fn compress_only_block<V: Vector, const LIVE: usize>(
    proof: V::Proof,
    live: [V; LIVE],
    bits: V,
) -> [V; 8] {
    let mut message = [V::splat(proof, 0); 16];
    message[..LIVE].copy_from_slice(&live);
    message[15] = bits;
    compress(proof, initial_state(proof), message)
}

/// The hash of messages that are hashes themselves: 64 bytes each.
#[inline(always)]
pub(super) fn compress_hash<V: Vector>(proof: V::Proof, hash: [V; 8]) -> [V; 8] {
    let [a, b, c, d, e, f, g, h] = hash;
    let padding = V::splat(proof, 1 << 63);
    compress_only_block(proof, [a, b, c, d, e, f, g, h, padding], V::splat(proof, 512))
}

/// The state before the first block.
#[inline(always)]
pub(super) fn initial_state<V: Vector>(proof: V::Proof) -> [V; 8] {
    let [a, b, c, d, e, f, g, h] = INITIAL_STATE;
    let splat = V::splat;
    [
        splat(proof, a),
        splat(proof, b),
        splat(proof, c),
        splat(proof, d),
        splat(proof, e),
        splat(proof, f),
        splat(proof, g),
        splat(proof, h),
    ]
}

/// The state after one more block.
#[inline(always)]
pub(super) fn compress<V: Vector>(proof: V::Proof, before: [V; 8], mut message: [V; 16]) -> [V; 8] {
    let [first, middle @ .., last] = &ROUND_CONSTANTS;
    let mut state;
    (state, message) = scheduling_rounds(proof, before, message, first);
    for constants in middle {
        (state, message) = scheduling_rounds(proof, state, message, constants);
    }
    state = last_rounds(proof, state, message, last);
    [
        state[0].add(before[0]),
        state[1].add(before[1]),
        state[2].add(before[2]),
        state[3].add(before[3]),
        state[4].add(before[4]),
        state[5].add(before[5]),
        state[6].add(before[6]),
        state[7].add(before[7]),
    ]
}

/// Does the body for each place in a run of sixteen. A `for` loop would leave it to the compiler
/// whether places are constants; they must be, or state and message go through memory.
macro_rules! for_sixteen {
    ($place:ident, $body:block) => {
        for_sixteen!($place, $body, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    };
    ($place:ident, $body:block, $($value:literal)*) => {
        $({ let $place: usize = $value; $body })*
    };
}

/// Sixteen rounds, and after each the word of the message schedule that is due sixteen rounds
/// later, in the place of the word that was just used. Computed only when due, a word would be one
/// more thing that its round waits for: measured 1 % slower on AVX2.
#[inline(always)]
fn scheduling_rounds<V: Vector>(
    proof: V::Proof,
    mut state: [V; 8],
    mut message: [V; 16],
    constants: &[u64; 16],
) -> ([V; 8], [V; 16]) {
    for_sixteen!(place, {
        let constant = V::splat(proof, constants[place]);
        state = round(state, constant, message[place]);
        let two_before = message[(place + 14) % 16];
        let seven_before = message[(place + 9) % 16];
        let fifteen_before = message[(place + 1) % 16];
        message[place] = message[place]
            .add(small_sigma_0(fifteen_before))
            .add(seven_before)
            .add(small_sigma_1(two_before));
    });
    (state, message)
}

/// The last sixteen rounds, with no more words to schedule.
#[inline(always)]
fn last_rounds<V: Vector>(
    proof: V::Proof,
    mut state: [V; 8],
    message: [V; 16],
    constants: &[u64; 16],
) -> [V; 8] {
    for_sixteen!(place, {
        let constant = V::splat(proof, constants[place]);
        state = round(state, constant, message[place]);
    });
    state
}

/// One round. The sums are ordered so that what is known early is added early: only `sum_1` and
/// `choose` wait for the round before.
#[inline(always)]
fn round<V: Vector>(state: [V; 8], constant: V, word: V) -> [V; 8] {
    let [a, b, c, d, e, f, g, h] = state;
    let first = h.add(constant).add(word).add(e.choose(f, g)).add(sum_1(e));
    let second = sum_0(a).add(a.majority(b, c));
    [first.add(second), a, b, c, d.add(first), e, f, g]
}

/// `Σ0` of FIPS 180-4, section 4.1.3.
#[inline(always)]
fn sum_0<V: Vector>(x: V) -> V {
    x.rotate_right::<28>().xor3(x.rotate_right::<34>(), x.rotate_right::<39>())
}

/// `Σ1` of FIPS 180-4, section 4.1.3.
#[inline(always)]
fn sum_1<V: Vector>(x: V) -> V {
    x.rotate_right::<14>().xor3(x.rotate_right::<18>(), x.rotate_right::<41>())
}

/// `σ0` of FIPS 180-4, section 4.1.3.
#[inline(always)]
fn small_sigma_0<V: Vector>(x: V) -> V {
    x.rotate_right::<1>().xor3(x.rotate_right::<8>(), x.shift_right::<7>())
}

/// `σ1` of FIPS 180-4, section 4.1.3.
#[inline(always)]
fn small_sigma_1<V: Vector>(x: V) -> V {
    x.rotate_right::<19>().xor3(x.rotate_right::<61>(), x.shift_right::<6>())
}
