//! Squares of ten numbers, with the process that computed each, and their sum.
#![expect(clippy::print_stdout, reason = "an example shows its results")]

use std::process::ExitCode;

use wordhash::pool::{Job, JobError, Pool, Registry, serve_if_worker};

struct Square;

impl Job for Square {
    const NAME: &'static str = "square";
    type Context = ();
    type Input = u64;
    type Output = (u64, u32);

    fn run((): &mut (), number: u64) -> Result<(u64, u32), JobError> {
        Ok((number * number, std::process::id()))
    }
}

fn main() -> anyhow::Result<ExitCode> {
    let registry = Registry::new().job::<Square>();
    if let Some(status) = serve_if_worker(&registry) {
        return Ok(status);
    }
    let pool = Pool::<()>::builder(&registry).workers(3).build(())?;
    let mut sum = 0;
    for (number, result) in (0..10).zip(pool.map::<Square>(0..10, 1)) {
        let (square, pid) = result?;
        println!("{number}² = {square}, by process {pid}");
        sum += square;
    }
    println!("their sum is {sum}");
    Ok(ExitCode::SUCCESS)
}
