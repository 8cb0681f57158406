//! When a worker dies: its end, and what becomes of the tasks that it had.

use std::collections::VecDeque;

use rustix::process::Signal;

use super::super::batch::Batch;
use super::super::error::{Death, PoolError, TaskFailure};
use super::super::member::{Client, Stage};
use super::Scheduler;

/// How long a worker that closed its socket may take to end before it is made to.
const HANG_UP_GRACE_MS: u32 = 200;

/// So many workers may die without any task done in between, beyond one for each worker.
const IDLE_DEATHS: u32 = 4;

impl Scheduler {
    /// A worker is dead, or of no use: sees to its end and gives its tasks out again.
    pub(super) fn bury<C: Client>(
        &mut self,
        index: usize,
        mut death: Option<Death>,
        client: &mut C,
    ) -> Result<(), PoolError> {
        let mut member = self.members.swap_remove(index);
        if death.is_none() && !member.process().ends_within(HANG_UP_GRACE_MS) {
            death = Some(Death::ClosedSocket);
        }
        if death.is_some() {
            member.process().signal(Signal::KILL);
        }
        let held = std::mem::take(&mut member.held);
        let (began, stage) = (member.began(), member.stage);
        let mut report = member.end(death);
        if stage != Stage::Leaving {
            report.death.get_or_insert(Death::Exit(0));
        }
        if report.death == Some(Death::Signal(libc::SIGKILL)) && self.oom.killed_since() {
            report.death = Some(Death::OutOfMemory);
        }
        let (pid, death) = (report.pid, report.death.clone());
        self.reports.push(report);
        let Some(death) = death.filter(|_| stage != Stage::Leaving) else { return Ok(()) };
        if held.is_empty() || !began {
            self.check_idle_deaths(pid, &death)?;
        }
        self.give_again(held, began, pid, &death, client)
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

    /// Puts a dead worker's batches at the head of the queue. A task that was alone when its
    /// worker died is to blame; of several at work nobody can say which one, so they are given out
    /// one by one, and that is not counted.
    fn give_again<C: Client>(
        &mut self,
        held: VecDeque<Batch>,
        began: bool,
        pid: u32,
        death: &Death,
        client: &mut C,
    ) -> Result<(), PoolError> {
        let mut pieces = Vec::new();
        for (place, mut batch) in held.into_iter().enumerate() {
            if place > 0 || !began {
                pieces.push(batch);
                continue;
            }
            let to_blame = batch.left == 1 || self.limits.retries == 0;
            batch.deaths += u32::from(to_blame);
            if to_blame && batch.deaths > self.limits.retries {
                self.check_interrupt()?;
                let (death, deaths) = (death.clone(), batch.deaths);
                self.ledger.tasks_out -= 1;
                let failure = TaskFailure::WorkerDied { death, deaths };
                client.failed(batch.next, pid, failure)?;
                batch.advance();
                batch.deaths = 0;
            }
            pieces.extend(batch.split());
        }
        for batch in pieces.into_iter().rev() {
            self.again.push_front(batch);
        }
        Ok(())
    }
}
