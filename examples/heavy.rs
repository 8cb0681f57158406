//! A function that takes long, for eight numbers: one after another, then in a pool.
#![expect(clippy::print_stdout, reason = "an example shows its results")]

use std::time::Instant;

use wordhash::pool::{self, Pool, PoolError};

/// The length of the longest Collatz sequence that starts below a number.
fn longest_collatz(end: u64) -> usize {
    (1..end).map(collatz_length).max().unwrap_or(0)
}

fn collatz_length(start: u64) -> usize {
    let next = |&number: &u64| match number {
        1 => None,
        even if even % 2 == 0 => Some(even / 2),
        odd => Some(3 * odd + 1),
    };
    std::iter::successors(Some(start), next).count()
}

fn main() -> Result<(), PoolError> {
    pool::init();
    let ends = (1..=8).map(|part| part * 10_000);

    let start = Instant::now();
    let serial: Vec<_> = ends.clone().map(longest_collatz).collect();
    println!("serial:   {:.3} s", start.elapsed().as_secs_f64());

    let pool = Pool::new()?;
    let start = Instant::now();
    let parallel = pool.map(longest_collatz, ends).collect::<Result<Vec<_>, _>>()?;
    println!("parallel: {:.3} s", start.elapsed().as_secs_f64());

    println!("longest sequences: {parallel:?}, equal: {}", serial == parallel);
    Ok(())
}
