//! Squares of ten numbers, with the process that computed each, and their sum.
#![expect(clippy::print_stdout, reason = "an example shows its results")]

use wordhash::pool::{self, Pool, PoolError};

fn square(number: u64) -> (u64, u32) {
    (number * number, std::process::id())
}

fn main() -> Result<(), PoolError> {
    pool::init();
    let pool = Pool::builder().workers(3).build()?;
    let mut sum = 0;
    for (number, result) in (0..10).zip(pool.map(square, 0..10)) {
        let (square, pid) = result?;
        println!("{number}² = {square}, by process {pid}");
        sum += square;
    }
    println!("their sum is {sum}");
    Ok(())
}
