//! Pi by throwing darts at a square. Each task has a seed of its own, so the result does not depend
//! on which worker throws.
#![expect(clippy::print_stdout, reason = "an example shows its results")]

use wordhash::pool::{self, Pool, PoolError};

/// Throws darts from a seed. How many hit the quarter circle.
fn throw_darts((seed, darts): (u64, u32)) -> u32 {
    let mut state = seed;
    let hit = |_: &u32| uniform(&mut state).powi(2) + uniform(&mut state).powi(2) < 1.0;
    (0..darts).filter(hit).map(|_| 1).sum()
}

/// The next number of splitmix64 (Steele, Lea and Flood 2014), from 0 to 1.
fn uniform(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^= mixed >> 31;
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}

fn main() -> Result<(), PoolError> {
    pool::init();
    let (tasks, darts) = (40, 50_000);
    let throws = (0..tasks).map(|task| (task << 32, darts));
    let hits = Pool::new()?.map_unordered(throw_darts, throws).sum::<Result<u32, _>>()?;
    let pi = 4.0 * f64::from(hits) / (tasks as f64 * f64::from(darts));
    println!("pi is about {pi:.4}");
    Ok(())
}
