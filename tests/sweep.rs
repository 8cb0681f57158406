//! `sweep`, `compare` and `info` as scripts rely on them.

mod program;

use program::{sample, wordhash};
use serde_json::{Value, json};

fn english() -> String {
    sample("english.txt").to_str().expect("a path that is text").to_owned()
}

/// The labels of a plain sweep, each of whose lines must say how long it took.
#[track_caller]
fn labels(text: &str) -> Vec<&str> {
    text.lines()
        .skip(1)
        .map(|line| {
            let (label, time) = line.rsplit_once(": ").expect("a label and a time");
            let seconds = time.strip_suffix(" seconds").expect("a time in seconds");
            assert!(seconds.parse::<f64>().is_ok_and(|seconds| seconds >= 0.0), "{line}");
            label
        })
        .collect()
}

#[track_caller]
fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}"))
}

/// The whole numbers of this name, one in each object of a list.
#[track_caller]
fn numbers(objects: &Value, name: &str) -> Vec<u64> {
    list(objects).iter().map(|object| object[name].as_u64().expect("a number")).collect()
}

fn total(sample: &Value) -> f64 {
    sample["total"].as_f64().expect("seconds")
}

/// The row that an answer names by its place.
fn row_at<'a>(rows: &'a [Value], place: &Value) -> &'a Value {
    &rows[usize::try_from(place.as_u64().expect("a place")).expect("a place")]
}

#[test]
fn a_sweep_prints_the_serial_row_and_the_tutorials_sizes() {
    let text = wordhash(&["sweep", "--quiet", "--workers=4", "--runs=1", "--warmup=0", &english()]);
    let text = text.succeeds_quietly().text();
    assert!(text.starts_with(&format!("Loaded 553 words from {}\n", english())), "{text}");
    let tutorial = ["serial", "139", "100000", "50000", "10000", "5000", "1000", "500"];
    assert_eq!(labels(&text), tutorial);
}

#[test]
fn the_labels_of_a_sweep_name_what_varies() {
    for (arguments, expected) in [
        (&["-c=500,even", "--no-serial"][..], &["500", "277"][..]),
        (&["-c=1..100*10", "-b=threads"], &["serial", "1", "10", "100"]),
        (&["-c=5,5,even", "-w=1", "--no-serial"], &["5", "553"]),
        (
            &["-w=1,2", "-c=50"],
            &["serial", "processes, 1 worker, chunksize 50", "processes, 2 workers, chunksize 50"],
        ),
        (
            &["-b=threads,processes", "-c=guided:9", "--no-serial"],
            &["threads, 2 workers, chunksize guided:9", "processes, 2 workers, chunksize guided:9"],
        ),
        (
            &["-c=50", "--transport=shared,pipe", "--start-method=spawn,fork", "--no-serial"],
            &[
                "processes, 2 workers, chunksize 50, shared, spawn",
                "processes, 2 workers, chunksize 50, shared, fork",
                "processes, 2 workers, chunksize 50, pipe, spawn",
                "processes, 2 workers, chunksize 50, pipe, fork",
            ],
        ),
    ] {
        let usual = ["sweep", "--quiet", "--runs=1", "--warmup=0", "--workers=2"];
        let usual = if arguments.iter().any(|option| option.starts_with("-w")) {
            &usual[..4]
        } else {
            &usual
        };
        let english = english();
        let text = wordhash(&[usual, arguments, &[&english]].concat()).succeeds_quietly().text();
        assert_eq!(labels(&text), expected, "{arguments:?}");
    }
}

#[test]
fn compare_sets_three_ways_side_by_side() {
    let english = english();
    let arguments = ["compare", "--quiet", "--runs=2", "--warmup=0", "-w=2", &english];
    let text = wordhash(&arguments).succeeds_quietly().text();
    let expected =
        ["serial", "threads, 2 workers, chunksize 277", "processes, 2 workers, chunksize 277"];
    assert_eq!(labels(&text), expected);
    let table = wordhash(&[&arguments[..], &["--format=table"]].concat()).succeeds_quietly().text();
    for part in ["speed-up", "reference", "threads", "processes", "set"] {
        assert!(table.contains(part), "{part} in\n{table}");
    }
    assert!(table.lines().all(|line| line.chars().count() <= 140), "{table}");
}

#[test]
fn json_holds_every_sample_and_what_each_row_is() {
    let english = english();
    let ended = wordhash(&[
        "sweep",
        "--quiet",
        "--runs=3",
        "-w=2",
        "-c=7,even",
        "--transport=shared,pipe",
        "-b=threads,processes",
        "--format=json",
        &english,
    ]);
    let run = ended.succeeds_quietly().json();
    let machine = &run["environment"];
    assert!(machine["cores_usable"].as_u64() >= Some(1), "{machine}");
    assert!(list(&machine["engines"]).contains(&machine["engine"]), "{machine}");
    let input = &run["input"];
    assert_eq!((&input["words"], &input["distinct"]), (&json!(553), &json!(541)));
    assert_eq!(input["checksum"].as_str().map(str::len), Some(16));
    let rows = list(&run["results"]);
    assert_eq!(rows.len(), 7);
    for row in rows {
        let (is_serial, uses_processes) =
            (row["backend"] == "serial", row["backend"] == "processes");
        for name in ["workers", "chunksize", "tasks"] {
            assert_eq!(row[name].is_null(), is_serial, "{row}");
        }
        for name in ["transport", "start_method"] {
            assert_eq!(row[name].is_null(), !uses_processes, "{row}");
        }
        for sample in list(&row["samples"]) {
            let parts = ["start", "map", "exchange", "set", "end"];
            let sum: f64 = parts.iter().filter_map(|&part| sample[part].as_f64()).sum();
            assert_eq!(sample["start"].is_null(), is_serial, "{sample}");
            assert!((sum - total(sample)).abs() < 1e-8, "{sample}");
        }
        assert_eq!(numbers(&row["samples"], "round"), [0, 1, 2], "{row}");
        let mut times: Vec<f64> = list(&row["samples"]).iter().map(total).collect();
        times.sort_by(f64::total_cmp);
        for (name, place) in [("min", 0), ("median", 1), ("max", 2)] {
            assert_eq!(row["summary"][name], times[place], "{row}");
        }
        let workers = list(&row["processes"]);
        assert_eq!(workers.len(), if uses_processes { 2 } else { 0 }, "{row}");
        if uses_processes {
            assert_eq!(numbers(&row["processes"], "words").iter().sum::<u64>(), 553, "{row}");
            let tasks: u64 = numbers(&row["processes"], "tasks").iter().sum();
            assert_eq!(row["tasks"], tasks, "{row}");
            assert!(numbers(&row["processes"], "peak_rss_bytes").iter().all(|&bytes| bytes > 0));
            assert!(workers.iter().all(|worker| worker["cpu"].as_f64() > Some(0.0)), "{row}");
        }
    }
    let mut positions: Vec<u64> =
        rows.iter().flat_map(|row| numbers(&row["samples"], "position")).collect();
    positions.sort_unstable();
    assert!(positions.into_iter().eq(0..7 * 3));
}

#[test]
fn a_reference_is_named_by_its_label() {
    let english = english();
    let usual = ["sweep", "-q", "-w=2", "-c=50,100", "--runs=2", "--format=json", &english];
    let run = wordhash(&[&usual[..], &["--reference=100"]].concat()).succeeds_quietly().json();
    let rows = list(&run["results"]);
    let without: Vec<bool> = rows.iter().map(|row| row["against_reference"].is_null()).collect();
    assert_eq!(without, [false, false, true]);
    assert_eq!(run["answers"][0]["reference"], 2);
    wordhash(&[&usual[..], &["--reference=fastest"]].concat()).fails_saying(&[
        "--reference",
        "fastest",
        "serial; 50; 100",
    ]);
}

#[test]
fn rows_of_different_work_have_an_answer_each() {
    let english = english();
    let ended = wordhash(&[
        "sweep",
        "-q",
        "-w=2",
        "-c=50,100",
        "--rounds=1,20",
        "--runs=2",
        "--format=json",
        &english,
    ]);
    let run = ended.succeeds_quietly().json();
    let rows = list(&run["results"]);
    let answers = list(&run["answers"]);
    assert_eq!(numbers(&run["answers"], "rounds"), [1, 20]);
    for answer in answers {
        let named = [&answer["reference"], &answer["recommended"]];
        for row in named.into_iter().chain(list(&answer["fastest"])) {
            assert_eq!(row_at(rows, row)["rounds"], answer["rounds"], "{answer}");
        }
        assert_eq!(row_at(rows, &answer["reference"])["backend"], "serial");
    }
}

#[test]
fn info_names_the_engines_and_the_defaults() {
    let text = wordhash(&["info"]).succeeds_quietly().text();
    for part in [
        concat!("wordhash ", env!("CARGO_PKG_VERSION")),
        "cores",
        "engines",
        "sha2",
        "defaults",
        "--workers",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
}

#[test]
fn every_engine_gives_the_digests_of_the_others() {
    let english = english();
    let info = wordhash(&["info"]).text();
    let engines = info.lines().find_map(|line| line.strip_prefix("engines")).expect("engines");
    let engines = engines.trim().replace(", ", ",");
    // The sweep itself holds every row's checksum against the others'.
    let text = wordhash(&[
        "sweep",
        "--quiet",
        "--runs=1",
        "-c=9",
        "--rounds=1,3",
        "--engine",
        &engines,
        &english,
    ]);
    let rows = labels(&text.succeeds_quietly().text()).len();
    assert_eq!(rows, 2 * 2 * engines.split(',').count());
}
