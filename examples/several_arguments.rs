//! A function of several arguments: they are a tuple.
#![expect(clippy::print_stdout, reason = "an example shows its results")]

use wordhash::pool::{self, Pool, PoolError};

fn main() -> Result<(), PoolError> {
    pool::init();
    let (bases, exponents) = (2..=6_u64, [10, 9, 8, 7, 6]);
    let pairs = bases.zip(exponents);
    let pool = Pool::new()?;
    let powers = pool.map(|(base, exponent): (u64, u32)| base.pow(exponent), pairs.clone());
    for ((base, exponent), power) in pairs.zip(powers) {
        println!("{base}^{exponent} = {}", power?);
    }
    Ok(())
}
