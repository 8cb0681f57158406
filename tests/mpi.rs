//! Runs of many ranks: started by `mpirun`, on this machine, with more ranks than cores.
//!
//! Several machines are the subject of `scripts/mpi_hosts.sh`.

mod program;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use program::{DEADLINE, Ended, Running, file_of, program as alone, sample, signal, start, within};
use program::{wordhash, wordhash_reading};

const SIGINT: i32 = 2;
const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;
const SIGSTOP: i32 = 19;

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

/// Lists with something special about them, besides the sample lists.
fn special_lists() -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let built_in = wordhash(&["generate"]).succeeds_quietly().stdout;
    // Whoever has the first half of the bytes has nothing but long lines.
    let mut long_first = [&b"x".repeat(300_000)[..], b"\n"].concat().repeat(3);
    long_first.extend(b"short\n".repeat(20_000));
    let same = b"the same word\n".repeat(300_000);
    let lists = [
        ("built_in", built_in),
        ("empty", Vec::new()),
        ("one", b"word".to_vec()),
        ("four", b"a\nb\n\na".to_vec()),
        ("long_first", long_first),
        ("same", same),
    ];
    let write = |(name, bytes): (&str, Vec<u8>)| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("a file in it");
        path
    };
    let paths = lists.into_iter().map(write).collect();
    (folder, paths)
}

const SAMPLES: [&str; 7] =
    ["awkward.bin", "blank.txt", "bom.txt", "crlf.txt", "english.txt", "no_end.txt", "utf8.txt"];

#[track_caller]
fn as_the_serial_run(count: usize) {
    let (_folder, special) = special_lists();
    for list in SAMPLES.iter().map(|name| sample(name)).chain(special) {
        let list = text_of(&list);
        assert_eq!(facts_of_ranks(count, &[list]), serial_facts(&[list]), "{count} ranks, {list}");
    }
}

#[test]
fn one_rank_gives_what_the_serial_run_gives() {
    as_the_serial_run(1);
}

#[test]
fn two_ranks_give_what_the_serial_run_gives() {
    as_the_serial_run(2);
}

#[test]
fn three_ranks_give_what_the_serial_run_gives() {
    as_the_serial_run(3);
}

#[test]
fn five_ranks_give_what_the_serial_run_gives() {
    as_the_serial_run(5);
}

#[test]
fn every_chunk_size_and_number_of_threads_gives_the_same_digests() {
    let words = wordhash(&["generate", "--words=60k"]).succeeds_quietly().stdout;
    let (_folder, path) = file_of(&words);
    let sizes = "--chunksize=even,1,7,5000,auto,guided,factoring:50,trapezoid";
    let list = text_of(&path);
    let usual = ["--backend=mpi,threads", "--workers=1,3", sizes, "--rounds=1,2", list];
    // The sweep itself holds every row's digests against the others', and has serial rows first.
    let arguments = [&ONCE[..2], &ONCE[3..], &usual].concat();
    let ended = start(ranks(3, &arguments)).end().exits_with(0);
    let saved: serde_json::Value = serde_json::from_str(&ended.text()).expect("JSON");
    let rows = saved["results"].as_array().expect("rows");
    assert_eq!(rows.len(), 2 + 2 * 2 * 2 * 8);
    for row in rows.iter().filter(|row| row["backend"] == "mpi") {
        let ranks = row["processes"].as_array().expect("ranks");
        let sum = |name: &str| ranks.iter().map(|rank| rank[name].as_u64().expect("a count")).sum();
        assert_eq!(Some(sum("tasks")), row["tasks"].as_u64(), "{}", row["label"]);
        assert_eq!(sum("words"), 60_000_u64, "{}", row["label"]);
        let numbers: Vec<_> = ranks.iter().map(|rank| rank["rank"].as_u64()).collect();
        assert_eq!(numbers, [Some(0), Some(1), Some(2)]);
        assert!(ranks.iter().all(|rank| rank["host"].is_string()));
        for part in ["total", "start", "map", "exchange", "set"] {
            assert!(row["samples"][0][part].is_f64(), "{part} of {}", row["label"]);
        }
    }
}

#[test]
fn the_rules_for_words_hold_on_all_ranks() {
    for list in ["blank.txt", "crlf.txt", "awkward.bin"] {
        let list = sample(list);
        for rules in
            [&["--skip-blank"][..], &["--keep-newline"], &["--skip-blank", "--keep-newline"]]
        {
            let arguments = [rules, &[text_of(&list)]].concat();
            assert_eq!(facts_of_ranks(3, &arguments), serial_facts(&arguments), "{arguments:?}");
        }
    }
}

#[test]
fn rank_0_sends_a_list_that_the_others_cannot_see() {
    let words = wordhash(&["generate"]).succeeds_quietly().stdout;
    let (folder, path) = file_of(&words);
    let expected = serial_facts(&[text_of(&path)]);
    // The temporary files of all ranks, which must be gone afterwards.
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let temp_dir = format!("--temp-dir={}", text_of(scratch.path()));
    let send = ["--distribute", &temp_dir];
    let packed = folder.path().join("words.gz");
    let gzip = Command::new("gzip").arg("-c").arg(&path).output().expect("gzip");
    std::fs::write(&packed, gzip.stdout).expect("a file");
    for list in [&path, &packed] {
        assert_eq!(facts_of_ranks(3, &[&send[..], &[text_of(list)]].concat()), expected);
    }
    // Standard input is that of rank 0. The serial row reads what was sent.
    let arguments = [&ONCE[..2], &ONCE[3..], &["--backend=mpi"], &send, &["-"]].concat();
    let mut command = ranks(3, &arguments);
    command.stdin(std::fs::File::open(&path).expect("the list"));
    let ended = start(command).end().exits_with(0);
    assert_eq!(facts(&ended.text()), expected);
    assert_eq!(std::fs::read_dir(scratch.path()).expect("a folder").count(), 0);
    // An empty one.
    let mut command = ranks(2, &["-q", "--backend=mpi", "--distribute", "-"]);
    command.stdin(Stdio::null());
    let text = start(command).end().exits_with(0).text();
    assert!(
        text.starts_with("Loaded 0 words from standard input\nDone, with 0 hashes\n"),
        "{text}"
    );
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
fn wrong_command_lines_are_told_once() {
    let list = sample("english.txt");
    let list = text_of(&list);
    for (arguments, said) in [
        (&["--backend=mpi", "-c0", list][..], &["--chunksize"][..]),
        (&["--backend=mpi", "--nonsense"], &["--nonsense"]),
        (&["--backend=mpi", "/no/such/list"], &["/no/such/list"]),
        (&["--backend=mpi", "-"], &["standard input", "--distribute"]),
        (&["--backend=mpi", "/dev/null"], &["/dev/null", "--distribute"]),
        (&["--backend=mpi", "/"], &["is a directory"]),
        (&["--backend=mpi", "--distribute", "/"], &["is a directory"]),
        (&["sweep", "--backend=mpi", "--export=/no/such/folder/out.json", list], &["cannot write"]),
        (&["--backend=mpi", "-w1,2", list], &["--workers takes one value"]),
        (&["--backend=mpi", "--max-memory=1G", list], &["--max-memory", "--backend mpi"]),
    ] {
        fails_once_saying(start(ranks(3, arguments)).end(), said);
    }
    wordhash(&["digest", "--backend=mpi", list]).fails_saying(&["--backend mpi"]);
    wordhash(&["--distribute", list]).fails_saying(&["--distribute", "--backend mpi"]);
}

/// Each rank is given a list of its own.
fn each_its_list(arguments: &[&str], lists: &[&Path]) -> Ended {
    let mut command = mpirun();
    for (index, list) in lists.iter().enumerate() {
        if index > 0 {
            command.arg(":");
        }
        command.args(["-n", "1", PROGRAM]).args(arguments).arg(list);
    }
    start(command).end()
}

#[test]
fn ranks_that_see_different_files_are_named() {
    let text = b"word\n".repeat(5000);
    let mut other = text.clone();
    other[12_345] = b'x';
    let (_first, same) = file_of(&text);
    let (_second, equal) = file_of(&text);
    let (_third, changed) = file_of(&other);
    let (_fourth, shorter) = file_of(&text[5..]);
    let missing = Path::new("/no/such/list");
    each_its_list(&["-q", "--backend=mpi"], &[&same, &equal, &same]).exits_with(0);
    for (list, said) in [
        (changed.as_path(), "25000 bytes for rank 0"),
        (&shorter, "24995 bytes for rank 2"),
        (missing, "cannot open /no/such/list"),
    ] {
        let ended = each_its_list(&["-q", "--backend=mpi"], &[&same, &same, list]);
        fails_once_saying(ended, &[said, "rank 2 on "]);
    }
}

#[test]
fn ranks_that_read_different_bytes_of_a_large_file_are_found_out() {
    // Too large to be compared as a whole; equal where the samples are.
    let text = b"some word\n".repeat(2 << 20);
    let mut other = text.clone();
    let step = (text.len() - 4096) / 1023;
    for place in (0..1023).map(|sample| sample * step + step - 10) {
        other[place - place % 10] = b'S';
    }
    let (_first, one) = file_of(&text);
    let (_second, two) = file_of(&other);
    let ended = each_its_list(&["-q", "--backend=mpi"], &[&one, &two]);
    fails_once_saying(ended, &["do not all see the same file"]);
}

#[test]
fn a_byte_that_is_no_utf8_is_named_by_its_line_in_the_whole_list() {
    let mut text = "wörd\n".repeat(20_000).into_bytes();
    let place = 6 * 15_000 + 2;
    text[place] = b'?';
    let (_folder, path) = file_of(&text);
    let ended = start(ranks(3, &["--backend=mpi", "--encoding=utf-8", text_of(&path)])).end();
    fails_once_saying(ended, &["line 15001, byte 2 is not UTF-8"]);
    let path = sample("utf8.txt");
    let arguments = ["--encoding=utf-8", text_of(&path)];
    assert_eq!(facts_of_ranks(3, &arguments), serial_facts(&arguments));
}

/// Words enough to keep ranks at work for an hour, with some time between two looks at the signals.
const HEAVY: &str = "--rounds=200_000";

#[test]
fn ranks_without_one_sided_calls_draw_their_tasks_by_messages() {
    let words = wordhash(&["generate", "--words=100k"]).succeeds_quietly().stdout;
    let (_folder, path) = file_of(&words);
    let expected = serial_facts(&[text_of(&path)]);
    let mut command = mpirun();
    // Open MPI has nothing one-sided for these.
    command.args(["--mca", "pml", "ob1", "--mca", "btl", "tcp,self", "--mca", "osc", "rdma"]);
    command.args(["-n", "3", PROGRAM]).args(ONCE).args(["--backend=mpi", "-c20,5000", "-w1,2"]);
    command.arg(&path);
    let ended = start(command).end().exits_with(0);
    assert_eq!(facts(&ended.text()), expected);
}

/// A run of three ranks that goes on until it is stopped.
fn endless(arguments: &[&str]) -> Running {
    // Without a list, there are a hundred thousand words at least.
    start(ranks(3, &[&["--quiet", "--backend=mpi", HEAVY, "-c100"], arguments].concat()))
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
                "--rounds=1,200_000",
                "-c100",
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
