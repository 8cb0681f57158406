//! Timelines: one more run of each configuration, recorded and not timed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::config::{Config, Way};
use super::input::{Input, Text};
use crate::backend::{self, Around, BackendError, Outcome, Recorder, Span};
use crate::bench::clock::{Clock as _, MonotonicClock};
use crate::bench::result::Measurement;
use crate::known;
use crate::os::interrupt::Interrupt;
use crate::progress::Progress;
use crate::report::timeline::{Bar, Lane, Phase, Timeline};

/// What surrounds the recording.
pub(super) struct Watched<'a> {
    pub(super) clock: &'a MonotonicClock,
    pub(super) interrupt: &'a Arc<Interrupt>,
    pub(super) progress: &'a Progress,
}

/// Runs every configuration once more and takes down who worked when; `run` has their rows. After a
/// request to stop there are no timelines at all: a part of them would pass for the whole.
pub(super) fn record(
    input: &Input<'_>,
    configs: &[Config],
    run: &Measurement,
    watched: &Watched<'_>,
) -> anyhow::Result<Vec<Timeline>> {
    let mut timelines = Vec::with_capacity(configs.len());
    for (config, row) in configs.iter().zip(&run.results) {
        if watched.interrupt.pending().is_some() {
            return Ok(Vec::new());
        }
        match record_one(input, config, row.label.clone(), watched) {
            Ok(timeline) => timelines.push(timeline),
            Err(error) if is_interruption(&error) => return Ok(Vec::new()),
            Err(error) => return Err(error.context(format!("the timeline of {}", row.label))),
        }
        watched.progress.advance(run.input.words);
    }
    Ok(timelines)
}

fn is_interruption(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(BackendError::Interrupted { .. }))
}

fn record_one(
    input: &Input<'_>,
    config: &Config,
    label: String,
    watched: &Watched<'_>,
) -> anyhow::Result<Timeline> {
    let recorder = Recorder::default();
    let around = Around {
        clock: watched.clock,
        progress: &|_| {},
        interrupt: watched.interrupt,
        recorder: Some(&recorder),
    };
    if config.runs_on_ranks() {
        return input.assembly()?.timeline(config, label, &around);
    }
    let Text::Whole(list) = &input.text else { anyhow::bail!("the list is not in memory") };
    let outcome = config.backend()?.run(list, &config.work, &around)?;
    let counting = watched.clock.now();
    known::count_distinct(outcome.digests.as_slice(), config.set_threads())?;
    let set = (counting, watched.clock.now());
    Ok(Timeline {
        label,
        total: set.1.saturating_sub(outcome.begun),
        phases: phases(&outcome, set),
        lanes: lanes(&recorder.into_spans(), &workers(config, &outcome), outcome.begun),
    })
}

/// All that could have worked, so that whoever had nothing to do has a lane as well.
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

/// The parts of a run. One without workers to start begins with the second; between the second and
/// the third, worker processes end.
fn phases(outcome: &Outcome, set: (Duration, Duration)) -> Vec<Phase> {
    let since_begin = |at: Duration| at.saturating_sub(outcome.begun);
    let started = outcome.start.unwrap_or_default();
    let phase = |name: &str, begin, end| Phase { name: name.to_owned(), begin, end };
    let start = outcome.start.map(|start| phase("start", Duration::ZERO, start));
    let map = phase("map", started, started + outcome.map);
    let set = phase("set", since_begin(set.0), since_begin(set.1));
    start.into_iter().chain([map, set]).collect()
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
