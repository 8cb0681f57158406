//! The smallest factors of ten numbers, printed as they are found.
#![expect(clippy::print_stdout, reason = "an example shows its results")]

use std::process::ExitCode;

use wordhash::pool::{Job, JobError, Pool, Registry, as_completed, serve_if_worker};

struct SmallestFactor;

impl Job for SmallestFactor {
    const NAME: &'static str = "smallest-factor";
    type Context = ();
    type Input = u64;
    type Output = u64;

    fn run((): &mut (), number: u64) -> Result<u64, JobError> {
        let mut divisors = (2..number).take_while(|divisor| divisor * divisor <= number);
        Ok(divisors.find(|&divisor| number.is_multiple_of(divisor)).unwrap_or(number))
    }
}

const NUMBERS: [u64; 10] = [
    10_000_000_019,
    1_000_036_000_099,
    100_000_000_004,
    10_000_000_033,
    1_000_076_001_443,
    4_294_967_297,
    10_000_000_061,
    6,
    2,
    17_249_876_309,
];

fn main() -> anyhow::Result<ExitCode> {
    let registry = Registry::new().job::<SmallestFactor>();
    if let Some(status) = serve_if_worker(&registry) {
        return Ok(status);
    }
    let pool = Pool::<()>::builder(&registry).build(())?;
    let futures = NUMBERS.iter().map(|number| pool.submit::<SmallestFactor>(number));
    for future in as_completed(futures.collect::<Result<Vec<_>, _>>()?) {
        let number = NUMBERS[usize::try_from(future.index())?];
        match future.result(None)? {
            factor if factor == number => println!("{number} is prime"),
            factor => println!("{number} = {factor} · {}", number / factor),
        }
    }
    Ok(ExitCode::SUCCESS)
}
