//! A sweep that is cut short, by whatever: what was measured is printed and exported, and the exit
//! status says what went wrong.

mod program;

use std::path::Path;

use program::{DEADLINE, Running, program, sample, signal, start, within};

const SIGINT: i32 = 2;
const SIGKILL: i32 = 9;

/// A sweep with these options that goes on until it is stopped; each run takes a few milliseconds.
fn sweep(options: &[&str], export: &Path) -> Running {
    let words = sample("english.txt").display().to_string();
    let export = format!("--export={}", export.display());
    let usual = ["sweep", "-w=2", "-c=50,100", "--warmup=0", "--retries=0", &export];
    start(program(&[&usual[..], options, &[&words]].concat()))
}

/// Every row was measured at least once, and is printed.
#[track_caller]
fn shows_all_rows(text: &str) {
    for label in ["serial: ", "50: ", "100: "] {
        assert!(text.lines().any(|line| line.starts_with(label)), "{label} in\n{text}");
    }
}

/// How the saved sweep says that it ended, and how many samples it has.
fn saved(path: &Path) -> (String, usize) {
    let text = std::fs::read(path).expect("a file");
    let run: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    let rows = run["results"].as_array().expect("rows");
    let samples = rows.iter().map(|row| row["samples"].as_array().expect("samples").len()).sum();
    (run["stopped"].as_str().expect("text").to_owned(), samples)
}

/// Waits until the saved sweep has so many samples.
#[track_caller]
fn await_samples(path: &Path, count: usize) {
    let enough = || {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.matches("\"round\":").count() >= count
    };
    assert!(within(DEADLINE, enough), "no {count} samples in {}", path.display());
}

#[test]
fn a_folder_of_exports_that_vanishes_loses_no_measurement() {
    let folder = tempfile::tempdir().unwrap();
    let exports = folder.path().join("exports");
    std::fs::create_dir(&exports).unwrap();
    let json = exports.join("a.json");
    let kept = folder.path().join("kept.json");
    let second = format!("--export={}", kept.display());
    let running = sweep(&["--quiet", "--runs=200", &second], &json);
    await_samples(&json, 6);
    std::fs::rename(&exports, folder.path().join("elsewhere")).unwrap();
    let ended = running.end().fails_saying(&["cannot write", "a.json", "No such file"]);
    shows_all_rows(&ended.text());
    // The other file is written all the same, with all rounds.
    assert_eq!(saved(&kept), ("runs".to_owned(), 600));
}

#[test]
fn a_row_whose_workers_die_is_an_error_and_the_other_rounds_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("a.json");
    let running = sweep(&["--runs=1m", "--rounds=200"], &json);
    await_samples(&json, 9);
    let mut running = running;
    let ended = within(DEADLINE, || {
        for worker in running.workers() {
            signal(worker, SIGKILL);
        }
        running.child().try_wait().expect("a child can be waited for").is_some()
    });
    assert!(ended, "the sweep goes on without workers");
    let ended = running.end().exits_with(2);
    shows_all_rows(&ended.text());
    let error = ended.stderr.lines().last().unwrap_or_default();
    for part in ["chunksize", "SIGKILL"] {
        assert!(error.contains(part) || error.contains("50") || error.contains("100"), "{error}");
    }
    let (stopped, samples) = saved(&json);
    assert_eq!(stopped, "failed");
    assert!(samples >= 9, "{samples}");
}

/// The workers of the one counted run are left alone; those of the run that is recorded are killed.
#[test]
fn a_timeline_that_cannot_be_recorded_is_an_error_behind_the_measurement() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("a.html");
    let words = sample("english.txt").display().to_string();
    let export = format!("--export={}", page.display());
    let arguments = [
        "sweep",
        "--no-serial",
        "-w=2",
        "-c=1",
        "--runs=1",
        "--warmup=0",
        "--retries=0",
        "--rounds=20k",
        &export,
        &words,
    ];
    let mut running = start(program(&arguments));
    let first = running.await_workers(2);
    let ended = within(DEADLINE, || {
        for worker in running.workers().into_iter().filter(|pid| !first.contains(pid)) {
            signal(worker, SIGKILL);
        }
        running.child().try_wait().expect("a child can be waited for").is_some()
    });
    assert!(ended, "the sweep goes on without workers");
    let ended = running.end().exits_with(2);
    assert!(ended.text().lines().any(|line| line.starts_with("1: ")), "{}", ended.text());
    let error = ended.stderr.lines().last().unwrap_or_default();
    assert!(error.contains("timeline") && error.contains("SIGKILL"), "{error}");
    assert!(std::fs::read_to_string(&page).unwrap().ends_with("</html>\n"));
}

#[test]
fn an_interrupted_sweep_is_concluded_however_far_it_came() {
    for samples in [1, 3, 4, 20] {
        let folder = tempfile::tempdir().unwrap();
        let json = folder.path().join("a.json");
        let running = sweep(&["--runs=1m", "--seed=1"], &json);
        await_samples(&json, samples);
        signal(running.pid(), SIGINT);
        let ended = running.end().exits_with(130);
        let (stopped, saved) = saved(&json);
        assert_eq!(stopped, "interrupted");
        assert!(saved >= samples, "{saved} of {samples}");
        shows_all_rows(&ended.text());
    }
}
