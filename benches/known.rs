//! The known set: count and build, by size, with one thread and with two in the same rounds.
//! `cargo bench --bench known` prints nanoseconds a digest.

mod rows;

use std::hint::black_box;
use std::num::NonZeroUsize;

use rows::{Row, measure};
use wordhash::known::{KnownSet, count_distinct};
use wordhash::os::region::Region;
use wordhash::sha512::Digest;

const ONE: NonZeroUsize = NonZeroUsize::MIN;
const TWO: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1);
const SIZES: [usize; 3] = [1_000, 100_000, 1_049_938];
const ROUNDS: usize = 31;

/// As many pseudo-random digests as fit the bytes, one in fifteen equal to another, in no order:
/// the mixture of the built-in word list.
fn fill(bytes: &mut [u8]) {
    let mut state = 0_u64;
    let mut next = || {
        // splitmix64 (Steele, Lea, Flood 2014).
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    let (parts, _) = bytes.as_chunks_mut();
    for part in parts {
        *part = next().to_le_bytes();
    }
    let (digests, _) = bytes.as_chunks_mut::<64>();
    for place in 1..digests.len() {
        let random = next();
        if random % 15 == 0 {
            let earlier = next() % place as u64;
            digests[place] = digests[usize::try_from(earlier).expect("an index")];
        }
    }
}

/// Counting and building, each with one thread and with two, in the same rounds.
fn by_size_and_threads(digests: &[Digest]) {
    for size in SIZES {
        let digests = &digests[..size];
        let count = |threads| {
            move || {
                black_box(count_distinct(digests, threads).expect("memory and threads"));
            }
        };
        let build = |threads| {
            move || {
                black_box(KnownSet::build(digests, threads).expect("memory and threads"));
            }
        };
        let mut counting =
            [Row::new("count, 1 thread", count(ONE)), Row::new("count, 2 threads", count(TWO))];
        measure(&mut counting, ROUNDS).print(&format!("{size} digests"), "a digest", size);
        let mut building =
            [Row::new("build, 1 thread", build(ONE)), Row::new("build, 2 threads", build(TWO))];
        measure(&mut building, ROUNDS).print("", "a digest", size);
    }
}

fn main() {
    let mut region = Region::private(SIZES[2] * 64).expect("memory for the digests");
    fill(region.private_bytes_mut());
    let (digests, _) = region.private_bytes().as_chunks();
    by_size_and_threads(digests);
}
