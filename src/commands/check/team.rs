//! Jobs for several threads, whose results are had in the order of the jobs.
//!
//! The thread that gives out the jobs is one of them: while the next result is not there, it does
//! a job itself. The others are started when there is more to do than the threads that are there
//! can begin with; so there are none where one job comes after the other, and none where one
//! thread is all.
//!
//! It knows nothing of what the jobs are.

use std::collections::VecDeque;
use std::io;
use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::backend::BackendError;

/// What the threads have in common.
struct Desk<J, R> {
    state: Mutex<State<J, R>>,
    /// There is a job more, or nobody wants results any more.
    job_came: Condvar,
    /// The next result is there, or never will be.
    result_came: Condvar,
}

struct State<J, R> {
    /// Jobs that nobody has begun with, and their numbers.
    waiting: VecDeque<(usize, J)>,
    /// The results of the jobs from number `taken` on, as far as they are there.
    results: VecDeque<Option<R>>,
    /// How many results were taken.
    taken: usize,
    /// Nobody wants results any more.
    closed: bool,
    /// A thread panicked.
    broken: bool,
}

impl<J, R> Desk<J, R> {
    fn state(&self) -> MutexGuard<'_, State<J, R>> {
        // Nothing panics while it is locked, and what was left is in order.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, number: usize, result: R) {
        let mut state = self.state();
        let place = number - state.taken;
        state.results[place] = Some(result);
        if place == 0 {
            self.result_came.notify_one();
        }
    }

    /// Does jobs until nobody wants their results any more.
    fn work(&self, mut work: impl FnMut(J) -> R) {
        let _broken = BreakOnPanic(self);
        let mut state = self.state();
        loop {
            if state.closed {
                return;
            }
            if let Some((number, job)) = state.waiting.pop_front() {
                drop(state);
                let result = work(job);
                self.put(number, result);
                state = self.state();
            } else {
                state = self.job_came.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}

/// Lets nobody wait for a result of a thread that panics.
struct BreakOnPanic<'d, J, R>(&'d Desk<J, R>);

impl<J, R> Drop for BreakOnPanic<'_, J, R> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.state().broken = true;
            self.0.result_came.notify_one();
        }
    }
}

/// Lets the threads end, whatever becomes of the one that gives out jobs.
struct CloseAtEnd<'d, J, R>(&'d Desk<J, R>);

impl<J, R> Drop for CloseAtEnd<'_, J, R> {
    fn drop(&mut self) {
        self.0.state().closed = true;
        self.0.job_came.notify_all();
    }
}

/// How many jobs there are at most whose results were not taken: enough for every thread to have
/// one at hand when it has done one.
pub(super) fn most_jobs(threads: NonZeroUsize) -> usize {
    3 * threads.get() - 2
}

/// Threads that do jobs, and the way to give them some.
pub(super) struct Team<'t, J, R> {
    desk: &'t Desk<J, R>,
    /// Starts a thread more.
    start: Box<dyn Fn() -> io::Result<()> + 't>,
    /// Does a job on this thread.
    work: Box<dyn FnMut(J) -> R + 't>,
    started: usize,
    threads: NonZeroUsize,
}

/// Calls `lead` with a team of up to so many threads, this one included. Each of them does jobs
/// with a worker of its own.
pub(super) fn with_team<J, R, W, T>(
    threads: NonZeroUsize,
    make_worker: impl Fn() -> W + Sync,
    lead: impl FnOnce(&mut Team<'_, J, R>) -> T,
) -> T
where
    J: Send,
    R: Send,
    W: FnMut(J) -> R,
{
    let desk = Desk {
        state: Mutex::new(State {
            waiting: VecDeque::new(),
            results: VecDeque::new(),
            taken: 0,
            closed: false,
            broken: false,
        }),
        job_came: Condvar::new(),
        result_came: Condvar::new(),
    };
    let (desk, make_worker) = (&desk, &make_worker);
    thread::scope(|scope| {
        let _closed = CloseAtEnd(desk);
        let start = move || {
            let thread = move || desk.work(make_worker());
            thread::Builder::new().spawn_scoped(scope, thread).map(drop)
        };
        lead(&mut Team {
            desk,
            start: Box::new(start),
            work: Box::new(make_worker()),
            started: 1,
            threads,
        })
    })
}

impl<J: Send, R: Send> Team<'_, J, R> {
    /// Whether one job more may be given.
    pub(super) fn has_room(&self) -> bool {
        self.desk.state().results.len() < most_jobs(self.threads)
    }

    /// Whether the results of all jobs were taken.
    pub(super) fn is_idle(&self) -> bool {
        self.desk.state().results.is_empty()
    }

    /// Gives a job.
    ///
    /// # Errors
    ///
    /// When a thread is wanted for it and the system refuses it.
    pub(super) fn give(&mut self, job: J) -> Result<(), BackendError> {
        let mut state = self.desk.state();
        let number = state.taken + state.results.len();
        state.waiting.push_back((number, job));
        state.results.push_back(None);
        let more_than_one = state.waiting.len() > 1;
        drop(state);
        self.desk.job_came.notify_one();
        if more_than_one && self.started < self.threads.get() {
            (self.start)().map_err(|error| BackendError::Threads {
                threads: self.threads.get(),
                reason: error.to_string(),
            })?;
            self.started += 1;
        }
        Ok(())
    }

    /// The result of the first job whose result was not taken; `None` when there is no such job.
    ///
    /// # Panics
    ///
    /// When a job did.
    pub(super) fn next_result(&mut self) -> Option<R> {
        let mut state = self.desk.state();
        loop {
            let first = state.results.front_mut()?;
            if let Some(result) = first.take() {
                state.results.pop_front();
                state.taken += 1;
                return Some(result);
            }
            if let Some((number, job)) = state.waiting.pop_front() {
                drop(state);
                let result = (self.work)(job);
                self.desk.put(number, result);
                state = self.desk.state();
                continue;
            }
            assert!(!state.broken, "a thread of the team panicked");
            let result_came = &self.desk.result_came;
            state = result_came.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Barrier;

    fn threads(count: usize) -> NonZeroUsize {
        NonZeroUsize::new(count).unwrap()
    }

    /// Gives jobs as long as there is room for them; all results in the order in which they came.
    fn all<R: Send>(count: usize, jobs: usize, work: impl Fn(usize) -> R + Sync) -> Vec<R> {
        with_team(
            threads(count),
            || &work,
            |team| {
                let mut results = Vec::new();
                for job in 0..jobs {
                    while !team.has_room() {
                        results.extend(team.next_result());
                    }
                    team.give(job).unwrap();
                }
                while let Some(result) = team.next_result() {
                    results.push(result);
                }
                assert!(team.is_idle());
                results
            },
        )
    }

    #[test]
    fn results_come_in_the_order_of_the_jobs() {
        // The first jobs are the longest ones.
        let work =
            |job: usize| (job..1000).fold(job, |sum, number| std::hint::black_box(sum + number));
        for count in [1, 2, 3, 8] {
            for jobs in [0, 1, 2, 3, 1000] {
                let expected: Vec<_> = (0..jobs).map(work).collect();
                assert_eq!(all(count, jobs, work), expected, "{jobs} jobs on {count} threads");
            }
        }
    }

    #[test]
    fn one_thread_is_this_one_and_one_job_after_the_other_needs_no_more() {
        let this = thread::current().id();
        let of_job = |_| thread::current().id();
        assert!(all(1, 100, of_job).into_iter().all(|thread| thread == this));
        with_team(
            threads(8),
            || of_job,
            |team| {
                for job in 0..100 {
                    team.give(job).unwrap();
                    assert_eq!(team.next_result(), Some(this));
                }
            },
        );
    }

    #[test]
    fn as_many_threads_work_at_the_same_time_as_were_wanted() {
        for count in [2, 5] {
            // Nobody goes on before all are there.
            let barrier = Barrier::new(count);
            let jobs = most_jobs(threads(count)) / count * count;
            assert_eq!(all(count, jobs, |_| barrier.wait().is_leader()).len(), jobs);
        }
    }

    #[test]
    fn a_job_that_panics_is_waited_for_by_nobody() {
        for count in [1, 2, 3] {
            for job_that_panics in [0, 1, 50, 99] {
                let work = |job| assert_ne!(job, job_that_panics, "this panic belongs to the test");
                let ended = catch_unwind(AssertUnwindSafe(|| all(count, 100, work)));
                assert!(ended.is_err(), "job {job_that_panics} on {count} threads");
            }
        }
    }

    #[test]
    fn jobs_whose_results_nobody_takes_do_not_keep_it_from_ending() {
        let give_some = |team: &mut Team<'_, usize, usize>| {
            for job in 0..most_jobs(threads(3)) {
                team.give(job).unwrap();
            }
            "ended"
        };
        assert_eq!(with_team(threads(3), || |job| job, give_some), "ended");
    }
}
