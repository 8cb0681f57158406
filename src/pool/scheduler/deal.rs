//! Giving tasks out: who gets the next batch, and how many tasks it has.

use std::time::Instant;

use super::super::batch::{Batch, LONG_TASK, MAX_BATCH_BYTES};
use super::super::error::PoolError;
use super::super::frame::MAX_TASK_BYTES;
use super::super::member::{Client, Member, Stage};
use super::Scheduler;

/// A batch is never more than one part in so many of what its worker may expect to get still.
const BATCHES_BEFORE_END: usize = 4;

impl Scheduler {
    /// How many tasks of a job would be given out now, if they were there.
    pub(in crate::pool) fn appetite(&self, job: u32) -> usize {
        let room = self.limits.max_tasks_out.saturating_sub(self.ledger.tasks_out);
        let takers = self.members.iter().filter(|member| self.takes_a_batch(member, 0)).count();
        takers.saturating_mul(self.ledger.paces[job as usize].batch_tasks() as usize).min(room)
    }

    /// Gives out tasks while there are some and a worker should have more. Nobody gets a second
    /// batch while somebody has none.
    pub(super) fn hand_out<C: Client>(&mut self, client: &mut C) -> Result<(), PoolError> {
        while let Some(index) = self.hungriest(self.share_of_left(client)) {
            let batch = match self.again.pop_front() {
                Some(batch) if batch.suspect && !self.members[index].held.is_empty() => {
                    self.again.push_front(batch);
                    return Ok(());
                }
                Some(batch) => batch,
                None => match self.take_batch(client, index)? {
                    Some(batch) => batch,
                    None => return Ok(()),
                },
            };
            if let Err(error) = self.members[index].give(batch) {
                self.bury(index, Some(error.into()), client)?;
            }
        }
        Ok(())
    }

    /// How many tasks are a small part of those that each worker may expect to get still; 0 near the
    /// end, or where it is not known how near that is.
    fn share_of_left<C: Client>(&self, client: &C) -> u32 {
        let left = client.tasks_left().unwrap_or(0);
        u32::try_from(left / (BATCHES_BEFORE_END * self.members.len()).max(1)).unwrap_or(u32::MAX)
    }

    /// The worker that should get the next batch.
    fn hungriest(&self, share: u32) -> Option<usize> {
        let mut found = None;
        for (index, member) in self.members.iter().enumerate() {
            if self.takes_a_batch(member, share) {
                if member.held.is_empty() {
                    return Some(index);
                }
                found = Some(index);
            }
        }
        found
    }

    /// Whether a worker has room for a batch: it has none, or one behind which another may wait,
    /// because there will be enough for the others too, or because it will not take long and does
    /// not take long already (tasks of one job differ).
    fn takes_a_batch(&self, member: &Member, share: u32) -> bool {
        if member.stage != Stage::Ready || member.hung_up || self.quota(member) == 0 {
            return false;
        }
        member.held.front().is_none_or(|front| {
            let pace = self.ledger.paces[front.job as usize];
            member.held.len() == 1
                && !front.suspect
                && (share > 0 || pace.prefetch() && member.front_since.elapsed() < LONG_TASK)
        })
    }

    /// How many more tasks a worker may be given.
    fn quota(&self, member: &Member) -> u32 {
        self.limits.max_tasks_per_worker.map_or(u32::MAX, |max| {
            u32::try_from(max.saturating_sub(member.tasks_given)).unwrap_or(u32::MAX)
        })
    }

    fn take_batch<C: Client>(
        &mut self,
        client: &mut C,
        index: usize,
    ) -> Result<Option<Batch>, PoolError> {
        let room = self.limits.max_tasks_out.saturating_sub(self.ledger.tasks_out);
        let Some(job) = client.next_job().filter(|_| room > 0) else { return Ok(None) };
        let limit = self.ledger.paces[job as usize]
            .batch_tasks_before_end(self.share_of_left(client))
            .min(self.quota(&self.members[index]))
            .min(u32::try_from(room).unwrap_or(u32::MAX));
        let buffer = self.ledger.spare.pop().unwrap_or_default();
        let mut batch = Batch::new(job, self.next_task, buffer);
        while batch.left < limit
            && batch.body_len() < MAX_BATCH_BYTES
            && client.next_job() == Some(job)
            && batch.push(|input| client.next_task(input))
        {}
        if batch.body_len() > MAX_TASK_BYTES {
            return Err(PoolError::TooLong {
                what: "a task",
                bytes: batch.body_len(),
                limit: MAX_TASK_BYTES,
            });
        }
        if batch.left == 0 {
            return Ok(None);
        }
        if self.ledger.tasks_out == 0 {
            self.last_progress = Instant::now();
        }
        self.next_task += u64::from(batch.left);
        self.ledger.tasks_out += batch.left as usize;
        Ok(Some(batch))
    }
}
