//! A table that each worker loads once, before its first task.
#![expect(clippy::print_stdout, reason = "an example shows its results")]

use std::collections::HashMap;
use std::process::ExitCode;

use wordhash::os::region::Region;
use wordhash::pool::{Context, Job, JobError, Pool, Registry, serve_if_worker};

/// Roman numerals and how often this worker has looked one up.
struct Numerals {
    values: HashMap<char, u32>,
    looked_up: u32,
}

impl Context for Numerals {
    const NAME: &'static str = "numerals";
    type Args = Vec<(char, u32)>;

    fn create(values: Vec<(char, u32)>, _: Vec<Region>) -> Result<Self, JobError> {
        Ok(Self { values: values.into_iter().collect(), looked_up: 0 })
    }
}

struct Read;

impl Job for Read {
    const NAME: &'static str = "read";
    type Context = Numerals;
    type Input = String;
    type Output = (u32, u32);

    fn run(numerals: &mut Numerals, text: String) -> Result<(u32, u32), JobError> {
        let (mut sum, mut largest) = (0, 0);
        for letter in text.chars().rev() {
            let value = numerals.values.get(&letter);
            let value = *value.ok_or_else(|| JobError::new(format!("no numeral: {letter}")))?;
            // A smaller one before a larger one is taken off.
            if value < largest {
                sum -= value;
            } else {
                sum += value;
            }
            largest = largest.max(value);
        }
        numerals.looked_up += 1;
        Ok((sum, numerals.looked_up))
    }
}

fn main() -> anyhow::Result<ExitCode> {
    let registry = Registry::new().job::<Read>();
    if let Some(status) = serve_if_worker(&registry) {
        return Ok(status);
    }
    let values = [('I', 1), ('V', 5), ('X', 10), ('L', 50), ('C', 100), ('D', 500), ('M', 1000)];
    let pool = Pool::<Numerals>::builder(&registry).workers(1).build(values.to_vec())?;
    let texts = ["XIV", "MCMXCIX", "MMXXVI", "IV"];
    for (text, result) in texts.iter().zip(pool.map::<Read>(texts.map(str::to_owned), 1)) {
        let (number, looked_up) = result?;
        println!("{text} = {number} (lookup {looked_up} in one table)");
    }
    Ok(ExitCode::SUCCESS)
}
