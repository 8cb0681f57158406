//! Who worked on which tasks, and when: taken down in a run that is made for nothing else.
//!
//! A thread knows when it begins and ends. Of a worker process only the arrival of its answers and
//! the time that it was busy with them are known; `Arrivals` makes spans of these. To have
//! workers send their own clock's readings would make every frame of every run larger for the sake
//! of the few that are recorded. Nothing here knows how spans are shown.

use std::collections::BTreeMap;
use std::mem::take;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Who worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// The thread of this number, from 0, in this process.
    Thread(usize),
    /// The worker process of this id.
    Process(u32),
    /// A thread of a rank, both numbered from 0.
    Rank(usize, usize),
}

/// A stretch of work without a pause that can be seen: one task, or small ones that were taken or
/// answered together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Who worked.
    pub lane: Lane,
    /// The number of the first task, from 0 in the order of the list.
    pub first_task: usize,
    /// How many tasks, of consecutive numbers; at least one.
    pub tasks: usize,
    /// The words of all of them.
    pub words: usize,
    /// When it began, as the clock of the run shows it.
    pub begin: Duration,
    /// When it was done.
    pub end: Duration,
}

/// Takes spans down, from any thread.
#[derive(Debug, Default)]
pub struct Recorder {
    spans: Mutex<Vec<Span>>,
}

impl Recorder {
    /// Takes a span down.
    pub fn note(&self, span: Span) {
        // One push cannot be left half done by a panic elsewhere.
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).push(span);
    }

    /// All that was taken down; the spans of a lane are in the order of time.
    #[must_use]
    pub fn into_spans(self) -> Vec<Span> {
        self.spans.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answers of worker processes as they arrive.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    /// Words of the tasks that were completed since the last answer was counted.
    words: usize,
    lanes: BTreeMap<u32, LaneArrivals>,
}

#[derive(Debug, Default)]
struct LaneArrivals {
    /// Time spent on a task whose end has not come yet.
    unfinished: Duration,
    answers: Vec<Answer>,
}

#[derive(Debug)]
struct Answer {
    first_task: usize,
    tasks: usize,
    words: usize,
    busy: Duration,
    arrived: Duration,
}

impl Arrivals {
    /// A task of so many words is complete.
    pub(super) fn completed(&mut self, words: usize) {
        self.words += words;
    }

    /// The tasks that were completed last, if any, came from this worker, which was busy for so
    /// long with all that came since it was last heard of.
    pub(super) fn worked(
        &mut self,
        pid: u32,
        first_task: usize,
        tasks: usize,
        busy: Duration,
        arrived: Duration,
    ) {
        let lane = self.lanes.entry(pid).or_default();
        lane.unfinished += busy;
        if tasks > 0 {
            let (words, busy) = (take(&mut self.words), take(&mut lane.unfinished));
            lane.answers.push(Answer { first_task, tasks, words, busy, arrived });
        }
    }

    /// Makes spans of the answers.
    ///
    /// A worker does one thing after another, and was done with an answer when it arrived, or, as
    /// several can arrive at once, when it began with the next one. So the last answer says when it
    /// ended, that one when the one before it did: spans are as late as they can be, as long as the
    /// worker said, and do not overlap.
    pub(super) fn note_in(self, recorder: &Recorder) {
        for (pid, LaneArrivals { answers, .. }) in self.lanes {
            let mut next_begin = Duration::MAX;
            let mut spans = Vec::with_capacity(answers.len());
            for Answer { first_task, tasks, words, busy, arrived } in answers.into_iter().rev() {
                let end = arrived.min(next_begin);
                let begin = end.saturating_sub(busy);
                next_begin = begin;
                spans.push(Span { lane: Lane::Process(pid), first_task, tasks, words, begin, end });
            }
            spans.into_iter().rev().for_each(|span| recorder.note(span));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spans_of(arrivals: Arrivals) -> Vec<Span> {
        let recorder = Recorder::default();
        arrivals.note_in(&recorder);
        recorder.into_spans()
    }

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn answers_that_arrive_at_once_were_worked_on_one_after_another() {
        let mut arrivals = Arrivals::default();
        for (first_task, busy) in [(0, 5), (2, 3), (4, 2)] {
            arrivals.completed(10);
            arrivals.completed(20);
            arrivals.worked(7, first_task, 2, ms(busy), ms(100));
        }
        let span = |first_task, begin, end| Span {
            lane: Lane::Process(7),
            first_task,
            tasks: 2,
            words: 30,
            begin: ms(begin),
            end: ms(end),
        };
        assert_eq!(spans_of(arrivals), [span(0, 90, 95), span(2, 95, 98), span(4, 98, 100)]);
    }

    #[test]
    fn a_task_whose_output_comes_in_pieces_is_one_span() {
        let mut arrivals = Arrivals::default();
        arrivals.worked(7, 3, 0, ms(4), ms(50));
        // Another worker between two pieces changes nothing.
        arrivals.completed(8);
        arrivals.worked(9, 4, 1, ms(1), ms(52));
        arrivals.worked(7, 3, 0, ms(4), ms(54));
        arrivals.completed(1000);
        arrivals.worked(7, 3, 1, ms(2), ms(56));
        let found = spans_of(arrivals);
        let shown: Vec<_> = found.iter().map(|s| (s.lane, s.words, s.begin, s.end)).collect();
        let expected =
            [(Lane::Process(7), 1000, ms(46), ms(56)), (Lane::Process(9), 8, ms(51), ms(52))];
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_worker_that_dies_in_a_task_leaves_no_span_of_it() {
        let mut arrivals = Arrivals::default();
        arrivals.worked(7, 0, 0, ms(4), ms(50));
        assert_eq!(spans_of(arrivals), []);
    }

    proptest! {
        #[test]
        fn spans_never_overlap_and_keep_the_busy_time(
            answers in proptest::collection::vec((0_u64..50, 0_u64..50), 1..40)
        ) {
            // A worker that is busy, then idle, and a parent that may hear of it later.
            let (mut arrivals, mut done, mut arrived) = (Arrivals::default(), 0, 0);
            for (task, &(busy, late)) in answers.iter().enumerate() {
                done += busy;
                arrived = arrived.max(done + late);
                arrivals.completed(1);
                arrivals.worked(1, task, 1, ms(busy), ms(arrived));
            }
            let spans = spans_of(arrivals);
            for (span, (busy, _)) in spans.iter().zip(&answers) {
                prop_assert_eq!(span.begin + ms(*busy), span.end);
            }
            prop_assert!(spans.windows(2).all(|pair| pair[0].end <= pair[1].begin));
            prop_assert!(spans.last().is_some_and(|last| last.end == ms(arrived)));
        }
    }
}
