//! Two pools in one program, the output of one being the input of the other.
#![expect(clippy::print_stdout, reason = "an example shows its results")]

use wordhash::pool::{self, Pool, PoolError};

fn spell(number: u32) -> String {
    const DIGITS: [&str; 10] =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    let digits = number.to_string();
    let spelt = digits.bytes().map(|digit| DIGITS[usize::from(digit - b'0')]);
    spelt.collect::<Vec<_>>().join("-")
}

fn main() -> Result<(), PoolError> {
    pool::init();
    let doublers = Pool::builder().workers(1).build()?;
    let spellers = Pool::builder().workers(2).build()?;
    let doubled = doublers.map(|number: u32| number * 2, 20..25).collect::<Result<Vec<_>, _>>()?;
    for spelt in spellers.map(spell, doubled) {
        println!("{}", spelt?);
    }
    for report in doublers.shutdown().into_iter().chain(spellers.shutdown()) {
        println!("worker {} did {} tasks", report.pid, report.tasks);
    }
    Ok(())
}
