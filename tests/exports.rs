//! `sweep --export`: every file is opened by a reader that is not ours, stays whole whatever
//! happens, and is refused before anything is measured where it could not be written.

mod judges;
mod program;

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use judges::python;
use program::{DEADLINE, at_a_terminal, file_of, program, sample, signal, start, within, wordhash};
use serde_json::{Value, json};

const SIGINT: i32 = 2;

const NAMES: [&str; 5] =
    ["report.html", "curve.svg", "samples.csv", "result.json", "run.trace.json"];

fn english() -> String {
    sample("english.txt").to_str().expect("a path that is text").to_owned()
}

/// A folder and the `--export` of each file in it.
fn exports() -> (tempfile::TempDir, Vec<String>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let options = NAMES.map(|name| format!("--export={}", folder.path().join(name).display()));
    (folder, options.into())
}

fn sweep(options: &[String], more: &[&str]) -> program::Ended {
    let words = english();
    let mut arguments = vec!["sweep", "--quiet", "--workers=2"];
    arguments.extend(options.iter().map(String::as_str));
    arguments.extend(more);
    arguments.push(&words);
    wordhash(&arguments)
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the folder");
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.expect("an entry").file_name().to_string_lossy().into_owned()
    };
    let mut names: Vec<String> = entries.map(name).collect();
    names.sort();
    names
}

/// Opens the files of a folder, those that there are, and says what is wrong with them.
const READER: &str = r"
import csv, html.parser, json, pathlib, sys, xml.etree.ElementTree as tree
folder, with_timelines = pathlib.Path(sys.argv[1]), sys.argv[2] == 'timelines'

run = json.loads((folder / 'result.json').read_text())
labels = [row['label'] for row in run['results']]
samples = [sample['total'] for row in run['results'] for sample in row['samples']]

with open(folder / 'samples.csv', newline='') as file:
    rows = list(csv.DictReader(file))
assert [float(row['total_s']) for row in rows] == samples, (rows, samples)

svg = tree.parse(folder / 'curve.svg').getroot()
assert svg.tag == '{http://www.w3.org/2000/svg}svg', svg.tag

class Page(html.parser.HTMLParser):
    VOID = {'meta', 'link', 'br', 'hr', 'img', 'input'}
    def __init__(self):
        super().__init__()
        self.open, self.ids, self.outside = [], set(), []
    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == 'id':
                assert value not in self.ids, value
                self.ids.add(value)
            if name in ('src', 'href') and not value.startswith(('data:', '#')):
                self.outside.append(value)
        if tag not in self.VOID:
            self.open.append(tag)
    def handle_startendtag(self, tag, attributes):
        pass
    def handle_endtag(self, tag):
        if tag in ('p', 'li'):
            while self.open[-1] != tag:
                self.open.pop()
        assert self.open.pop() == tag, tag

page = Page()
text = (folder / 'report.html').read_text()
page.feed(text)
page.close()
assert page.open == [] and page.outside == [], (page.open, page.outside)
assert ('timeline-0-title' in page.ids) == with_timelines
";

/// The same for the trace; one of the workers' spans is one of the trace's complete events.
const TRACE_READER: &str = r"
trace = json.loads((folder / 'run.trace.json').read_text())
events = trace['traceEvents']
for event in events:
    assert isinstance(event['name'], str) and event['ph'] in ('X', 'M'), event
    assert isinstance(event['pid'], int) and isinstance(event['tid'], int), event
    assert isinstance(event['ts'], (int, float)) and event['ts'] >= 0, event
    assert event['ph'] == 'M' or event['dur'] >= 0, event
names = [event['args']['name'] for event in events if event['name'] == 'process_name']
assert names == labels, (names, labels)
for pid, row in enumerate(run['results'], 1):
    spans = [event for event in events if event['pid'] == pid and event.get('cat') == 'task']
    assert sum(span['args']['words'] for span in spans) == run['input']['words'], row
    assert sum(span['args']['tasks'] for span in spans) == (row['tasks'] or 1), row
    parts = [event for event in events if event['pid'] == pid and event.get('cat') == 'phase']
    expected = ['map', 'end', 'set'] if row['backend'] == 'serial' else ['start', 'map', 'end', 'set']
    assert [part['name'] for part in parts] == expected, parts
    map = next(part for part in parts if part['name'] == 'map')
    for span in spans:
        # Microseconds with three decimals, which floats hold only nearly.
        assert map['ts'] - 1e-6 <= span['ts'], (map, span)
        assert span['ts'] + span['dur'] <= map['ts'] + map['dur'] + 1e-6, (map, span)
    lanes = {event['tid'] for event in events if event['pid'] == pid and event['name'] == 'thread_name'}
    assert len(lanes) == 1 + (row['workers'] or 1), lanes
";

/// Has Python read the files of a folder, where there is Python.
#[track_caller]
fn judged_by_python(folder: &Path, trace: bool) {
    let program = if trace { format!("{READER}{TRACE_READER}") } else { READER.to_owned() };
    let timelines = if trace { "timelines" } else { "none" };
    python(&program, &[folder.as_os_str(), OsStr::new(timelines)]);
}

#[test]
fn all_files_of_a_sweep_are_read_by_readers_that_are_not_ours() {
    let (folder, options) = exports();
    let more = ["--runs=2", "-c=7,50,even", "-b=threads,processes", "--transport=shared,pipe"];
    sweep(&options, &more).succeeds_quietly();
    let mut expected = NAMES.map(str::to_owned);
    expected.sort();
    assert_eq!(names_in(folder.path()), expected);
    judged_by_python(folder.path(), true);
}

#[test]
fn a_comparison_has_timelines_as_well_and_no_curve_where_there_is_no_size() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("a.trace.json").display().to_string();
    let curve = folder.path().join("a.svg").display().to_string();
    let words = english();
    let arguments = [
        "compare",
        "-w=2",
        "--runs=1",
        "-b=serial",
        "--export",
        &trace,
        "--export",
        &curve,
        &words,
    ];
    let ended = wordhash(&arguments).exits_with(0);
    assert!(ended.stderr.contains("a.svg is not written: no chunk sizes"), "{}", ended.stderr);
    assert_eq!(names_in(folder.path()), ["a.trace.json"]);
}

#[test]
fn an_interrupted_sweep_prints_what_it_has_and_leaves_whole_files() {
    let (folder, options) = exports();
    let words = english();
    // The file is there after the first of a million rounds.
    let mut arguments = vec!["sweep", "-w=2", "-c=50,100", "--runs=1m", "--warmup=0"];
    arguments.extend(options.iter().map(String::as_str));
    arguments.push(&words);
    let running = start(program(&arguments));
    let json = folder.path().join("result.json");
    assert!(within(DEADLINE, || json.exists()), "no file after the first round");
    // Any reader at any time finds a whole file.
    for _ in 0..20 {
        let text = std::fs::read_to_string(&json).unwrap();
        assert!(text.ends_with("}\n"), "{text}");
    }
    // The other formats are written at the end.
    assert_eq!(names_in(folder.path()).iter().filter(|name| !name.starts_with('.')).count(), 1);
    signal(running.pid(), SIGINT);
    let ended = running.end().exits_with(130);
    let text = ended.text();
    for label in ["serial: ", "50: ", "100: "] {
        assert!(text.lines().any(|line| line.starts_with(label)), "{label} in\n{text}");
    }
    let note = "run.trace.json is not written: no timelines were recorded";
    assert!(ended.stderr.contains(note), "{}", ended.stderr);
    assert_eq!(names_in(folder.path()), ["curve.svg", "report.html", "result.json", "samples.csv"]);
    judged_by_python(folder.path(), false);
}

#[test]
fn impatient_requests_to_stop_leave_no_part_of_a_file() {
    for patience in 1..=10 {
        let (folder, options) = exports();
        let words = english();
        let mut arguments = vec!["sweep", "-q", "-w=2", "-c=50,100", "--runs=1m", "--warmup=0"];
        arguments.extend(options.iter().map(String::as_str));
        arguments.push(&words);
        let mut running = start(program(&arguments));
        // After a few rounds, each with its files: one more in each trial.
        let json = folder.path().join("result.json");
        let rounds = |path: &Path| {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            text.matches("\"round\":").count()
        };
        assert!(within(DEADLINE, || rounds(&json) >= 3 * patience), "no file after a round");
        let ended = within(DEADLINE, || {
            signal(running.pid(), SIGINT);
            running.child().try_wait().expect("a child can be waited for").is_some()
        });
        assert!(ended);
        running.end().exits_with(130);
        let parts: Vec<_> =
            names_in(folder.path()).into_iter().filter(|name| name.starts_with('.')).collect();
        assert_eq!(parts, [""; 0]);
    }
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_before_anything_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("directory.json");
    std::fs::create_dir(&directory).unwrap();
    let no_folder = folder.path().join("no_folder.json");
    std::fs::write(&no_folder, "a file").unwrap();
    for (path, reason) in [
        (folder.path().join("missing/out.html"), "No such file or directory"),
        (no_folder.join("out.csv"), "Not a directory"),
        (directory, "is a directory"),
        // Nobody may write there, not even who may write everywhere else.
        (PathBuf::from("/proc/out.trace.json"), ""),
    ] {
        let path = path.display().to_string();
        // This list could not be loaded: the file is looked at first.
        let arguments = ["sweep", "--export", &path, "no such list"];
        wordhash(&arguments).fails_saying(&["cannot write", &path, reason]);
    }
    assert_eq!(names_in(folder.path()), ["directory.json", "no_folder.json"]);
    let arguments = ["sweep", "--export=report.pdf", "no such list"];
    wordhash(&arguments).fails_saying(&["--export", "report.pdf", ".trace.json"]);
}

/// What a sweep shows at a terminal.
fn shown_at_a_terminal(more: &[&str]) -> String {
    let words = english();
    let usual = ["sweep", "-w=2", "-c=50,100,200", "--runs=2", "--quiet"];
    at_a_terminal(program(&[&usual[..], more, &[&words]].concat())).exits_with(0).text()
}

#[test]
fn a_terminal_is_shown_the_curve_unless_it_is_not_wanted() {
    let with_chart = shown_at_a_terminal(&[]);
    for part in ["speed-up", "words in a task", "\u{254c} serial, "] {
        assert!(with_chart.contains(part), "{part} in\n{with_chart}");
    }
    let without = shown_at_a_terminal(&["--no-chart"]);
    assert!(without.contains("speed-up"), "{without}");
    assert!(!without.contains("words in a task"), "{without}");
}

#[track_caller]
fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}"))
}

/// The whole numbers of this name in the samples of each row.
fn of_samples(run: &Value, name: &str) -> Vec<Vec<u64>> {
    let number = |sample: &Value| sample[name].as_u64().expect("a number");
    let numbers = |row: &Value| list(&row["samples"]).iter().map(number).collect();
    list(&run["results"]).iter().map(numbers).collect()
}

#[test]
fn precision_makes_as_many_rounds_of_all_rows_as_it_needs() {
    let words = english();
    let usual = ["sweep", "-q", "-w=2", "-c=50,even", "--format=json", &words];
    let with = |more: &[&str]| {
        let run = wordhash(&[&usual[..], more].concat()).exits_with(0).json();
        of_samples(&run, "round").iter().map(Vec::len).collect::<Vec<_>>()
    };
    let counts = with(&["--precision=50%", "--max-time=5"]);
    // Three rows need ten rounds for a verdict.
    assert!(counts.len() == 3 && counts[0] >= 10, "{counts:?}");
    assert!(counts.iter().all(|&count| count == counts[0]), "{counts:?}");
    // A width that nothing has is never reached: the time ends it, after the first verdict.
    assert_eq!(with(&["--precision=0.000001%", "--max-time=0.000001"]), [10, 10, 10]);
}

#[test]
fn a_precision_that_was_not_reached_is_said_with_the_rows() {
    let words = english();
    let arguments =
        ["sweep", "-w=2", "-c=50", "--precision=0.000001%", "--max-time=0.000001", &words];
    let ended = wordhash(&arguments).exits_with(0);
    let warning = ended.stderr.lines().find(|line| line.contains("not known to"));
    let warning = warning.unwrap_or_else(|| panic!("no warning in\n{}", ended.stderr));
    for part in ["1 of 2 rows", "50", "--max-time"] {
        assert!(warning.contains(part), "{part} in {warning}");
    }
}

#[test]
fn refined_sizes_run_in_rounds_of_the_same_session() {
    let words = english();
    let arguments =
        ["sweep", "-q", "-w=2", "-c=10,50,200", "--runs=3", "--refine=2", "--format=json", &words];
    let run = wordhash(&arguments).succeeds_quietly().json();
    let sizes: Vec<Option<u64>> =
        list(&run["results"]).iter().map(|row| row["chunksize"].as_u64()).collect();
    assert_eq!(sizes[..4], [None, Some(10), Some(50), Some(200)]);
    assert_eq!(sizes.iter().collect::<HashSet<_>>().len(), 6, "{sizes:?}");
    let rounds = of_samples(&run, "round");
    assert_eq!(rounds[0], [0, 1, 2, 3, 4, 5]);
    assert_eq!(rounds[4..], [[3, 4, 5], [3, 4, 5]]);
    let mut positions = of_samples(&run, "position").concat();
    positions.sort_unstable();
    assert!(positions.iter().copied().eq(0..positions.len() as u64), "{positions:?}");
}

#[test]
fn a_seed_gives_the_same_orders_again_and_every_result_has_it() {
    let words = english();
    let orders = |seed: &str| {
        let seed = format!("--seed={seed}");
        let arguments =
            ["sweep", "-q", "-w=1", "-c=50,100,200", "--runs=4", &seed, "--format=json", &words];
        let run = wordhash(&arguments).succeeds_quietly().json();
        (run["seed"].as_u64(), of_samples(&run, "position"))
    };
    let first = orders("81");
    assert_eq!(first.0, Some(81));
    assert_eq!(first, orders("81"));
    assert_ne!(first.1, orders("82").1);
}

#[test]
fn blocked_rows_get_times_and_no_verdicts() {
    let words = english();
    let arguments =
        ["sweep", "-w=2", "-c=50,100", "--order=blocked", "--runs=15", "--format=json", &words];
    let ended = wordhash(&arguments).exits_with(0);
    let run = ended.json();
    assert_eq!((&run["order"], &run["answers"]), (&json!("blocked"), &json!([])));
    assert!(list(&run["results"]).iter().all(|row| row["against_reference"].is_null()), "{run}");
    assert!(ended.stderr.contains("no verdicts are given"), "{}", ended.stderr);
}

/// A saved sweep whose one row beside the serial one is so many times as fast as it, ±2%.
fn saved(checksum: &str, speedup: f64) -> Vec<u8> {
    let words = english();
    let sweep = wordhash(&["sweep", "-q", "-w=1", "-c=50", "--runs=2", "--format=json", &words]);
    let mut run = sweep.succeeds_quietly().json();
    run["input"]["checksum"] = json!(checksum);
    run["results"][1]["against_reference"] = json!({
        "rounds": 20,
        "wins": 20,
        "speedup": speedup,
        "interval": [speedup * 0.98, speedup * 1.02],
        "verdict": "faster",
    });
    serde_json::to_vec(&run).expect("JSON")
}

#[test]
fn diff_says_with_its_exit_status_what_it_found() {
    let (_old, old) = file_of(&saved("ab", 2.0));
    let (_slower, slower) = file_of(&saved("ab", 1.4));
    let (_other, other) = file_of(&saved("cd", 2.0));
    let (_none, none) = file_of(b"no result");
    let [old, slower, other, none] =
        [&old, &slower, &other, &none].map(|path| path.display().to_string());
    for (arguments, status) in [
        (&[&old[..], &old][..], 0),
        (&[&old, &slower], 0),
        (&[&old, &old, "--fail-above=5%"], 0),
        (&[&old, &slower, "--fail-above=5%"], 1),
        (&[&old, &slower, "--fail-above=80%"], 0),
        (&[&slower, &old, "--fail-above=5%"], 0),
    ] {
        let arguments: Vec<&str> = ["diff"].into_iter().chain(arguments.iter().copied()).collect();
        let ended = wordhash(&arguments).exits_with(status);
        assert!(ended.text().contains("50"), "{}", ended.text());
        assert_eq!(ended.stderr.contains("slower by more than 5%: 50"), status == 1);
    }
    wordhash(&["diff", &old, &other]).fails_saying(&["different lists", "ab", "cd"]);
    wordhash(&["diff", &old, &none]).fails_saying(&[&none, "not a wordhash result"]);
    wordhash(&["diff", &old, "missing.json"]).fails_saying(&["missing.json"]);
}
