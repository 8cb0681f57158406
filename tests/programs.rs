//! Other programs as rows: what they are told, what they may do, and that nothing of them is left.

mod program;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

use program::{DEADLINE, Ended, file_of, program, sample, signal, start, within, wordhash};
use wordhash::bench::result::{Measurement, ResultRow, Stopped};

const SIGINT: i32 = 2;
const SIGTERM: i32 = 15;

/// A sweep with these arguments; no warm-up, results only.
fn sweep(arguments: &[&str]) -> Ended {
    wordhash(&[&["sweep", "--quiet", "--warmup=0"], arguments].concat())
}

/// The same as data, with the exit status.
fn measured(arguments: &[&str]) -> (Measurement, i32) {
    let ended = sweep(&[&["--format=json"], arguments].concat());
    let status = ended.status.code().expect("no signal ended it");
    (serde_json::from_slice(&ended.stdout).expect("a result"), status)
}

fn labels(arguments: &[&str]) -> Vec<String> {
    let (run, status) = measured(&[&["--runs=1"], arguments].concat());
    assert_eq!(status, 0, "{arguments:?}");
    run.results.into_iter().map(|row| row.label).collect()
}

#[test]
fn a_program_has_a_row_for_each_combination_of_the_axes_that_it_names() {
    let words = sample("english.txt").display().to_string();
    for (arguments, expected) in [
        (&["--program=x=true"][..], &["x"][..]),
        (&["--program=x=true", "--program=y=true"], &["x", "y"]),
        (&["--program=x=true {workers}", "-w=1,3"], &["x, 1 worker", "x, 3 workers"]),
        (
            &["--program=x=true {chunksize}", "-c=500,5k"],
            &["x, chunksize 500", "x, chunksize 5000"],
        ),
        (&["--program=x=true {rounds}", "--rounds=1,7"], &["x, 1 round", "x, 7 rounds"]),
        (
            &["--program=x=true {a} {b}", "--parameter=a=1..2", "--parameter=b=u v,w"],
            &["x, a 1, b u v", "x, a 1, b w", "x, a 2, b u v", "x, a 2, b w"],
        ),
        (
            &["--program=x=true {chunksize} {workers}", "--program=y=true", "-w=1,2", "-c=7"],
            &["x, 1 worker, chunksize 7", "x, 2 workers, chunksize 7", "y"],
        ),
        (
            &["--program=x=true {workers} {chunksize}", "-w=2", "-c=even,277,9", &words],
            &["x, 2 workers, chunksize 277", "x, 2 workers, chunksize 9"],
        ),
        (&["--program=x=true {words}", "--serial", &words], &["serial", "x"]),
    ] {
        assert_eq!(labels(arguments), expected, "{arguments:?}");
    }
}

#[test]
fn without_sizes_of_ones_own_the_tutorials_are_taken() {
    let words = sample("english.txt").display().to_string();
    let sizes = |command| labels(&["-w=2", "--program", command, &words]).len();
    assert_eq!(sizes("x=true {workers} {chunksize}"), 7);
    let untold = labels(&["--program=x=true {chunksize} {words}", &words]);
    assert_eq!(untold.len(), 6, "`even` needs the number of workers: {untold:?}");
}

#[test]
fn a_table_without_a_list_has_no_words_and_says_what_the_times_are() {
    let (run, _) = measured(&["--runs=1", "--program=x=true", "--program=y=true"]);
    assert_eq!((run.input.path.as_str(), run.input.words), ("", 0));
    assert!(run.process_start.is_some_and(|time| !time.is_zero()));
    let row = &run.results[1];
    assert_eq!(
        (row.setting.backend.as_str(), row.setting.program.as_deref()),
        ("program", Some("y"))
    );
    assert!(row.peak_memory_bytes.is_some_and(|bytes| bytes > 0));
    let text = sweep(&["--runs=1", "--format=table", "--program=x=true"]).exits_with(0).text();
    assert!(text.starts_with("one round\nx\nTimes of programs are whole processes; "), "{text}");
    let text = sweep(&["--runs=1", "--program=x=true"]).exits_with(0).text();
    assert!(text.starts_with("x: "), "{text}");
}

#[test]
fn the_command_line_says_what_is_wrong_with_a_program() {
    let words = sample("english.txt").display().to_string();
    for (arguments, parts) in [
        (&["--program=x"][..], &["--program x", "LABEL=COMMAND"][..]),
        (&["--program==true"], &["no label"]),
        (&["--program=x= "], &["--program x", "the command is empty"]),
        (&["--program=x=true", "--program=x=true"], &["two programs", "x"]),
        (&["--program=serial=true"], &["serial", "another label"]),
        (&["--program=x=true {size}"], &["{size}", "{workers}", "{words}"]),
        (&["--program=x=true '"], &["quotation"]),
        (&["--program=x=true {"], &["{{"]),
        (&["--program=x=true {words}"], &["{words}", "wordhash generate > words.txt"]),
        (&["--program=x=true {words}", "-"], &["{words}", "wordhash generate > words.txt"]),
        (&["--program=x=true", &words], &["WORDS", "{words}"]),
        (&["--program=x=true", "-w=2"], &["--workers", "{workers}"]),
        (&["--program=x=true", "-c=2"], &["--chunksize", "{chunksize}"]),
        (&["--program=x=true", "--rounds=2"], &["--rounds", "{rounds}"]),
        (&["--program=x=true", "--parameter=a=2"], &["--parameter a", "{a}"]),
        (&["--program=x=true {a}", "--parameter=a=2", "--parameter=a=3"], &["a", "twice"]),
        (&["--program=x=true {words}", "--parameter=words=2"], &["{words}"]),
        (&["--program=x=true", "--engine=sha2"], &["--engine", "--backend"]),
        (&["--program=x=true {chunksize}", "-c=auto"], &["-c auto", "{chunksize}"]),
        (&["--program=x=true {chunksize}", "-c=guided:5"], &["-c guided:5", "{chunksize}"]),
        (&["--program=x=true {chunksize}", "-c=even"], &["-c even", "{workers}"]),
        (&["--same-output"], &["--program"]),
    ] {
        sweep(arguments).fails_saying(parts);
    }
    wordhash(&["compare", "--program=x=true {chunksize}"]).fails_saying(&["{chunksize}", "-c"]);
}

#[test]
fn commands_keep_their_words_and_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let told = folder.path().join("told it");
    for (shell, script) in [
        (
            false,
            "=sh -c 'printf \"%s|\" \"$@\" > \"$0\"' '{out}' '{{a b}}' {words} \"x\"'\"y\" \u{fe}",
        ),
        (true, "=printf '%s|' '{{a b}}' {words} 'x\"y' \u{fe} > {out}"),
    ] {
        let list = folder.path().join(OsStr::from_bytes(b"my \"list\" \xff.txt"));
        std::fs::write(&list, "word\n").unwrap();
        let script = script.replace("\"x\"'\"y\"", "'x\"y'");
        let mut text = b"a label".to_vec();
        text.extend(script.chars().map(|c| u8::try_from(u32::from(c)).unwrap()));
        let mut arguments: Vec<OsString> =
            ["sweep", "--quiet", "--runs=1", "--program"].map(OsString::from).to_vec();
        arguments.push(OsString::from_vec(text));
        arguments.extend(shell.then(|| "--shell".into()));
        arguments.push(format!("--parameter=out={}", told.display()).into());
        arguments.push(list.into());
        let ended = wordhash(&arguments).succeeds_quietly();
        assert!(ended.text().starts_with("a label: "), "{}", ended.text());
        let expected = [&b"{a b}|"[..], folder.path().as_os_str().as_bytes()];
        let expected = [&expected.concat()[..], b"/my \"list\" \xff.txt|x\"y|\xfe|"].concat();
        assert_eq!(std::fs::read(&told).unwrap(), expected, "--shell: {shell}");
    }
}

/// A program that does not run as it must ends its row, says why, and leaves the other row alone.
#[test]
fn a_program_that_fails_ends_its_row_alone() {
    for (options, command, parts) in [
        (&[][..], "sh -c 'echo first; echo oh no >&2; exit 3'", &["status 3", "oh no"][..]),
        (&[], "sh -c 'kill -9 $$'", &["signal 9"]),
        (&[], "/nowhere/such-a-program", &["/nowhere/such-a-program", "No such file"]),
        (&["--timeout=0.05"], "sleep 1000", &["took longer", "--timeout"]),
        (&["--timeout=0.05"], "sh -c 'trap \"\" TERM; while :; do sleep 1; done'", &["--timeout"]),
        (&["--same-output"], "echo other", &["other output than good", "--same-output"]),
        (&["--same-output"], "sh -c 'echo $$; sleep 1000 &'", &["other output", "--same-output"]),
    ] {
        let bad = format!("--program=bad={command}");
        let usual = ["--runs=4", "--seed=1", "--program=good=printf ''", &bad];
        let ended = sweep(&[&usual[..], options].concat()).exits_with(2);
        assert!(ended.text().contains("good: ") && !ended.text().contains("bad: "), "{bad}");
        assert_eq!(ended.stderr.lines().count(), 1, "{bad}: {}", ended.stderr);
        for part in parts.iter().chain(&["wordhash: bad: "]) {
            assert!(ended.stderr.contains(part), "{bad}: {part:?} is not in {}", ended.stderr);
        }
    }
    sweep(&["--runs=2", "--program=bad=false"]).fails_saying(&["bad: ended with status 1"]);
    sweep(&["--runs=2", "--program=bad=false", "--ignore-failure"]).succeeds_quietly();
}

#[test]
fn a_row_that_ends_late_keeps_its_samples_and_is_not_recommended() {
    let folder = tempfile::tempdir().unwrap();
    let marks = folder.path().join("marks").display().to_string();
    let frail = "--program=frail=sh -c 'echo >> {at}; test $(wc -l < {at}) -le 3'";
    let at = format!("--parameter=at={marks}");
    let (run, status) = measured(&["--runs=20", "--program=slow=sleep 0.01", frail, &at]);
    assert_eq!((status, run.stopped), (2, Stopped::Runs));
    let samples: Vec<usize> = run.results.iter().map(|row| row.samples.len()).collect();
    assert_eq!(samples, [20, 3]);
    assert_eq!((run.answers[0].recommended, &run.answers[0].fastest[..]), (0, &[0][..]));
}

#[test]
fn programs_may_write_much_read_nothing_and_leave_children() {
    let much = "--program=much=head -c 200000000 /dev/zero";
    let reads = "--program=reads=cat";
    let leaves = "--program=leaves=sh -c 'sleep 1000 & sleep 1000 > /dev/null 2>&1 &'";
    sweep(&["--runs=2", much, reads, leaves]).succeeds_quietly();
}

#[test]
fn setup_runs_once_and_prepare_before_every_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log").display().to_string();
    let (setup, prepare) =
        (format!("--setup=echo setup > '{path}'"), format!("--prepare=echo prepare >> '{path}'"));
    let run = format!("--program=run=sh -c 'echo run >> {path}'");
    sweep(&["--runs=2", &setup, &prepare, &run]).succeeds_quietly();
    let log = std::fs::read_to_string(&path).unwrap();
    assert_eq!(log, "setup\nprepare\nrun\nprepare\nrun\n");
    let says = |option: &str, parts: &[&str]| {
        sweep(&["--runs=2", option, "--program=x=true"]).fails_saying(parts);
    };
    says("--setup=echo no >&2; exit 4", &["--setup", "status 4", "no"]);
    says("--prepare=exit 5", &["x: --prepare", "status 5"]);
}

#[test]
fn a_signal_ends_the_programs_group_and_concludes_what_was_measured() {
    let folder = tempfile::tempdir().unwrap();
    for (number, status) in [(SIGINT, 130), (SIGTERM, 143)] {
        for command in [
            "sleep 1000",
            "sh -c 'trap \"\" TERM INT; sleep 1000 & while :; do sleep 1; done'",
            "head -c 100g /dev/zero",
        ] {
            let json = folder.path().join(format!("{number}.json"));
            let _ = std::fs::remove_file(&json);
            let at = folder.path().join("at").display().to_string();
            let _ = std::fs::remove_file(&at);
            // From its fourth run on, it goes on for ever.
            let script = format!("echo >> {at}; test $(wc -l < {at}) -le 3 || exec {command}");
            let export = format!("--export={}", json.display());
            let program_option = format!("--program=x={script}");
            let arguments =
                ["sweep", "--quiet", "--warmup=0", "--runs=9", "--shell", &export, &program_option];
            let running = start(program(&arguments));
            let goes_on = || lines(Path::new(&at)) >= 4;
            assert!(within(DEADLINE, goes_on), "{command}");
            signal(running.pid(), number);
            running.end().exits_with(status);
            let run: Measurement = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
            assert_eq!((run.stopped, run.results[0].samples.len()), (Stopped::Interrupted, 3));
        }
    }
}

fn lines(path: &Path) -> usize {
    std::fs::read_to_string(path).unwrap_or_default().lines().count()
}

#[test]
fn a_row_that_is_slower_than_allowed_is_a_refusal() {
    let rows =
        ["--runs=20", "--program=old=sleep 0.002", "--program=new=sleep 0.1", "--fail-above=50%"];
    let ended = wordhash(&[&["sweep", "--warmup=0"], &rows[..]].concat()).exits_with(1);
    assert!(ended.stderr.contains("slower by more than 50%: new"), "{}", ended.stderr);
    sweep(&[&rows[..], &["--reference=new"]].concat()).succeeds_quietly();
    let ended = wordhash(&[&["compare", "--warmup=0"], &rows[..]].concat()).exits_with(1);
    assert!(ended.stderr.contains("slower by more than 50%: new"), "{}", ended.stderr);
    sweep(&["--order=blocked", "--fail-above=5%", "--program=x=true"])
        .fails_saying(&["--fail-above", "--order blocked"]);
}

#[test]
fn sizes_around_the_best_one_fill_the_command_too() {
    let (run, status) = measured(&[
        "--runs=14",
        "--refine=2",
        "--program=x=sh -c 'test {chunksize} = 100 || sleep 0.03'",
        "-c=10,100,1000",
    ]);
    let sizes: Vec<_> = run.results.iter().filter_map(ResultRow::fixed_chunksize).collect();
    assert_eq!((status, &sizes[..]), (0, &[10, 100, 1000, 31, 316][..]));
    assert_eq!(run.answers[0].recommended, 1);
}

#[test]
fn the_page_says_that_programs_have_no_timelines() {
    let folder = tempfile::tempdir().unwrap();
    let html = folder.path().join("a.html");
    let words = sample("english.txt").display().to_string();
    let export = format!("--export={}", html.display());
    sweep(&["--runs=1", "--serial", "--program=x=true", &export, &words]).succeeds_quietly();
    let page = std::fs::read_to_string(&html).unwrap();
    assert!(page.contains("Programs have no timelines"));
    assert!(page.contains("Times of programs are whole processes"));
}

#[test]
fn pythons_own_pool_is_swept_beside_ours_and_counts_the_same() {
    let list = wordhash(&["generate", "--words=2000", "--distinct=1800"]).succeeds_quietly().stdout;
    let (_folder, path) = file_of(&list);
    let path = path.display().to_string();
    let peer = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/pool_peer.py");
    // The first two words are the counts, the third is a time.
    let counts = "| cut -d ' ' -f 1,2 | grep -qx '2000 1800'";
    let python =
        format!("--program=python=python3 '{peer}' {{words}} {{workers}} {{chunksize}} {counts}");
    let (run, status) =
        measured(&["--runs=1", "--shell", &python, "-b=processes", "-w=2", "-c=even,100", &path]);
    assert_eq!((status, run.results.len(), run.input.distinct), (0, 4, Some(1800)));
    assert!(run.results.iter().all(|row| row.samples.len() == 1));
}
