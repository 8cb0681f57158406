//! A scheduler with a queue of tasks before it, shared by a pool and by everything that waits for
//! its tasks.

use std::cell::{RefCell, RefMut};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;

use super::queue::{CompletionQueue, NewTask, PendingTask, TaskQueue};
use super::report::WorkerReport;
use super::scheduler::{Scheduler, Wait};
use crate::pool::error::PoolError;
use crate::pool::protocol::code::CodePlace;

/// How long workers that were asked to terminate may take.
const TERMINATE_GRACE_MS: u32 = 1000;

#[derive(Debug)]
pub(in crate::pool) struct Driver {
    inner: RefCell<Inner>,
    descriptor: Rc<OwnedFd>,
    /// Ended tasks whose callbacks were not called yet. A callback may use the pool, so it is only
    /// called when the loop does not.
    to_call: CompletionQueue,
}

#[derive(Debug)]
pub(in crate::pool) struct Inner {
    pub(in crate::pool) scheduler: Scheduler,
    queue: TaskQueue,
    submitted: u64,
}

/// How a pool ends.
#[derive(Clone, Copy, Debug)]
pub(in crate::pool) enum End {
    /// When everything that was submitted is done.
    Finish,
    /// When everything that was given out is done.
    Cancel,
    Terminate,
    Kill,
}

impl Driver {
    pub(in crate::pool) fn new(scheduler: Scheduler) -> Self {
        let descriptor = scheduler.descriptor();
        let inner = Inner { scheduler, queue: TaskQueue::default(), submitted: 0 };
        Self { inner: RefCell::new(inner), descriptor, to_call: CompletionQueue::default() }
    }

    /// The scheduler and its queue, unless the loop is using them.
    pub(in crate::pool) fn lock(&self) -> Result<RefMut<'_, Inner>, PoolError> {
        self.inner.try_borrow_mut().map_err(|_| PoolError::InUse)
    }

    /// Turns the loop once, then calls the callbacks of tasks that ended. When an error ends the
    /// pool, every task that was on its way is lost.
    pub(in crate::pool) fn turn(&self, wait: Wait) -> Result<(), PoolError> {
        let result = self.lock()?.turn(wait);
        self.call_back();
        result
    }

    /// Has `callback` called after the task has ended; at once if it has.
    pub(in crate::pool) fn on_end(&self, task: &Rc<PendingTask>, callback: Box<dyn FnOnce()>) {
        if task.has_ended() {
            callback();
            return;
        }
        task.add_callback(callback);
        task.notify(&self.to_call);
    }

    /// Calls what waits to be called.
    pub(in crate::pool) fn call_back(&self) {
        loop {
            let ended = self.to_call.borrow_mut().pop_front();
            let Some(task) = ended else { return };
            for callback in task.take_callbacks() {
                callback();
            }
        }
    }

    /// Ends the pool, and says who did what.
    pub(in crate::pool) fn end(&self, end: End, reason: &str) -> Vec<WorkerReport> {
        let reports = match self.lock() {
            Ok(mut inner) => inner.end(end, reason),
            Err(_) => return Vec::new(),
        };
        self.call_back();
        reports
    }
}

impl AsFd for Driver {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl Inner {
    /// The number by which tasks name the function at this place.
    pub(in crate::pool) fn job_number(&mut self, place: CodePlace) -> u32 {
        self.scheduler.job_number(place)
    }

    /// The index of the next task that is submitted by itself.
    pub(in crate::pool) fn next_submission(&mut self) -> u64 {
        self.submitted += 1;
        self.submitted - 1
    }

    /// Takes in a task. It is given out when the loop is turned next.
    pub(in crate::pool) fn submit(&mut self, task: NewTask) -> Rc<PendingTask> {
        self.queue.submit(task, self.scheduler.closed())
    }

    /// How many more tasks of a job would be given out at once if they were here.
    pub(in crate::pool) fn demand(&self, job: u32) -> usize {
        self.scheduler.demand(job).saturating_sub(self.queue.waiting())
    }

    fn turn(&mut self, wait: Wait) -> Result<(), PoolError> {
        self.queue.next = self.scheduler.next_task();
        let result = self.scheduler.turn(&mut self.queue, wait);
        result.map_err(|error| {
            let error = self.with_index(error);
            self.queue.lose_all(&error.to_string());
            error
        })
    }

    /// Puts the index that users know in the place of the scheduler's number.
    fn with_index(&self, error: PoolError) -> PoolError {
        match error {
            PoolError::Stalled { after, task, pids } => {
                let pending = task.and_then(|task| self.queue.task_out(task));
                PoolError::Stalled { after, task: pending.map(|pending| pending.index), pids }
            }
            other => other,
        }
    }

    /// Turns the loop until nothing waits and nothing is out.
    pub(in crate::pool) fn drain(&mut self) -> Result<(), PoolError> {
        while !self.queue.is_empty() {
            self.turn(Wait::ForEvent)?;
        }
        Ok(())
    }

    fn end(&mut self, end: End, reason: &str) -> Vec<WorkerReport> {
        match end {
            End::Finish | End::Cancel => {
                if matches!(end, End::Cancel) {
                    self.queue.cancel_waiting();
                }
                // An error ended the pool already, and is in the outcomes of what was out.
                let _ = self.drain();
                self.scheduler.finish();
            }
            End::Terminate => self.scheduler.terminate(TERMINATE_GRACE_MS),
            End::Kill => self.scheduler.kill(reason),
        }
        self.queue.lose_all(reason);
        self.scheduler.take_reports()
    }
}
