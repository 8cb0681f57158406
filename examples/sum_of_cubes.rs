//! The sum of the cubes of a million numbers.
#![expect(clippy::print_stdout, reason = "an example shows its results")]

use wordhash::pool::{self, Pool, PoolError};

fn main() -> Result<(), PoolError> {
    pool::init();
    let pool = Pool::new()?;
    let cubes = pool.map_unordered(|number: u128| number.pow(3), 1..=1_000_000);
    println!("the sum is {}", cubes.sum::<Result<u128, _>>()?);
    Ok(())
}
