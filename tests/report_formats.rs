//! The formats that programs read, each opened by a reader that is not ours: Python's.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail as the test does")]

mod judges;
mod measurements;

use std::fs;
use std::path::PathBuf;

use judges::python;
use measurements::{crossed, full_page, model, timeline, tutorial};
use wordhash::report::chart::{Curve, svg};
use wordhash::report::{Report, csv, json, timeline as lanes, trace};

/// Writes the text where it can be looked at after the test, and has Python judge it; `None` where
/// there is no Python.
#[track_caller]
fn judged_by_python(name: &str, text: &str, program: &str) -> Option<String> {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).unwrap();
    python(program, &[path.as_os_str()]).map(|printed| printed.trim_end().to_owned())
}

#[test]
fn python_reads_the_json() {
    let program = "
import json, sys
run = json.load(open(sys.argv[1]))
row = run['results'][5]
print(row['label'], row['tasks'], row['samples'][0]['total'], row['summary']['median'])
print(run['environment']['governor'], run['results'][0]['workers'], len(run['results']))";
    let Some(printed) = judged_by_python("report.json", &json::render(&tutorial()), program) else {
        return;
    };
    insta::assert_snapshot!(printed, @"
    5000 210 0.062658 0.0621
    None None 8
    ");
}

#[test]
fn python_reads_the_csv_with_one_line_a_sample_and_nothing_for_what_was_not_measured() {
    let mut run = tutorial();
    run.results[1].label = "a \"quoted\", broken\nlabel".to_owned();
    run.results[1].samples[0].set = None;
    let program = "
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline='')))
print(len(rows), [float(row['total_s']) for row in rows if row['label'] == '5000'][:3])
print(repr(rows[25]['label']), repr(rows[25]['set_s']), repr(rows[0]['workers']))
print(sorted({(row['mark'], row['label']) for row in rows if row['mark']}))
print([rows[0][name] for name in ('user_s', 'system_s', 'involuntary_switches', 'foreign_cpu', 'disturbed')])
from decimal import Decimal
for row in rows[50:]:
    parts = sum(Decimal(row[name] or 0) for name in ('start_s', 'map_s', 'exchange_s', 'set_s', 'end_s'))
    assert parts == Decimal(row['total_s']), row";
    let Some(printed) = judged_by_python("report.csv", &csv::render(&run), program) else {
        return;
    };
    insta::assert_snapshot!(printed, @r#"
    200 [0.062658, 0.062162, 0.061665]
    'a "quoted", broken\nlabel' '' ''
    [('maybe-fastest', '10000'), ('recommended', '50000')]
    ['0.221502', '0.011075', '2', '0.01', 'false']
    "#);
}

#[test]
fn python_reads_the_curve_and_finds_its_text_to_be_text() {
    let run = crossed();
    let models = [model(&run)];
    let report = Report { models: &models, ..Report::new(&run) };
    let picture = svg::render(&Curve::new(&report).unwrap(), svg::Frame::default());
    let program = "
import sys, xml.etree.ElementTree as tree
svg = '{http://www.w3.org/2000/svg}'
root = tree.parse(sys.argv[1]).getroot()
print(root.tag == svg + 'svg', root.find(svg + 'title').text)
texts = [element.text.strip() for element in root.iter(svg + 'text')]
print([text for text in texts if not text[0].isdigit()])";
    assert!(picture.len() < 40_000, "{} bytes", picture.len());
    let Some(printed) = judged_by_python("curve.svg", &picture, program) else {
        return;
    };
    insta::assert_snapshot!(printed, @"
    True Time against chunk size
    ['time, ms', 'words in a task (chunk size)', 'processes, shared', 'processes, pipe', 'threads', 'serial, 110.2 ms', 'recommended: 50000, 54.1 ms', 'maybe as fast', 'middle half of the runs (quartiles)', 'cost model']
    ");
}

#[test]
fn python_reads_a_timeline_and_its_size_does_not_follow_the_number_of_tasks() {
    let picture = lanes::svg(&timeline("1", 1_000_000, 1), "timeline");
    let program = "
import sys, xml.etree.ElementTree as tree
print(len(list(tree.parse(sys.argv[1]).getroot().iter('{http://www.w3.org/2000/svg}path'))))";
    assert!(picture.len() < 15_000, "{} bytes", picture.len());
    let Some(paths) = judged_by_python("timeline.svg", &picture, program) else { return };
    assert_eq!(paths, "4");
}

#[test]
fn the_trace_has_the_fields_that_trace_viewers_require() {
    let timelines = [timeline("5000", 21, 5000), timeline("100000", 4, 100_000)];
    let program = "
import json, sys
trace = json.load(open(sys.argv[1]))
events = trace['traceEvents']
for event in events:
    assert {'name', 'ph', 'pid', 'tid', 'ts'} <= event.keys(), event
    assert event['ph'] in 'XM', event
    assert event['ph'] != 'X' or event['dur'] >= 0, event
    assert event['ph'] != 'M' or event['args'], event
print([event['args']['name'] for event in events if event['name'] == 'process_name'])
tasks = [event for event in events if event.get('cat') == 'task']
print(len(tasks), tasks[0]['ts'], tasks[0]['args'])";
    let Some(printed) = judged_by_python("run.trace.json", &trace::render(&timelines), program)
    else {
        return;
    };
    assert_eq!(
        printed,
        "['5000', '100000']\n25 4000.0 {'first_task': 0, 'tasks': 1, 'words': 5000, 'worker_pid': 4711}"
    );
}

#[test]
fn python_finds_the_tags_of_the_page_balanced_and_nothing_loaded_from_elsewhere() {
    let program = "
import html.parser, sys
VOID = {'meta', 'link'}
class Checker(html.parser.HTMLParser):
    open, ids = [], []
    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if 'id' in attributes: self.ids.append(attributes['id'])
        assert 'src' not in attributes, attributes
        assert attributes.get('href', 'data:,') == 'data:,', attributes
        if tag not in VOID: self.open.append(tag)
    def handle_startendtag(self, tag, attributes): pass
    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag
checker = Checker()
checker.feed(open(sys.argv[1]).read())
assert not checker.open, checker.open
assert len(set(checker.ids)) == len(checker.ids), checker.ids
print(len(checker.ids) > 5)";
    let Some(printed) = judged_by_python("report.html", &full_page(), program) else { return };
    assert_eq!(printed, "True");
}
