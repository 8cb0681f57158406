//! The mistake of waiting for each result before the next submit, beside the right way.
#![expect(clippy::print_stdout, reason = "an example shows its results")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use wordhash::pool::{Job, JobError, Pool, PoolError, Registry, serve_if_worker};

struct Sleep;

impl Job for Sleep {
    const NAME: &'static str = "sleep";
    type Context = ();
    type Input = Duration;
    type Output = ();

    fn run((): &mut (), duration: Duration) -> Result<(), JobError> {
        std::thread::sleep(duration);
        Ok(())
    }
}

const TASKS: usize = 8;
const SLEEP: Duration = Duration::from_millis(50);

/// Only one worker is ever at work.
fn one_at_a_time(pool: &Pool<()>) -> Result<(), PoolError> {
    for _ in 0..TASKS {
        pool.submit::<Sleep>(&SLEEP)?.result(None)?;
    }
    Ok(())
}

/// First all are submitted, then the results are waited for.
fn all_at_once(pool: &Pool<()>) -> Result<(), PoolError> {
    let futures = (0..TASKS).map(|_| pool.submit::<Sleep>(&SLEEP));
    for future in futures.collect::<Result<Vec<_>, _>>()? {
        future.result(None)?;
    }
    Ok(())
}

fn main() -> anyhow::Result<ExitCode> {
    let registry = Registry::new().job::<Sleep>();
    if let Some(status) = serve_if_worker(&registry) {
        return Ok(status);
    }
    let pool = Pool::<()>::builder(&registry).workers(4).build(())?;
    let start = Instant::now();
    one_at_a_time(&pool)?;
    println!("one at a time: {:.2} s", start.elapsed().as_secs_f64());
    let start = Instant::now();
    all_at_once(&pool)?;
    println!("all at once:   {:.2} s", start.elapsed().as_secs_f64());
    Ok(ExitCode::SUCCESS)
}
