//! What the workers did in one recorded run, as a timeline.

use std::collections::BTreeMap;
use std::time::Duration;

use super::config::{Config, Way};
use crate::backend::{self, Outcome, Recorder, Span};
use crate::report::timeline::{Bar, Lane, Phase, Timeline};

/// The timeline of a run in this process; `set` is when the digests were counted.
pub(super) fn of_outcome(
    label: &str,
    config: &Config,
    outcome: &Outcome,
    set: (Duration, Duration),
    recorder: Recorder,
) -> Timeline {
    Timeline {
        label: label.to_owned(),
        total: set.1.saturating_sub(outcome.begun),
        phases: phases(outcome, set),
        lanes: lanes(&recorder.into_spans(), &workers(config, outcome), outcome.begun),
    }
}

/// All workers, those that had nothing to do included.
fn workers(config: &Config, outcome: &Outcome) -> Vec<backend::Lane> {
    match config.way {
        Way::Serial => vec![backend::Lane::Thread(0)],
        Way::Threads => (0..config.work.workers.get()).map(backend::Lane::Thread).collect(),
        Way::Mpi => Vec::new(),
        Way::Processes(_) => {
            let mut pids: Vec<u32> = outcome.processes.iter().map(|worker| worker.pid).collect();
            // The pool reports workers as they end, which differs from run to run.
            pids.sort_unstable();
            pids.into_iter().map(backend::Lane::Process).collect()
        }
    }
}

/// The parts of a run. One without workers to start begins with the map; between map and set, the
/// workers leave.
fn phases(outcome: &Outcome, set: (Duration, Duration)) -> Vec<Phase> {
    let since_begin = |at: Duration| at.saturating_sub(outcome.begun);
    let started = outcome.start.unwrap_or_default();
    let phase = |name: &str, begin, end| Phase { name: name.to_owned(), begin, end };
    let start = outcome.start.map(|start| phase("start", Duration::ZERO, start));
    let map = phase("map", started, started + outcome.map);
    let counted = since_begin(set.0);
    let end = (counted > map.end).then(|| phase("end", map.end, counted));
    let set = phase("set", counted, since_begin(set.1));
    start.into_iter().chain([map]).chain(end).chain([set]).collect()
}

/// One lane for each worker, in their order; times count from the begin of the run.
pub(super) fn lanes(spans: &[Span], workers: &[backend::Lane], begin: Duration) -> Vec<Lane> {
    let mut bars: BTreeMap<backend::Lane, Vec<Bar>> = BTreeMap::new();
    for span in spans {
        bars.entry(span.lane).or_default().push(Bar {
            first_task: span.first_task,
            tasks: span.tasks,
            begin: span.begin.saturating_sub(begin),
            end: span.end.saturating_sub(begin),
            words: span.words,
        });
    }
    workers
        .iter()
        .map(|worker| Lane {
            pid: match worker {
                backend::Lane::Process(pid) => Some(*pid),
                backend::Lane::Thread(_) | backend::Lane::Rank(..) => None,
            },
            given_name: None,
            bars: bars.remove(worker).unwrap_or_default(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use backend::Lane::Process;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn spans_go_to_the_lanes_of_their_workers_and_count_from_the_begin() {
        let span = |pid, first_task, begin, end| Span {
            lane: Process(pid),
            first_task,
            tasks: 2,
            words: 9,
            begin: ms(begin),
            end: ms(end),
        };
        let spans = [span(8, 0, 105, 107), span(6, 2, 106, 109), span(8, 4, 108, 112)];
        let lanes = lanes(&spans, &[Process(6), Process(7), Process(8)], ms(100));
        let shown: Vec<_> = lanes
            .iter()
            .map(|lane| {
                let bars = lane.bars.iter().map(|bar| (bar.first_task, bar.begin, bar.end));
                (lane.pid, bars.collect::<Vec<_>>())
            })
            .collect();
        let expected = [
            (Some(6), vec![(2, ms(6), ms(9))]),
            (Some(7), vec![]),
            (Some(8), vec![(0, ms(5), ms(7)), (4, ms(8), ms(12))]),
        ];
        assert_eq!(shown, expected);
    }
}
