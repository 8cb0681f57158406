//! Giving tasks out: who gets the next batch, and how many tasks it has.

use std::time::Instant;

use super::super::batch::{Batch, MAX_BATCH_BYTES};
use super::super::batch_size::LONG_TASK;
use super::super::client::Client;
use super::super::poller::Key;
use super::super::worker_handle::{Stage, WorkerHandle};
use super::Scheduler;
use crate::pool::error::PoolError;
use crate::pool::protocol::frame::MAX_TASK_BYTES;

/// A batch is never more than one part in so many of what its worker may expect to get still.
const BATCHES_BEFORE_END: usize = 4;

impl Scheduler {
    /// How many tasks of a job would be given out now, if they were there.
    pub(in crate::pool) fn demand(&self, job: u32) -> usize {
        let room = self.limits.max_tasks_out.saturating_sub(self.state.tasks_out);
        let size = self.state.size_of(job);
        let second = if size.prefetch() { self.second.len() } else { 0 };
        (self.idle.len() + second).saturating_mul(self.batch_tasks(job, 0) as usize).min(room)
    }

    /// Gives out tasks while there are some and a worker should have more. No worker gets a second
    /// batch while another has none.
    pub(super) fn dispatch<C: Client>(&mut self, client: &mut C) -> Result<(), PoolError> {
        loop {
            let suspect = self.retry_queue.front().map(|batch| batch.suspect);
            if suspect.is_none() && !self.has_new_task(client) {
                return Ok(());
            }
            let share = self.share_of_left(client);
            let key = match self.next_idle_worker() {
                Some(key) => key,
                // A suspect is alone in its worker, so that a task that kills is told from others.
                None if suspect == Some(true) => return Ok(()),
                None => match self.next_second_worker(share) {
                    Some(key) => key,
                    None => return Ok(()),
                },
            };
            let retried = self.retry_queue.pop_front();
            let taken =
                if retried.is_some() { retried } else { self.take_batch(client, key, share)? };
            let Some(batch) = taken else {
                self.offer(key);
                return Ok(());
            };
            match self.workers.expect(key).assign(batch) {
                Ok(()) => {
                    self.watch_room(key);
                    self.offer(key);
                }
                Err(error) => self.condemn(key, Some(error.into()), None),
            }
        }
    }

    fn has_new_task<C: Client>(&self, client: &mut C) -> bool {
        self.state.tasks_out < self.limits.max_tasks_out && client.next_job().is_some()
    }

    /// How many tasks are a small part of those that each worker may expect to get still; 0 near the
    /// end, or where it is not known how near that is.
    fn share_of_left<C: Client>(&self, client: &C) -> u32 {
        let left = client.tasks_left().unwrap_or(0);
        u32::try_from(left / (BATCHES_BEFORE_END * self.workers.len()).max(1)).unwrap_or(u32::MAX)
    }

    /// How many tasks of a job should go together.
    fn batch_tasks(&self, job: u32, share: u32) -> u32 {
        // With a limit to the time of a task, the one at work must be known to be the front one.
        match self.limits.task_timeout {
            Some(_) => 1,
            None => self.state.size_of(job).batch_tasks(share),
        }
    }

    /// Something changed for a worker: lists it if it can take a batch, or has it leave.
    pub(super) fn offer(&mut self, key: Key) {
        let Some(worker) = self.workers.get_mut(key) else { return };
        if !worker.disconnected {
            self.watch_room(key);
            self.time_front(key);
        }
        let worker = self.workers.expect(key);
        if worker.stage != Stage::Ready || worker.disconnected {
            return;
        }
        match worker.batches.len() {
            0 if self.ending || quota(self.limits.max_tasks_per_worker, worker) == 0 => {
                self.ask_to_leave(key);
            }
            0 if !worker.listed.idle => {
                worker.listed.idle = true;
                self.idle.push(key);
            }
            1 if !worker.listed.second => {
                worker.listed.second = true;
                self.second.push_back(key);
            }
            _ => {}
        }
    }

    /// Takes a worker that holds nothing off the list.
    fn next_idle_worker(&mut self) -> Option<Key> {
        while let Some(key) = self.idle.pop() {
            let Some(worker) = self.workers.get_mut(key) else { continue };
            worker.listed.idle = false;
            if worker.stage == Stage::Ready && !worker.disconnected && worker.batches.is_empty() {
                return Some(key);
            }
        }
        None
    }

    /// Takes a worker off the list that holds one batch, behind which another may wait: because
    /// there will be enough for the others too, or because it will not take long and does not take
    /// long already. Tasks of one job differ: nothing waits behind one that was given out before
    /// it was known how long they take.
    fn next_second_worker(&mut self, share: u32) -> Option<Key> {
        while let Some(key) = self.second.pop_front() {
            let Some(worker) = self.workers.get_mut(key) else { continue };
            worker.listed.second = false;
            if worker.stage != Stage::Ready || worker.disconnected || worker.batches.len() != 1 {
                continue;
            }
            let Some(front) = worker.batches.front() else { continue };
            let prefetch = self.state.size_of(front.job).prefetch();
            let short = prefetch && front.short;
            let soon = share > 0 || short && worker.front_since.elapsed() < LONG_TASK;
            if soon && !front.suspect && quota(self.limits.max_tasks_per_worker, worker) > 0 {
                return Some(key);
            }
        }
        None
    }

    fn take_batch<C: Client>(
        &mut self,
        client: &mut C,
        key: Key,
        share: u32,
    ) -> Result<Option<Batch>, PoolError> {
        let room = self.limits.max_tasks_out.saturating_sub(self.state.tasks_out);
        let Some(job) = client.next_job().filter(|_| room > 0) else { return Ok(None) };
        let limit = self
            .batch_tasks(job, share)
            .min(quota(self.limits.max_tasks_per_worker, self.workers.expect(key)))
            .min(u32::try_from(room).unwrap_or(u32::MAX));
        let buffer = self.state.spare.pop().unwrap_or_default();
        let code = self.state.jobs[job as usize].place;
        let mut batch = Batch::new(job, code, self.next_task, buffer);
        batch.short = self.state.size_of(job).prefetch();
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
        if self.state.tasks_out == 0 {
            self.last_progress = Instant::now();
        }
        self.next_task += u64::from(batch.left);
        self.state.tasks_out += batch.left as usize;
        Ok(Some(batch))
    }
}

/// How many more tasks a worker may be given.
fn quota(max_tasks: Option<u64>, worker: &WorkerHandle) -> u32 {
    max_tasks.map_or(u32::MAX, |max| {
        u32::try_from(max.saturating_sub(worker.tasks_given)).unwrap_or(u32::MAX)
    })
}
