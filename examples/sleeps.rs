//! Ten tasks that sleep, on four workers: three rounds of the sleep, not ten.
#![expect(clippy::print_stdout, reason = "an example shows its results")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use wordhash::pool::{Job, JobError, Pool, Registry, serve_if_worker};

struct Sleep;

impl Job for Sleep {
    const NAME: &'static str = "sleep";
    type Context = ();
    type Input = Duration;
    type Output = u32;

    fn run((): &mut (), duration: Duration) -> Result<u32, JobError> {
        std::thread::sleep(duration);
        Ok(std::process::id())
    }
}

fn main() -> anyhow::Result<ExitCode> {
    let registry = Registry::new().job::<Sleep>();
    if let Some(status) = serve_if_worker(&registry) {
        return Ok(status);
    }
    let (tasks, workers, sleep) = (10, 4, Duration::from_millis(100));
    let pool = Pool::<()>::builder(&registry).workers(workers).build(())?;
    let start = Instant::now();
    let sleeps = std::iter::repeat_n(sleep, tasks);
    let mut sleepers = pool.map::<Sleep>(sleeps, 1).collect::<Result<Vec<_>, _>>()?;
    let rounds = start.elapsed().as_secs_f64() / sleep.as_secs_f64();
    sleepers.sort_unstable();
    sleepers.dedup();
    println!("{tasks} tasks, {} workers, {rounds:.1} rounds", sleepers.len());
    Ok(ExitCode::SUCCESS)
}
