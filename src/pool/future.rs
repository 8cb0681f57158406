//! One submitted task and its outcome to come.

use std::cell::RefCell;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

use super::desk::{Desk, Mailbox, State, Ticket};
use super::error::{PoolError, TaskError};
use super::scheduler::Wait;
use super::typed::decode_outputs;

/// The output to come of a task that was [submitted](super::Pool::submit).
///
/// Dropping it does not cancel the task.
#[derive(Debug)]
pub struct Future<T> {
    desk: Rc<RefCell<Desk>>,
    ticket: Rc<Ticket>,
    output: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Future<T> {
    pub(super) fn new(desk: Rc<RefCell<Desk>>, ticket: Rc<Ticket>) -> Self {
        Self { desk, ticket, output: PhantomData }
    }

    /// The task's index: how many were submitted before it.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.ticket.index
    }

    /// Whether the task has ended: complete, failed, cancelled or lost with its pool. Looks at
    /// what workers sent meanwhile, and sends them more, but never waits.
    #[must_use]
    pub fn is_done(&self) -> bool {
        if !self.ticket.has_ended() {
            // An error ends this very task, with the reason in its outcome.
            let _ = self.pump(Wait::No);
        }
        self.ticket.has_ended()
    }

    /// Takes the task back if it has not been sent to a worker. Whether it is cancelled now.
    #[must_use = "a task that is with a worker cannot be cancelled"]
    pub fn cancel(&self) -> bool {
        self.ticket.cancel()
    }

    /// Waits for the output; at most so long, if a time is given. May be asked again.
    ///
    /// # Errors
    ///
    /// [`PoolError::Task`] with the error of a failed task, [`PoolError::TimedOut`],
    /// [`PoolError::Cancelled`], and whatever ended the pool.
    pub fn result(&self, timeout: Option<Duration>) -> Result<T, PoolError> {
        let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        while !self.ticket.has_ended() {
            if let (Some(end), Some(after)) = (end, timeout)
                && Instant::now() >= end
            {
                // What is there already counts, however short the time.
                self.pump(Wait::No)?;
                if self.ticket.has_ended() {
                    break;
                }
                return Err(PoolError::TimedOut { task: self.index(), after });
            }
            self.pump(end.map_or(Wait::ForEvent, Wait::Until))?;
        }
        outcome(&self.ticket)
    }

    fn pump(&self, wait: Wait) -> Result<(), PoolError> {
        self.desk.try_borrow_mut().map_err(|_| PoolError::InUse)?.pump(wait)
    }
}

/// The value of a ticket of one item that has ended.
fn outcome<T: DeserializeOwned>(ticket: &Ticket) -> Result<T, PoolError> {
    let task = ticket.index;
    match &*ticket.state.borrow() {
        State::Done { pid, output } => decode_outputs(output, 1)
            .pop_front()
            .expect("as many results as were asked for")
            .map_err(|cause| TaskError { task, pid: *pid, cause }.into()),
        State::Failed { pid, failure } => {
            Err(TaskError { task, pid: *pid, cause: failure.clone() }.into())
        }
        State::Cancelled => Err(PoolError::Cancelled { task }),
        State::Lost(reason) => Err(PoolError::Closed(reason.clone())),
        State::Waiting(_) | State::Out(_) => unreachable!("asked only of tasks that have ended"),
    }
}

/// Futures in the order in which their tasks end. They may belong to several pools, but then one
/// pool is waited for at a time.
#[must_use = "an iterator does nothing unless it is used"]
pub fn as_completed<T: DeserializeOwned>(
    futures: impl IntoIterator<Item = Future<T>>,
) -> AsCompleted<T> {
    let mailbox = Mailbox::default();
    let mut pending = HashMap::new();
    for (number, future) in (0..).zip(futures) {
        future.ticket.number.set(number);
        future.ticket.notify(&mailbox);
        pending.insert(number, future);
    }
    AsCompleted { pending, mailbox }
}

/// The iterator that [`as_completed`] makes.
#[derive(Debug)]
pub struct AsCompleted<T> {
    pending: HashMap<u64, Future<T>>,
    mailbox: Mailbox,
}

impl<T: DeserializeOwned> Iterator for AsCompleted<T> {
    type Item = Future<T>;

    fn next(&mut self) -> Option<Future<T>> {
        loop {
            if let Some(ticket) = self.mailbox.borrow_mut().pop_front() {
                return self.pending.remove(&ticket.number.get());
            }
            let future = self.pending.values().next()?;
            if matches!(future.pump(Wait::ForEvent), Err(PoolError::InUse)) {
                return None;
            }
            // Any other error ended all tasks of that pool: they are in the mailbox now.
        }
    }
}
