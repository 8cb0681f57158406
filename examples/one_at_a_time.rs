//! The mistake of waiting for each result before the next submit, beside the right way.
#![expect(clippy::print_stdout, reason = "an example shows its results")]

use std::thread::sleep;
use std::time::{Duration, Instant};

use wordhash::pool::{self, Pool, PoolError};

const TASKS: usize = 8;
const SLEEP: Duration = Duration::from_millis(50);

/// Only one worker is ever at work.
fn one_at_a_time(pool: &Pool) -> Result<(), PoolError> {
    (0..TASKS).try_for_each(|_| pool.submit(sleep, SLEEP)?.result(None))
}

/// First all are submitted, then the results are waited for.
fn all_at_once(pool: &Pool) -> Result<(), PoolError> {
    let tasks = (0..TASKS).map(|_| pool.submit(sleep, SLEEP)).collect::<Result<Vec<_>, _>>()?;
    tasks.iter().try_for_each(|task| task.result(None))
}

fn main() -> Result<(), PoolError> {
    pool::init();
    let pool = Pool::builder().workers(4).build()?;
    let start = Instant::now();
    one_at_a_time(&pool)?;
    println!("one at a time: {:.2} s", start.elapsed().as_secs_f64());
    let start = Instant::now();
    all_at_once(&pool)?;
    println!("all at once:   {:.2} s", start.elapsed().as_secs_f64());
    Ok(())
}
