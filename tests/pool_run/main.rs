//! The pool's raw layer: batch jobs over sources and sinks of bytes, with spawned workers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking; clippy only knows #[test]")]
use std::collections::BTreeMap;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use rustix::process::{Pid, Signal};
use wordhash::os::region::Region;
use wordhash::pool::{
    Death, Pool, PoolBuilder, PoolError, TaskFailure, TaskSink, TaskSource, Transport,
};

mod jobs;
mod long_tasks;

use jobs::{Adder, add, break_down, nothing, obey};
use long_tasks::{
    a_long_task_waits_behind_another_only_while_the_end_is_known_to_be_far,
    a_long_task_without_output_is_heard_of_while_it_is_at_work,
};

/// Tasks from an iterator of bytes.
struct Source<I>(I);

impl<I: Iterator<Item = Vec<u8>>> TaskSource for Source<I> {
    fn next_task(&mut self, input: &mut Vec<u8>) -> bool {
        self.0.next().is_some_and(|task| {
            input.extend_from_slice(&task);
            true
        })
    }
}

fn commands<'a>(
    commands: impl IntoIterator<Item = &'a str>,
) -> Source<impl Iterator<Item = Vec<u8>>> {
    let commands: Vec<_> = commands.into_iter().map(|text| text.as_bytes().to_vec()).collect();
    Source(commands.into_iter())
}

/// Puts pieces together and checks that each task is done once.
#[derive(Default)]
struct Collect {
    outputs: BTreeMap<u64, Vec<u8>>,
    done: BTreeMap<u64, Vec<u8>>,
}

impl TaskSink for Collect {
    fn piece(&mut self, task: u64, _: &[u8], offset: usize, output: &[u8]) {
        let whole = self.outputs.entry(task).or_default();
        if offset == 0 {
            whole.clear();
        }
        assert_eq!(whole.len(), offset, "pieces of task {task} come in order");
        whole.extend_from_slice(output);
    }

    fn done(&mut self, task: u64, input: &[u8]) {
        let again = self.done.insert(task, input.to_vec());
        assert!(again.is_none(), "task {task} is done once");
    }
}

impl Collect {
    fn text(&self, task: u64) -> &str {
        self.outputs.get(&task).map_or("", |output| std::str::from_utf8(output).unwrap())
    }
}

fn pool(workers: usize, transport: Transport) -> PoolBuilder<()> {
    Pool::builder().workers(workers).transport(transport)
}

fn outputs_and_inputs_belong_to_their_tasks(transport: Transport) {
    let mut pool = pool(3, transport).build().unwrap();
    // Long and short, empty and not, in an order that has no pattern.
    let texts: Vec<String> = (0..5000_usize)
        .map(|at| format!("echo {}", "x".repeat((at * 7919) % 97 * usize::from(at % 3 != 0))))
        .collect();
    let mut sink = Collect::default();
    pool.run(obey, &mut commands(texts.iter().map(String::as_str)), &mut sink).unwrap();
    assert_eq!(sink.done.len(), texts.len());
    for (task, text) in (0..).zip(&texts) {
        assert_eq!(sink.done[&task], text.as_bytes());
        assert_eq!(sink.text(task), &text["echo ".len()..]);
    }
    let reports = pool.shutdown();
    assert_eq!(reports.iter().map(|report| report.tasks).sum::<u64>(), 5000);
    assert!(reports.iter().all(|report| report.death.is_none() && report.cpu.is_some()));
    assert!(reports.iter().all(|report| report.peak_rss_bytes > Some(0)));
}

fn a_large_output_comes_in_pieces_and_complete(transport: Transport) {
    let mut pool = pool(2, transport).build().unwrap();
    let mut sink = Collect::default();
    let sizes = [3_000_000_usize, 0, 65_535, 65_536, 1, 900_000];
    let texts: Vec<_> = sizes.iter().map(|size| format!("bytes {size}")).collect();
    pool.run(obey, &mut commands(texts.iter().map(String::as_str)), &mut sink).unwrap();
    for (task, size) in (0..).zip(sizes) {
        let expected: Vec<u8> = (0..size).map(|at| u8::try_from(at % 251).unwrap()).collect();
        assert_eq!(sink.outputs.get(&task).cloned().unwrap_or_default(), expected);
    }
}

fn a_large_input_arrives_complete(transport: Transport) {
    let mut pool = pool(2, transport).build().unwrap();
    let texts: Vec<_> = [5_000_000, 10, 400_000, 300_000]
        .iter()
        .map(|&len| format!("echo {}", "y".repeat(len)))
        .collect();
    let mut sink = Collect::default();
    pool.run(obey, &mut commands(texts.iter().map(String::as_str)), &mut sink).unwrap();
    for (task, text) in (0..).zip(&texts) {
        assert!(sink.text(task) == &text["echo ".len()..], "task {task}");
    }
}

fn a_million_empty_outputs_are_all_done(transport: Transport) {
    struct Count(u64);
    impl TaskSink for Count {
        fn piece(&mut self, task: u64, _: &[u8], _: usize, _: &[u8]) {
            panic!("task {task} has no output");
        }
        fn done(&mut self, task: u64, input: &[u8]) {
            assert_eq!(input, task.to_le_bytes());
            self.0 += 1;
        }
    }
    let mut pool = pool(2, transport).build().unwrap();
    let mut source = Source((0..1_000_000_u64).map(|task| task.to_le_bytes().to_vec()));
    let mut count = Count(0);
    pool.run(nothing, &mut source, &mut count).unwrap();
    assert_eq!(count.0, 1_000_000);
}

fn a_worker_that_dies_once_costs_only_time(transport: Transport) {
    let directory = tempfile::tempdir().unwrap();
    let mut pool = pool(2, transport).build().unwrap();
    let mut texts = vec!["echo x".to_owned(); 4000];
    for at in [0, 1, 1999, 3999] {
        texts[at] = format!("die-once {}", directory.path().join(at.to_string()).display());
    }
    let mut sink = Collect::default();
    pool.run(obey, &mut commands(texts.iter().map(String::as_str)), &mut sink).unwrap();
    for (task, text) in (0..).zip(&texts) {
        assert_eq!(sink.text(task), if text == "echo x" { "x" } else { "alive" });
    }
    let reports = pool.shutdown();
    assert_eq!(reports.iter().filter(|report| report.death.is_some()).count(), 4);
    assert_eq!(reports.len(), 6, "two at a time, four replaced");
}

fn a_worker_that_spoils_its_shared_memory_costs_only_itself() {
    let mut pool = pool(1, Transport::Shared).build().unwrap();
    let long = format!("echo {}", "x".repeat(3000));
    let mut texts = vec![long.as_str(); 200];
    texts[0] = "scribble";
    let mut sink = Collect::default();
    pool.run(obey, &mut commands(texts), &mut sink).unwrap();
    assert_eq!(sink.done.len(), 200);
    assert!((1..200).all(|task| sink.text(task).len() == 3000));
    let dead: Vec<_> = pool.shutdown().into_iter().filter_map(|report| report.death).collect();
    let spoilt = "a frame that points outside the shared memory it was given".to_owned();
    assert_eq!(dead, [Death::Garbage(spoilt)]);
}

fn killed_workers_are_replaced_between_runs_and_during_them() {
    let mut pool = pool(2, Transport::Pipe).build().unwrap();
    for pid in pool.pids() {
        let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
        rustix::process::kill_process(pid, Signal::KILL).unwrap();
    }
    let mut sink = Collect::default();
    pool.run(obey, &mut commands(["echo a", "echo b", "echo c"]), &mut sink).unwrap();
    assert_eq!((0..3).map(|task| sink.text(task)).collect::<String>(), "abc");
    assert_eq!(pool.pids().len(), 2);
}

fn a_task_that_kills_its_workers_is_named() {
    for (retries, workers_lost) in [(0, 1), (1, 2), (3, 4)] {
        let mut pool = pool(2, Transport::Pipe).retries(retries).build().unwrap();
        let mut source = commands(["echo a", "die 3", "echo b"]);
        let error = pool.run(obey, &mut source, &mut Collect::default()).unwrap_err();
        let PoolError::Task(error) = error else { panic!("{error}") };
        assert_eq!(error.task, 1);
        let TaskFailure::WorkerDied { deaths, .. } = error.cause else { panic!("{error}") };
        assert_eq!(deaths, workers_lost);
        let expected = format!(
            "task 1 failed in the worker with pid {}: the worker ended by itself with exit \
                                status 3; {workers_lost} workers died of this task",
            error.pid
        );
        assert_eq!(error.to_string(), expected);
        assert!(matches!(
            pool.run(obey, &mut commands(["echo a"]), &mut Collect::default()),
            Err(PoolError::Closed(_))
        ));
    }
}

fn an_error_and_a_panic_name_their_task() {
    for (command, message) in [
        ("fail no luck", "no luck"),
        ("panic at the disco", "panic: at the disco (tests/pool_run/jobs.rs:"),
        ("return early", "the job returned without finishing it"),
        ("fly", "cannot fly"),
    ] {
        let mut pool = pool(2, Transport::Shared).build().unwrap();
        let texts = (0..100).map(|at| if at == 60 { command } else { "echo x" });
        let error = pool.run(obey, &mut commands(texts), &mut Collect::default()).unwrap_err();
        let PoolError::Task(error) = error else { panic!("{error}") };
        assert_eq!(error.task, 60);
        assert!(error.cause.to_string().starts_with(message), "{}", error.cause);
    }
}

fn workers_reach_shared_regions(transport: Transport) {
    let file = wordhash::os::region::memory_file().unwrap();
    let bytes: Vec<u8> = (0..=255).collect();
    rustix::io::write(&file, &bytes).unwrap();
    let input = Region::freeze(file).unwrap();
    let output = Region::shared(bytes.len()).unwrap();
    let mut pool = Pool::builder()
        .workers(2)
        .transport(transport)
        .share(&input)
        .share(&output)
        .context_sharing(9, Adder::new)
        .build()
        .unwrap();
    let mut source = Source((0..bytes.len()).map(|at| at.to_le_bytes().to_vec()));
    pool.run(add, &mut source, &mut Collect::default()).unwrap();
    // SAFETY: all tasks are done.
    let output = unsafe { output.bytes_unwatched() };
    assert!(bytes.iter().zip(output).all(|(before, &after)| before.wrapping_add(9) == after));
    let private = Region::private(10).unwrap();
    let error = Pool::builder().share(&private).build().unwrap_err();
    assert!(matches!(error, PoolError::PrivateRegion));
}

fn a_context_that_cannot_be_made_is_an_error() {
    let build = |how: &str| {
        Pool::builder().workers(2).context_with(how.to_owned(), break_down).build().unwrap_err()
    };
    let PoolError::InitFailed { message, .. } = build("error") else { panic!("error") };
    assert_eq!(message, "no such file");
    let PoolError::InitFailed { message, .. } = build("panic") else { panic!("panic") };
    assert!(message.starts_with("panic: no such table (tests/pool_run/jobs.rs"), "{message}");
    assert!(matches!(build("exit"), PoolError::DiesAtStart { .. }));
}

fn workers_are_replaced_after_so_many_tasks(transport: Transport) {
    let mut pool = pool(2, transport).max_tasks_per_worker(Some(10)).build().unwrap();
    let mut sink = Collect::default();
    pool.run(obey, &mut commands(vec!["pid"; 95]), &mut sink).unwrap();
    let mut tasks = BTreeMap::new();
    for task in 0..95 {
        *tasks.entry(sink.text(task).to_owned()).or_insert(0_u64) += 1;
    }
    assert!(tasks.len() >= 10, "{tasks:?}");
    assert!(tasks.values().all(|&tasks| tasks <= 10), "{tasks:?}");
    let reports = pool.shutdown();
    assert!(reports.iter().all(|report| report.death.is_none()));
    for report in reports.iter().filter(|report| report.tasks > 0) {
        assert_eq!(tasks[&report.pid.to_string()], report.tasks);
    }
}

fn pools_follow_one_another_and_stand_side_by_side() {
    let mut first = pool(1, Transport::Pipe).build().unwrap();
    for _ in 0..3 {
        let mut second = pool(2, Transport::Shared).build().unwrap();
        for pool in [&mut first, &mut second] {
            let mut sink = Collect::default();
            pool.run(obey, &mut commands(["echo x", "echo y"]), &mut sink).unwrap();
            assert_eq!((sink.text(0), sink.text(1)), ("x", "y"));
        }
    }
    first.run(obey, &mut commands([]), &mut Collect::default()).unwrap();
}

fn a_pool_of_no_workers_and_one_of_far_too_many_are_refused() {
    assert!(matches!(pool(0, Transport::Pipe).build(), Err(PoolError::NoWorkers)));
    let error = pool(1_000_000, Transport::Pipe).build().unwrap_err();
    assert!(matches!(error, PoolError::TooFewDescriptors { .. }), "{error}");
}

fn for_each_transport(name: &str, test: fn(Transport)) -> [Trial; 2] {
    Transport::ALL.map(|transport| {
        Trial::test(format!("{name}::{transport}"), move || {
            test(transport);
            Ok::<(), Failed>(())
        })
    })
}

fn plain(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}

macro_rules! trials {
    ($make:path: $($test:ident),* $(,)?) => { [$($make(stringify!($test), $test)),*] };
}

fn main() -> ExitCode {
    wordhash::pool::init();
    // A pool that hangs must not hang the tests: SIGALRM ends them.
    // SAFETY: sets a timer and touches no memory.
    unsafe { libc::alarm(120) };
    let mut trials: Vec<Trial> = trials![
        for_each_transport:
        outputs_and_inputs_belong_to_their_tasks,
        a_large_output_comes_in_pieces_and_complete,
        a_large_input_arrives_complete,
        a_long_task_without_output_is_heard_of_while_it_is_at_work,
        a_million_empty_outputs_are_all_done,
        a_worker_that_dies_once_costs_only_time,
        workers_reach_shared_regions,
        workers_are_replaced_after_so_many_tasks,
    ]
    .into_iter()
    .flatten()
    .collect();
    trials.extend(trials![
        plain:
        a_worker_that_spoils_its_shared_memory_costs_only_itself,
        killed_workers_are_replaced_between_runs_and_during_them,
        a_task_that_kills_its_workers_is_named,
        an_error_and_a_panic_name_their_task,
        a_context_that_cannot_be_made_is_an_error,
        a_long_task_waits_behind_another_only_while_the_end_is_known_to_be_far,
        pools_follow_one_another_and_stand_side_by_side,
        a_pool_of_no_workers_and_one_of_far_too_many_are_refused,
    ]);
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
