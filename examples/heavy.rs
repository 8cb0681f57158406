//! A function that takes long, for eight numbers: one after another, then in a pool.
#![expect(clippy::print_stdout, reason = "an example shows its results")]

use std::process::ExitCode;
use std::time::Instant;

use wordhash::pool::{Job, JobError, Pool, Registry, serve_if_worker};

/// The length of the longest Collatz sequence that starts below a number.
struct LongestCollatz;

impl Job for LongestCollatz {
    const NAME: &'static str = "longest-collatz";
    type Context = ();
    type Input = u64;
    type Output = usize;

    fn run((): &mut (), end: u64) -> Result<usize, JobError> {
        (1..end).map(collatz_length).max().ok_or_else(|| JobError::new("no start below 1"))
    }
}

fn collatz_length(start: u64) -> usize {
    let next = |&number: &u64| match number {
        1 => None,
        even if even % 2 == 0 => Some(even / 2),
        odd => Some(3 * odd + 1),
    };
    std::iter::successors(Some(start), next).count()
}

fn main() -> anyhow::Result<ExitCode> {
    let registry = Registry::new().job::<LongestCollatz>();
    if let Some(status) = serve_if_worker(&registry) {
        return Ok(status);
    }
    let ends = (1..=8).map(|part| part * 10_000);

    let start = Instant::now();
    let serial: Vec<usize> =
        ends.clone().filter_map(|end| (1..end).map(collatz_length).max()).collect();
    println!("serial:   {:.3} s", start.elapsed().as_secs_f64());

    let pool = Pool::<()>::builder(&registry).build(())?;
    let start = Instant::now();
    let parallel = pool.map::<LongestCollatz>(ends, 1).collect::<Result<Vec<_>, _>>()?;
    println!("parallel: {:.3} s", start.elapsed().as_secs_f64());

    println!("longest sequences: {parallel:?}, equal: {}", serial == parallel);
    Ok(ExitCode::SUCCESS)
}
