//! What the pool itself costs: a table of nanoseconds a task, start times and throughput.
//!
//! `cargo bench --bench pool` prints it. Jobs here do nothing, so every figure is overhead; CPU
//! time is the parent's and the workers' together, which is what a busy machine pays.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark may end when it cannot measure")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use wordhash::pool::{
    JobError, Outputs, Pool, StartMethod, TaskSink, TaskSource, Tasks, Transport,
};

const WORKERS: usize = 2;
const TASKS: u64 = 1_000_000;
const STREAM_BYTES: usize = 32 << 20;

/// No output.
#[expect(clippy::unnecessary_wraps, reason = "the signature of a job")]
fn nothing((): &mut (), tasks: Tasks<'_>, outputs: &mut Outputs<'_>) -> Result<(), JobError> {
    outputs.finish_empty(tasks.len());
    Ok(())
}

/// 64 bytes of output a task.
#[expect(clippy::unnecessary_wraps, reason = "the signature of a job")]
fn digest((): &mut (), tasks: Tasks<'_>, outputs: &mut Outputs<'_>) -> Result<(), JobError> {
    for task in tasks {
        outputs.write(&[task[0]; 64]);
        outputs.finish_task();
    }
    Ok(())
}

/// A function of values.
fn square(number: u64) -> u64 {
    number.wrapping_mul(number)
}

/// One large output, written in the portions in which a worker would make it.
#[expect(clippy::unnecessary_wraps, reason = "the signature of a job")]
fn stream((): &mut (), tasks: Tasks<'_>, outputs: &mut Outputs<'_>) -> Result<(), JobError> {
    let portion = [7; 16 << 10];
    for _ in tasks {
        for _ in 0..STREAM_BYTES / portion.len() {
            outputs.write(&portion);
        }
        outputs.finish_task();
    }
    Ok(())
}

/// So many tasks of `len` bytes.
struct Source {
    left: u64,
    len: usize,
}

impl TaskSource for Source {
    fn next_task(&mut self, input: &mut Vec<u8>) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        let bytes = [self.left; 2];
        let bytes: &[u8; 16] = &std::array::from_fn(|at| bytes[at / 8].to_le_bytes()[at % 8]);
        input.extend_from_slice(&bytes[..self.len]);
        true
    }
}

#[derive(Default)]
struct Count {
    tasks: u64,
    bytes: usize,
}

impl TaskSink for Count {
    fn piece(&mut self, _: u64, _: &[u8], _: usize, output: &[u8]) {
        self.bytes += output.len();
    }

    fn done(&mut self, _: u64, input: &[u8]) {
        self.tasks += u64::from(!input.is_empty());
    }
}

/// A function of bytes.
trait Job: Fn(&mut (), Tasks<'_>, &mut Outputs<'_>) -> Result<(), JobError> + Copy + 'static {}

impl<F> Job for F where
    F: Fn(&mut (), Tasks<'_>, &mut Outputs<'_>) -> Result<(), JobError> + Copy + 'static
{
}

fn cpu_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap()
}

fn build(transport: Transport, method: StartMethod) -> Pool {
    let builder = Pool::builder().workers(WORKERS);
    builder.transport(transport).start_method(method).build().unwrap()
}

/// One run: wall time, CPU time of the parent, CPU time of the workers.
fn time_run(
    job: impl Job,
    transport: Transport,
    tasks: u64,
    len: usize,
) -> (Duration, Duration, Duration) {
    let mut pool = build(transport, StartMethod::Spawn);
    let (start, cpu) = (Instant::now(), cpu_time());
    let mut count = Count::default();
    pool.run(job, &mut Source { left: tasks, len }, &mut count).unwrap();
    let (wall, parent) = (start.elapsed(), cpu_time().saturating_sub(cpu));
    assert_eq!(count.tasks, tasks);
    let workers = pool.shutdown().iter().filter_map(|report| report.cpu).sum();
    (wall, parent, workers)
}

fn median(mut samples: Vec<Duration>) -> Duration {
    samples.sort();
    samples[samples.len() / 2]
}

fn time_tasks(label: &str, job: impl Job, len: usize) {
    for transport in Transport::ALL {
        let runs: Vec<_> = (0..7).map(|_| time_run(job, transport, TASKS, len)).collect();
        let per_task = |pick: fn(&(Duration, Duration, Duration)) -> Duration| {
            median(runs.iter().map(pick).collect()).as_nanos() as f64 / TASKS as f64
        };
        println!(
            "{label:<34} {transport:<7} wall {:6.1}  parent CPU {:6.1}  all CPU {:6.1}  ns a task",
            per_task(|run| run.0),
            per_task(|run| run.1),
            per_task(|run| run.1 + run.2),
        );
    }
}

fn time_map() {
    for chunksize in [1, 100] {
        for transport in Transport::ALL {
            let samples = (0..5).map(|_| {
                let pool = build(transport, StartMethod::Spawn);
                let start = Instant::now();
                assert_eq!(pool.map(square, 0..TASKS).chunksize(chunksize).count() as u64, TASKS);
                start.elapsed()
            });
            let item_ns = median(samples.collect()).as_nanos() as f64 / TASKS as f64;
            let label = format!("map over numbers, chunksize {chunksize}");
            println!("{label:<34} {transport:<7} wall {item_ns:6.1}  ns an item");
        }
    }
}

fn time_stream() {
    for transport in Transport::ALL {
        let runs = (0..7).map(|_| time_run(stream, transport, 1, 8).0).collect();
        let rate = STREAM_BYTES as f64 / median(runs).as_secs_f64() / 1e9;
        println!("{:<34} {transport:<7} {rate:6.2} GB/s", "one output of 32 MiB");
    }
}

fn time_start() {
    for method in StartMethod::ALL {
        for transport in Transport::ALL {
            let samples = (0..50).map(|_| {
                let start = Instant::now();
                let pool = build(transport, method);
                let ready = start.elapsed();
                drop(pool);
                ready
            });
            let label = format!("{WORKERS} workers ready, {method}");
            let ready = median(samples.collect());
            println!("{label:<34} {transport:<7} {:6.2} ms", ready.as_secs_f64() * 1e3);
        }
    }
}

/// About as much work as 64 words are.
#[expect(clippy::unnecessary_wraps, reason = "the signature of a job")]
fn spin((): &mut (), tasks: Tasks<'_>, outputs: &mut Outputs<'_>) -> Result<(), JobError> {
    for task in tasks {
        let mut number = u64::from(task[0]);
        for _ in 0..1500 {
            number = std::hint::black_box(number.wrapping_mul(0x5851_F42D_4C95_7F2D) + 1);
        }
        outputs.finish_task();
    }
    Ok(())
}

/// What a task costs the parent, by how many workers there are.
fn time_workers() {
    for workers in [4, 64, 256] {
        let mut pool = Pool::builder().workers(workers).build().unwrap();
        while pool.pids().len() < workers {
            pool.turn().unwrap();
        }
        let run = |pool: &mut Pool| {
            let (start, cpu) = (Instant::now(), cpu_time());
            pool.run(spin, &mut Source { left: TASKS, len: 16 }, &mut Count::default()).unwrap();
            (start.elapsed(), cpu_time().saturating_sub(cpu))
        };
        run(&mut pool);
        let runs: Vec<_> = (0..5).map(|_| run(&mut pool)).collect();
        let per_task = |samples: Vec<Duration>| median(samples).as_nanos() as f64 / TASKS as f64;
        println!(
            "{:<34} {workers:<7} wall {:6.1}  parent CPU {:6.1}  ns a task",
            "tasks of about 1 µs, workers:",
            per_task(runs.iter().map(|run| run.0).collect()),
            per_task(runs.iter().map(|run| run.1).collect()),
        );
    }
}

/// From the start of a pool to the first result.
fn time_first_result() {
    for workers in [2, 64] {
        let samples = (0..20).map(|_| {
            let start = Instant::now();
            let pool = Pool::builder().workers(workers).build().unwrap();
            assert_eq!(pool.submit(square, 3).unwrap().result(None).unwrap(), 9);
            start.elapsed()
        });
        let first = median(samples.collect()).as_secs_f64() * 1e3;
        println!("{:<34} {workers:<7} {first:6.2} ms", "first result, workers:");
    }
}

fn main() -> ExitCode {
    wordhash::pool::init();
    time_tasks("8-byte inputs, no output", nothing, 8);
    time_tasks("16-byte inputs, no output", nothing, 16);
    time_tasks("10-byte inputs, 64-byte outputs", digest, 10);
    time_map();
    time_stream();
    time_start();
    time_first_result();
    time_workers();
    ExitCode::SUCCESS
}
