//! Ten tasks that sleep, on four workers: three rounds of the sleep, not ten.
#![expect(clippy::print_stdout, reason = "an example shows its results")]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use wordhash::pool::{self, Pool, PoolError};

fn sleep(duration: Duration) -> u32 {
    std::thread::sleep(duration);
    std::process::id()
}

fn main() -> Result<(), PoolError> {
    pool::init();
    let (tasks, workers, duration) = (10, 4, Duration::from_millis(100));
    let pool = Pool::builder().workers(workers).build()?;
    let start = Instant::now();
    let sleeps = pool.map(sleep, vec![duration; tasks]);
    let sleepers = sleeps.collect::<Result<BTreeSet<_>, _>>()?.len();
    let rounds = start.elapsed().as_secs_f64() / duration.as_secs_f64();
    println!("{tasks} tasks, {sleepers} workers, {rounds:.1} rounds");
    Ok(())
}
