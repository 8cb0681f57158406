//! Primes below a million, counted by ranges.
#![expect(clippy::print_stdout, reason = "an example shows its results")]

use std::ops::Range;

use wordhash::pool::{self, Pool, PoolError};

fn count_primes(range: Range<u32>) -> usize {
    let divisors = |number: u32| (2..number).take_while(move |divisor| divisor * divisor <= number);
    let is_prime = |&number: &u32| !divisors(number).any(|divisor| number.is_multiple_of(divisor));
    range.filter(is_prime).count()
}

fn main() -> Result<(), PoolError> {
    pool::init();
    let ranges = (0..100).map(|part| (part * 10_000).max(2)..(part + 1) * 10_000);
    let primes = Pool::new()?.map(count_primes, ranges).sum::<Result<usize, _>>()?;
    println!("{primes} primes below a million");
    Ok(())
}
