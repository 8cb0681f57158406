//! What `--chunksize auto` costs beside the best size of a sweep, and how often two equal
//! configurations are said to differ.
//!
//! `cargo bench --bench auto` prints a table for lists of 1,000, 100,000 and 1,049,938 words, on both
//! transports, for one round and for 100, on a machine left alone and with one of its processors
//! shared with a process that never rests. Behind it come 100 comparisons of a configuration with
//! itself, and 100 with itself given 5 % more work. Arguments choose among the lines: `-- 1000 pipe slowed` makes those with all of these
//! words, `-- 100000x100` those with so many words and rounds, `-- itself` the last ones. A line
//! takes ten seconds; the longest list with 100 rounds takes minutes for each.
//!
//! The fastest of many rows is fast by luck as well. So the best size is picked by every other
//! round, and `auto` is held against it in the rounds between.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark may end when it cannot measure")]

use std::num::{NonZeroU32, NonZeroUsize};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use wordhash::backend::{Around, Backend, Processes, Serial, Work};
use wordhash::bench::bootstrap::compare_paired;
use wordhash::bench::clock::{Clock as _, MonotonicClock};
use wordhash::bench::plan::{Order, Plan, Precision, RunParts, Runner, run_plan};
use wordhash::bench::result::{Sample, Verdict};
use wordhash::bench::stats::median;
use wordhash::chunksize::ChunkSize;
use wordhash::generate::{Spec, generate};
use wordhash::known::count_distinct;
use wordhash::os::interrupt::Interrupt;
use wordhash::pool::{StartMethod, Transport};
use wordhash::sha512::Engine;
use wordhash::words::{Rules, Source, WordList, load};

const LISTS: [usize; 3] = [1_000, 100_000, 1_049_938];
/// `auto` and the sizes of a sweep.
const SIZES: [&str; 8] = ["auto", "even", "100k", "50k", "10k", "5k", "1k", "500"];
/// Half of them pick the best size; fewer than five on the other side say nothing.
const FEWEST_RUNS: usize = 10;
/// A case is given so much time, or as long as the fewest runs take.
const CASE_TIME: Duration = Duration::from_secs(10);
const COMPARISONS: usize = 100;
/// What a sweep makes without being told.
const RUNS: usize = 5;

/// The argument of the process that never rests.
const NEVER_REST: &str = "--never-rest";

fn main() -> ExitCode {
    wordhash::pool::init();
    if std::env::args().nth(1).as_deref() == Some(NEVER_REST) {
        never_rest();
        return ExitCode::SUCCESS;
    }
    let asked: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wanted = |names: &[String]| asked.iter().all(|word| names.contains(word));
    println!(
        "{:>9} {:<7} {:>6} {:<7} {:>9} {:>9} {:<6} {:>7} {:<15} within 5 %",
        "words", "through", "rounds", "machine", "auto, ms", "best, ms", "", "ratio", "interval"
    );
    for (words, rounds, transport, machine) in cases() {
        let names = [words.to_string(), format!("{words}x{rounds}"), transport.to_string()];
        if wanted(&[&names[..], &[machine.to_owned()]].concat()) {
            let _busy = (machine == "slowed").then(Busy::start);
            beside_the_best(&list_of(words), transport, rounds, machine);
        }
    }
    if wanted(&["itself".to_owned()]) {
        with_itself();
        with_more_work();
    }
    ExitCode::SUCCESS
}

fn cases() -> impl Iterator<Item = (usize, u32, Transport, &'static str)> {
    LISTS.into_iter().flat_map(|words| {
        [1, 100].into_iter().flat_map(move |rounds| {
            Transport::ALL.into_iter().flat_map(move |transport| {
                ["quiet", "slowed"].map(|machine| (words, rounds, transport, machine))
            })
        })
    })
}

fn list_of(words: usize) -> WordList {
    let built_in = Spec::default();
    let words = words as u64;
    let distinct = (built_in.distinct * words).div_ceil(built_in.words);
    let text = generate(&Spec { words, distinct, ..built_in }).unwrap().to_bytes();
    let path = std::env::temp_dir().join(format!("wordhash-auto-{}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    let list =
        load(&Source::Path(path.clone()), Rules::default(), false, &Interrupt::manual().unwrap());
    std::fs::remove_file(path).unwrap();
    list.unwrap()
}

/// Times rows of one list: the digests, then the set, as the program does.
struct Rows<'a> {
    list: &'a WordList,
    ways: Vec<(Box<dyn Backend>, Work)>,
    clock: MonotonicClock,
    interrupt: Arc<Interrupt>,
}

impl Runner for Rows<'_> {
    type Error = String;

    fn run(&mut self, row: usize) -> Result<RunParts, String> {
        let (backend, work) = &self.ways[row];
        let around = Around {
            clock: &self.clock,
            progress: &|_| {},
            interrupt: &self.interrupt,
            recorder: None,
        };
        let begin = self.clock.now();
        let outcome = backend.run(self.list, work, &around).map_err(|error| error.to_string())?;
        count_distinct(outcome.digests.as_slice(), work.workers).map_err(|e| e.to_string())?;
        Ok(RunParts { total: self.clock.now().saturating_sub(begin), ..RunParts::default() })
    }
}

impl Rows<'_> {
    fn samples(&mut self, runs: usize, precision: Option<Precision>) -> Vec<Vec<Sample>> {
        let plan = Plan {
            rows: self.ways.len(),
            runs: NonZeroUsize::new(runs).unwrap(),
            warmups: 1,
            order: Order::Interleaved,
            precision,
        };
        let clock = self.clock;
        run_plan(&plan, self, &clock, &mut (), &|| false).unwrap().samples
    }
}

fn rows(list: &WordList, ways: Vec<(Box<dyn Backend>, Work)>) -> Rows<'_> {
    Rows { list, ways, clock: MonotonicClock::new(), interrupt: Interrupt::manual().unwrap() }
}

fn processes(transport: Transport) -> Box<dyn Backend> {
    Box::new(Processes {
        transport,
        start_method: StartMethod::Spawn,
        retries: 2,
        max_tasks_per_worker: None,
        progress_timeout: None,
    })
}

fn work(rounds: u32, chunksize: ChunkSize) -> Work {
    let workers = NonZeroUsize::new(wordhash::bench::environment::cores().usable).unwrap();
    Work { engine: Engine::detect(), rounds: NonZeroU32::new(rounds).unwrap(), workers, chunksize }
}

fn beside_the_best(list: &WordList, transport: Transport, rounds: u32, machine: &str) {
    let row = |size: &str| (processes(transport), work(rounds, size.parse().unwrap()));
    let mut measured = rows(list, SIZES.map(row).into());
    // No interval is that narrow: the time ends it.
    let until_time_is_up = Precision { half_width: 1e-9, max_time: CASE_TIME };
    let samples = measured.samples(FEWEST_RUNS, Some(until_time_is_up));
    let half = |row: usize, odd: usize| -> Vec<Sample> {
        samples[row].iter().filter(|sample| sample.round % 2 == odd).copied().collect()
    };
    let middle = |samples: &[Sample]| {
        median(&samples.iter().map(|sample| sample.total).collect::<Vec<_>>()).unwrap()
    };
    let best = (1..SIZES.len()).min_by_key(|&row| middle(&half(row, 0))).unwrap();
    let (auto, best_half) = (half(0, 1), half(best, 1));
    let found = compare_paired(&auto, &best_half).unwrap();
    let verdict = match found {
        _ if found.high <= 1.05 => "yes",
        _ if found.low > 1.05 => "NO",
        _ if found.ratio <= 1.05 => "yes, by the median",
        _ => "no, by the median",
    };
    println!(
        "{:>9} {transport:<7} {rounds:>6} {machine:<7} {:>9.2} {:>9.2} {:<6} {:>7.3} {:<15} {verdict}",
        list.len(),
        middle(&auto).as_secs_f64() * 1e3,
        middle(&best_half).as_secs_f64() * 1e3,
        SIZES[best],
        found.ratio,
        format!("{:.3} to {:.3}", found.low, found.high),
    );
}

/// Equal rows, measured as a sweep measures them.
fn with_itself() {
    let list = list_of(1_000);
    for (name, make) in [
        ("serial", (|| Box::new(Serial) as Box<dyn Backend>) as fn() -> Box<dyn Backend>),
        ("processes, shared", || processes(Transport::Shared)),
        ("processes, pipe", || processes(Transport::Pipe)),
    ] {
        let differ = (0..COMPARISONS)
            .filter(|_| {
                let row = || (make(), work(1, ChunkSize::Auto));
                let samples = rows(&list, vec![row(), row()]).samples(RUNS, None);
                let found = compare_paired(&samples[0], &samples[1]);
                found.is_some_and(|found| found.verdict != Verdict::NoClearDifference)
            })
            .count();
        println!(
            "{name} beside itself, 1,000 words, {RUNS} runs each: {differ} of {COMPARISONS} \
             comparisons claim a difference"
        );
    }
}

/// Real runs, recorded and played back with 5 % more work on one side of each comparison: how many
/// comparisons find it. `tests/verdicts.rs` does the same with a recording that is kept.
fn with_more_work() {
    const ROUNDS: usize = 100;
    let list = list_of(1_000);
    let mut measured = rows(&list, vec![(Box::new(Serial), work(1, ChunkSize::Auto))]);
    let recording = measured.samples(COMPARISONS * ROUNDS * 2, None).remove(0);
    let played = |piece: &[Sample], side: usize, percent: u32| -> Vec<Sample> {
        let runs = piece.chunks_exact(2).enumerate();
        runs.map(|(round, pair)| Sample {
            round,
            total: pair[side].total * percent / 100,
            ..pair[side]
        })
        .collect()
    };
    let (mut slower, mut faster) = (0, 0);
    for piece in recording.chunks_exact(2 * ROUNDS) {
        let found = compare_paired(&played(piece, 0, 105), &played(piece, 1, 100)).unwrap();
        slower += usize::from(found.verdict == Verdict::Slower);
        faster += usize::from(found.verdict == Verdict::Faster);
    }
    println!(
        "serial with 5 % more work beside itself, {ROUNDS} runs each: {slower} of {COMPARISONS} \
         comparisons find it, {faster} claim the opposite"
    );
}

/// A process that never rests, on the last of this process's processors, until dropped.
struct Busy(Child);

impl Busy {
    fn start() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        Self(command.arg(NEVER_REST).stdin(Stdio::piped()).spawn().unwrap())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn never_rest() {
    let allowed = sched_getaffinity(None).unwrap();
    let last = (0..CpuSet::MAX_CPU).rev().find(|&cpu| allowed.is_set(cpu)).unwrap();
    let mut only = CpuSet::new();
    only.set(last);
    sched_setaffinity(None, &only).unwrap();
    let parent = rustix::process::getppid();
    // It ends with its parent, however that ends.
    while rustix::process::getppid() == parent {
        for step in 0..1_000_000_u32 {
            std::hint::black_box(step);
        }
    }
}
