//! The verdicts put to the test: recorded noise of real runs is played back through the real plan,
//! with random orders and a mock clock, with and without a difference to find.
//!
//! `tests/data/noise.txt` holds the times of 20,000 small runs, made one after another by
//! [`record_the_noise_of_real_runs`] on a virtual machine with two processors and nothing else to
//! do. They are noisy: the ratio of two runs in a row strays from 1 by 4 % or more in half of the
//! cases, and the median of 200 runs wanders by 10 % within the minute.

#![expect(clippy::print_stdout, reason = "the counts are worth reading where they were asked for")]

use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use wordhash::bench::clock::{Clock as _, MockClock};
use wordhash::bench::plan::{
    Observer, Plan, Rounds, RunParts, RunRecord, Runner, Surroundings, Until,
};
use wordhash::bench::result::{Order, Sample, Stopped, Verdict};
use wordhash::bench::verdict::{Entrant, Standings};

const SESSIONS: usize = 2_000;
const MARGIN: f64 = 0.02;

/// Runs that take as long as the recorded ones did, times the work of their row.
struct Playback<'a> {
    clock: &'a MockClock,
    recording: &'a [Duration],
    /// The place of the next run in the recording, which begins anew at its end.
    place: usize,
    /// The work of each row in percent.
    work: Vec<u32>,
    /// What the machine does to every run, in percent.
    machine: u32,
}

impl Runner for Playback<'_> {
    type Error = std::convert::Infallible;

    fn run(&mut self, row: usize) -> Result<RunRecord, Self::Error> {
        let recorded = self.recording[self.place % self.recording.len()];
        self.place += 1;
        let begun = self.clock.now();
        self.clock.advance(recorded * self.work[row] / 100 * self.machine / 100);
        let total = self.clock.now().saturating_sub(begun);
        let parts = RunParts { total, ..RunParts::default() };
        Ok(RunRecord { parts, ..RunRecord::default() })
    }
}

/// A reader who looks after every round, and what such a reader has seen at any time.
#[derive(Default)]
struct Reader {
    work: Vec<u32>,
    rounds: usize,
    /// A row was said to be faster or slower than one with as much or less, or more, work.
    false_claim: bool,
    /// The round after which row 1 was first shown to be slower than row 0.
    found: Option<usize>,
    /// The interval of row 1 beside row 0 did not contain the true ratio.
    missed: bool,
}

impl Observer for Reader {
    fn round_ended(&mut self, rounds: usize, _: &[Vec<Sample>], standings: &mut Standings) {
        self.rounds = rounds;
        for row in 0..standings.rows() {
            for other in 0..row {
                let (work, other_work) = (self.work[row], self.work[other]);
                self.false_claim |= match standings.verdict(row, other) {
                    Verdict::Faster => work >= other_work,
                    Verdict::Slower => work <= other_work,
                    // Work is equal or differs by far more than the margin.
                    Verdict::Same => work != other_work,
                    Verdict::Unclear => false,
                };
            }
        }
        if self.found.is_none() && standings.verdict(1, 0) == Verdict::Slower {
            self.found = Some(rounds);
        }
        let truth = f64::from(self.work[1]) / f64::from(self.work[0]);
        let interval = standings.compare(1, 0).and_then(|found| found.time_ratio_interval());
        self.missed |=
            interval.is_some_and(|[low, high]| !(low - 1e-6..=high + 1e-6).contains(&truth));
    }
}

/// One session: some rows measured until it is enough, and what a reader saw.
struct Session<'a> {
    rounds: Rounds,
    runner: Playback<'a>,
    reader: Reader,
}

impl<'a> Session<'a> {
    /// The session with this number, which has a place in the recording and orders of its own. It
    /// will have as many rows as there is work, and has none yet.
    fn new(
        recording: &'a [Duration],
        clock: &'a MockClock,
        number: usize,
        work: &[u32],
        until: Until,
    ) -> Self {
        let plan = Plan { seed: number as u64, order: Order::Random, warmups: 0, until };
        let rounds = Rounds::new(plan, Standings::new(work.len(), MARGIN));
        // A prime that does not divide the length: every place is met.
        let place = number * 7919;
        let runner = Playback { clock, recording, place, work: work.to_vec(), machine: 100 };
        let reader = Reader { work: work.to_vec(), ..Reader::default() };
        Self { rounds, runner, reader }
    }

    /// Takes more rows in; their numbers.
    fn enter(&mut self, rows: usize) -> Vec<usize> {
        let first = self.rounds.samples().len();
        for _ in 0..rows {
            self.rounds.enter(entrant(&self.rounds));
        }
        (first..first + rows).collect()
    }

    fn run(&mut self, rows: &[usize]) -> Stopped {
        let mut around = Surroundings {
            clock: self.runner.clock,
            runner: &mut self.runner,
            observer: &mut self.reader,
            stop: &|| false,
        };
        self.rounds.run(rows, 1.0, &mut around).expect("nothing fails")
    }
}

/// The next row of a session: one family of chunk sizes, with the first row as the reference.
fn entrant(rounds: &Rounds) -> Entrant {
    let row = rounds.samples().len();
    let family = (row > 0).then_some(1);
    Entrant { work: 1, reference: (row > 0).then_some(0), family, chunksize: row }
}

fn exactly(rounds: usize) -> Until {
    Until::Runs(NonZeroUsize::new(rounds).expect("some rounds"))
}

/// What readers of so many sessions saw, each after every round.
fn readers(sessions: usize, work: &[u32], until: Until) -> Vec<Reader> {
    let recording = recording();
    (0..sessions)
        .map(|number| {
            let clock = MockClock::new();
            let mut session = Session::new(&recording, &clock, number, work, until);
            let rows = session.enter(work.len());
            session.run(&rows);
            session.reader
        })
        .collect()
}

fn false_claims(readers: &[Reader]) -> usize {
    readers.iter().filter(|reader| reader.false_claim).count()
}

fn recording() -> Vec<Duration> {
    let lines = include_str!("data/noise.txt").lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| Duration::from_nanos(line.parse().expect("nanoseconds"))).collect()
}

/// No more than 5 % of all sessions, the one level of the product.
#[track_caller]
fn at_most_five_percent(what: &str, claims: usize, sessions: usize) {
    println!("{what}: {claims} of {sessions} sessions with a false claim");
    assert!(claims * 20 <= sessions, "{what}: {claims} of {sessions}");
}

#[test]
fn of_sessions_with_equal_rows_at_most_one_in_twenty_ever_claims_a_difference() {
    for (rows, sessions) in [(3, SESSIONS), (8, SESSIONS), (60, 200)] {
        let readers = readers(sessions, &vec![100; rows], exactly(100));
        at_most_five_percent(&format!("{rows} equal rows"), false_claims(&readers), sessions);
    }
}

#[test]
fn stopping_when_the_intervals_are_narrow_or_all_is_decided_makes_no_more_claims() {
    let max_time = Duration::from_mins(1);
    for (what, until) in [
        ("--precision 5%", Until::Precision { half_width: 0.05, max_time }),
        ("the default", Until::Decided { max_time: Duration::from_secs(5) }),
    ] {
        let readers = readers(SESSIONS, &[100; 8], until);
        let rounds: usize = readers.iter().map(|reader| reader.rounds).sum();
        println!("{what}: {:.1} rounds a session", rounds as f64 / SESSIONS as f64);
        at_most_five_percent(what, false_claims(&readers), SESSIONS);
    }
}

#[test]
fn slower_rows_among_equal_ones_bring_no_false_claim() {
    for work in [[100, 110, 100, 100, 100, 100, 100, 100], [100, 130, 110, 130, 120, 110, 100, 100]]
    {
        let readers = readers(1_000, &work, exactly(100));
        at_most_five_percent(&format!("{work:?}"), false_claims(&readers), 1_000);
    }
}

/// Sizes that refine the answer run beside the reference and the quickest three rows. Between the
/// two stretches the machine becomes faster or slower at a stroke.
#[test]
fn rows_that_join_later_are_compared_only_by_rounds_that_they_share() {
    let recording = recording();
    for machine in [100, 300, 60] {
        let mut claims = 0;
        for number in 0..SESSIONS {
            let clock = MockClock::new();
            let mut session = Session::new(&recording, &clock, number, &[100; 12], exactly(25));
            let first = session.enter(8);
            session.run(&first);
            let mut rows = session.rounds.standings().quickest(0);
            rows.truncate(3);
            rows.push(0);
            rows.extend(session.enter(4));
            rows.sort_unstable();
            rows.dedup();
            session.runner.machine = machine;
            session.run(&rows);
            claims += usize::from(session.reader.false_claim);
        }
        at_most_five_percent(&format!("refined, machine at {machine} %"), claims, SESSIONS);
    }
}

#[test]
fn a_row_ten_percent_slower_is_found_within_fifty_rounds_and_five_percent_within_a_hundred() {
    const TRIALS: usize = 300;
    for (percent, rounds, least) in [(130, 25, 90), (110, 50, 90), (105, 100, 75)] {
        let mut work = [100; 8];
        work[1] = percent;
        let readers = readers(TRIALS, &work, exactly(rounds));
        let mut found: Vec<usize> = readers.iter().filter_map(|reader| reader.found).collect();
        found.sort_unstable();
        let median = found.get(TRIALS / 2).copied();
        println!(
            "{percent} %, {rounds} rounds: found by {} of {TRIALS}, median {median:?}",
            found.len()
        );
        assert!(found.len() * 100 >= TRIALS * least, "{percent} %: {} of {TRIALS}", found.len());
    }
}

#[test]
fn an_interval_contains_the_true_ratio_at_whatever_round_a_reader_stops() {
    for percent in [100, 107, 150] {
        let mut work = [100; 8];
        work[1] = percent;
        let readers = readers(1_000, &work, exactly(100));
        let missed = readers.iter().filter(|reader| reader.missed).count();
        println!("true ratio {percent} %: missed at some round in {missed} of 1000 sessions");
        assert!(missed <= 50, "{percent} %: {missed}");
    }
}

#[test]
#[ignore = "rewrites the recording: run it alone, on a quiet machine, with --release"]
fn record_the_noise_of_real_runs() {
    let mut file = String::from("# Nanoseconds of one small run a line; see tests/verdicts.rs.\n");
    for _ in 0..20_000 {
        writeln!(file, "{}", small_run().as_nanos()).expect("a string takes all");
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/noise.txt");
    std::fs::write(path, file).expect("the recording can be written");
}

/// Two threads are started, hash 4,000 words each and end; then a set of the digests is made.
fn small_run() -> Duration {
    use sha2::{Digest as _, Sha512};
    let start = Instant::now();
    let halves: Vec<Vec<[u8; 64]>> = std::thread::scope(|scope| {
        let hash = |words: std::ops::Range<u32>| {
            words.map(|word| Sha512::digest(word.to_string()).into()).collect()
        };
        let workers = [0..4000, 4000..8000].map(|words| scope.spawn(move || hash(words)));
        workers.into_iter().map(|worker| worker.join().expect("no panic")).collect()
    });
    let set: std::collections::HashSet<[u8; 64]> = halves.into_iter().flatten().collect();
    std::hint::black_box(set.len());
    start.elapsed()
}
