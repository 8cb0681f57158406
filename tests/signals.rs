//! What happens when processes of a run are killed or asked to stop, in the middle of it.

mod program;

use std::ffi::OsString;
use std::time::Duration;

use program::{DEADLINE, Running, program, signal, start, within, wordhash};

const SIGINT: i32 = 2;
const SIGSEGV: i32 = 11;
const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;

/// A run that goes on until it is stopped, and works on many tasks meanwhile.
fn endless(arguments: &[&str]) -> Running {
    let list = program::sample("english.txt").into_os_string();
    let mut all: Vec<OsString> =
        vec!["--rounds=4000000000".into(), "--chunksize=1".into(), "-w=2".into()];
    all.extend(arguments.iter().map(OsString::from));
    all.push(list);
    start(program(&all))
}

/// A run of a second or so, and what it prints but for the time.
fn long(arguments: &[&str]) -> (Running, Vec<String>) {
    let list = program::sample("english.txt");
    let list = list.to_str().expect("a path that is text");
    let expected = wordhash(&["--serial", list]).succeeds_quietly().text();
    let mut all = vec!["--rounds=5000", "--chunksize=1", "--workers=2"];
    all.extend(arguments);
    all.push(list);
    (start(program(&all)), expected.lines().take(2).map(str::to_owned).collect())
}

const WAYS: [&[&str]; 4] = [
    &["--transport=shared", "--start-method=spawn"],
    &["--transport=shared", "--start-method=fork"],
    &["--transport=pipe", "--start-method=spawn"],
    &["--transport=pipe", "--start-method=fork"],
];

#[test]
fn a_worker_killed_in_the_middle_costs_only_time() {
    for way in WAYS {
        for number in [SIGKILL, SIGSEGV, SIGTERM] {
            let (running, expected) = long(way);
            signal(running.await_workers(2)[0], number);
            let ended = running.end().exits_with(0);
            let lines: Vec<String> = ended.text().lines().take(2).map(str::to_owned).collect();
            assert_eq!(lines, expected, "{way:?} signal {number}");
        }
    }
}

#[test]
fn a_storm_of_killed_workers_does_not_change_the_result() {
    let generated = wordhash(&["generate"]).succeeds_quietly().stdout;
    let (_folder, path) = program::file_of(&generated);
    let path = path.to_str().expect("a path that is text");
    let expected = format!("Loaded 1049938 words from {path}\nDone, with 979250 hashes\n");
    for way in WAYS {
        let usual = ["--workers=3", "--chunksize=100", "--rounds=8", "--retries=1000"];
        let mut running = start(program(&[&usual[..], way, &[path]].concat()));
        // The pace of the storm, and nothing that the result depends on.
        let mut kills = 0_usize;
        while running.child().try_wait().expect("a child can be waited for").is_none() {
            // A crowded machine may let none begin to work before it is killed, and many such
            // deaths in a row are an error.
            let workers: Vec<_> =
                running.workers().into_iter().filter(|&pid| has_worked(pid)).collect();
            if !workers.is_empty() {
                kills += 1;
                signal(workers[kills * 7919 % workers.len()], SIGKILL);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let ended = running.end().exits_with(0);
        assert!(ended.text().starts_with(&expected), "{way:?}: {}", ended.text());
        assert!(kills > 10, "{way:?}: a storm, not {kills} deaths");
    }
}

#[test]
fn workers_that_are_always_killed_end_the_run_with_an_error() {
    for way in WAYS {
        let running = endless(way);
        running.await_workers(2);
        let mut running = running;
        let ended = within(DEADLINE, || {
            // One that has not begun to work is not killed by its task: that is another error.
            for worker in running.workers().into_iter().filter(|&pid| has_worked(pid)) {
                signal(worker, SIGKILL);
            }
            running.child().try_wait().unwrap().is_some()
        });
        assert!(ended, "{way:?}");
        running.end().fails_saying(&["task", "pid", "SIGKILL"]);
    }
}

#[test]
fn no_worker_outlives_a_killed_parent_by_a_second() {
    for way in WAYS {
        let mut running = endless(way);
        running.await_workers(2);
        signal(running.pid(), SIGKILL);
        running.wait();
        running.leaves_nothing();
    }
}

#[test]
fn a_request_to_stop_ends_every_way_of_running_at_once() {
    let ways: [&[&str]; 6] = [
        &["--serial", "--rounds=20000000"],
        &["--backend=threads"],
        WAYS[0],
        WAYS[1],
        WAYS[2],
        WAYS[3],
    ];
    for way in ways {
        for (number, status) in [(SIGINT, 130), (SIGTERM, 143)] {
            // Without a signal this takes hours; a serial run hears one between two steps, so
            // its words are few here.
            let running = if way[0] == "--serial" {
                let generated = wordhash(&["generate", "--words=200k", "--distinct=200k"]).stdout;
                let (folder, path) = program::file_of(&generated);
                let mut running =
                    start(program(&["--serial", "--rounds=100", path.to_str().unwrap()]));
                await_first_line(&mut running);
                drop(folder);
                running
            } else {
                let mut running = endless(way);
                await_first_line(&mut running);
                running
            };
            signal(running.pid(), number);
            let ended = running.end().exits_with(status);
            assert_eq!(ended.stderr, "", "{way:?} signal {number}");
        }
    }
}

#[test]
fn a_request_to_stop_is_heard_while_waiting_for_a_list() {
    let (reader, _writer) = std::io::pipe().unwrap();
    for (number, status) in [(SIGINT, 130), (SIGTERM, 143)] {
        let mut command = program(&["-"]);
        command.stdin(std::process::Stdio::from(std::os::fd::OwnedFd::from(
            reader.try_clone().unwrap(),
        )));
        let running = start(command);
        await_signal_handler(&running, number);
        signal(running.pid(), number);
        running.end().exits_with(status);
    }
}

#[test]
fn a_request_to_stop_is_heard_while_nobody_reads_the_output() {
    for (number, status) in [(SIGINT, 130), (SIGTERM, 143)] {
        // Its output is read only after the end, and is larger than a pipe holds.
        let mut running = start(program(&["generate"]));
        let stdout = running.child().stdout.take();
        await_signal_handler(&running, number);
        signal(running.pid(), number);
        assert_eq!(running.wait().code(), Some(status));
        drop(stdout);
        running.leaves_nothing();
    }
}

/// Whether a process has used up a tick of CPU time in its own code.
fn has_worked(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit_once(')').map(|(_, fields)| fields).unwrap_or_default();
    fields.split_whitespace().nth(11).is_some_and(|ticks| ticks != "0")
}

/// Waits until the run has said that the list is loaded.
fn await_first_line(running: &mut Running) {
    use std::io::Read as _;
    let stdout = running.child().stdout.as_mut().expect("piped");
    let mut byte = [0];
    while byte[0] != b'\n' {
        stdout.read_exact(&mut byte).expect("the list is loaded before anything else");
    }
}

/// Waits until the program catches the signal: before that it would simply die of it.
fn await_signal_handler(running: &Running, number: i32) {
    let status = format!("/proc/{}/status", running.pid());
    let caught = within(DEADLINE, || {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let mask = text.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
        mask & (1 << (number - 1)) != 0
    });
    assert!(caught, "signal {number} is never caught");
}
