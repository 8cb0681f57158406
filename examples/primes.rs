//! Primes below a million, counted by ranges.
#![expect(clippy::print_stdout, reason = "an example shows its results")]

use std::ops::Range;
use std::process::ExitCode;

use wordhash::pool::{Job, JobError, Pool, Registry, serve_if_worker};

struct CountPrimes;

impl Job for CountPrimes {
    const NAME: &'static str = "count-primes";
    type Context = ();
    type Input = Range<u32>;
    type Output = usize;

    fn run((): &mut (), range: Range<u32>) -> Result<usize, JobError> {
        Ok(range.filter(|&number| is_prime(number)).count())
    }
}

fn is_prime(number: u32) -> bool {
    let mut divisors = (2..number).take_while(|divisor| divisor * divisor <= number);
    number > 1 && divisors.all(|divisor| !number.is_multiple_of(divisor))
}

fn main() -> anyhow::Result<ExitCode> {
    let registry = Registry::new().job::<CountPrimes>();
    if let Some(status) = serve_if_worker(&registry) {
        return Ok(status);
    }
    let pool = Pool::<()>::builder(&registry).build(())?;
    let ranges = (0..1_000_000).step_by(10_000).map(|start| start..start + 10_000);
    let primes = pool.map::<CountPrimes>(ranges, 1).sum::<Result<usize, _>>()?;
    println!("{primes} primes below a million");
    Ok(ExitCode::SUCCESS)
}
