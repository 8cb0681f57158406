//! When a worker dies: its report, and what becomes of the tasks that it had.

use std::collections::VecDeque;

use super::super::batch::Batch;
use super::super::client::Client;
use super::super::poller::Key;
use super::super::worker_handle::Stage;
use super::Scheduler;
use crate::pool::error::{Death, PoolError, TaskFailure};

/// How many workers may die without any task done in between, beyond one for each worker.
const IDLE_DEATHS: u32 = 4;

impl Scheduler {
    /// A worker's process has ended: takes its report and puts its tasks into the retry queue.
    pub(super) fn reap_worker<C: Client>(
        &mut self,
        key: Key,
        client: &mut C,
    ) -> Result<(), PoolError> {
        let Some(mut worker) = self.remove(key) else { return Ok(()) };
        let mut batches = std::mem::take(&mut worker.batches);
        let (began, was_asked) = (worker.began(), worker.stage == Stage::Leaving);
        let verdict = worker.verdict.take();
        let mut report = worker.end();
        if !was_asked {
            report.death.get_or_insert(Death::Exit(0));
        }
        if report.death == Some(Death::Signal(libc::SIGKILL))
            && verdict.is_none()
            && self.oom.killed_since()
        {
            report.death = Some(Death::OutOfMemory);
        }
        let (pid, death) = (report.pid, report.death.clone());
        self.reports.push(report);
        let Some(death) = death.filter(|_| !was_asked) else { return Ok(()) };
        if let Some(failure) = verdict {
            return self.fail_front(batches, pid, failure, client);
        }
        if batches.is_empty() || !began {
            self.check_idle_deaths(pid, &death)?;
        }
        let blamed = if began { batches.pop_front() } else { None };
        let mut groups = match blamed {
            Some(batch) => self.split_blamed(batch, pid, &death, client)?,
            None => Vec::new(),
        };
        groups.extend(batches);
        self.retry(groups);
        Ok(())
    }

    /// The pool ended a worker because of its front task: that one fails, the others are innocent.
    fn fail_front<C: Client>(
        &mut self,
        mut batches: VecDeque<Batch>,
        pid: u32,
        failure: TaskFailure,
        client: &mut C,
    ) -> Result<(), PoolError> {
        if let Some(mut front) = batches.pop_front() {
            let task = front.next;
            front.advance();
            self.state.tasks_out -= 1;
            if let Some(rest) = front.unanswered() {
                batches.push_front(rest);
            }
            self.retry(batches.into());
            client.failed(task, pid, failure)?;
        }
        Ok(())
    }

    fn check_idle_deaths(&mut self, pid: u32, death: &Death) -> Result<(), PoolError> {
        // An interrupt that went to the whole process group took the workers along.
        self.check_interrupt()?;
        self.idle_deaths += 1;
        let allowed = u32::try_from(self.launcher.workers).unwrap_or(u32::MAX);
        if self.idle_deaths > allowed.saturating_add(IDLE_DEATHS) {
            let (death, times) = (death.clone(), self.idle_deaths);
            return Err(PoolError::DiesAtStart { pid, death, times });
        }
        Ok(())
    }

    /// What to retry of the batch that a dead worker had at work. A task that was alone when its
    /// worker died is to blame; of several at work it is not known which one, so they are given out
    /// in smaller groups, and that is not counted.
    fn split_blamed<C: Client>(
        &mut self,
        mut batch: Batch,
        pid: u32,
        death: &Death,
        client: &mut C,
    ) -> Result<Vec<Batch>, PoolError> {
        let to_blame = batch.left == 1 || self.limits.retries == 0;
        batch.deaths += u32::from(to_blame);
        if to_blame && batch.deaths > self.limits.retries {
            self.check_interrupt()?;
            let (death, deaths) = (death.clone(), batch.deaths);
            self.state.tasks_out -= 1;
            let failure = TaskFailure::WorkerDied { death, deaths };
            client.failed(batch.next, pid, failure)?;
            batch.advance();
            batch.deaths = 0;
        }
        Ok(batch.split())
    }

    /// Puts batches at the head of the retry queue, in their order.
    fn retry(&mut self, batches: Vec<Batch>) {
        for batch in batches.into_iter().rev() {
            self.retry_queue.push_front(batch);
        }
    }
}
