//! Pi by throwing darts at a square. Each task has a seed of its own, so the result is the same
//! whoever throws.
#![expect(clippy::print_stdout, reason = "an example shows its results")]

use std::process::ExitCode;

use wordhash::pool::{Job, JobError, Pool, Registry, serve_if_worker};

/// Of so many darts, thrown from a seed, how many hit the quarter circle.
struct ThrowDarts;

impl Job for ThrowDarts {
    const NAME: &'static str = "throw-darts";
    type Context = ();
    type Input = (u64, u32);
    type Output = u32;

    fn run((): &mut (), (seed, darts): (u64, u32)) -> Result<u32, JobError> {
        let mut state = seed;
        let hits = (0..darts).filter(|_| {
            let (x, y) = (uniform(&mut state), uniform(&mut state));
            x * x + y * y < 1.0
        });
        Ok(u32::try_from(hits.count())?)
    }
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

fn main() -> anyhow::Result<ExitCode> {
    let registry = Registry::new().job::<ThrowDarts>();
    if let Some(status) = serve_if_worker(&registry) {
        return Ok(status);
    }
    let (tasks, darts) = (40, 50_000);
    let pool = Pool::<()>::builder(&registry).build(())?;
    let throws = (0..tasks).map(|task| (task << 32, darts));
    let hits = pool.map_unordered::<ThrowDarts>(throws, 1).sum::<Result<u32, _>>()?;
    let pi = 4.0 * f64::from(hits) / (tasks as f64 * f64::from(darts));
    println!("pi is about {pi:.4}");
    Ok(ExitCode::SUCCESS)
}
