//! `sweep`, `compare` and `info` as scripts rely on them.

mod program;

use program::{python, sample, wordhash};

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
            &["serial", "processes, 1 workers, chunksize 50", "processes, 2 workers, chunksize 50"],
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
        let expected: Vec<String> =
            expected.iter().map(|label| label.replace("1 workers", "1 worker")).collect();
        let found: Vec<String> =
            labels(&text).iter().map(|label| label.replace("1 workers", "1 worker")).collect();
        assert_eq!(found, expected, "{arguments:?}");
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
fn json_holds_every_sample_for_a_reader_that_is_not_ours() {
    let english = english();
    let json = wordhash(&[
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
    let json = json.succeeds_quietly().text();
    let program = "import json, sys
run = json.loads(sys.argv[1])
machine, given, rows = run['environment'], run['input'], run['results']
assert machine['cores_usable'] >= 1 and machine['engine'] in machine['engines'], machine
assert (given['words'], given['distinct']) == (553, 541), given
assert len(given['checksum']) == 16, given
positions = []
for row in rows:
    serial = row['backend'] == 'serial'
    for name in ('workers', 'chunksize', 'tasks'):
        assert (row[name] is None) == serial, row
    for name in ('transport', 'start_method'):
        assert (row[name] is None) == (row['backend'] != 'processes'), row
    assert [sample['round'] for sample in row['samples']] == [0, 1, 2], row
    for sample in row['samples']:
        parts = [sample[part] or 0 for part in ('start', 'map', 'exchange', 'set', 'end')]
        assert (sample['start'] is None) == serial
        assert abs(sum(parts) - sample['total']) < 1e-8, sample
        positions.append(sample['position'])
    times = sorted(sample['total'] for sample in row['samples'])
    assert row['summary']['median'] == times[1], row
    assert (row['summary']['min'], row['summary']['max']) == (times[0], times[2]), row
    assert len(row['processes']) == (2 if row['backend'] == 'processes' else 0), row
    if row['processes']:
        assert sum(worker['words'] for worker in row['processes']) == 553, row
        assert sum(worker['tasks'] for worker in row['processes']) == row['tasks'], row
        assert all(worker['cpu'] > 0 and worker['peak_rss_bytes'] > 0 for worker in row['processes'])
assert sorted(positions) == list(range(len(rows) * 3)), positions
print(len(rows))";
    assert_eq!(python(program, &[json.as_ref()]).trim(), "7");
}

#[test]
fn a_reference_is_named_by_its_label() {
    let english = english();
    let usual = ["sweep", "-q", "-w=2", "-c=50,100", "--runs=2", "--format=json", &english];
    let json = wordhash(&[&usual[..], &["--reference=100"]].concat()).succeeds_quietly().text();
    let program = "import json, sys
run = json.loads(sys.argv[1])
assert [row['against_reference'] is None for row in run['results']] == [False, False, True]
print(run['answers'][0]['reference'])";
    assert_eq!(python(program, &[json.as_ref()]).trim(), "2");
    wordhash(&[&usual[..], &["--reference=fastest"]].concat()).fails_saying(&[
        "--reference",
        "fastest",
        "serial; 50; 100",
    ]);
}

#[test]
fn rows_of_different_work_have_an_answer_each() {
    let english = english();
    let json = wordhash(&[
        "sweep",
        "-q",
        "-w=2",
        "-c=50,100",
        "--rounds=1,20",
        "--runs=2",
        "--format=json",
        &english,
    ]);
    let json = json.succeeds_quietly().text();
    let program = "import json, sys
run = json.loads(sys.argv[1])
rows = run['results']
assert [answer['rounds'] for answer in run['answers']] == [1, 20], run['answers']
for answer in run['answers']:
    for row in [answer['reference'], answer['recommended'], *answer['fastest']]:
        assert rows[row]['rounds'] == answer['rounds'], answer
    assert rows[answer['reference']]['backend'] == 'serial'
print('read')";
    assert_eq!(python(program, &[json.as_ref()]).trim(), "read");
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
