//! Every engine against the `sha2` crate: all lengths in all lanes, every number of words, words at
//! the very edge of the memory that may be read.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a test's helper fails the test")]

mod engines;

use std::num::NonZeroU32;
use std::ops::RangeInclusive;

use proptest::prelude::*;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags};
use sha2::{Digest as _, Sha512};
use wordhash::sha512::{DIGEST_LEN, Digest, Engine, EngineKind};

/// The lengths that every test of lengths goes through: one block, two, three and four.
const LENGTHS: RangeInclusive<usize> = 0..=400;

/// The most lanes that an engine has.
const LANES: usize = 16;

/// Bytes of a prime period, so that blocks in the wrong order cannot cancel out.
fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|place| u8::try_from(place % 251).unwrap()).collect()
}

/// Words of these lengths, each from another place of the pattern.
fn words_of(pattern: &[u8], lengths: impl IntoIterator<Item = usize>) -> Vec<&[u8]> {
    let starts = (0..239).cycle();
    lengths.into_iter().zip(starts).map(|(length, start)| &pattern[start..start + length]).collect()
}

/// The digest of one word from the `sha2` crate.
fn oracle(word: &[u8], rounds: u32) -> Digest {
    (1..rounds).fold(Sha512::digest(word).into(), |digest: Digest, _| Sha512::digest(digest).into())
}

#[track_caller]
fn check(engine: Engine, words: &[&[u8]], rounds: u32) {
    let digests = engines::hash(engine, words, rounds);
    for (place, (word, digest)) in words.iter().zip(digests).enumerate() {
        assert_eq!(
            hex::encode(digest),
            hex::encode(oracle(word, rounds)),
            "{}: word {place} of {}, {} bytes, {rounds} rounds",
            engine.name(),
            words.len(),
            word.len(),
        );
    }
}

/// The other words of the group in turn: much shorter, of one block, of several.
#[test]
fn every_length_is_right_in_every_lane() {
    let pattern = pattern(1000);
    for engine in engines::under_test() {
        for length in LENGTHS {
            for lane in 0..LANES {
                for others in [3, 100, 130, 300] {
                    let lengths =
                        (0..LANES).map(|at| if at == lane { length } else { others + at });
                    check(engine, &words_of(&pattern, lengths), 1);
                }
            }
        }
    }
}

#[test]
fn every_number_of_words_is_right() {
    let pattern = pattern(1000);
    let mixes: [fn(usize) -> usize; 4] =
        [|_| 9, |at| at % 24, |at| 100 + at, |at| if at % 3 == 0 { 7 } else { 90 * (at % 5) }];
    for engine in engines::under_test() {
        for count in 0..=40 {
            for mix in mixes {
                for rounds in 1..=3 {
                    check(engine, &words_of(&pattern, (0..count).map(mix)), rounds);
                }
            }
        }
    }
}

#[test]
fn every_length_is_right_after_several_rounds() {
    let pattern = pattern(1000);
    for engine in engines::under_test() {
        for rounds in [2, 3, 10] {
            check(engine, &words_of(&pattern, LENGTHS), rounds);
            check(engine, &words_of(&pattern, LENGTHS.rev()), rounds);
        }
    }
}

#[test]
fn every_alignment_is_right() {
    let pattern = pattern(1000);
    for engine in engines::under_test() {
        for length in [1, 7, 8, 15, 16, 31, 32, 63, 64, 111, 112, 127, 128, 200] {
            let words: Vec<_> = (0..128).map(|start| &pattern[start..start + length]).collect();
            check(engine, &words, 1);
        }
    }
}

#[test]
fn digests_at_any_alignment_are_right() {
    let pattern = pattern(1000);
    let words = words_of(&pattern, (0..LANES).map(|at| 8 * at));
    let expected: Vec<Digest> = words.iter().map(|word| oracle(word, 1)).collect();
    for engine in engines::under_test() {
        for start in 0..DIGEST_LEN {
            let mut bytes = vec![0xa5; (LANES + 1) * DIGEST_LEN];
            let (digests, _) = bytes[start..].as_chunks_mut();
            engine.hash_words(words.iter().copied(), NonZeroU32::MIN, &mut digests[..LANES]);
            assert_eq!(digests[..LANES], expected, "{} at {start}", engine.name());
            let end = start + LANES * DIGEST_LEN;
            assert!(bytes[..start].iter().chain(&bytes[end..]).all(|byte| *byte == 0xa5));
        }
    }
}

/// A run of readable bytes between two pages that nobody may touch.
struct Fenced {
    start: *mut u8,
    len: usize,
}

impl Fenced {
    const FENCE: usize = 1 << 16;

    fn new(len: usize) -> Self {
        let (all, access) = (len + 2 * Self::FENCE, ProtFlags::empty());
        // SAFETY: a fresh mapping where the kernel likes overlaps no memory of anybody's.
        let fence = unsafe {
            rustix::mm::mmap_anonymous(std::ptr::null_mut(), all, access, MapFlags::PRIVATE)
        };
        let fence: *mut u8 = fence.unwrap().cast();
        // SAFETY: the fence's length is within the mapping.
        let start = unsafe { fence.add(Self::FENCE) };
        let access = MprotectFlags::READ | MprotectFlags::WRITE;
        // SAFETY: these pages belong to the mapping made above, and nothing refers to them yet.
        unsafe { rustix::mm::mprotect(start.cast(), len, access) }.unwrap();
        Self { start, len }
    }

    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: these pages may be read and written, are zeros at first, and are this value's
        // alone as long as it lives.
        unsafe { std::slice::from_raw_parts_mut(self.start, self.len) }
    }
}

impl Drop for Fenced {
    fn drop(&mut self) {
        let all = self.len + 2 * Self::FENCE;
        // SAFETY: exactly what `new` mapped, to which nothing refers any more.
        unsafe { rustix::mm::munmap(self.start.sub(Self::FENCE).cast(), all) }.unwrap();
    }
}

#[test]
fn words_beside_pages_that_may_not_be_read_are_right() {
    let mut fenced = Fenced::new(1 << 16);
    let bytes = fenced.bytes();
    bytes.copy_from_slice(&pattern(bytes.len()));
    for engine in engines::under_test() {
        for length in LENGTHS {
            let at_end = &bytes[bytes.len() - length..];
            let at_start = &bytes[..length];
            check(engine, &[at_end; LANES], 1);
            check(engine, &[at_start; LANES], 1);
            // In one lane only, so that a longer word beside it decides how much is loaded.
            check(engine, &[at_end, &bytes[..63], at_start, &bytes[..111]], 1);
            check(engine, &[at_end, &bytes[..399], at_start, &bytes[..200]], 1);
        }
    }
}

#[test]
fn memory_that_was_never_written_is_filled() {
    let pattern = pattern(1000);
    let words = words_of(&pattern, (0..40).map(|at| 5 * at));
    for engine in engines::under_test() {
        let mut digests = Vec::with_capacity(words.len());
        let places = &mut digests.spare_capacity_mut()[..words.len()];
        engine.hash_words_to(words.iter().copied(), NonZeroU32::MIN, places);
        // SAFETY: the engine has written every place, as it promises.
        unsafe { digests.set_len(words.len()) };
        let expected: Vec<Digest> = words.iter().map(|word| oracle(word, 1)).collect();
        assert_eq!(digests, expected, "{}", engine.name());
    }
}

#[test]
fn the_counts_of_words_and_digests_must_agree() {
    for engine in engines::under_test() {
        for (words, digests) in [(0, 1), (1, 0), (7, 8), (8, 7), (9, 8), (8, 9)] {
            let words = vec![&b"word"[..]; words];
            let mut digests = vec![[0; DIGEST_LEN]; digests];
            let result = std::panic::catch_unwind(move || {
                engine.hash_words(words.into_iter(), NonZeroU32::MIN, &mut digests);
            });
            assert!(result.is_err(), "{}", engine.name());
        }
    }
}

#[test]
fn the_fastest_available_engine_is_the_one_detected() {
    let available = engines::under_test();
    assert_eq!(available.first(), Some(&Engine::Sha2));
    assert_eq!(available.last(), Some(&Engine::detect()));
    for kind in EngineKind::ALL {
        let engine = Engine::forced(kind);
        assert_eq!(engine.map(Engine::kind), engine.map(|_| kind));
        assert_eq!(engine.is_some(), available.iter().any(|engine| engine.kind() == kind));
    }
}

/// Mostly short words, and long ones among them, as lists are.
fn any_words() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let length = prop_oneof![6 => 0..24_usize, 2 => 0..128_usize, 1 => 112..700_usize];
    let word = length.prop_flat_map(|length| prop::collection::vec(any::<u8>(), length));
    prop::collection::vec(word, 0..60)
}

proptest! {
    #[test]
    fn any_words_are_right(words in any_words(), rounds in 1..4_u32) {
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        for engine in engines::under_test() {
            check(engine, &words, rounds);
        }
    }
}
