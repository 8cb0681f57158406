//! The smallest factors of ten numbers, printed as they are found.
#![expect(clippy::print_stdout, reason = "an example shows its results")]

use wordhash::pool::{self, Pool, as_completed};

fn smallest_factor(number: u64) -> u64 {
    let mut divisors = (2..number).take_while(|divisor| divisor * divisor <= number);
    divisors.find(|&divisor| number.is_multiple_of(divisor)).unwrap_or(number)
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

fn main() -> anyhow::Result<()> {
    pool::init();
    let pool = Pool::new()?;
    let tasks = NUMBERS.map(|number| pool.submit(smallest_factor, number));
    for task in as_completed(tasks.into_iter().collect::<Result<Vec<_>, _>>()?) {
        let number = NUMBERS[usize::try_from(task.index())?];
        match task.result(None)? {
            factor if factor == number => println!("{number} is prime"),
            factor => println!("{number} = {factor} · {}", number / factor),
        }
    }
    Ok(())
}
