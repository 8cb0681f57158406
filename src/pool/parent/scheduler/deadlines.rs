//! What must have happened by some time: progress, the end of a task, the end of a worker that
//! closed its socket.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::super::poller::Key;
use super::super::worker_handle::{Stage, WorkerHandle};
use super::Scheduler;
use crate::pool::error::{Death, PoolError, TaskFailure};

/// How long a worker that closed its socket may take to end before it is made to.
const DISCONNECT_GRACE: Duration = Duration::from_millis(200);

/// A wait that ends this much later than it should was not the workers' fault: this process was
/// stopped (Ctrl-Z, a debugger), and so, most likely, were they.
const SUSPENDED: Duration = Duration::from_secs(1);

/// Deadlines of workers; each list is in order of time, because its limit is the same for all.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    /// Workers that closed their sockets.
    disconnected: VecDeque<(Instant, Key)>,
    /// Front batches of workers, by their number; looked at only where tasks have a time limit.
    fronts: VecDeque<(Instant, Key, u64)>,
}

impl Scheduler {
    /// The first deadline that may be due. It may be one that was met meanwhile.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let progress = self.limits.progress_timeout.filter(|_| self.expects_something());
        let progress = progress.and_then(|limit| self.last_progress.checked_add(limit));
        let disconnected = self.deadlines.disconnected.front().map(|&(time, _)| time);
        let front = self.deadlines.fronts.front().map(|&(time, ..)| time);
        [progress, disconnected, front].into_iter().flatten().min()
    }

    /// A worker's socket is closed, or not read any more: its process must end soon.
    pub(super) fn disconnect(&mut self, key: Key) {
        let worker = self.workers.expect(key);
        worker.disconnected = true;
        self.poller.remove(worker.socket());
        if worker.stage == Stage::Ready || worker.stage == Stage::Starting {
            let before = std::mem::replace(&mut worker.stage, Stage::Dying);
            self.workers.note_stage(before, Stage::Dying);
        }
        self.deadlines.disconnected.push_back((Instant::now() + DISCONNECT_GRACE, key));
    }

    /// A batch came to a worker's front: its tasks may take so long from now on.
    pub(super) fn time_front(&mut self, key: Key) {
        let Some(limit) = self.limits.task_timeout else { return };
        let worker = self.workers.expect(key);
        let (fronts, since) = (worker.fronts, worker.front_since);
        if worker.timed_front == fronts || worker.batches.is_empty() {
            return;
        }
        worker.timed_front = fronts;
        if let Some(deadline) = since.checked_add(limit) {
            self.deadlines.fronts.push_back((deadline, key, fronts));
        }
    }

    /// Ends workers that are late, and the pool if it makes no progress.
    pub(super) fn check_deadlines(&mut self) -> Result<(), PoolError> {
        let now = Instant::now();
        while let Some((_, key)) = self.deadlines.disconnected.pop_front_if(|late| late.0 <= now) {
            if let Some(worker) = self.workers.get_mut(key) {
                worker.death.get_or_insert(Death::ClosedSocket);
                worker.process().signal(Signal::KILL);
            }
        }
        while let Some((_, key, front)) = self.deadlines.fronts.pop_front_if(|late| late.0 <= now) {
            let late = self.workers.get_mut(key).is_some_and(|worker| {
                worker.fronts == front && worker.stage == Stage::Ready && !worker.batches.is_empty()
            });
            if let (true, Some(limit)) = (late, self.limits.task_timeout) {
                self.condemn(key, None, Some(TaskFailure::TookTooLong { limit }));
            }
        }
        self.check_progress(now)
    }

    fn check_progress(&self, now: Instant) -> Result<(), PoolError> {
        let Some(after) = self.limits.progress_timeout else { return Ok(()) };
        if !self.expects_something() || now.duration_since(self.last_progress) < after {
            return Ok(());
        }
        let owing = self
            .workers
            .iter()
            .filter(|worker| worker.stage != Stage::Ready || !worker.batches.is_empty());
        let tasks = self.workers.iter().filter_map(|worker| worker.batches.front());
        Err(PoolError::Stalled {
            after,
            task: tasks.map(|batch| batch.next).min(),
            pids: owing.map(WorkerHandle::pid).collect(),
        })
    }

    /// After a wait from `begin` that should have ended at `deadline`: if it ended far later, this
    /// process was stopped, and its workers get the time again.
    pub(super) fn forgive_suspension(&mut self, begin: Instant, deadline: Instant) {
        let now = Instant::now();
        let late = now.saturating_duration_since(deadline.max(begin));
        if late < SUSPENDED {
            return;
        }
        self.last_progress = now;
        for (time, ..) in &mut self.deadlines.fronts {
            *time += late;
        }
    }
}
