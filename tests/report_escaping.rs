//! Text from outside (paths, labels, names of machines) in every format, whatever it holds.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail as the test does")]

mod measurements;

use std::time::Duration;

use measurements::{ROUNDS, micros, timeline, tutorial};
use proptest::prelude::*;
use wordhash::bench::result::Measurement;
use wordhash::report::chart::{Curve, svg, text};
use wordhash::report::table::{self, Layout};
use wordhash::report::{Report, csv, html, json, markdown, plain, timeline as lanes, trace};

/// Any text, and more often than by chance what could mean something to a format.
fn outside() -> impl Strategy<Value = String> {
    let hostile = prop_oneof![
        Just("</title><script>alert(1)</script>"),
        Just("]]><!--"),
        Just("\" onload=\"x"),
        Just("a|b\\|c"),
        Just("\r\n=1,2,\"3\""),
        Just("```\n# x"),
        Just("\u{0}\u{1b}[31m\u{85}\u{fffe}\u{ffff}\u{feff}"),
    ];
    (any::<String>(), hostile, any::<String>()).prop_map(|(a, b, c)| format!("{a}{b}{c}"))
}

fn run_with(text: &str) -> Measurement {
    let mut run = tutorial();
    text.clone_into(&mut run.input.path);
    text.clone_into(&mut run.results[2].label);
    text.clone_into(&mut run.results[3].setting.engine);
    run.environment.cpu = Some(text.to_owned());
    run.warnings = vec![text.to_owned()];
    run.command = vec!["wordhash".to_owned(), text.to_owned()];
    run
}

/// The names of all tags, in their order.
fn tags(markup: &str) -> Vec<&str> {
    markup.split('<').skip(1).map(|rest| rest.split(['>', ' ', '\n']).next().unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pages_and_pictures_have_the_same_tags_whatever_the_text(text in outside()) {
        let page = |text: &str| {
            let run = run_with(text);
            let timelines = [timeline(text, 9, 10)];
            html::render(&Report {
                model_note: Some(text),
                timelines: &timelines,
                ..Report::new(&run)
            })
        };
        let harmless = page("text");
        let hostile = page(&text);
        prop_assert_eq!(tags(&hostile), tags(&harmless));
        let no_control = |c: char| !c.is_control() || c == '\n';
        prop_assert!(hostile.chars().all(no_control), "a control character");
        let forbidden = ['\u{fffe}', '\u{ffff}'];
        prop_assert!(!hostile.contains(forbidden), "a character that XML does not have");
    }

    #[test]
    fn json_reads_back_equal(text in outside(), nanos in 0..u64::from(u32::MAX)) {
        let mut run = run_with(&text);
        run.results[1].samples[0].total = Duration::from_nanos(nanos);
        prop_assert_eq!(json::read(json::render(&run)).unwrap(), run);
    }

    #[test]
    fn a_trace_is_json_and_holds_the_label(text in outside()) {
        let trace = trace::render(&[timeline(&text, 5, 10)]);
        let trace: serde_json::Value = serde_json::from_str(&trace).unwrap();
        prop_assert!(trace["traceEvents"][0]["args"]["name"].is_string());
    }

    #[test]
    fn csv_fields_read_back_equal(text in outside()) {
        let run = run_with(&text);
        let document = csv::render(&run);
        let records = csv_records(&document);
        let samples: usize = run.results.iter().map(|row| row.samples.len()).sum();
        prop_assert_eq!(records.len(), samples + 1);
        prop_assert!(records.iter().all(|record| record.len() == csv::COLUMNS.len()));
        // Behind the heading, each row has as many lines as there are rounds.
        prop_assert_eq!(&records[2 * ROUNDS + 1][0], &text);
        let engine = csv::COLUMNS.iter().position(|column| *column == "engine").unwrap();
        prop_assert_eq!(&records[3 * ROUNDS + 1][engine], &text);
    }

    #[test]
    fn markdown_keeps_its_rows_and_columns(text in outside()) {
        let run = run_with(&text);
        let document = markdown::render(&Report::new(&run));
        let rows: Vec<_> = document
            .lines()
            .skip_while(|line| !line.starts_with('|'))
            .take_while(|line| line.starts_with('|'))
            .collect();
        prop_assert_eq!(rows.len(), run.results.len() + 2);
        let bars = |row: &str| row.replace("\\\\", "").replace("\\|", "").matches('|').count();
        prop_assert!(rows.iter().all(|row| bars(row) == bars(rows[0])), "{}", document);
    }

    #[test]
    fn text_for_a_terminal_keeps_to_its_lines_and_holds_no_escape_sequence(text in outside()) {
        let run = run_with(&text);
        let report = Report::new(&run);
        let table = table::render(&report, Layout { width: Some(80), colour: false });
        let chart = text::render(&Curve::new(&report).unwrap(), 72);
        for output in [plain::render(&report), table, chart] {
            prop_assert!(output.chars().all(|c| !c.is_control() || c == '\n'), "{:?}", output);
        }
        prop_assert_eq!(plain::render(&report).lines().count(), run.results.len() + 1);
    }

    #[test]
    fn any_times_and_sizes_can_be_drawn(
        times in prop::collection::vec(0_u64..4_000_000_000, 8),
        sizes in prop::collection::vec(1_usize..usize::MAX, 8),
    ) {
        let mut run = tutorial();
        for ((row, time), size) in run.results.iter_mut().zip(times).zip(sizes) {
            row.summary.as_mut().unwrap().median = micros(time);
            row.chunksize = row.chunksize.take().map(|_| wordhash::bench::result::Chunksize::Fixed(size));
        }
        let curve = Curve::new(&Report::new(&run)).unwrap();
        prop_assert!(svg::render(&curve, svg::Frame::default()).ends_with("</svg>\n"));
        prop_assert!(!text::render(&curve, 72).is_empty());
        let page = html::render(&Report::new(&run));
        let (shown, _script) = page.split_once("<script>").unwrap();
        prop_assert!(!shown.contains("NaN"));
    }

    #[test]
    fn a_timeline_of_any_bars_is_small_and_whole(bars in prop::collection::vec((0_u64..70_000, 0_u64..70_000), 0..300)) {
        let mut line = timeline("5000", 4, 10);
        line.lanes[0].bars = bars
            .into_iter()
            .map(|(begin, end)| lanes::Bar {
                first_task: 0,
                tasks: 1,
                begin: micros(begin),
                end: micros(end),
                words: 1,
            })
            .collect();
        let picture = lanes::svg(&line, "timeline");
        prop_assert!(picture.ends_with("</svg>\n") && !picture.contains("NaN"));
    }
}

/// RFC 4180 as a reader sees it.
fn csv_records(document: &str) -> Vec<Vec<String>> {
    let mut records = vec![vec![String::new()]];
    let mut characters = document.chars().peekable();
    let mut quoted = false;
    while let Some(character) = characters.next() {
        let record = records.last_mut().unwrap();
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                record.last_mut().unwrap().push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(String::new()),
            '\n' if !quoted => records.push(vec![String::new()]),
            _ => record.last_mut().unwrap().push(character),
        }
    }
    records.pop();
    records
}
