//! A job that fails for some items: by an error, by a panic, by the death of its process. The
//! others' results are kept.
#![expect(clippy::print_stdout, reason = "an example shows its results")]

use std::process::ExitCode;

use wordhash::pool::{Job, JobError, Pool, PoolError, Registry, serve_if_worker};

struct Parse;

impl Job for Parse {
    const NAME: &'static str = "parse";
    type Context = ();
    type Input = String;
    type Output = i32;

    fn run((): &mut (), text: String) -> Result<i32, JobError> {
        match text.as_str() {
            "panic" => panic!("this text is too much"),
            "abort" => std::process::abort(),
            // Any error becomes the item's error by `?`.
            number => Ok(number.parse()?),
        }
    }
}

fn main() -> anyhow::Result<ExitCode> {
    let registry = Registry::new().job::<Parse>();
    if let Some(status) = serve_if_worker(&registry) {
        return Ok(status);
    }
    let pool = Pool::<()>::builder(&registry).workers(2).retries(1).build(())?;
    let texts = ["1", "two", "3", "panic", "5", "abort", "7"];
    let mut sum = 0;
    for (text, result) in texts.iter().zip(pool.map::<Parse>(texts.map(str::to_owned), 1)) {
        match result {
            Ok(number) => sum += number,
            Err(PoolError::Task(error)) => println!("{text}: {}", error.cause),
            Err(error) => return Err(error.into()),
        }
    }
    println!("the sum of the others is {sum}");
    Ok(ExitCode::SUCCESS)
}
