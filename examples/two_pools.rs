//! Two pools in one program, the output of one being the input of the other.
#![expect(clippy::print_stdout, reason = "an example shows its results")]

use std::process::ExitCode;

use wordhash::pool::{Job, JobError, Pool, Registry, serve_if_worker};

struct Double;

impl Job for Double {
    const NAME: &'static str = "double";
    type Context = ();
    type Input = u32;
    type Output = u32;

    fn run((): &mut (), number: u32) -> Result<u32, JobError> {
        Ok(number * 2)
    }
}

struct Spell;

impl Job for Spell {
    const NAME: &'static str = "spell";
    type Context = ();
    type Input = u32;
    type Output = String;

    fn run((): &mut (), number: u32) -> Result<String, JobError> {
        const DIGITS: [&str; 10] =
            ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
        let digits = number.to_string();
        let spelt = digits.bytes().map(|digit| DIGITS[usize::from(digit - b'0')]);
        Ok(spelt.collect::<Vec<_>>().join("-"))
    }
}

fn main() -> anyhow::Result<ExitCode> {
    let registry = Registry::new().job::<Double>().job::<Spell>();
    if let Some(status) = serve_if_worker(&registry) {
        return Ok(status);
    }
    let doublers = Pool::<()>::builder(&registry).workers(1).build(())?;
    let spellers = Pool::<()>::builder(&registry).workers(2).build(())?;
    let doubled = doublers.map::<Double>(20..25, 1).collect::<Result<Vec<_>, _>>()?;
    for spelt in spellers.map::<Spell>(doubled, 1) {
        println!("{}", spelt?);
    }
    for report in doublers.shutdown().into_iter().chain(spellers.shutdown()) {
        println!("worker {} did {} tasks", report.pid, report.tasks);
    }
    Ok(ExitCode::SUCCESS)
}
