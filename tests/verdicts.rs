//! The verdicts put to the test: recorded noise of real runs is played back through the mock
//! clock, with and without a difference to find.
//!
//! `tests/data/noise.txt` holds the times of 20,000 small runs, made one after another by
//! [`record_the_noise_of_real_runs`] on a virtual machine with two processors and nothing else to
//! do. They are noisy: the ratio of two runs in a row strays from 1 by 4 % or more in half of the
//! cases, and the median of 200 runs wanders by 10 % within the minute.

use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use wordhash::bench::bootstrap::{compare_paired, compare_unpaired};
use wordhash::bench::clock::{Clock, MockClock};
use wordhash::bench::plan::{Order, Plan, RunParts, Runner, run_plan};
use wordhash::bench::result::Verdict;

/// How many comparisons of each kind are made, each on a piece of the recording of its own.
const TRIALS: usize = 100;

/// Rounds of a comparison: what it takes to find 5 % in this much noise.
const ROUNDS: usize = 100;

/// Runs that take as long as the recorded ones did; the first row does `work_percent` of the work.
struct Playback<'a> {
    clock: &'a MockClock,
    recording: std::slice::Iter<'a, Duration>,
    work_percent: u32,
}

impl Runner for Playback<'_> {
    type Error = &'static str;

    fn run(&mut self, row: usize) -> Result<RunParts, Self::Error> {
        let recorded = *self.recording.next().ok_or("the recording is over")?;
        let begun = self.clock.now();
        self.clock.advance(if row == 0 { recorded * self.work_percent / 100 } else { recorded });
        Ok(RunParts { total: self.clock.now().saturating_sub(begun), ..RunParts::default() })
    }
}

/// How many trials found the first row (faster, slower) than the second.
fn verdicts(rounds: usize, work_percent: u32) -> (usize, usize) {
    let recording = recording();
    let rows = 2;
    let runs = NonZeroUsize::new(rounds).expect("some rounds");
    let plan = Plan { rows, runs, warmups: 0, order: Order::Interleaved, precision: None };
    let mut found = (0, 0);
    for piece in recording.chunks_exact(recording.len() / TRIALS) {
        let clock = MockClock::new();
        let mut runner = Playback { clock: &clock, recording: piece.iter(), work_percent };
        let measured = run_plan(&plan, &mut runner, &clock, &mut (), &|| false)
            .expect("a recording that is long enough");
        let comparison = compare_paired(&measured.samples[0], &measured.samples[1]);
        match comparison.expect("many rounds").verdict {
            Verdict::Faster => found.0 += 1,
            Verdict::Slower => found.1 += 1,
            Verdict::NoClearDifference => {}
        }
    }
    found
}

fn recording() -> Vec<Duration> {
    let lines = include_str!("data/noise.txt").lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| Duration::from_nanos(line.parse().expect("nanoseconds"))).collect()
}

#[test]
fn of_a_hundred_comparisons_with_itself_at_most_five_claim_a_difference() {
    for rounds in [5, 20, ROUNDS] {
        let (faster, slower) = verdicts(rounds, 100);
        println!("A/A, {rounds} rounds: {faster} faster, {slower} slower of {TRIALS}");
        assert!(faster + slower <= 5, "{rounds} rounds: {faster} faster, {slower} slower");
    }
}

#[test]
fn of_a_hundred_comparisons_with_more_work_ninety_find_it_and_none_finds_less() {
    // Less noise, or a greater difference, needs fewer rounds: they fall with its square.
    for (rounds, work_percent) in [(ROUNDS, 105), (30, 110), (5, 200)] {
        let (faster, slower) = verdicts(rounds, work_percent);
        println!("A/B, {rounds} rounds, {work_percent} %: {slower} slower of {TRIALS}");
        assert_eq!(faster, 0, "{rounds} rounds, {work_percent} % of the work");
        assert!(slower >= 90, "{rounds} rounds, {work_percent} % of the work: {slower} found it");
    }
}

/// How many trials find samples with `work_percent` of the work (faster, slower) than others that
/// no round pairs with them.
///
/// The recording is read in strides, so that what is compared differs by noise alone. As it was
/// made, its speed wanders: pieces of 20 runs half a minute apart differ in two of three cases, and
/// truly so. Comparing by rounds is proof against that; comparing saved results cannot be.
fn unpaired_verdicts(runs: usize, work_percent: u32) -> (usize, usize) {
    let recording = recording();
    // A prime that does not divide the length: every run is met once.
    let mut strides = (0..).map(|place: usize| recording[place * 7919 % recording.len()]);
    let verdicts = (0..TRIALS).map(|_| {
        let more: Vec<_> = strides.by_ref().take(runs).map(|t| t * work_percent / 100).collect();
        let reference: Vec<_> = strides.by_ref().take(runs).collect();
        compare_unpaired(&more, &reference).expect("many runs").verdict
    });
    verdicts.fold((0, 0), |(faster, slower), verdict| match verdict {
        Verdict::Faster => (faster + 1, slower),
        Verdict::Slower => (faster, slower + 1),
        Verdict::NoClearDifference => (faster, slower),
    })
}

#[test]
fn of_a_hundred_unpaired_comparisons_with_itself_at_most_five_claim_a_difference() {
    for runs in [5, 20, ROUNDS] {
        let (faster, slower) = unpaired_verdicts(runs, 100);
        println!("unpaired A/A, {runs} runs: {faster} faster, {slower} slower of {TRIALS}");
        assert!(faster + slower <= 5, "{runs} runs: {faster} faster, {slower} slower");
    }
}

#[test]
fn of_a_hundred_unpaired_comparisons_with_more_work_ninety_find_it_and_none_finds_less() {
    for (runs, work_percent) in [(ROUNDS, 120), (25, 150), (10, 200)] {
        let (faster, slower) = unpaired_verdicts(runs, work_percent);
        println!("unpaired A/B, {runs} runs, {work_percent} %: {slower} slower of {TRIALS}");
        assert_eq!(faster, 0, "{runs} runs, {work_percent} % of the work");
        assert!(slower >= 90, "{runs} runs, {work_percent} % of the work: {slower} found it");
    }
}

#[test]
#[ignore = "rewrites the recording: run it alone, on a quiet machine, with --release"]
fn record_the_noise_of_real_runs() {
    let mut file = String::from("# Nanoseconds of one small run a line; see tests/verdicts.rs.\n");
    for _ in 0..TRIALS * ROUNDS * 2 {
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
