//! What the pool's interface promises beyond results: errors, callbacks, waiting, cancelling,
//! limits, event loops and threads. `tests/pool_python.md` says which case of Python's
//! `concurrent.futures` and of loky each of these stands for.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking; clippy only knows #[test]")]
#![expect(clippy::needless_pass_by_value, reason = "items are values")]

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::mpsc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use libtest_mimic::{Arguments, Trial};
use rustix::event::{PollFd, PollFlags, poll};
use serde::{Deserialize, Serialize, Serializer};
use wordhash::pool::{
    Death, JobError, Pool, PoolBuilder, PoolError, TaskFailure, TaskHandle, Transport, Until,
    as_completed, wait,
};

fn builder(workers: usize) -> PoolBuilder<()> {
    Pool::builder().workers(workers)
}

fn pool(workers: usize) -> Pool {
    builder(workers).build().unwrap()
}

fn square(number: u64) -> u64 {
    number * number
}

fn parse(text: String) -> anyhow::Result<i32> {
    Ok(text.parse()?)
}

/// Waits until a file is there.
fn wait_for(path: PathBuf) -> Result<(), JobError> {
    while !std::fs::exists(&path)? {
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// A file that opens a gate, and the directory that it is in.
fn gate() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("gate");
    (directory, path)
}

fn open(gate: &Path) {
    std::fs::write(gate, "").unwrap();
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum LookupError {
    Missing { key: String },
}

fn errors_that_serde_knows_travel_as_themselves() {
    let look_up = |key: String| match key.as_str() {
        "one" => Ok(1),
        _ => Err(LookupError::Missing { key }),
    };
    let pool = pool(1);
    let keys = ["one", "two"].map(str::to_owned);
    let found: Vec<Result<i32, LookupError>> =
        pool.map(look_up, keys).map(Result::unwrap).collect();
    assert_eq!(found, [Ok(1), Err(LookupError::Missing { key: "two".to_owned() })]);
}

fn other_errors_travel_as_text_with_their_causes() {
    fn read(path: PathBuf) -> anyhow::Result<String> {
        anyhow::Context::context(std::fs::read_to_string(path), "reading the names")
    }
    fn boxed(text: String) -> Result<u8, Box<dyn std::error::Error>> {
        Ok(text.parse()?)
    }
    let pool = pool(1);
    let cause = |error: PoolError| match error {
        PoolError::Task(error) => error.cause,
        error => panic!("{error}"),
    };
    let error = pool.submit(read, "/nowhere/at all".into()).unwrap().result(None).unwrap_err();
    let text = "reading the names: No such file or directory (os error 2)".to_owned();
    assert_eq!(cause(error), TaskFailure::Failed(text));
    let error = pool.submit(boxed, "300".to_owned()).unwrap().result(None).unwrap_err();
    let text = "number too large to fit in target type".to_owned();
    assert_eq!(cause(error), TaskFailure::Failed(text));
}

/// A value that cannot be encoded.
#[derive(Deserialize)]
struct Unfit(bool);

impl Serialize for Unfit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 {
            return Err(serde::ser::Error::custom("unfit"));
        }
        self.0.serialize(serializer)
    }
}

fn an_item_that_cannot_be_encoded_ends_a_map_behind_all_before_it() {
    for chunksize in [1, 3, 100] {
        let pool = pool(2);
        let items = (0..10).map(|number| Unfit(number == 7));
        let results: Vec<_> = pool.map(|_: Unfit| (), items).chunksize(chunksize).collect();
        assert_eq!(results.len(), 8, "chunks of {chunksize}");
        assert!(results[..7].iter().all(Result::is_ok));
        assert!(matches!(results[7], Err(PoolError::Encode { .. })));
        assert!(pool.submit(|_: Unfit| (), Unfit(true)).is_err());
        assert_eq!(pool.submit(square, 3).unwrap().result(None).unwrap(), 9, "the pool works on");
    }
}

fn a_result_that_cannot_be_encoded_is_the_items_error() {
    let pool = pool(1);
    let results: Vec<_> = pool.map(Unfit, [true, false]).collect();
    let Err(PoolError::Task(error)) = &results[0] else { panic!("no error") };
    assert!(error.cause.to_string().starts_with("its result cannot be encoded"), "{error}");
    assert!(results[1].is_ok());
}

/// Appends a byte to a file.
fn count_call((path, _ballast): (PathBuf, Vec<u8>)) -> anyhow::Result<()> {
    use std::io::Write as _;
    Ok(std::fs::File::options().append(true).create(true).open(path)?.write_all(b"x")?)
}

fn dropping_a_map_cancels_what_no_worker_has() {
    for ordered in [true, false] {
        let (_directory, calls) = gate();
        let pool = pool(2);
        let items = std::iter::repeat_n((calls.clone(), vec![0; 100_000]), 1000);
        let mut map = if ordered {
            pool.map(count_call, items)
        } else {
            pool.map_unordered(count_call, items)
        };
        map.next().unwrap().unwrap();
        drop(map);
        let _ = pool.shutdown();
        let calls = std::fs::metadata(calls).unwrap().len();
        // Two batches of a quarter of a MiB for each worker, and what was done before.
        assert!(calls <= 60, "{calls} calls, ordered: {ordered}");
    }
}

fn a_map_gives_up_after_its_timeout_and_not_before() {
    let (_directory, gate) = gate();
    let pool = pool(2);
    let items = [gate.with_file_name("."), gate.clone(), gate.with_file_name(".")];
    let results: Vec<_> = pool.map(wait_for, items).timeout(Duration::from_millis(50)).collect();
    assert!(results[0].is_ok());
    assert!(matches!(results[1], Err(PoolError::TimedOut { task: 1, .. })), "{results:?}");
    assert_eq!(results.len(), 2, "it is the last thing");
    open(&gate);
    let hour = Duration::from_hours(1);
    assert_eq!(pool.map(square, 0..100).timeout(hour).flatten().count(), 100);
}

fn callbacks_come_in_order_and_may_use_the_pool() {
    let pool = Rc::new(pool(1));
    let seen = Rc::new(RefCell::new(Vec::new()));
    let task = pool.submit(square, 5).unwrap();
    for number in 0..2 {
        let (seen, again) = (Rc::clone(&seen), Rc::clone(&pool));
        task.on_done(move |result| {
            let nested = again.submit(square, number).unwrap().result(None).unwrap();
            seen.borrow_mut().push((number, result.unwrap(), nested));
        });
    }
    task.result(None).unwrap();
    assert_eq!(*seen.borrow(), [(0, 25, 0), (1, 25, 1)]);
    let late = Rc::new(Cell::new(None));
    let into = Rc::clone(&late);
    task.on_done(move |result| into.set(result.ok()));
    assert_eq!(late.get(), Some(25), "called at once");
}

fn callbacks_hear_of_errors_cancelling_and_the_pools_end() {
    let (_directory, gate) = gate();
    let heard = Rc::new(RefCell::new(Vec::new()));
    let hear = |heard: &Rc<RefCell<Vec<String>>>| {
        let heard = Rc::clone(heard);
        move |error: PoolError| heard.borrow_mut().push(error.to_string())
    };
    let pool = pool(1);
    let failing = pool.submit(parse, "x".to_owned()).unwrap();
    let tell = hear(&heard);
    failing.on_done(move |result| tell(result.unwrap_err()));
    assert!(failing.result(None).is_err());
    let stuck = pool.submit(wait_for, gate.clone()).unwrap();
    let waiting = pool.submit(wait_for, gate.clone()).unwrap();
    for task in [&stuck, &waiting] {
        let tell = hear(&heard);
        task.on_done(move |result| tell(result.unwrap_err()));
    }
    assert!(stuck.is_running() && !waiting.is_running());
    assert!(waiting.cancel());
    drop(pool);
    let heard = heard.borrow();
    assert!(heard[0].ends_with("invalid digit found in string"), "{heard:?}");
    assert_eq!(heard[1..], ["task 2 was cancelled", "the worker pool is closed: it was dropped"]);
}

fn waiting_ends_at_the_first_the_first_error_or_all() {
    let (_directory, gate) = gate();
    let pool = pool(2);
    let there = gate.with_file_name(".");
    let submit = |path: &Path| pool.submit(wait_for, path.to_owned()).unwrap();
    let indices =
        |tasks: &[TaskHandle<()>]| tasks.iter().map(TaskHandle::index).collect::<Vec<_>>();

    let (done, others) = wait([submit(&gate), submit(&there)], Until::First, None);
    assert_eq!((indices(&done), indices(&others)), (vec![1], vec![0]));
    let blocked = others.into_iter().next().unwrap();

    let failing = submit(Path::new("a\0b"));
    let (done, others) = wait([blocked, submit(&there), failing], Until::FirstError, None);
    assert!(indices(&others).contains(&0));
    assert!(done.iter().any(|task| task.result(None).is_err()));

    let soon = Some(Duration::from_millis(20));
    let quick = submit(&there);
    quick.result(None).unwrap();
    let (done, others) = wait(others.into_iter().chain([quick]), Until::All, soon);
    assert!(indices(&done).contains(&4) && indices(&others).contains(&0));
    open(&gate);
    let count = done.len() + others.len();
    let (done, others) = wait(others.into_iter().chain(done), Until::All, None);
    assert_eq!((done.len(), others.len()), (count, 0));
    let (done, others) = wait(Vec::<TaskHandle<()>>::new(), Until::All, None);
    assert!(done.is_empty() && others.is_empty());
}

fn completion_is_waited_for_in_several_pools_at_once() {
    let (_directory, gate) = gate();
    let pools = [pool(1), pool(1)];
    let blocked = pools[0].submit(wait_for, gate.clone()).unwrap();
    let quick = pools[1].submit(wait_for, gate.with_file_name(".")).unwrap();
    let mut completed = as_completed([blocked, quick]);
    // Each is number 0 of its pool; the quick one comes although the other pool is stuck.
    assert!(completed.next().is_some());
    open(&gate);
    assert_eq!(completed.filter(|task| task.result(None).is_ok()).count(), 1);
}

fn a_task_that_takes_too_long_costs_its_worker_and_no_other_task() {
    let limit = Duration::from_millis(200);
    for transport in Transport::ALL {
        let pool = builder(2).transport(transport).task_timeout(Some(limit)).build().unwrap();
        let sleep = |ms: u64| {
            std::thread::sleep(Duration::from_millis(ms));
            ms
        };
        let times = [0, 0, 60_000, 0, 1, 0, 60_000, 0];
        for (index, (ms, result)) in (0..).zip(times.iter().zip(pool.map(sleep, times))) {
            match result {
                Ok(slept) => assert_eq!(slept, *ms),
                Err(PoolError::Task(error)) => {
                    assert_eq!((*ms, error.task), (60_000, index));
                    assert_eq!(error.cause, TaskFailure::TookTooLong { limit });
                }
                Err(error) => panic!("{error}"),
            }
        }
        let reports = pool.shutdown();
        let killed = Some(Death::Signal(libc::SIGKILL));
        assert_eq!(reports.iter().filter(|report| report.death == killed).count(), 2);
    }
}

fn an_output_that_is_too_long_costs_its_worker_and_no_other_task() {
    for transport in Transport::ALL {
        let pool = builder(2).transport(transport).max_output_bytes(300_000).build().unwrap();
        let zeros = |len: usize| vec![0_u8; len];
        let lens = [10, 200_000, 5_000_000, 7];
        let results: Vec<_> = pool.map(zeros, lens).collect();
        for (len, result) in lens.iter().zip(&results) {
            match result {
                Ok(bytes) => assert_eq!(bytes.len(), *len),
                Err(PoolError::Task(error)) => {
                    assert_eq!((*len, error.task), (5_000_000, 2));
                    assert_eq!(error.cause, TaskFailure::OutputTooLong { limit: 300_000 });
                }
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(results.iter().filter(|result| result.is_err()).count(), 1);
    }
}

fn a_context_that_fails_says_why() {
    let build = |how: &str| {
        builder(2)
            .context_with(how.to_owned(), |how: String| match how.as_str() {
                "panic" => panic!("no such table"),
                _ => Err::<(), JobError>("no such file".into()),
            })
            .build()
            .unwrap_err()
    };
    for (how, message) in [("error", "no such file"), ("panic", "panic: no such table (")] {
        let PoolError::InitFailed { message: said, .. } = build(how) else { panic!("{how}") };
        assert!(said.starts_with(message), "{said}");
    }
}

/// A context that only some workers can make: the first one, which takes the file.
fn make_once(path: PathBuf) -> Result<(), JobError> {
    std::fs::File::create_new(path).map(drop).map_err(|_| "another worker has it".into())
}

fn a_context_that_fails_in_some_workers_ends_the_pool_with_the_reason() {
    let (_directory, path) = gate();
    let built = builder(3).context_with(path.clone(), make_once).build();
    let error = match built {
        Err(error) => error,
        // The first one was ready before the others failed: the next use says so.
        Ok(pool) => {
            let never = pool.submit(wait_for, path.with_file_name("never")).unwrap();
            let error = never.result(None).unwrap_err();
            assert!(matches!(pool.turn(), Err(PoolError::Closed(_))));
            error
        }
    };
    assert!(error.to_string().contains("another worker has it"), "{error}");
}

fn an_event_loop_of_the_caller_drives_a_pool() {
    let pool = pool(2);
    let sum = Rc::new(Cell::new(0));
    let left = Rc::new(Cell::new(50));
    for number in 0..50 {
        let (sum, left) = (Rc::clone(&sum), Rc::clone(&left));
        pool.submit(square, number).unwrap().on_done(move |result| {
            sum.set(sum.get() + result.unwrap());
            left.set(left.get() - 1);
        });
    }
    while left.get() > 0 {
        poll(&mut [PollFd::new(&pool, PollFlags::IN)], None).unwrap();
        pool.turn().unwrap();
    }
    assert_eq!(sum.get(), (0..50).map(|number| number * number).sum::<u64>());
}

fn an_event_loop_sees_a_time_limit_pass() {
    let (_directory, gate) = gate();
    let limit = Duration::from_millis(30);
    let pool = builder(1).task_timeout(Some(limit)).build().unwrap();
    let task = pool.submit(wait_for, gate).unwrap();
    while task.is_running() {
        poll(&mut [PollFd::new(&pool, PollFlags::IN)], None).unwrap();
        pool.turn().unwrap();
    }
    assert!(task.result(None).unwrap_err().to_string().contains("took longer than 0.03 s"));
}

fn a_background_pool_works_while_its_owner_does_not() {
    let pool = builder(2).background().unwrap();
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for number in 0..4_u64 {
            let (pool, sender) = (&pool, sender.clone());
            scope.spawn(move || {
                let tasks = (0..100).map(|item| pool.submit(square, 100 * number + item));
                let tasks: Vec<_> = tasks.collect();
                let sum: u64 = tasks.into_iter().map(|task| task.result().unwrap()).sum();
                sender.send(sum).unwrap();
            });
        }
    });
    drop(sender);
    assert_eq!(receiver.iter().sum::<u64>(), (0..400).map(|number| number * number).sum::<u64>());
    let failing = pool.submit(parse, "x".to_owned());
    assert!(failing.wait(None) && failing.is_done());
    assert!(matches!(failing.result(), Err(PoolError::Task(_))));
    assert_eq!(pool.shutdown().iter().map(|report| report.tasks).sum::<u64>(), 401);
}

/// Wakes the thread that blocks on a future.
struct Unpark(std::thread::Thread);

impl Wake for Unpark {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.unpark();
    }
}

/// The smallest executor.
fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(std::sync::Arc::new(Unpark(std::thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

fn a_background_task_is_a_future() {
    let (_directory, gate) = gate();
    let pool = builder(1).background().unwrap();
    let (first, second) = (pool.submit(square, 3), pool.submit(square, 4));
    assert_eq!(block_on(async { first.await.unwrap() + second.await.unwrap() }), 25);
    let blocked = pool.submit(wait_for, gate.clone());
    let waiting = pool.submit(wait_for, gate.clone());
    waiting.cancel();
    assert!(matches!(block_on(waiting), Err(PoolError::Cancelled { .. })));
    assert!(!blocked.wait(Some(Duration::from_millis(1))));
    drop(pool);
    assert!(matches!(block_on(blocked), Err(PoolError::Closed(_))));
}

fn a_background_pool_that_cannot_be_built_says_why() {
    let failing = builder(1).context(|| Err::<(), JobError>("no such file".into()));
    assert!(matches!(failing.background(), Err(PoolError::InitFailed { .. })));
}

fn a_worker_that_closes_its_standard_descriptors_works_on() {
    let close = |_: u32| {
        for number in 0..3 {
            // SAFETY: the standard descriptors are owned by no value of this worker.
            unsafe { libc::close(number) };
        }
    };
    let pool = pool(1);
    assert!(pool.map(close, 0..3).all(|result| result.is_ok()));
    assert_eq!(pool.submit(square, 3).unwrap().result(None).unwrap(), 9);
}

fn workers_end_before_their_parent_when_memory_runs_out() {
    let score = |(): ()| std::fs::read_to_string("/proc/self/oom_score_adj").unwrap_or_default();
    let own: i32 = score(()).trim().parse().unwrap();
    let workers: i32 =
        pool(1).submit(score, ()).unwrap().result(None).unwrap().trim().parse().unwrap();
    assert!(workers > own || own >= 500, "{workers} against {own}");
}

fn a_task_with_a_captureless_closure_and_a_context() {
    let pool = builder(2).context(|| anyhow::Ok(vec![2_u64, 3, 5])).build().unwrap();
    let pick = |table: &mut Vec<u64>, at: usize| table.get(at).copied();
    let picked: Vec<_> = pool.map_with(pick, 0..4).map(Result::unwrap).collect();
    assert_eq!(picked, [Some(2), Some(3), Some(5), None]);
    let mut unordered: Vec<_> = pool.map_unordered_with(pick, 0..3).flatten().flatten().collect();
    unordered.sort_unstable();
    assert_eq!(unordered, [2, 3, 5]);
}

fn many_workers_do_not_keep_the_first_one_waiting() {
    let pool = pool(40);
    // A few are started at once; the others between tasks.
    assert_eq!(pool.submit(square, 3).unwrap().result(None).unwrap(), 9);
    while pool.pids().len() < 40 {
        pool.turn().unwrap();
    }
    assert!(pool.map(square, 0..1000).all(|result| result.is_ok()));
    assert_eq!(pool.shutdown().len(), 40);
}

fn crash(_: Vec<u8>) {
    std::process::abort();
}

fn a_crash_over_large_items_is_the_error_of_each() {
    let pool = builder(2).retries(0).build().unwrap();
    let results: Vec<_> = pool.map(crash, vec![vec![7; 4 << 20]; 6]).collect();
    assert_eq!(results.len(), 6);
    for result in results {
        let Err(PoolError::Task(error)) = result else { panic!("{result:?}") };
        let death = Death::Signal(libc::SIGABRT);
        assert_eq!(error.cause, TaskFailure::WorkerDied { death, deaths: 1 });
    }
}

fn a_worker_that_crashes_while_the_pool_ends_does_not_hold_it_up() {
    let pool = builder(2).retries(0).build().unwrap();
    let task = pool.submit(crash, Vec::new()).unwrap();
    let others: Vec<_> = (0..20).map(|number| pool.submit(square, number).unwrap()).collect();
    let reports = pool.shutdown();
    assert_eq!(reports.iter().filter(|report| report.death.is_some()).count(), 1);
    assert!(matches!(task.result(None), Err(PoolError::Task(_))));
    assert!(others.iter().all(|task| task.result(None).is_ok()));
}

fn a_cancelled_task_does_not_hold_up_the_end() {
    let (_directory, gate) = gate();
    let pool = pool(1);
    let running = pool.submit(wait_for, gate.clone()).unwrap();
    let waiting = pool.submit(wait_for, gate.with_file_name("never")).unwrap();
    assert!(waiting.cancel());
    open(&gate);
    assert_eq!(pool.shutdown().len(), 1);
    assert!(running.result(None).is_ok());
    assert!(matches!(waiting.result(None), Err(PoolError::Cancelled { task: 1 })));
}

fn every_test_that_the_table_names_exists() {
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let table = read(&tests.join("pool_python.md"));
    let mut sources = read(&tests.join("../src/pool/protocol/codec.rs"));
    for file in ["pool_interface.rs", "pool_values.rs"] {
        sources.push_str(&read(&tests.join(file)));
    }
    for folder in ["pool_run", "pool_faults"] {
        for entry in std::fs::read_dir(tests.join(folder)).unwrap() {
            sources.push_str(&read(&entry.unwrap().path()));
        }
    }
    let rows = table.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    let named = rows.flat_map(|(_, here)| here.split('`').skip(1).step_by(2));
    // Names of tests are long; shorter ones in backticks are names of the interface.
    let named: Vec<&str> = named.filter(|name| name.matches('_').count() > 3).collect();
    assert!(named.len() > 40);
    for name in named {
        assert!(sources.contains(&format!("fn {name}(")), "there is no test `{name}`");
    }
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
        errors_that_serde_knows_travel_as_themselves,
        other_errors_travel_as_text_with_their_causes,
        an_item_that_cannot_be_encoded_ends_a_map_behind_all_before_it,
        a_result_that_cannot_be_encoded_is_the_items_error,
        dropping_a_map_cancels_what_no_worker_has,
        a_map_gives_up_after_its_timeout_and_not_before,
        callbacks_come_in_order_and_may_use_the_pool,
        callbacks_hear_of_errors_cancelling_and_the_pools_end,
        waiting_ends_at_the_first_the_first_error_or_all,
        completion_is_waited_for_in_several_pools_at_once,
        a_task_that_takes_too_long_costs_its_worker_and_no_other_task,
        an_output_that_is_too_long_costs_its_worker_and_no_other_task,
        a_context_that_fails_says_why,
        a_context_that_fails_in_some_workers_ends_the_pool_with_the_reason,
        an_event_loop_of_the_caller_drives_a_pool,
        an_event_loop_sees_a_time_limit_pass,
        a_background_pool_works_while_its_owner_does_not,
        a_background_task_is_a_future,
        a_background_pool_that_cannot_be_built_says_why,
        a_worker_that_closes_its_standard_descriptors_works_on,
        workers_end_before_their_parent_when_memory_runs_out,
        a_task_with_a_captureless_closure_and_a_context,
        many_workers_do_not_keep_the_first_one_waiting,
        a_crash_over_large_items_is_the_error_of_each,
        a_worker_that_crashes_while_the_pool_ends_does_not_hold_it_up,
        a_cancelled_task_does_not_hold_up_the_end,
        every_test_that_the_table_names_exists,
    ];
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    // Every test has ended its pools by now.
    let options = rustix::process::WaitIdOptions::EXITED | rustix::process::WaitIdOptions::NOHANG;
    let children = rustix::process::waitid(rustix::process::WaitId::All, options);
    assert_eq!(children.err(), Some(rustix::io::Errno::CHILD), "a child is left");
    conclusion.exit_code()
}
