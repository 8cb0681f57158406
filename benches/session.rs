//! What measuring itself costs between the timed runs: `cargo bench --bench session` prints the
//! cost of a round of eight rows at round 10, 100 and 1,000, without and with a JSON file that is
//! kept up to date. Runs do nothing here but read what the system counts, as before and behind every
//! timed run; so all of it is the cost of measuring.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::{Duration, Instant};

use wordhash::bench::clock::MonotonicClock;
use wordhash::bench::conclude::{conclude, entrants};
use wordhash::bench::disturbance::disturbance;
use wordhash::bench::evidence::LEVEL;
use wordhash::bench::plan::{
    Observer, Plan, Rounds, RunParts, RunRecord, Runner, Surroundings, Until, is_worth_a_look,
};
use wordhash::bench::result::{
    Environment, Input, Measurement, Order, ResultRow, SCHEMA, Sample, Setting, Stopped,
};
use wordhash::bench::stats::summarise;
use wordhash::bench::verdict::Standings;
use wordhash::os::accounting::Snapshot;
use wordhash::report::json;

const ROWS: usize = 8;
const ROUNDS: usize = 1_100;

/// Times that scatter a little, so that intervals have something to tell.
struct Nothing(u64);

impl Runner for Nothing {
    type Error = Infallible;

    fn run(&mut self, _row: usize) -> Result<RunRecord, Infallible> {
        let before = Snapshot::now();
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let total = Duration::from_micros(1_000 + (self.0 >> 58));
        let counted = Snapshot::now().since(&before);
        let parts = RunParts { total, ..RunParts::default() };
        Ok(RunRecord { parts, disturbance: disturbance(&counted, total) })
    }
}

/// Takes the time of each round, and keeps a JSON file where one is wanted.
struct Cost<'a> {
    rows: Vec<ResultRow>,
    file: Option<&'a Path>,
    at: Instant,
    rounds: Vec<Duration>,
}

impl Observer for Cost<'_> {
    fn round_ended(&mut self, rounds: usize, samples: &[Vec<Sample>], standings: &mut Standings) {
        if let Some(file) = self.file
            && is_worth_a_look(rounds)
        {
            std::fs::write(file, json::render(&measurement(&self.rows, samples, standings)))
                .expect("the file can be written");
        }
        self.rounds.push(self.at.elapsed());
        self.at = Instant::now();
    }
}

fn rows() -> Vec<ResultRow> {
    let row = |index: usize| ResultRow {
        label: index.to_string(),
        setting: Setting {
            backend: if index == 0 { "serial" } else { "threads" }.to_owned(),
            program: None,
            workers: Some(2),
            transport: None,
            start_method: None,
            engine: "sha2".to_owned(),
            iterations: 1,
            parameters: std::collections::BTreeMap::new(),
        },
        chunksize: None,
        tasks: None,
        samples: Vec::new(),
        summary: None,
        against_reference: None,
        against_recommended: None,
        processes: Vec::new(),
        spilled_bytes: None,
        peak_memory_bytes: None,
    };
    (0..ROWS).map(row).collect()
}

fn measurement(
    rows: &[ResultRow],
    samples: &[Vec<Sample>],
    standings: &mut Standings,
) -> Measurement {
    let mut results = rows.to_vec();
    for (row, samples) in results.iter_mut().zip(samples) {
        row.samples.clone_from(samples);
        row.summary = summarise(samples);
    }
    let answers = conclude(&mut results, standings);
    Measurement {
        schema: SCHEMA,
        wordhash: env!("CARGO_PKG_VERSION").to_owned(),
        command: Vec::new(),
        seed: 1,
        order: Order::Random,
        stopped: Stopped::Interrupted,
        level: LEVEL,
        margin: 0.02,
        warnings: Vec::new(),
        environment: Environment::default(),
        input: Input {
            path: "nothing".to_owned(),
            words: 1,
            bytes: 1,
            distinct: Some(1),
            checksum: None,
        },
        results,
        answers,
        model: None,
        process_start: None,
    }
}

/// The time of each round.
fn cost(until: Until, file: Option<&Path>) -> Vec<Duration> {
    let plan = Plan { seed: 1, order: Order::Random, warmups: 0, until };
    let mut rounds = Rounds::new(plan, Standings::new(ROWS, 0.02));
    let rows = rows();
    for entrant in entrants(&rows, None) {
        rounds.enter(entrant);
    }
    let mut observer = Cost { rows, file, at: Instant::now(), rounds: Vec::new() };
    let all: Vec<usize> = (0..ROWS).collect();
    let ended = rounds.run(
        &all,
        1.0,
        &mut Surroundings {
            runner: &mut Nothing(1),
            clock: &MonotonicClock::new(),
            observer: &mut observer,
            stop: &|| false,
        },
    );
    assert!(ended.is_ok());
    observer.rounds
}

/// The mean cost of rounds from a tenth before `round` to a tenth behind: work that is done now and
/// then is shared out among them. The least of some repetitions, since others use the machine too.
fn at(round: usize, costs: &[Vec<Duration>]) -> f64 {
    let around = round - round / 10..round + round.div_ceil(10);
    let mean = |costs: &Vec<Duration>| {
        let some = &costs[around.clone()];
        some.iter().sum::<Duration>().as_secs_f64() * 1e6 / some.len() as f64
    };
    costs.iter().map(mean).fold(f64::INFINITY, f64::min)
}

fn main() {
    let folder = std::env::temp_dir().join(format!("wordhash-session-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("result.json");
    let runs = Until::Runs(NonZeroUsize::new(ROUNDS).expect("some rounds"));
    let precision = Until::Precision { half_width: 1e-9, max_time: Duration::from_secs(3) };
    println!(
        "{:<34} {:>12} {:>12} {:>12} {:>8}",
        "µs a round of 8 rows", "10", "100", "1000", "ratio"
    );
    for (name, until, file) in [
        ("--runs", runs, None),
        ("--precision", precision, None),
        ("--runs, --export result.json", runs, Some(file.as_path())),
    ] {
        let costs: Vec<Vec<Duration>> = (0..5).map(|_| cost(until, file)).collect();
        let [ten, hundred, thousand] = [10, 100, 1000].map(|round| at(round, &costs));
        println!("{name:<34} {ten:>12.1} {hundred:>12.1} {thousand:>12.1} {:>8.2}", thousand / ten);
    }
    std::fs::remove_dir_all(&folder).expect("the folder can be removed");
}
