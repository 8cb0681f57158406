//! Runs of many ranks: started by `mpirun`, on this machine, with more ranks than cores.
//!
//! Several machines are the subject of `scripts/mpi_hosts.sh`.

#[path = "../packing/mod.rs"]
mod packing;
#[path = "../program/mod.rs"]
mod program;

mod digests;
mod endings;
mod errors;

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use program::{Ended, file_of, program as alone, sample, start, wordhash, wordhash_reading};

const PROGRAM: &str = env!("CARGO_BIN_EXE_wordhash");

/// `mpirun` with nothing to run yet; both outputs read, standard input closed.
fn mpirun() -> Command {
    let mut command = Command::new("mpirun");
    command.args(["--oversubscribe", "--bind-to", "none"]);
    // Continuous integration runs as root in a container.
    command.env("OMPI_ALLOW_RUN_AS_ROOT", "1").env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The program on so many ranks.
fn ranks<S: AsRef<OsStr>>(count: usize, arguments: &[S]) -> Command {
    let mut command = mpirun();
    command.args(["-n", &count.to_string(), PROGRAM]).args(arguments);
    command
}

/// One message of the program, among all that `mpirun` says, and the exit status 2.
#[track_caller]
fn fails_once_saying(ended: Ended, parts: &[&str]) {
    let ended = ended.exits_with(2);
    let said: Vec<&str> =
        ended.stderr.lines().filter(|line| line.starts_with("wordhash: ")).collect();
    assert_eq!(said.len(), 1, "one message: {}", ended.stderr);
    for part in parts {
        assert!(said[0].contains(part), "{part:?} is not in {:?}", said[0]);
    }
}

/// Everything there is to know of the digests: how many words, how many distinct, the checksum.
#[track_caller]
fn facts(json: &str) -> (u64, u64, String) {
    let saved: serde_json::Value = serde_json::from_str(json).expect("JSON");
    let input = &saved["input"];
    let number = |name: &str| input[name].as_u64().expect("a number");
    (number("words"), number("distinct"), input["checksum"].as_str().expect("known").to_owned())
}

fn text_of(path: &Path) -> &str {
    path.to_str().expect("a path that is text")
}

/// A sweep that is over soon.
const ONCE: [&str; 7] = [
    "sweep",
    "--quiet",
    "--no-serial",
    "--runs=1",
    "--warmup=0",
    "--format=json",
    "--progress=never",
];

#[track_caller]
fn serial_facts(arguments: &[&str]) -> (u64, u64, String) {
    let ended = wordhash(&[&ONCE, &["--backend=serial"][..], arguments].concat());
    facts(&ended.exits_with(0).text())
}

#[track_caller]
fn facts_of_ranks(count: usize, arguments: &[&str]) -> (u64, u64, String) {
    let ended = start(ranks(count, &[&ONCE, &["--backend=mpi"][..], arguments].concat())).end();
    facts(&ended.exits_with(0).text())
}

#[test]
fn a_process_that_nobody_started_as_a_rank_is_the_only_one() {
    let list = sample("english.txt");
    let ended = start(alone(&["--backend=mpi", text_of(&list)])).end().exits_with(0);
    let text = ended.text();
    assert!(text.contains("\nDone, with 541 hashes\nmpi, 1 worker, chunksize "), "{text}");
    let ended = wordhash_reading(b"a\nb\na", &["--backend=mpi", "-"]).exits_with(0);
    assert!(ended.text().contains("Done, with 2 hashes"), "{}", ended.text());
}

#[test]
fn the_timeline_has_a_lane_for_every_thread_of_every_rank() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let trace = folder.path().join("out.trace.json");
    let page = folder.path().join("out.html");
    let words = wordhash(&["generate", "--words=50k"]).succeeds_quietly().stdout;
    let (_list, path) = file_of(&words);
    let exports = [format!("--export={}", text_of(&trace)), format!("--export={}", text_of(&page))];
    let arguments =
        [&ONCE[..], &["--backend=mpi", "-w2", "-c100", &exports[0], &exports[1], text_of(&path)]];
    start(ranks(2, &arguments.concat())).end().exits_with(0);
    let trace = std::fs::read_to_string(trace).expect("a trace");
    let trace: serde_json::Value = serde_json::from_str(&trace).expect("JSON");
    let events = trace["traceEvents"].as_array().expect("events");
    let lanes: Vec<&str> = events
        .iter()
        .filter(|event| event["name"] == "thread_name")
        .filter_map(|event| event["args"]["name"].as_str())
        .collect();
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let expected = ["rank 0", "rank 0", "rank 1", "rank 1"].into_iter().zip([1, 2, 1, 2]);
    let expected: Vec<String> =
        expected.map(|(rank, thread)| format!("{rank} on {host}, thread {thread}")).collect();
    assert_eq!(lanes[0], "run");
    assert_eq!(lanes[1..], expected);
    let words: u64 = events.iter().filter_map(|event| event["args"]["words"].as_u64()).sum();
    assert_eq!(words, 50_000);
    let phases: Vec<&str> = events
        .iter()
        .filter(|event| event["cat"] == "phase")
        .filter_map(|event| event["name"].as_str())
        .collect();
    assert_eq!(phases, ["start", "map", "exchange", "set"]);
    let page = std::fs::read_to_string(page).expect("a page");
    assert!(page.contains(&format!("rank 1 on {host}, thread 2")), "the page names the ranks");
    assert!(page.contains("<code>mpirun -n 2 wordhash sweep --quiet"), "it can be run again");
}
