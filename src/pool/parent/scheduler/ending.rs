//! The ways in which a pool ends. After each of them no process is left.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::super::client::NoTasks;
use super::super::poller::Key;
use super::super::worker_handle::{Stage, WorkerHandle};
use super::{Scheduler, Wait};

impl Scheduler {
    /// Asks all workers to leave and waits until they have. Nothing may be out. A worker that does
    /// not go in time, if there is a time limit, is killed.
    pub(in crate::pool) fn finish(&mut self) {
        self.ending = true;
        self.last_progress = Instant::now();
        let keys: Vec<Key> = self.workers.iter().map(|worker| worker.key).collect();
        for key in keys {
            self.offer(key);
        }
        while self.workers.len() > 0 {
            if self.turn(&mut NoTasks, Wait::ForEvent).is_err() {
                break;
            }
        }
        self.kill("it was shut down");
    }

    /// Asks a worker that holds nothing to report and end.
    pub(super) fn ask_to_leave(&mut self, key: Key) {
        let worker = self.workers.expect(key);
        worker.ask_to_leave();
        self.workers.note_stage(Stage::Ready, Stage::Leaving);
        self.watch_room(key);
    }

    /// Asks all workers to end by SIGTERM and gives them a moment, then kills them.
    pub(in crate::pool) fn terminate(&mut self, grace_ms: u32) {
        for worker in self.workers.iter() {
            worker.process().signal(Signal::TERM);
        }
        let end = Instant::now() + Duration::from_millis(grace_ms.into());
        for worker in self.workers.iter() {
            let left = end.saturating_duration_since(Instant::now()).as_millis();
            worker.process().ends_within(u32::try_from(left).unwrap_or(grace_ms));
        }
        self.kill("its workers were terminated");
    }

    /// Kills all workers and waits for them: no process is left when this returns.
    pub(in crate::pool) fn kill(&mut self, reason: &str) {
        self.ending = true;
        let keys: Vec<Key> = self.workers.iter().map(|worker| worker.key).collect();
        for worker in self.workers.iter() {
            worker.process().signal(Signal::KILL);
        }
        for key in keys {
            if let Some(worker) = self.remove(key) {
                self.reports.push(worker.end());
            }
        }
        self.retry_queue.clear();
        self.state.tasks_out = 0;
        self.closed.get_or_insert_with(|| reason.to_owned());
    }

    /// Takes a worker out of the table and out of the poller.
    pub(super) fn remove(&mut self, key: Key) -> Option<WorkerHandle> {
        let worker = self.workers.remove(key)?;
        if !worker.disconnected {
            self.poller.remove(worker.socket());
        }
        self.poller.remove(worker.process().descriptor());
        Some(worker)
    }
}
