//! The order of runs and the loop that makes them, by a runner and a clock that do as told.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::time::Duration;

use proptest::prelude::*;
use wordhash::bench::clock::{Clock as _, MockClock};
use wordhash::bench::plan::{
    MOST_ROUNDS, Observer, Plan, Rounds, RunFailed, RunParts, RunRecord, Runner, Surroundings,
    Until, is_worth_a_look,
};
use wordhash::bench::result::{Order, Sample, Stopped};
use wordhash::bench::verdict::{Entrant, Standings};

/// Takes row `r` through a run of `10 (r + 1)` ms on a mock clock, and writes down the order.
struct Scripted<'a> {
    clock: &'a MockClock,
    order: Vec<usize>,
    /// The number of the run that fails.
    fails_at: usize,
    /// Milliseconds that every other run takes longer.
    jitter: u64,
    /// Milliseconds that all rows take alike, in place of times of their own.
    alike: Option<u64>,
}

impl<'a> Scripted<'a> {
    fn new(clock: &'a MockClock) -> Self {
        Self { clock, order: Vec::new(), fails_at: usize::MAX, jitter: 0, alike: None }
    }
}

impl Runner for Scripted<'_> {
    type Error = &'static str;

    fn run(&mut self, row: usize) -> Result<RunRecord, Self::Error> {
        if self.order.len() == self.fails_at {
            return Err("out of paper");
        }
        self.order.push(row);
        let begun = self.clock.now();
        let jitter = if self.order.len().is_multiple_of(2) { self.jitter } else { 0 };
        let own = self.alike.unwrap_or(10 * (row as u64 + 1));
        self.clock.advance(Duration::from_millis(own + jitter));
        let total = self.clock.now().saturating_sub(begun);
        let start = Some(Duration::from_millis(3));
        let parts = RunParts { total, start, ..RunParts::default() };
        Ok(RunRecord { parts, ..RunRecord::default() })
    }
}

fn plan(order: Order, until: Until, warmups: usize) -> Plan {
    Plan { seed: 81, order, warmups, until }
}

fn exactly(runs: usize) -> Until {
    Until::Runs(NonZeroUsize::new(runs).expect("some runs"))
}

/// A measurement of so many rows, of which the first is the reference of the others.
fn rounds(plan: Plan, rows: usize) -> Rounds {
    let mut rounds = Rounds::new(plan, Standings::new(rows, 0.02));
    for row in 0..rows {
        let reference = (row > 0).then_some(0);
        rounds.enter(Entrant { work: 1, reference, family: None, chunksize: 0 });
    }
    rounds
}

fn run_all(
    rounds: &mut Rounds,
    runner: &mut Scripted<'_>,
    observer: &mut dyn Observer,
    stop: &dyn Fn() -> bool,
) -> Result<Stopped, RunFailed<&'static str>> {
    let rows: Vec<usize> = (0..rounds.samples().len()).collect();
    let clock = runner.clock;
    rounds.run(&rows, 1.0, &mut Surroundings { runner, clock, observer, stop })
}

#[test]
fn every_round_has_an_order_of_its_own_and_a_seed_gives_the_same_orders_again() {
    let orders: Vec<Vec<usize>> = (0..2)
        .map(|_| {
            let clock = MockClock::new();
            let mut runner = Scripted::new(&clock);
            let mut measured = rounds(plan(Order::Random, exactly(3), 1), 3);
            let stopped = run_all(&mut measured, &mut runner, &mut (), &|| false).unwrap();
            assert_eq!(stopped, Stopped::Runs);
            runner.order
        })
        .collect();
    assert_eq!(orders[0], orders[1]);
    assert_eq!(orders[0], ORDER_OF_SEED_81);
}

/// Warm-up, then three rounds.
const ORDER_OF_SEED_81: [usize; 12] = [1, 0, 2, 1, 2, 0, 2, 0, 1, 0, 2, 1];

#[test]
fn blocked_rows_make_all_their_runs_one_row_after_the_other() {
    let clock = MockClock::new();
    let mut runner = Scripted::new(&clock);
    let mut measured = rounds(plan(Order::Blocked, exactly(3), 1), 3);
    let stopped = run_all(&mut measured, &mut runner, &mut (), &|| false).unwrap();
    assert_eq!(runner.order, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
    assert_eq!(stopped, Stopped::Runs);
    assert_eq!(measured.standings().answers(), [], "blocked rows are not compared");
}

#[test]
fn a_sample_knows_its_round_its_position_its_time_and_what_no_part_accounts_for() {
    let clock = MockClock::new();
    let mut measured = rounds(plan(Order::Blocked, exactly(2), 1), 2);
    run_all(&mut measured, &mut Scripted::new(&clock), &mut (), &|| false).unwrap();
    let seen: Vec<_> = measured.samples()[1]
        .iter()
        .map(|sample| {
            let end = sample.end.map(|end| end.as_millis());
            (sample.round, sample.position, sample.total.as_millis(), end)
        })
        .collect();
    assert_eq!(seen, [(0, 2, 20, Some(17)), (1, 3, 20, Some(17))]);
}

#[test]
fn rows_that_join_later_go_on_with_the_rounds_and_the_positions() {
    let clock = MockClock::new();
    let mut runner = Scripted::new(&clock);
    let mut measured = rounds(plan(Order::Random, exactly(2), 1), 2);
    run_all(&mut measured, &mut runner, &mut (), &|| false).unwrap();
    runner.order.clear();
    measured.enter(Entrant { work: 1, reference: Some(0), family: None, chunksize: 0 });
    let mut around =
        Surroundings { runner: &mut runner, clock: &clock, observer: &mut (), stop: &|| false };
    measured.run(&[0, 2], 1.0, &mut around).unwrap();
    // Only the row that is new is warmed up.
    assert_eq!(runner.order[0], 2);
    assert_eq!(runner.order.len(), 5);
    let rounds = |row: usize| -> Vec<usize> {
        measured.samples()[row].iter().map(|sample| sample.round).collect()
    };
    assert_eq!([0, 1, 2].map(rounds), [vec![0, 1, 2, 3], vec![0, 1], vec![2, 3]]);
    let mut positions: Vec<usize> =
        measured.samples().iter().flatten().map(|sample| sample.position).collect();
    positions.sort_unstable();
    assert_eq!(positions, (0..8).collect::<Vec<_>>());
}

#[test]
fn a_request_to_stop_at_any_point_keeps_what_was_measured() {
    for order in [Order::Random, Order::Blocked] {
        // Two warm-ups, then six counted runs.
        for stop_after in 0..8_usize {
            let clock = MockClock::new();
            let mut runner = Scripted::new(&clock);
            let questions = Cell::new(0);
            let stop = || {
                questions.set(questions.get() + 1);
                questions.get() > stop_after
            };
            let mut measured = rounds(plan(order, exactly(3), 1), 2);
            let stopped = run_all(&mut measured, &mut runner, &mut (), &stop).unwrap();
            assert_eq!(stopped, Stopped::Interrupted, "{order:?} {stop_after}");
            assert_eq!(runner.order.len(), stop_after);
            let samples: usize = measured.samples().iter().map(Vec::len).sum();
            let warmups = match order {
                Order::Random => stop_after.min(2),
                Order::Blocked => stop_after.min(1) + usize::from(stop_after > 4),
            };
            assert_eq!(samples, stop_after - warmups, "{order:?} {stop_after}");
        }
    }
}

#[test]
fn a_run_that_fails_ends_the_measurement_unless_a_stop_was_asked_for() {
    for stopping in [false, true] {
        let clock = MockClock::new();
        let mut runner = Scripted { fails_at: 2, ..Scripted::new(&clock) };
        let questions = Cell::new(0);
        let stop = || {
            questions.set(questions.get() + 1);
            stopping && questions.get() > 3
        };
        let mut measured = rounds(plan(Order::Blocked, exactly(2), 0), 2);
        let ended = run_all(&mut measured, &mut runner, &mut (), &stop);
        assert_eq!(measured.samples().iter().map(Vec::len).sum::<usize>(), 2);
        match ended {
            Err(failed) => {
                assert_eq!((failed.row, failed.source, stopping), (1, "out of paper", false));
                assert_eq!(failed.to_string(), "a run of row 1 failed");
            }
            Ok(stopped) => assert!(stopping && stopped == Stopped::Interrupted),
        }
    }
}

#[test]
fn rounds_go_on_until_it_is_enough() {
    let decided = |seconds| Until::Decided { max_time: Duration::from_secs(seconds) };
    let precision = |half_width, seconds| Until::Precision {
        half_width,
        max_time: Duration::from_secs(seconds),
    };
    // (until; milliseconds of all rows alike, jitter; why it stopped, rounds made). Two rows need
    // eight rounds for a verdict.
    let cases = [
        (decided(60), None, 0, Stopped::Decided, 8),
        (decided(60), Some(10), 0, Stopped::Decided, 8),
        (decided(60), Some(10), 10, Stopped::MaxRounds, MOST_ROUNDS),
        (decided(1), Some(10), 10, Stopped::MaxTime, 34),
        // The time is up before a verdict is possible.
        (decided(1), Some(500), 500, Stopped::MaxTime, 8),
        (precision(0.02, 60), None, 0, Stopped::Precision, 8),
        (precision(0.02, 1), Some(10), 10, Stopped::MaxTime, 34),
        (exactly(3), Some(10), 10, Stopped::Runs, 3),
        (exactly(300), Some(10), 10, Stopped::Runs, 300),
    ];
    for (until, alike, jitter, expected, made) in cases {
        let clock = MockClock::new();
        let mut runner = Scripted { jitter, alike, ..Scripted::new(&clock) };
        let mut measured = rounds(plan(Order::Random, until, 0), 2);
        let stopped = run_all(&mut measured, &mut runner, &mut (), &|| false).unwrap();
        assert_eq!((stopped, measured.samples()[0].len()), (expected, made), "{until:?} {alike:?}");
    }
}

/// Writes down what it is told.
#[derive(Default)]
struct Log(Vec<String>);

impl Observer for Log {
    fn ran(&mut self, _row: usize, counted: bool) {
        self.0.push(if counted { "run" } else { "warm-up" }.to_owned());
    }

    fn round_ended(&mut self, rounds: usize, samples: &[Vec<Sample>], standings: &mut Standings) {
        let count = samples.iter().map(Vec::len).sum::<usize>();
        self.0.push(format!("round {rounds}: {count} samples of {} rows", standings.rows()));
    }
}

#[test]
fn an_observer_is_told_of_every_run_and_round() {
    let random = "warm-up, warm-up, run, run, round 1: 2 samples of 2 rows, \
                  run, run, round 2: 4 samples of 2 rows";
    let blocked = "warm-up, run, run, round 1: 2 samples of 2 rows, \
                   warm-up, run, run, round 2: 4 samples of 2 rows";
    for (order, expected) in [(Order::Random, random), (Order::Blocked, blocked)] {
        let clock = MockClock::new();
        let mut log = Log::default();
        let mut measured = rounds(plan(order, exactly(2), 1), 2);
        run_all(&mut measured, &mut Scripted::new(&clock), &mut log, &|| false).unwrap();
        assert_eq!(log.0.join(", "), expected);
    }
}

#[test]
fn looks_become_rarer_as_rounds_become_many() {
    let looks = |rounds: std::ops::Range<usize>| rounds.filter(|&n| is_worth_a_look(n)).count();
    assert_eq!(looks(1..40), 39);
    assert!((8..=20).contains(&looks(1000..2000)), "{}", looks(1000..2000));
    // So all looks together cost no more than a few times the last one.
    assert!(looks(1..100_000) < 300, "{}", looks(1..100_000));
}

proptest! {
    #[test]
    fn every_row_runs_once_in_every_round(
        rows in 0..8_usize, runs in 1..8_usize, warmups in 0..3_usize, blocked: bool, seed: u64,
    ) {
        let order = if blocked { Order::Blocked } else { Order::Random };
        let clock = MockClock::new();
        let mut runner = Scripted::new(&clock);
        let plan = Plan { seed, ..plan(order, exactly(runs), warmups) };
        let mut measured = rounds(plan, rows);
        run_all(&mut measured, &mut runner, &mut (), &|| false).unwrap();
        prop_assert_eq!(runner.order.len(), rows * (runs + warmups));
        let mut positions = Vec::new();
        for samples in measured.samples() {
            let rounds: Vec<_> = samples.iter().map(|sample| sample.round).collect();
            prop_assert_eq!(rounds, (0..runs).collect::<Vec<_>>());
            positions.extend(samples.iter().map(|sample| sample.position));
        }
        positions.sort_unstable();
        prop_assert_eq!(positions, (0..rows * runs).collect::<Vec<_>>());
    }
}

/// The same, but a row fails once it has run as often as it may, and ends alone.
struct Frail<'a> {
    scripted: Scripted<'a>,
    /// How often each row runs before it fails.
    lives: Vec<usize>,
    ended: Vec<usize>,
}

impl Runner for Frail<'_> {
    type Error = &'static str;

    fn run(&mut self, row: usize) -> Result<RunRecord, Self::Error> {
        if self.scripted.order.iter().filter(|&&ran| ran == row).count() == self.lives[row] {
            return Err("worn out");
        }
        self.scripted.run(row)
    }

    fn end_row(&mut self, row: usize, _: Self::Error) -> Result<(), Self::Error> {
        self.ended.push(row);
        Ok(())
    }
}

#[test]
fn a_row_that_ends_leaves_the_others_to_go_on() {
    const MANY: usize = usize::MAX;
    let first = Standings::new(3, 0.02).first_round();
    let blocked = (Order::Blocked, exactly(5), 0);
    let random = (Order::Random, exactly(5), 0);
    let decided = Until::Decided { max_time: Duration::from_hours(1) };
    for ((order, until, warmups), lives, counts, stopped, ended) in [
        (random, [MANY, 3, MANY], [5, 3, 5], Stopped::Runs, vec![1]),
        (blocked, [MANY, 3, MANY], [5, 3, 5], Stopped::Runs, vec![1]),
        ((Order::Random, exactly(5), 2), [MANY, 1, MANY], [5, 0, 5], Stopped::Runs, vec![1]),
        (random, [0, 0, MANY], [0, 0, 5], Stopped::Runs, vec![0, 1]),
        (random, [2, 2, 2], [2, 2, 2], Stopped::Failed, vec![0, 1, 2]),
        (blocked, [2, 0, 1], [2, 0, 1], Stopped::Failed, vec![0, 1, 2]),
        // The quickest row ends: the others are decided without it.
        (
            (Order::Random, decided, 0),
            [5, MANY, MANY],
            [5, first, first],
            Stopped::Decided,
            vec![0],
        ),
    ] {
        let clock = MockClock::default();
        let mut runner =
            Frail { scripted: Scripted::new(&clock), lives: lives.to_vec(), ended: Vec::new() };
        let mut rounds = Rounds::new(plan(order, until, warmups), Standings::new(3, 0.02));
        for _ in 0..3 {
            let work = 1;
            rounds.enter(Entrant { work, reference: None, family: None, chunksize: 0 });
        }
        let around = &mut Surroundings {
            runner: &mut runner,
            clock: &clock,
            observer: &mut (),
            stop: &|| false,
        };
        let found = rounds.run(&[0, 1, 2], 1.0, around).unwrap();
        let made: Vec<usize> = rounds.samples().iter().map(Vec::len).collect();
        runner.ended.sort_unstable();
        assert_eq!((found, made, runner.ended), (stopped, counts.to_vec(), ended.clone()));
        let answers = rounds.standings().answers();
        let recommended = answers.first().map(|answer| answer.recommended);
        let left = (0..3).find(|row| !ended.contains(row) && order == Order::Random);
        assert_eq!(recommended, left, "{lives:?}");
    }
}
