//! The order of runs and the loop that makes them, by a runner and a clock that do as told.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::time::Duration;

use proptest::prelude::*;
use wordhash::bench::clock::{Clock as _, MockClock};
use wordhash::bench::plan::{
    End, Measured, Observer, Order, Plan, Precision, RunFailed, RunParts, Runner, run_plan,
};
use wordhash::bench::result::Sample;

/// Takes row `r` through a run of `10 (r + 1)` ms on a mock clock, and writes down the order.
struct Scripted<'a> {
    clock: &'a MockClock,
    order: Vec<usize>,
    /// The number of the run that fails.
    fails_at: usize,
    /// Milliseconds that every other run takes longer.
    jitter: u64,
}

impl<'a> Scripted<'a> {
    fn new(clock: &'a MockClock) -> Self {
        Self { clock, order: Vec::new(), fails_at: usize::MAX, jitter: 0 }
    }
}

impl Runner for Scripted<'_> {
    type Error = &'static str;

    fn run(&mut self, row: usize) -> Result<RunParts, Self::Error> {
        if self.order.len() == self.fails_at {
            return Err("out of paper");
        }
        self.order.push(row);
        let begun = self.clock.now();
        let jitter = if self.order.len().is_multiple_of(2) { self.jitter } else { 0 };
        self.clock.advance(Duration::from_millis(10 * (row as u64 + 1) + jitter));
        Ok(RunParts { total: self.clock.now().saturating_sub(begun), ..RunParts::default() })
    }
}

fn plan(order: Order, rows: usize, runs: usize, warmups: usize) -> Plan {
    Plan {
        rows,
        runs: NonZeroUsize::new(runs).expect("some runs"),
        warmups,
        order,
        precision: None,
    }
}

fn run(plan: &Plan, runner: &mut Scripted) -> Result<Measured, RunFailed<&'static str>> {
    let clock = runner.clock;
    run_plan(plan, runner, clock, &mut (), &|| false)
}

#[test]
fn rows_take_their_turns_in_the_order_of_the_plan() {
    for (order, expected) in [
        (Order::Interleaved, [0, 1, 2, 0, 1, 2, 2, 1, 0, 0, 1, 2]),
        (Order::Blocked, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]),
    ] {
        let clock = MockClock::new();
        let mut runner = Scripted::new(&clock);
        let measured = run(&plan(order, 3, 3, 1), &mut runner).unwrap();
        assert_eq!(runner.order, expected, "{order:?}");
        assert_eq!(measured.end, End::Complete);
    }
}

#[test]
fn a_sample_knows_its_round_its_position_and_its_time() {
    let clock = MockClock::new();
    let measured = run(&plan(Order::Interleaved, 2, 2, 0), &mut Scripted::new(&clock)).unwrap();
    let seen: Vec<_> = measured.samples[0]
        .iter()
        .map(|sample| (sample.round, sample.position, sample.total.as_millis()))
        .collect();
    assert_eq!(seen, [(0, 0, 10), (1, 3, 10)]);
}

#[test]
fn a_request_to_stop_keeps_what_was_measured() {
    let clock = MockClock::new();
    let mut runner = Scripted::new(&clock);
    let questions = Cell::new(0);
    let stop = || {
        questions.set(questions.get() + 1);
        questions.get() > 5
    };
    let plan = plan(Order::Interleaved, 2, 9, 1);
    let measured = run_plan(&plan, &mut runner, &clock, &mut (), &stop).unwrap();
    assert_eq!(measured.end, End::Stopped);
    assert_eq!(measured.samples.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_run_that_fails_is_an_error_unless_a_stop_was_asked_for() {
    for stopping in [false, true] {
        let clock = MockClock::new();
        let mut runner = Scripted { fails_at: 2, ..Scripted::new(&clock) };
        let questions = Cell::new(0);
        let stop = || {
            questions.set(questions.get() + 1);
            stopping && questions.get() > 3
        };
        let plan = plan(Order::Interleaved, 2, 2, 0);
        let ended = run_plan(&plan, &mut runner, &clock, &mut (), &stop);
        match ended {
            Err(failed) => {
                assert_eq!((failed.row, failed.source, stopping), (1, "out of paper", false));
                assert_eq!(failed.to_string(), "a run of row 1 failed");
                assert_eq!(failed.samples.iter().map(Vec::len).sum::<usize>(), 2);
            }
            Ok(measured) => assert!(stopping && measured.end == End::Stopped),
        }
    }
}

#[test]
fn rounds_go_on_until_the_medians_are_precise_or_the_time_is_up() {
    let seconds = Duration::from_secs;
    // (half width asked for, jitter in ms, time allowed; end, rounds made)
    for (half_width, jitter, max_time, end, rounds) in [
        (0.02, 0, seconds(60), End::Complete, 5),
        (0.5, 1, seconds(60), End::Complete, 5),
        (0.05, 1, seconds(60), End::Complete, 46),
        (0.02, 1, seconds(1), End::TimeUp, 94),
        (0.02, 1, seconds(0), End::TimeUp, 5),
    ] {
        let clock = MockClock::new();
        let mut runner = Scripted { jitter, ..Scripted::new(&clock) };
        let precision = Some(Precision { half_width, max_time });
        let plan = Plan { precision, ..plan(Order::Interleaved, 1, 5, 2) };
        let measured = run(&plan, &mut runner).unwrap();
        assert_eq!((measured.end, measured.samples[0].len()), (end, rounds), "{half_width}");
    }
}

/// Writes down what it is told.
#[derive(Default)]
struct Log(Vec<String>);

impl Observer for Log {
    fn warmed_up(&mut self, row: usize) {
        self.0.push(format!("warm {row}"));
    }

    fn sampled(&mut self, row: usize, sample: &Sample) {
        self.0.push(format!("{row}.{}", sample.round));
    }

    fn checkpoint(&mut self, samples: &[Vec<Sample>]) {
        self.0.push(format!("save {}", samples.iter().map(Vec::len).sum::<usize>()));
    }
}

#[test]
fn an_observer_is_told_of_every_run_and_when_to_save() {
    let interleaved = "warm 0, warm 1, 0.0, 1.0, save 2, 1.1, 0.1, save 4";
    let blocked = "warm 0, 0.0, 0.1, save 2, warm 1, 1.0, 1.1, save 4";
    for (order, expected) in [(Order::Interleaved, interleaved), (Order::Blocked, blocked)] {
        let clock = MockClock::new();
        let mut log = Log::default();
        let plan = plan(order, 2, 2, 1);
        run_plan(&plan, &mut Scripted::new(&clock), &clock, &mut log, &|| false).unwrap();
        assert_eq!(log.0.join(", "), expected);
    }
}

proptest! {
    #[test]
    fn every_row_runs_once_in_every_round(
        rows in 0..8_usize, runs in 1..8_usize, warmups in 0..3_usize, blocked: bool
    ) {
        let order = if blocked { Order::Blocked } else { Order::Interleaved };
        let clock = MockClock::new();
        let mut runner = Scripted::new(&clock);
        let measured = run(&plan(order, rows, runs, warmups), &mut runner).unwrap();
        prop_assert_eq!(runner.order.len(), rows * (runs + warmups));
        let mut positions = Vec::new();
        for samples in &measured.samples {
            let rounds: Vec<_> = samples.iter().map(|sample| sample.round).collect();
            prop_assert_eq!(rounds, (0..runs).collect::<Vec<_>>());
            positions.extend(samples.iter().map(|sample| sample.position));
        }
        positions.sort_unstable();
        prop_assert_eq!(positions, (0..rows * runs).collect::<Vec<_>>());
    }
}
