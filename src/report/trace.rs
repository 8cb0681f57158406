//! The timelines as a Chrome trace, for Perfetto and `chrome://tracing`.
//!
//! The object form of the Trace Event Format: complete events (`"ph": "X"`) with times in
//! microseconds, and metadata events (`"ph": "M"`) that name things. A configuration becomes a
//! "process" of the trace and a worker one of its "threads", so that the runs, which were made
//! one after the other, stand below each other and begin at the same place.

use std::time::Duration;

use serde::Serialize;

use super::timeline::{Bar, Lane, Timeline};
use crate::one_line::one_line;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Trace {
    trace_events: Vec<Event>,
    display_time_unit: &'static str,
}

#[derive(Serialize)]
struct Event {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cat: Option<&'static str>,
    ph: &'static str,
    ts: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<f64>,
    pid: usize,
    tid: usize,
    args: Arguments,
}

#[derive(Default, Serialize)]
struct Arguments {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sort_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_task: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tasks: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker_pid: Option<u32>,
}

/// The "thread" of a run that has its parts; the workers follow.
const PHASES: usize = 0;

/// The trace of some runs, one line of JSON.
#[must_use]
#[expect(clippy::missing_panics_doc, reason = "it cannot: the types have no map")]
pub fn render(timelines: &[Timeline]) -> String {
    let numbered = timelines.iter().zip(1..);
    let trace_events = numbered.flat_map(|(timeline, pid)| events(timeline, pid)).collect();
    let trace = Trace { trace_events, display_time_unit: "ms" };
    let mut text = serde_json::to_string(&trace).expect("only maps can fail to be written");
    text.push('\n');
    text
}

fn events(timeline: &Timeline, pid: usize) -> Vec<Event> {
    let mut events = vec![
        metadata("process_name", pid, PHASES, name(&timeline.label)),
        metadata("process_sort_index", pid, PHASES, order(pid)),
        metadata("thread_name", pid, PHASES, name("run")),
    ];
    for phase in &timeline.phases {
        let span = (phase.begin, phase.end);
        let name = one_line(&phase.name).into_owned();
        events.push(complete(name, "phase", pid, PHASES, span, Arguments::default()));
    }
    for (index, lane) in timeline.lanes.iter().enumerate() {
        lane_events(&mut events, lane, index, pid);
    }
    events
}

fn lane_events(events: &mut Vec<Event>, lane: &Lane, index: usize, pid: usize) {
    let tid = index + 1;
    events.push(metadata("thread_name", pid, tid, name(&lane.name(index))));
    events.push(metadata("thread_sort_index", pid, tid, order(tid)));
    for bar in &lane.bars {
        let args = Arguments {
            first_task: Some(bar.first_task),
            tasks: Some(bar.tasks),
            words: Some(bar.words),
            worker_pid: lane.pid,
            ..Arguments::default()
        };
        let span = (bar.begin, bar.end);
        events.push(complete(bar_name(bar), "task", pid, tid, span, args));
    }
}

fn bar_name(bar: &Bar) -> String {
    match bar.tasks {
        0 | 1 => format!("task {}", bar.first_task),
        tasks => format!("tasks {} to {}", bar.first_task, bar.first_task + tasks - 1),
    }
}

fn metadata(name: &str, pid: usize, tid: usize, args: Arguments) -> Event {
    Event { name: name.to_owned(), cat: None, ph: "M", ts: 0.0, dur: None, pid, tid, args }
}

fn name(name: &str) -> Arguments {
    Arguments { name: Some(one_line(name).into_owned()), ..Arguments::default() }
}

fn order(index: usize) -> Arguments {
    Arguments { sort_index: Some(index), ..Arguments::default() }
}

fn complete(
    name: String,
    category: &'static str,
    pid: usize,
    tid: usize,
    (begin, end): (Duration, Duration),
    args: Arguments,
) -> Event {
    let ts = micros(begin);
    let dur = Some(micros(end.saturating_sub(begin)));
    Event { name, cat: Some(category), ph: "X", ts, dur, pid, tid, args }
}

fn micros(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1e3
}
