//! A function that fails for some items: by an error, by a panic, by the death of its process. The
//! others' results are kept.
#![expect(clippy::print_stdout, reason = "an example shows its results")]

use wordhash::pool::{self, Pool, PoolError};

#[expect(clippy::needless_pass_by_value, reason = "items are values")]
fn parse(text: String) -> anyhow::Result<i32> {
    match text.as_str() {
        "panic" => panic!("this text is too much"),
        "abort" => std::process::abort(),
        number => Ok(number.parse()?),
    }
}

fn main() -> Result<(), PoolError> {
    pool::init();
    let pool = Pool::builder().workers(2).retries(1).build()?;
    let texts = ["1", "two", "3", "panic", "5", "abort", "7"];
    let mut sum = 0;
    for (text, result) in texts.iter().zip(pool.map(parse, texts.map(str::to_owned))) {
        match result {
            Ok(number) => sum += number,
            Err(PoolError::Task(error)) => println!("{text}: {}", error.cause),
            Err(error) => return Err(error),
        }
    }
    println!("the sum of the others is {sum}");
    Ok(())
}
