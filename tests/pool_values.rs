//! The pool's typed layer: `map`, `submit` and futures, with spawned workers.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking; clippy only knows #[test]")]

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use libtest_mimic::{Arguments, Trial};
use proptest::prelude::*;
use wordhash::pool::{
    JobError, Pool, PoolBuilder, PoolError, TaskFailure, TaskHandle, Transport, as_completed,
};

fn square(number: u64) -> anyhow::Result<u64> {
    number.checked_mul(number).context("too large to square")
}

/// Several arguments, of several types.
fn repeat((text, times, end): (String, usize, Option<char>)) -> String {
    let mut repeated = text.repeat(times);
    repeated.extend(end);
    repeated
}

/// Errors and panics on request.
#[expect(clippy::exit, reason = "this is how a worker dies")]
fn be_picky(number: i32) -> Result<(i32, u32), JobError> {
    match number % 10 {
        3 => Err(format!("{number} is not liked").into()),
        7 => panic!("{number} is feared"),
        9 => std::process::exit(9),
        _ => Ok((number, std::process::id())),
    }
}

/// Waits until a file is there.
#[expect(clippy::needless_pass_by_value, reason = "items are values")]
fn wait_for(path: PathBuf) -> anyhow::Result<()> {
    while !std::fs::exists(&path)? {
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// A table that each worker makes once.
struct Table {
    squares: Vec<u64>,
    looked_up: u64,
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of a context")]
fn make_table(len: u64) -> Result<Table, JobError> {
    Ok(Table { squares: (0..len).map(|number| number * number).collect(), looked_up: 0 })
}

fn look_up(table: &mut Table, number: usize) -> anyhow::Result<(u64, u64)> {
    table.looked_up += 1;
    let square = *table.squares.get(number).context("not in the table")?;
    Ok((square, table.looked_up))
}

fn builder(workers: usize) -> PoolBuilder<()> {
    Pool::builder().workers(workers)
}

fn pool(workers: usize) -> Pool {
    builder(workers).build().unwrap()
}

fn map_yields_in_order_whatever_the_chunk_size() {
    for transport in Transport::ALL {
        let pool = builder(3).transport(transport).build().unwrap();
        for chunksize in [0, 1, 2, 7, 100, 5000] {
            let squares: Vec<u64> =
                pool.map(square, 0..1000).chunksize(chunksize).map(Result::unwrap).collect();
            assert!(squares.iter().copied().eq((0..1000).map(|number| number * number)));
        }
        let reports = pool.shutdown();
        let items: u64 = reports.iter().filter_map(|report| report.items).sum();
        assert_eq!(items, 6000);
        assert!(reports.iter().map(|report| report.tasks).sum::<u64>() < items);
    }
}

fn map_unordered_yields_each_result_once() {
    let pool = pool(3);
    let mut squares: Vec<u64> =
        pool.map_unordered(square, 0..3000).chunksize(2).map(Result::unwrap).collect();
    squares.sort_unstable();
    assert!(squares.into_iter().eq((0..3000).map(|number| number * number)));
}

fn an_endless_iterator_is_taken_as_it_is_needed() {
    let pool = builder(2).max_tasks_out(50).build().unwrap();
    let taken = Cell::new(0_u64);
    let endless = (0..).inspect(|_| taken.set(taken.get() + 1));
    let mut yielded = 0;
    for square in pool.map(square, endless).chunksize(3).take(10_000) {
        assert_eq!(square.unwrap(), yielded * yielded);
        yielded += 1;
        assert!(taken.get() <= yielded + (50 + 1) * 3, "{} taken at {yielded}", taken.get());
    }
    assert_eq!(yielded, 10_000);
}

fn several_arguments_are_a_tuple() {
    let pool = pool(2);
    let items =
        [("ab".to_owned(), 2, Some('!')), (String::new(), 9, None), ("ü".to_owned(), 3, None)];
    let repeated: Vec<_> = pool.map(repeat, items).map(Result::unwrap).collect();
    assert_eq!(repeated, ["abab!", "", "üüü"]);
}

fn a_failing_item_spoils_no_other_and_no_worker() {
    for chunksize in [1, 4, 40] {
        let pool = pool(2);
        let before: BTreeSet<_> = pool.pids().into_iter().collect();
        let items = (0..40).filter(|number| number % 10 != 9);
        let results: Vec<_> = pool.map(be_picky, items.clone()).chunksize(chunksize).collect();
        for ((index, number), result) in (0..).zip(items).zip(&results) {
            match (number % 10, result) {
                (3, Err(PoolError::Task(error))) => {
                    assert_eq!(error.cause, TaskFailure::Failed(format!("{number} is not liked")));
                    assert_eq!(error.task, index);
                    assert!(before.contains(&error.pid));
                }
                (7, Err(PoolError::Task(error))) => {
                    let TaskFailure::Panicked(message) = &error.cause else { panic!("{error}") };
                    assert!(message.starts_with(&format!("{number} is feared (tests/")));
                    assert_eq!(error.task, index);
                }
                (_, Ok((same, pid))) => {
                    assert_eq!(*same, number);
                    assert!(before.contains(pid), "all by the first two workers");
                }
                (_, result) => panic!("{number}: {result:?}"),
            }
        }
        assert_eq!(results.len(), 36);
    }
}

fn an_item_that_kills_its_workers_spoils_no_other() {
    let pool = builder(2).retries(1).build().unwrap();
    let items = (0..40).filter(|number| number % 10 != 3 && number % 10 != 7);
    let results: Vec<_> = pool.map(be_picky, items.clone()).collect();
    for (number, result) in items.zip(&results) {
        match result {
            Ok((same, _)) => assert_eq!((*same, number % 10 != 9), (number, true)),
            Err(PoolError::Task(error)) => {
                assert_eq!(number % 10, 9);
                assert!(error.to_string().ends_with("exit status 9; 2 workers died of this task"));
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(results.len(), 32);
    assert!(pool.map(be_picky, 0..3).all(|result| result.is_ok()), "it works on");
}

fn futures_give_their_own_results_in_any_order_and_again() {
    let pool = pool(2);
    let futures: Vec<TaskHandle<u64>> =
        (0..100).map(|number| pool.submit(square, number).unwrap()).collect();
    for (number, future) in (0..100).rev().zip(futures.iter().rev()) {
        assert_eq!(future.index(), number);
        assert_eq!(future.result(None).unwrap(), number * number);
        assert_eq!(future.result(Some(Duration::ZERO)).unwrap(), number * number);
        assert!(future.is_done());
    }
    let failed = pool.submit(square, u64::MAX).unwrap();
    for _ in 0..2 {
        let PoolError::Task(error) = failed.result(None).unwrap_err() else { panic!() };
        assert_eq!(
            error.to_string(),
            format!("task 100 failed in the worker with pid {}: too large to square", error.pid)
        );
    }
}

fn a_result_is_waited_for_no_longer_than_asked_and_can_be_asked_again() {
    let directory = tempfile::tempdir().unwrap();
    let gate = directory.path().join("gate");
    let pool = pool(1);
    let blocked = pool.submit(wait_for, gate.clone()).unwrap();
    let waiting: Vec<_> = (0..3).map(|number| pool.submit(square, number).unwrap()).collect();
    assert!(!blocked.is_done());
    let error = blocked.result(Some(Duration::from_millis(1))).unwrap_err();
    assert!(matches!(error, PoolError::TimedOut { task: 0, .. }), "{error}");
    assert!(!blocked.cancel(), "a worker has it");
    assert!(waiting[1].cancel());
    assert!(waiting[1].is_done());
    std::fs::write(&gate, "").unwrap();
    blocked.result(None).unwrap();
    assert_eq!(waiting[2].result(None).unwrap(), 4);
    assert_eq!(waiting[0].result(None).unwrap(), 0);
    assert!(matches!(waiting[1].result(None), Err(PoolError::Cancelled { task: 2 })));
    assert!(!waiting[0].cancel(), "it is done");
}

fn as_completed_yields_what_ends_first() {
    let directory = tempfile::tempdir().unwrap();
    let gate = directory.path().join("gate");
    let pool = pool(2);
    let slow = pool.submit(wait_for, gate.clone()).unwrap();
    let mut futures = vec![slow];
    let open = directory.path().join(".");
    futures.extend((0..5).map(|_| pool.submit(wait_for, open.clone()).unwrap()));
    let mut order = Vec::new();
    for future in as_completed(futures) {
        future.result(None).unwrap();
        order.push(future.index());
        if order.len() == 5 {
            std::fs::write(&gate, "").unwrap();
        }
    }
    assert_eq!(order, [1, 2, 3, 4, 5, 0]);
    assert_eq!(as_completed(Vec::<TaskHandle<()>>::new()).count(), 0);
}

fn a_context_is_made_once_a_worker() {
    let pool = builder(2).context_with(100, make_table).build().unwrap();
    let mut most = 0;
    for (number, result) in (0_u64..).zip(pool.map_with(look_up, 0..101)) {
        if number == 100 {
            assert!(result.unwrap_err().to_string().ends_with("not in the table"));
        } else {
            let (square, looked_up) = result.unwrap();
            assert_eq!(square, number * number);
            most = most.max(looked_up);
        }
    }
    assert!(most >= 50, "one of two workers did half of it with the same context");
}

fn every_way_to_end_a_pool_ends_its_tasks() {
    let directory = tempfile::tempdir().unwrap();
    let never = directory.path().join("never");
    let closed = |future: &TaskHandle<()>| matches!(future.result(None), Err(PoolError::Closed(_)));

    let pool_one = pool(1);
    let futures: Vec<_> = (0..50).map(|number| pool_one.submit(square, number).unwrap()).collect();
    let reports = pool_one.shutdown();
    assert_eq!(reports.iter().map(|report| report.tasks).sum::<u64>(), 50);
    assert_eq!(futures[49].result(None).unwrap(), 49 * 49);

    let gate = directory.path().join(".");
    let cancelling = pool(1);
    let sent = cancelling.submit(wait_for, gate.clone()).unwrap();
    let unsent = cancelling.submit(wait_for, gate.clone()).unwrap();
    assert_eq!(cancelling.shutdown_cancel().len(), 1);
    sent.result(None).unwrap();
    // It may have been sent when the first was done before the second was submitted.
    assert!(matches!(unsent.result(None), Ok(()) | Err(PoolError::Cancelled { task: 1 })));

    for end in [<Pool>::terminate, <Pool>::kill] {
        let pool = pool(2);
        let futures: Vec<_> =
            (0..4).map(|_| pool.submit(wait_for, never.clone()).unwrap()).collect();
        let reports = end(pool);
        assert!(reports.iter().all(|report| report.death.is_some()) && reports.len() == 2);
        assert!(futures.iter().all(closed));
    }
    let dropped = pool(2);
    let future = dropped.submit(wait_for, never.clone()).unwrap();
    drop(dropped);
    assert!(closed(&future));
}

fn maps_and_futures_share_a_pool() {
    let pool = pool(2);
    let future = pool.submit(square, 12).unwrap();
    let mut first = pool.map(square, 0..100);
    let mut second = pool.map_unordered(square, 0..100).chunksize(10);
    let mut sum = 0;
    while let (Some(one), Some(other)) = (first.next(), second.next()) {
        sum += one.unwrap() + other.unwrap();
    }
    assert_eq!(sum, 2 * (0..100).map(|number| number * number).sum::<u64>());
    assert_eq!(future.result(None).unwrap(), 144);
    // Items that are themselves results of the same pool.
    let nested = pool.map(square, pool.map(square, 0..20).map(Result::unwrap));
    assert!(nested.map(Result::unwrap).eq((0..20_u64).map(|number| number.pow(4))));
}

fn any_items_and_chunk_sizes_map_like_the_function_itself() {
    let pool = pool(2);
    let mut runner = proptest::test_runner::TestRunner::new_with_rng(
        ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() },
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    let strategy = (
        prop::collection::vec((".{0,40}", 0_usize..20, any::<Option<char>>()), 0..60),
        0_usize..70,
    );
    runner
        .run(&strategy, |(items, chunksize)| {
            let results: Vec<_> =
                pool.map(repeat, items.clone()).chunksize(chunksize).map(Result::unwrap).collect();
            let expected = items.into_iter().map(repeat);
            prop_assert!(expected.eq(results));
            Ok(())
        })
        .unwrap();
}

fn main() -> ExitCode {
    wordhash::pool::init();
    // A pool that hangs must not hang the tests: SIGALRM ends them.
    // SAFETY: sets a timer and touches no memory.
    unsafe { libc::alarm(120) };
    macro_rules! trials {
        ($($test:ident),* $(,)?) => {
            vec![$(Trial::test(stringify!($test), || { $test(); Ok(()) })),*]
        };
    }
    let trials = trials![
        map_yields_in_order_whatever_the_chunk_size,
        map_unordered_yields_each_result_once,
        an_endless_iterator_is_taken_as_it_is_needed,
        several_arguments_are_a_tuple,
        a_failing_item_spoils_no_other_and_no_worker,
        an_item_that_kills_its_workers_spoils_no_other,
        futures_give_their_own_results_in_any_order_and_again,
        a_result_is_waited_for_no_longer_than_asked_and_can_be_asked_again,
        as_completed_yields_what_ends_first,
        a_context_is_made_once_a_worker,
        every_way_to_end_a_pool_ends_its_tasks,
        maps_and_futures_share_a_pool,
        any_items_and_chunk_sizes_map_like_the_function_itself,
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
