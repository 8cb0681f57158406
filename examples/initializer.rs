//! A table that each worker loads once, before its first task.
#![expect(clippy::print_stdout, reason = "an example shows its results")]

use std::collections::HashMap;

use anyhow::Context as _;
use wordhash::pool::{self, Pool};

/// Roman numerals and how often this worker has looked one up.
struct Numerals {
    values: HashMap<char, u32>,
    looked_up: u32,
}

fn load(values: Vec<(char, u32)>) -> anyhow::Result<Numerals> {
    anyhow::ensure!(!values.is_empty(), "a table without numerals");
    Ok(Numerals { values: values.into_iter().collect(), looked_up: 0 })
}

fn read(numerals: &mut Numerals, text: String) -> anyhow::Result<(String, u32, u32)> {
    let (mut sum, mut largest) = (0, 0);
    for letter in text.chars().rev() {
        let value =
            *numerals.values.get(&letter).with_context(|| format!("no numeral: {letter}"))?;
        // A smaller one before a larger one is taken off.
        sum = if value < largest { sum - value } else { sum + value };
        largest = largest.max(value);
    }
    numerals.looked_up += 1;
    Ok((text, sum, numerals.looked_up))
}

fn main() -> anyhow::Result<()> {
    pool::init();
    let values = [('I', 1), ('V', 5), ('X', 10), ('L', 50), ('C', 100), ('D', 500), ('M', 1000)];
    let pool = Pool::builder().workers(1).context_with(values.to_vec(), load).build()?;
    let texts = ["XIV", "MCMXCIX", "MMXXVI", "IV"].map(str::to_owned);
    for result in pool.map_with(read, texts) {
        let (text, number, looked_up) = result?;
        println!("{text} = {number} (lookup {looked_up} in one table)");
    }
    Ok(())
}
