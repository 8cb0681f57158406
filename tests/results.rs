//! Saved results: held to their schema, read back, shown again, compared, or refused.

mod program;

use std::fs;
use std::path::{Path, PathBuf};

use boon::{Compiler, SchemaIndex, Schemas};
use program::{
    DEADLINE, Ended, program, sample, signal, start, within, wordhash, wordhash_reading,
};
use serde_json::{Value, json};
use wordhash::report::json::{ReadError, read, render};

const SIGINT: i32 = 2;

/// The documented example.
const EXAMPLE: &str = include_str!("data/result.json");

/// The schema, judged by a validator that is not ours, and closed: a field that it does not
/// describe is an error here, though not for readers.
struct Schema {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Schema {
    fn new() -> Self {
        let mut schema: Value =
            serde_json::from_str(include_str!("../docs/result.schema.json")).expect("JSON");
        close(&mut schema);
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.enable_format_assertions();
        compiler.add_resource("result.json", schema).expect("a resource");
        let index = compiler.compile("result.json", &mut schemas).expect("a schema");
        Self { schemas, index }
    }

    fn validates(&self, document: &Value) -> Result<(), String> {
        self.schemas.validate(document, self.index).map_err(|error| format!("{error:#}"))
    }
}

/// Forbids what is not described, in every object of the schema that describes properties.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.values_mut().for_each(close);
            if fields.get("properties").is_some_and(Value::is_object) {
                fields.insert("additionalProperties".to_owned(), json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// A folder, and paths in it as text.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("text").to_owned()
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).expect("a file of text")
    }

    fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.0.path().join(name), text).expect("a file");
        self.path(name)
    }
}

fn english() -> String {
    sample("english.txt").to_str().expect("text").to_owned()
}

/// A small sweep with these options besides.
fn sweep(options: &[&str]) -> Ended {
    let english = english();
    let usual = ["sweep", "--quiet", "--seed=7", "-w=2", "-c=50,even"];
    wordhash(&[&usual, options, &[&english]].concat()).succeeds_quietly()
}

#[test]
fn the_documented_example_and_every_field_of_it_are_in_the_schema() {
    let schema = Schema::new();
    let example = parsed(EXAMPLE);
    schema.validates(&example).unwrap();
    for (pointer, bad) in [
        ("/schema", json!(2)),
        ("/level", json!(1.5)),
        ("/margin", json!(-0.1)),
        ("/order", json!("sorted")),
        ("/environment/started_at", json!("yesterday")),
        ("/results/0/samples/0/total", json!(-1)),
        ("/results/0/samples/0/foreign_cpu", json!(7)),
        ("/results/1/against_reference/verdict", json!("fast")),
        ("/results/1/against_reference/interval", json!([1.5])),
        ("/answers/0/fastest", json!([])),
        ("/input/words", Value::Null),
    ] {
        let mut changed = example.clone();
        *changed.pointer_mut(pointer).expect(pointer) = bad;
        assert!(schema.validates(&changed).is_err(), "{pointer}");
    }
    let mut more = example;
    more["undescribed"] = json!(1);
    assert!(schema.validates(&more).is_err());
}

#[test]
fn every_result_is_valid_by_the_schema() {
    let schema = Schema::new();
    let sizes = "-c=50,even";
    for options in [
        &["--runs=9", "--transport=shared,pipe", sizes][..],
        &["--runs=2", "--order=blocked", "-b=threads,processes", sizes],
        &["--runs=1", "--rounds=1,3", "-b=threads", "--no-serial", sizes],
        &["--runs=3", "--refine=2", sizes],
        &["--runs=1", "--warmup=0", "-c=guided:9"],
    ] {
        let english = english();
        let usual = ["sweep", "--quiet", "-w=2", "--format=json"];
        let json = wordhash(&[&usual, options, &[&english]].concat()).succeeds_quietly().text();
        schema.validates(&parsed(&json)).unwrap_or_else(|error| panic!("{options:?}: {error}"));
        assert_eq!(render(&read(&json).unwrap()), json, "{options:?}");
    }
    let compared =
        wordhash(&["compare", "--quiet", "--runs=2", "-w=2", "--format=json", &english()]);
    schema.validates(&parsed(&compared.succeeds_quietly().text())).unwrap();
}

#[test]
fn the_result_of_an_interrupted_sweep_is_valid_and_can_be_shown() {
    let folder = Folder::new();
    let (path, english) = (folder.path("result.json"), english());
    let arguments =
        ["sweep", "--quiet", "--runs=1m", "--rounds=500", "-b=threads", "-w=1", "-c=50"];
    let running = start(program(&[&arguments[..], &["--export", &path, &english]].concat()));
    assert!(within(DEADLINE, || Path::new(&path).exists()), "{path} was not written");
    signal(running.pid(), SIGINT);
    let ended = running.end().exits_with(130);
    let saved = folder.text("result.json");
    let document = parsed(&saved);
    Schema::new().validates(&document).unwrap();
    assert_eq!(document["stopped"], "interrupted");
    assert_eq!(wordhash(&["show", "--quiet", &path]).succeeds_quietly().text(), ended.text());
}

#[test]
fn show_prints_and_exports_what_the_sweep_did() {
    for format in ["plain", "table", "json", "csv", "markdown"] {
        let folder = Folder::new();
        let saved = folder.path("r.json");
        let [md, svg, csv] = ["a.md", "a.svg", "a.csv"].map(|name| folder.path(name));
        let printed = sweep(&[
            "--runs=3", "--export", &saved, "--export", &md, "--export", &svg, "--export", &csv,
            "--format", format,
        ]);
        let exported = ["a.md", "a.svg", "a.csv", "r.json"].map(|name| folder.text(name));
        let [md, svg, csv, json] =
            ["b.md", "b.svg", "b.csv", "b.json"].map(|name| folder.path(name));
        let shown = wordhash(&[
            "show", "--quiet", &saved, "--format", format, "--export", &md, "--export", &svg,
            "--export", &csv, "--export", &json,
        ]);
        assert_eq!(shown.succeeds_quietly().text(), printed.text(), "{format}");
        let again = ["b.md", "b.svg", "b.csv", "b.json"].map(|name| folder.text(name));
        assert_eq!(again, exported, "{format}");
    }
}

#[test]
fn show_reads_standard_input_and_says_the_warnings_again() {
    let shown =
        wordhash_reading(EXAMPLE.as_bytes(), &["show", "-", "--format=table"]).exits_with(0);
    assert!(shown.text().contains("\n* processes"), "{}", shown.text());
    assert!(shown.stderr.starts_with("wordhash: warning: 2 of 16 runs"), "{}", shown.stderr);
    let quiet = wordhash_reading(EXAMPLE.as_bytes(), &["show", "--quiet", "-"]);
    let text = quiet.succeeds_quietly().text();
    assert_eq!(
        text,
        "Loaded 1049938 words from 1m_words.txt\nserial: 0.110 seconds\n5000: 0.062 seconds\n"
    );
}

#[test]
fn a_page_of_a_saved_result_has_no_timelines_and_a_trace_cannot_be_made_of_it() {
    let folder = Folder::new();
    let saved = folder.write("result.json", EXAMPLE);
    let page = folder.path("page.html");
    wordhash(&["show", "--quiet", &saved, "--export", &page]).succeeds_quietly();
    let page = folder.text("page.html");
    assert!(page.contains("maybe as fast") || page.contains("recommended"), "{page}");
    assert!(!page.contains("What the workers did"));
    let trace = folder.path("a.trace.json");
    wordhash(&["show", &saved, "--export", &trace]).fails_saying(&[
        "a.trace.json",
        "trace",
        "saved result",
        "wordhash sweep",
    ]);
    assert!(!PathBuf::from(trace).exists());
}

/// The example with some fields changed.
fn changed(changes: &[(&str, Value)]) -> String {
    let mut document = parsed(EXAMPLE);
    for (pointer, value) in changes {
        *document.pointer_mut(pointer).expect(pointer) = value.clone();
    }
    document.to_string()
}

#[test]
fn what_is_no_result_is_refused_with_one_line_that_names_it() {
    let old = r#"{"wordhash":"0.1.0","environment":{},"input":{},"results":[],"answer":null}"#;
    let folder = Folder::new();
    for (document, said) in [
        (String::new(), "x.json is empty: it is not a wordhash result"),
        (" \n".to_owned(), "x.json is empty: it is not a wordhash result"),
        (EXAMPLE[..EXAMPLE.len() / 2].to_owned(), "x.json is cut off: its JSON does not end (line"),
        (
            "# A table\n".to_owned(),
            "x.json is not a wordhash result: it is not JSON (expected value",
        ),
        ("[1, 2]".to_owned(), "x.json is not a wordhash result: "),
        ("{}".to_owned(), "x.json is not a wordhash result: it has no \"schema\" and \"wordhash\""),
        (r#"{"schema":1}"#.to_owned(), "x.json is not a wordhash result: it has no"),
        (
            r#"{"schema":1,"wordhash":"0.2.0"}"#.to_owned(),
            "x.json is not a wordhash result: missing field `command`",
        ),
        (
            old.to_owned(),
            "x.json was written by wordhash 0.1.0, whose results cannot be read: measure again",
        ),
        (
            changed(&[("/schema", json!(2))]),
            "x.json has schema 2, and this version of wordhash reads schema 1 only",
        ),
        (
            changed(&[("/schema", json!("one"))]),
            "x.json has schema \"one\", and this version of wordhash reads schema 1 only",
        ),
        (changed(&[("/level", json!("high"))]), "x.json is not a wordhash result: invalid type"),
    ] {
        let path = folder.write("x.json", &document);
        wordhash(&["show", &path]).fails_saying(&[said]);
        let good = folder.write("good.json", EXAMPLE);
        wordhash(&["diff", &good, &path]).fails_saying(&[said]);
        wordhash(&["diff", &path, &good]).fails_saying(&[said]);
    }
    let missing = folder.path("missing.json");
    wordhash(&["show", &missing]).fails_saying(&["cannot read", "missing.json"]);
    wordhash_reading(b"{}", &["show", "-"]).fails_saying(&["standard input is not a wordhash"]);
}

#[test]
fn figures_that_cannot_be_true_are_named() {
    for (pointer, value, said) in [
        ("/level", json!(1.5), "level is 1.5, not between 0 and 1"),
        ("/level", json!(0), "level is 0, not between 0 and 1"),
        ("/margin", json!(-0.01), "margin is -0.01, below 0"),
        ("/answers/0/recommended", json!(2), "an answer names row 2 of 2, counted from 0"),
        ("/answers/0/reference", json!(9), "an answer names row 9 of 2, counted from 0"),
        ("/answers/0/fastest", json!([1, 5]), "an answer names row 5 of 2, counted from 0"),
        ("/answers/0/fastest", json!([0]), "row 1 is recommended and not among the fastest"),
        ("/answers/0/detectable_difference", json!(-1), "a detectable difference is below 0"),
        (
            "/results/0/samples",
            json!([]),
            "the summary of row \"serial\" does not go with its samples",
        ),
        ("/results/0/samples/0/total", json!(2e9), "a time of row \"serial\" is above 31 years"),
        (
            "/results/0/summary/median",
            json!(1),
            "minimum, quartiles, median and maximum of row \"serial\" are not in order",
        ),
        (
            "/results/1/samples/0/foreign_cpu",
            json!(1.2),
            "a foreign_cpu of row \"5000\" is not between 0 and 1",
        ),
        ("/results/1/against_reference/wins", json!(99), "row \"5000\" won 99 of 8 rounds"),
        (
            "/results/1/against_reference/speedup",
            json!(0),
            "the speed-up of row \"5000\" is 0, not above 0",
        ),
        (
            "/results/1/against_reference/interval",
            json!([2, 1]),
            "the interval of row \"5000\" is not two figures above 0 in ascending order",
        ),
    ] {
        let error = read(changed(&[(pointer, value)])).unwrap_err();
        assert_eq!(error, ReadError::Impossible { what: said.to_owned() });
        assert_eq!(error.to_string(), format!("is not a valid result: {said}"));
    }
}

#[test]
fn a_result_that_is_cut_anywhere_is_said_to_be_cut() {
    // The last byte is the line end, the one before it ends the document.
    for end in (1..EXAMPLE.len() - 1).step_by(11) {
        let error = read(&EXAMPLE[..end]).unwrap_err();
        assert!(matches!(error, ReadError::Cut { .. }), "{end}: {error}");
    }
    assert_eq!(read("").unwrap_err(), ReadError::Empty);
}

/// The example with every time of the row `5000` multiplied, and its comparison accordingly.
fn slowed(factor: f64) -> String {
    let mut run = read(EXAMPLE).expect("the example");
    let row = &mut run.results[1];
    for sample in &mut row.samples {
        sample.total = sample.total.mul_f64(factor);
    }
    row.summary = wordhash::bench::stats::summarise(&row.samples);
    let rows = run.results.len();
    let mut standings = wordhash::bench::conclude::standings(&run.results, None, rows, run.margin);
    run.answers = wordhash::bench::conclude::conclude(&mut run.results, &mut standings);
    render(&run)
}

#[test]
fn diff_fails_where_an_interval_lies_beyond_the_limit_and_only_there() {
    let folder = Folder::new();
    let old = folder.write("old.json", EXAMPLE);
    let new = folder.write("new.json", &slowed(1.2));
    let ended = wordhash(&["diff", &old, &new]).succeeds_quietly();
    assert!(
        ended.text().contains("+20.0% (") && ended.text().contains("slower"),
        "{}",
        ended.text()
    );
    for (limit, status) in [("5%", 1), ("15", 1), ("19.9%", 0), ("50%", 0)] {
        let ended = wordhash(&["diff", "--fail-above", limit, &old, &new]).exits_with(status);
        assert_eq!(!ended.stderr.is_empty(), status == 1, "{}", ended.stderr);
        if status == 1 {
            let limit = limit.trim_end_matches('%');
            assert_eq!(ended.stderr, format!("wordhash: slower by more than {limit}%: 5000\n"));
        }
    }
    wordhash(&["diff", "--fail-above=5%", &new, &old]).succeeds_quietly();
    let ended = wordhash_reading(slowed(1.2).as_bytes(), &["diff", "--fail-above=5%", &old, "-"]);
    ended.exits_with(1);
    wordhash(&["diff", "-", "-"]).fails_saying(&["only one of the two", "standard input"]);
}

#[test]
fn diff_of_results_without_comparisons_shows_times_and_says_that_a_limit_has_no_effect() {
    let folder = Folder::new();
    let path = folder.path("blocked.json");
    sweep(&["--runs=2", "--order=blocked", "--export", &path]);
    let ended = wordhash(&["diff", "--fail-above=5%", &path, &path]).exits_with(0);
    assert!(ended.text().contains("blocked order"), "{}", ended.text());
    assert!(!ended.text().contains("verdict"), "{}", ended.text());
    assert!(ended.stderr.contains("--fail-above has no effect"), "{}", ended.stderr);
}
