//! Lists larger than the memory that is allowed for them: the same results, nothing left behind.

mod judges;
mod program;

use std::ffi::OsStr;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use judges::not_tested;
use program::{Ended, Running, file_of, program, sample, signal, start, within, wordhash};
use wordhash::bench::result::Measurement;

const SIGINT: i32 = 2;
const SIGKILL: i32 = 9;

/// The least that two workers work with: room for 4 MiB of words and digests.
const LEAST: &str = "--max-memory=36m";

/// The least for a serial run.
const LEAST_SERIAL: &str = "--max-memory=24m";

fn least(way: &[&str]) -> &'static str {
    if way.contains(&"--serial") { LEAST_SERIAL } else { LEAST }
}

const WAYS: [&[&str]; 5] = [
    &["--serial"],
    &["--backend=threads", "--workers=2"],
    &["--workers=2", "--transport=shared", "--start-method=spawn"],
    &["--workers=2", "--transport=shared", "--start-method=fork"],
    &["--workers=2", "--transport=pipe", "--start-method=spawn"],
];

/// The bytes again and again, until their words and digests take several times that room.
fn long_list(bytes: &[u8]) -> Vec<u8> {
    let lines = bytes.split(|&byte| byte == b'\n').count();
    bytes.repeat(200_000_usize.div_ceil(lines).min(20_000_000 / bytes.len()))
}

/// What a run prints but for the time.
fn counts(ended: &Ended) -> Vec<String> {
    let text = ended.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    lines[..2].iter().map(ToString::to_string).collect()
}

/// It ended well and said that digests went through temporary files in `folder`.
#[track_caller]
fn spilled(ended: Ended, folder: &Path) -> Ended {
    let ended = ended.exits_with(0);
    let note = format!("temporary files in {}", shown(folder));
    assert!(ended.stderr.contains(&note), "{}", ended.stderr);
    is_empty(folder);
    ended
}

#[track_caller]
fn is_empty(folder: &Path) {
    let left: Vec<_> = std::fs::read_dir(folder).expect("the folder is there").collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}

fn shown(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

fn with<'a>(way: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [way, more].concat()
}

#[test]
fn a_list_that_does_not_fit_gives_the_same_counts_in_every_way_of_running() {
    let temp = tempfile::tempdir().unwrap();
    let temp_dir = format!("--temp-dir={}", temp.path().display());
    for list in ["english.txt", "crlf.txt", "blank.txt", "bom.txt", "awkward.bin", "utf8.txt"] {
        let (_folder, path) = file_of(&long_list(&std::fs::read(sample(list)).unwrap()));
        let path = path.to_str().unwrap();
        let expected = counts(&wordhash(&["--serial", path]).exits_with(0));
        for way in WAYS {
            let ended = wordhash(&with(way, &[least(way), &temp_dir, path]));
            assert_eq!(counts(&spilled(ended, temp.path())), expected, "{list} {way:?}");
        }
    }
}

#[test]
fn the_rules_for_words_hold_across_windows() {
    let temp = tempfile::tempdir().unwrap();
    let temp_dir = format!("--temp-dir={}", temp.path().display());
    let (_folder, path) = file_of(&long_list(&std::fs::read(sample("blank.txt")).unwrap()));
    let path = path.to_str().unwrap();
    for rules in [&["--keep-newline"][..], &["--skip-blank"], &["--encoding=utf-8"]] {
        let expected = counts(&wordhash(&with(rules, &["--serial", path])).exits_with(0));
        let ended = wordhash(&with(rules, &["--serial", LEAST_SERIAL, &temp_dir, path]));
        assert_eq!(counts(&spilled(ended, temp.path())), expected, "{rules:?}");
    }
}

#[test]
fn standard_input_a_fifo_and_the_built_in_list_are_read_window_by_window_too() {
    let temp = tempfile::tempdir().unwrap();
    let temp_dir = format!("--temp-dir={}", temp.path().display());
    let list = wordhash(&["generate"]).stdout;
    let expected = ["1049938 words", "979250 hashes"];
    let fifo = temp.path().with_extension("fifo");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    for way in WAYS {
        let ends = [
            program::wordhash_reading(&list, &with(way, &[least(way), &temp_dir, "-"])),
            reading_fifo(
                &fifo,
                &list,
                &with(way, &[least(way), &temp_dir, fifo.to_str().unwrap()]),
            ),
        ];
        for ended in ends {
            let counts = counts(&spilled(ended, temp.path())).join(" ");
            assert!(expected.iter().all(|part| counts.contains(part)), "{counts}");
        }
    }
    std::fs::remove_file(&fifo).unwrap();
    if !Path::new("/usr/share/dict/words").exists() && !Path::new("/usr/dict/words").exists() {
        let counts = counts(&spilled(wordhash(&[LEAST, &temp_dir]), temp.path())).join(" ");
        assert!(expected.iter().all(|part| counts.contains(part)), "{counts}");
    } else {
        not_tested("the built-in list in windows: this system's list is the default");
    }
}

fn reading_fifo(fifo: &Path, list: &[u8], arguments: &[&str]) -> Ended {
    let running = start(program(arguments));
    let (fifo, list) = (fifo.to_owned(), list.to_owned());
    let writer = std::thread::spawn(move || {
        let mut file = std::fs::OpenOptions::new().write(true).open(fifo).expect("it is there");
        // A program that ends before it has read everything is for the test to judge.
        let _ = file.write_all(&list);
    });
    let ended = running.end();
    writer.join().expect("the writer does not panic");
    ended
}

/// A sweep over all ways of running, as it is saved.
fn sweep(input: &[u8], arguments: &[&str]) -> (Ended, Measurement) {
    let all = [
        "sweep",
        "-w=2",
        "-b=serial,threads,processes",
        "--transport=shared,pipe",
        "-c=500,even",
        "--runs=2",
        "--warmup=0",
        "--format=json",
    ];
    let ended = program::wordhash_reading(input, &with(&all, arguments)).exits_with(0);
    let run = serde_json::from_slice(&ended.stdout).expect("a saved run");
    (ended, run)
}

#[test]
fn a_sweep_that_does_not_fit_has_the_same_checksum_and_stays_within_the_limit() {
    let temp = tempfile::tempdir().unwrap();
    let temp_dir = format!("--temp-dir={}", temp.path().display());
    let list = wordhash(&["generate", "--words=200k", "--distinct=150k"]).stdout;
    let (_folder, path) = file_of(&list);
    let path = path.to_str().unwrap();
    let (_, whole) = sweep(b"", &[path]);
    assert!(whole.results.iter().all(|row| row.spilled_bytes.is_none()));
    for (input, name) in [(&b""[..], path), (&list, "-")] {
        let (ended, larger) = sweep(input, &[LEAST, &temp_dir, name]);
        spilled(ended, temp.path());
        let known = |run: &Measurement| (run.input.words, run.input.bytes, run.input.distinct);
        assert_eq!(known(&larger), known(&whole));
        assert!(larger.input.checksum.is_some());
        assert_eq!(larger.input.checksum, whole.input.checksum);
        assert_eq!(larger.results.len(), whole.results.len());
        for row in &larger.results {
            assert_eq!(row.spilled_bytes, Some(200_000 * 64), "{}", row.label);
            let peak = row.peak_memory_bytes.unwrap_or(0);
            assert!(peak <= 36 << 20, "{}: {peak} bytes", row.label);
        }
    }
}

#[test]
fn too_little_memory_is_an_error_that_names_the_least_that_works() {
    let (_folder, path) = file_of(b"word\n");
    let path = path.to_str().unwrap();
    for (arguments, limit, least) in [
        (&["--serial", "--max-memory=1m"][..], "1 MiB", "24 MiB"),
        (&["-w=2", "--max-memory=35m"], "35 MiB", "36 MiB"),
        (&["-w=10", "--max-memory=0"], "0 bytes", "100 MiB"),
    ] {
        wordhash(&with(arguments, &[path])).fails_saying(&["--max-memory", limit, least]);
        let allowed = format!("--max-memory={}", least.replace(" MiB", "MiB"));
        wordhash(&with(&arguments[..1], &[&allowed, path])).succeeds_quietly();
    }
    wordhash(&["--max-memory=much", path]).fails_saying(&["--max-memory", "'much'", "4G"]);
}

#[test]
fn a_line_that_alone_does_not_fit_is_an_error_that_names_it() {
    let (_folder, path) = file_of(&[&b"word\n"[..], &b"x".repeat(5 << 20), b"\n"].concat());
    let path = path.to_str().unwrap();
    wordhash(&[LEAST, "-w=2", path]).fails_saying(&[path, "line 2", "--max-memory"]);
}

#[test]
fn a_folder_that_takes_no_files_is_an_error_that_names_it_and_the_remedy() {
    let (folder, path) = file_of(&wordhash(&["generate", "--words=200k"]).stdout);
    let path = path.to_str().unwrap();
    let read_only = folder.path().join("read-only");
    std::fs::create_dir(&read_only).unwrap();
    std::fs::set_permissions(&read_only, std::fs::Permissions::from_mode(0o555)).unwrap();
    // Root may write to any folder, but not to /proc.
    let is_root = rustix::process::geteuid().is_root();
    let read_only = if is_root { Path::new("/proc") } else { &read_only };
    let missing = folder.path().join("missing");
    for bad in [missing.as_path(), read_only, Path::new(path)] {
        let temp_dir = format!("--temp-dir={}", bad.display());
        for command in [&["-w=2", LEAST][..], &["sweep", "-w=2", LEAST]] {
            let said = [bad.to_str().unwrap(), "--temp-dir"];
            wordhash(&with(command, &[&temp_dir, path])).fails_saying(&said);
        }
    }
}

#[test]
fn a_full_disk_is_an_error_that_says_how_much_is_needed() {
    let temp = tempfile::tempdir().unwrap();
    let (_folder, path) = file_of(&wordhash(&["generate", "--words=3m"]).stdout);
    // A file may have 2000 KiB: a window of the list has, each of the 64 files in the end has not.
    let script = r#"ulimit -f "$1"; shift; exec "$@""#;
    let mut command = Command::new("bash");
    command.args(["-c", script, "bash", "2000", env!("CARGO_BIN_EXE_wordhash")]);
    command.args(["--serial", LEAST_SERIAL, "--temp-dir"]).arg(temp.path()).arg(&path);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let folder = temp.path().to_str().unwrap();
    start(command).end().fails_saying(&[folder, "they take about 18", "MiB in all", "--temp-dir"]);
    is_empty(temp.path());
}

/// A run that has made its temporary files and goes on for long.
fn spilling(way: &[&str], temp: &Path, list: &Path) -> Running {
    let temp_dir = format!("--temp-dir={}", temp.display());
    let list = shown(list);
    let running = start(program(&with(way, &["--rounds=200", least(way), &temp_dir, list])));
    let descriptors = format!("/proc/{}/fd", running.pid());
    let so = within(program::DEADLINE, || {
        let files = std::fs::read_dir(&descriptors).into_iter().flatten().flatten();
        let targets = files.filter_map(|file| std::fs::read_link(file.path()).ok());
        targets.filter(|target| target.starts_with(temp)).count() >= 64
    });
    assert!(so, "temporary files are never opened");
    running
}

#[test]
fn nothing_is_left_of_a_run_that_is_killed_or_asked_to_stop() {
    let list = wordhash(&["generate", "--words=2m"]).stdout;
    let (_folder, path) = file_of(&list);
    for way in WAYS {
        let temp = tempfile::tempdir().unwrap();
        let running = spilling(way, temp.path(), &path);
        is_empty(temp.path());
        signal(running.pid(), SIGINT);
        let ended = running.end().exits_with(130);
        assert_eq!(ended.stderr, "", "{way:?}");
        let mut running = spilling(way, temp.path(), &path);
        signal(running.pid(), SIGKILL);
        running.wait();
        running.leaves_nothing();
        is_empty(temp.path());
    }
}

#[test]
fn what_fits_needs_no_folder_and_says_nothing() {
    let missing: &OsStr = OsStr::new("--temp-dir=/nonexistent");
    let list = sample("english.txt");
    wordhash(&[missing, OsStr::new("-w=2"), OsStr::new(LEAST), list.as_os_str()])
        .succeeds_quietly();
}
