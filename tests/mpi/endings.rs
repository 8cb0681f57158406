//! Ranks that are killed, silent or asked to stop: the run ends, and soon.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::program::{DEADLINE, Running, signal, start, within, wordhash};
use crate::{ranks, text_of};

const SIGINT: i32 = 2;
const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;
const SIGSTOP: i32 = 19;

/// With the words below, ranks are at work for many times the deadline. A request to stop waits for
/// the words at hand, though: on a busy machine, and built without all optimisations, more rounds
/// make that longer than the deadline as well.
const HEAVY: &str = "--rounds=20_000";

/// A million words.
fn long_list() -> &'static str {
    static LIST: LazyLock<PathBuf> = LazyLock::new(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mpi_long_list.txt");
        std::fs::write(&path, wordhash(&["generate"]).succeeds_quietly().stdout).expect("a file");
        path
    });
    text_of(&LIST)
}

/// A run of three ranks that goes on until it is stopped.
fn endless(arguments: &[&str]) -> Running {
    let usual = ["--quiet", "--backend=mpi", HEAVY, "-c100", long_list()];
    start(ranks(3, &[&usual, arguments].concat()))
}

/// The ranks, in no order, once all of them are at work.
#[track_caller]
fn working_ranks(running: &Running, count: usize) -> Vec<u32> {
    let is_working = |pid: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
        let threads: u32 = fields.get(17).and_then(|count| count.parse().ok()).unwrap_or(0);
        let ticks: u32 = fields.get(11).and_then(|ticks| ticks.parse().ok()).unwrap_or(0);
        // Open MPI has threads of its own; a rank that hashes has one more, and takes time.
        stat.contains("(wordhash)") && threads > 1 && ticks > 30
    };
    let mut found = Vec::new();
    let all_work = within(DEADLINE, || {
        found = running.workers();
        found.retain(is_working);
        found.len() == count
    });
    if !all_work {
        // Nothing of them may be left to slow the other tests down.
        for pid in running.workers().into_iter().chain([running.pid()]) {
            signal(pid, SIGKILL);
        }
        panic!("{count} ranks never came to work");
    }
    found
}

fn rank_of(pid: u32) -> usize {
    let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environ
        .split(|&byte| byte == 0)
        .find_map(|variable| variable.strip_prefix(b"OMPI_COMM_WORLD_RANK="))
        .and_then(|rank| std::str::from_utf8(rank).ok()?.parse().ok())
        .expect("a rank")
}

#[test]
fn a_killed_rank_ends_the_run_and_what_was_measured_before_is_kept() {
    for victim in 0..3 {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let export = folder.path().join("out.json");
        // The first row is over soon, the second one never.
        let running = start(ranks(
            3,
            &[
                "sweep",
                "--quiet",
                "--backend=mpi",
                "--no-serial",
                "--order=blocked",
                "--runs=1",
                "--warmup=0",
                "--rounds=1,20_000",
                "-c100",
                long_list(),
                &format!("--export={}", text_of(&export)),
            ],
        ));
        // A rank takes time before its first row is over, too: at waiting for the others.
        assert!(within(DEADLINE, || export.exists()), "the first row was saved");
        let pids = working_ranks(&running, 3);
        let pid = pids.into_iter().find(|&pid| rank_of(pid) == victim).expect("that rank");
        signal(pid, SIGKILL);
        let ended = running.end();
        assert!(!ended.status.success(), "{}", ended.stderr);
        let saved = std::fs::read_to_string(&export).expect("the export is still there");
        let saved: serde_json::Value = serde_json::from_str(&saved).expect("JSON");
        let samples = |row: usize| saved["results"][row]["samples"].as_array().map(Vec::len);
        assert_eq!((samples(0), samples(1)), (Some(1), Some(0)), "rank {victim} killed");
    }
}

#[test]
fn a_rank_that_is_silent_is_given_up() {
    for victim in [2, 0] {
        let running = endless(&["--timeout=3"]);
        let pids = working_ranks(&running, 3);
        let pid = pids.into_iter().find(|&pid| rank_of(pid) == victim).expect("that rank");
        signal(pid, SIGSTOP);
        let ended = running.end();
        assert!(!ended.status.success(), "{}", ended.stderr);
        let said = format!("nothing was heard of rank {victim} on ");
        assert!(ended.stderr.contains(&said), "{}", ended.stderr);
    }
}

#[test]
fn a_signal_ends_all_ranks() {
    for number in [SIGINT, SIGTERM] {
        let running = endless(&[]);
        working_ranks(&running, 3);
        signal(running.pid(), number);
        let ended = running.end();
        assert!(!ended.status.success(), "{}", ended.stderr);
    }
}

#[test]
fn a_signal_to_one_rank_ends_the_run_in_order() {
    for victim in [0, 1] {
        let running = endless(&[]);
        let pids = working_ranks(&running, 3);
        let pid = pids.into_iter().find(|&pid| rank_of(pid) == victim).expect("that rank");
        signal(pid, SIGTERM);
        running.end().exits_with(143);
    }
}
