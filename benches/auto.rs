//! What `--chunksize auto` costs beside the sizes of a sweep.
//!
//! `cargo bench --bench auto` prints a line for lists of 1,000, 100,000 and 1,049,938 words, on both
//! transports, hashed once and 100 times, on a machine left alone and with one of its processors
//! shared with a process that never rests. Arguments choose among the lines: `-- 1000 pipe slowed`
//! prints those with all of these words, `-- 100000x100` those with so many words and hashes. A
//! line takes ten seconds; the longest list hashed 100 times takes minutes.
//!
//! All intervals of a table hold together, so `auto` is within 5 % of the best size where its
//! interval beside every size says so; picking the best one first would favour a lucky one.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark may end when it cannot measure")]

mod rows;

use std::num::{NonZeroU32, NonZeroUsize};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use rows::{Measured, Row, until};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use wordhash::backend::{Around, Backend as _, Processes, Work};
use wordhash::bench::clock::MonotonicClock;
use wordhash::bench::plan::Until;
use wordhash::chunksize::ChunkSize;
use wordhash::generate::{Spec, generate};
use wordhash::known::count_distinct;
use wordhash::os::interrupt::Interrupt;
use wordhash::pool::{StartMethod, Transport};
use wordhash::sha512::Engine;
use wordhash::words::{Rules, WordList};

const LISTS: [usize; 3] = [1_000, 100_000, 1_049_938];
/// `auto` and the sizes of a sweep.
const SIZES: [&str; 8] = ["auto", "even", "100k", "50k", "10k", "5k", "1k", "500"];
/// A line is given so much time, or as long as a first verdict takes.
const LINE_TIME: Duration = Duration::from_secs(10);

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
    println!(
        "{:>9} {:<7} {:>6} {:<7} {:>9} {:>9} {:<6} {:<22} within 5 %",
        "words", "through", "hashes", "machine", "auto, ms", "best, ms", "", "auto / best"
    );
    for (words, iterations, transport, machine) in lines() {
        let names = [
            words.to_string(),
            format!("{words}x{iterations}"),
            transport.to_string(),
            machine.to_owned(),
        ];
        if asked.iter().all(|word| names.contains(word)) {
            let _busy = (machine == "slowed").then(Busy::start);
            let measured = measured(&list_of(words), transport, iterations);
            print_line(measured, words, transport, iterations, machine);
        }
    }
    ExitCode::SUCCESS
}

fn lines() -> impl Iterator<Item = (usize, u32, Transport, &'static str)> {
    LISTS.into_iter().flat_map(|words| {
        [1, 100].into_iter().flat_map(move |iterations| {
            Transport::ALL.into_iter().flat_map(move |transport| {
                ["quiet", "slowed"].map(|machine| (words, iterations, transport, machine))
            })
        })
    })
}

fn list_of(words: usize) -> WordList {
    let built_in = Spec::default();
    let words = words as u64;
    let distinct = (built_in.distinct * words).div_ceil(built_in.words);
    let made = generate(&Spec { words, distinct, ..built_in }).unwrap();
    WordList::from_writer(Rules::default(), |mut sink| made.write_to(&mut sink)).unwrap()
}

/// Every size on one list: the digests, then the set, as the program does.
fn measured(list: &WordList, transport: Transport, iterations: u32) -> Measured {
    let workers = NonZeroUsize::new(wordhash::bench::environment::cores().usable).unwrap();
    let interrupt = Interrupt::manual().unwrap();
    let clock = MonotonicClock::new();
    let (interrupt, clock) = (&interrupt, &clock);
    let mut table = SIZES.map(|size| {
        let chunksize: ChunkSize = size.parse().unwrap();
        let iterations = NonZeroU32::new(iterations).unwrap();
        let work = Work { engine: Engine::detect(), rounds: iterations, workers, chunksize };
        Row::new(size, move || {
            let around = Around { clock, progress: &|_| {}, interrupt, recorder: None };
            let outcome = processes(transport).run(list, &work, &around).unwrap();
            count_distinct(outcome.digests.as_slice(), workers).unwrap();
        })
    });
    // No interval is that narrow: the time ends it.
    until(&mut table, Until::Precision { half_width: 1e-9, max_time: LINE_TIME })
}

fn processes(transport: Transport) -> Processes {
    Processes {
        transport,
        start_method: StartMethod::Spawn,
        retries: 2,
        max_tasks_per_worker: None,
        progress_timeout: None,
    }
}

fn print_line(
    mut measured: Measured,
    words: usize,
    transport: Transport,
    iterations: u32,
    machine: &str,
) {
    let best = (1..SIZES.len()).min_by_key(|&row| measured.median(row)).unwrap();
    let beside: Vec<[f64; 2]> =
        (1..SIZES.len()).filter_map(|row| measured.beside(0, row).time_ratio_interval()).collect();
    let verdict = if beside.iter().any(|[low, _]| *low > 1.05) {
        "NO"
    } else if beside.iter().all(|[_, high]| *high <= 1.05) {
        "yes"
    } else {
        "unclear"
    };
    let found = measured.beside(0, best);
    let interval = found
        .time_ratio_interval()
        .map_or_else(String::new, |[low, high]| format!(" ({low:.3}–{high:.3})"));
    println!(
        "{words:>9} {transport:<7} {iterations:>6} {machine:<7} {:>9.2} {:>9.2} {:<6} {:<22} {verdict}",
        measured.median(0).as_secs_f64() * 1e3,
        measured.median(best).as_secs_f64() * 1e3,
        SIZES[best],
        format!("{:.3}{interval}", found.time_ratio()),
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
