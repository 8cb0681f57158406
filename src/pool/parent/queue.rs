//! Where the typed interface's tasks wait to be given out, and their outcomes wait to be asked for.
//!
//! Every task is a [`PendingTask`], held by the caller who wants its outcome and by the queue until
//! it has ended. The queue knows bytes only; what they mean is for `map` and `handle`.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;

use super::client::Client;
use crate::pool::error::{PoolError, TaskFailure};

/// Where a task is.
#[derive(Debug)]
pub(in crate::pool) enum State {
    /// In the queue; it can still be cancelled.
    Waiting(Vec<u8>),
    /// With a worker, or waiting for a retry. What came of its output so far.
    Out(Vec<u8>),
    /// Cancelled before it was given out.
    Cancelled,
    /// Complete, by the worker of this pid.
    Done { pid: u32, output: Vec<u8> },
    /// It gave no output.
    Failed { pid: u32, failure: TaskFailure },
    /// The pool ended first, for this reason.
    Lost(String),
}

/// Tasks that ended, in that order.
pub(in crate::pool) type CompletionQueue = Rc<RefCell<VecDeque<Rc<PendingTask>>>>;

/// Whether the caller gave the tasks of a `map` up.
pub(in crate::pool) type Abandoned = Rc<Cell<bool>>;

type Callback = Box<dyn FnOnce()>;

/// A task from its submission until its outcome was asked for.
pub(in crate::pool) struct PendingTask {
    pub(in crate::pool) job: u32,
    /// The index of its first item.
    pub(in crate::pool) index: u64,
    /// How many items.
    pub(in crate::pool) count: u32,
    pub(in crate::pool) state: RefCell<State>,
    abandoned: Abandoned,
    /// Where to put it when it has ended.
    completions: RefCell<Vec<CompletionQueue>>,
    /// What to call after it has ended.
    callbacks: RefCell<Vec<Callback>>,
}

impl PendingTask {
    pub(in crate::pool) fn has_ended(&self) -> bool {
        !matches!(*self.state.borrow(), State::Waiting(_) | State::Out(_))
    }

    fn end(self: &Rc<Self>, state: State) {
        self.state.replace(state);
        for completions in self.completions.take() {
            completions.borrow_mut().push_back(Rc::clone(self));
        }
    }

    /// Has the task put into this queue when it ends; at once if it has.
    pub(in crate::pool) fn notify(self: &Rc<Self>, completions: &CompletionQueue) {
        if self.has_ended() {
            completions.borrow_mut().push_back(Rc::clone(self));
        } else {
            self.completions.borrow_mut().push(Rc::clone(completions));
        }
    }

    /// Cancels the task if it has not been given out. Whether it is cancelled now.
    pub(in crate::pool) fn cancel(self: &Rc<Self>) -> bool {
        if matches!(*self.state.borrow(), State::Waiting(_)) {
            self.end(State::Cancelled);
        }
        matches!(*self.state.borrow(), State::Cancelled)
    }

    pub(super) fn add_callback(&self, callback: Callback) {
        self.callbacks.borrow_mut().push(callback);
    }

    pub(super) fn take_callbacks(&self) -> Vec<Callback> {
        self.callbacks.take()
    }
}

// Not derived: callbacks cannot be printed.
impl fmt::Debug for PendingTask {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PendingTask")
            .field("index", &self.index)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// A task as it is submitted.
#[derive(Debug)]
pub(in crate::pool) struct NewTask {
    pub(in crate::pool) job: u32,
    pub(in crate::pool) index: u64,
    pub(in crate::pool) count: u32,
    pub(in crate::pool) input: Vec<u8>,
    pub(in crate::pool) abandoned: Abandoned,
}

/// The tasks that wait and those that are out. As a [`Client`] it hands them to the scheduler in
/// turn.
#[derive(Debug, Default)]
pub(super) struct TaskQueue {
    waiting: VecDeque<Rc<PendingTask>>,
    /// Tasks that were given out, by the scheduler's number; the first one has number `first_out`.
    out: VecDeque<Option<Rc<PendingTask>>>,
    first_out: u64,
    /// The number that the scheduler gives to the next task.
    pub(super) next: u64,
    /// The worker whose answers are coming in.
    pid: u32,
}

impl TaskQueue {
    /// Takes in a task; if there is a reason why it can never be done, as one that is lost.
    pub(super) fn submit(&mut self, task: NewTask, closed: Option<&str>) -> Rc<PendingTask> {
        let state = match closed {
            None => State::Waiting(task.input),
            Some(reason) => State::Lost(reason.to_owned()),
        };
        let pending = Rc::new(PendingTask {
            job: task.job,
            index: task.index,
            count: task.count,
            state: RefCell::new(state),
            abandoned: task.abandoned,
            completions: RefCell::default(),
            callbacks: RefCell::default(),
        });
        if closed.is_none() {
            self.waiting.push_back(Rc::clone(&pending));
        }
        pending
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nothing waits and nothing is out.
    pub(super) fn is_empty(&mut self) -> bool {
        self.next_job().is_none() && self.out.is_empty()
    }

    pub(super) fn task_out(&self, number: u64) -> Option<&Rc<PendingTask>> {
        let place = usize::try_from(number.checked_sub(self.first_out)?).ok()?;
        self.out.get(place)?.as_ref()
    }

    fn take_out(&mut self, number: u64) -> Option<Rc<PendingTask>> {
        let place = usize::try_from(number.checked_sub(self.first_out)?).ok()?;
        let task = self.out.get_mut(place)?.take();
        while self.out.pop_front_if(|task| task.is_none()).is_some() {
            self.first_out += 1;
        }
        task
    }

    /// Cancels every task that has not been given out.
    pub(super) fn cancel_waiting(&mut self) {
        for pending in self.waiting.drain(..) {
            pending.cancel();
        }
    }

    /// Ends every task that is on its way.
    pub(super) fn lose_all(&mut self, reason: &str) {
        let out = self.out.drain(..).flatten();
        for pending in out.chain(self.waiting.drain(..)) {
            if !pending.has_ended() {
                pending.end(State::Lost(reason.to_owned()));
            }
        }
    }
}

impl Client for TaskQueue {
    fn next_job(&mut self) -> Option<u32> {
        loop {
            let front = self.waiting.front()?;
            if front.abandoned.get() {
                front.cancel();
            }
            if !front.has_ended() {
                return Some(front.job);
            }
            self.waiting.pop_front();
        }
    }

    fn next_task(&mut self, input: &mut Vec<u8>) -> bool {
        let Some(pending) = self.waiting.pop_front() else { return false };
        if let State::Waiting(bytes) = pending.state.replace(State::Out(Vec::new())) {
            input.extend_from_slice(&bytes);
        }
        if self.out.is_empty() {
            self.first_out = self.next;
        }
        self.out.push_back(Some(pending));
        self.next += 1;
        true
    }

    fn answers_from(&mut self, pid: u32) {
        self.pid = pid;
    }

    fn piece(&mut self, task: u64, _: &[u8], offset: usize, output: &[u8]) {
        if let Some(pending) = self.task_out(task)
            && let State::Out(so_far) = &mut *pending.state.borrow_mut()
        {
            so_far.truncate(offset);
            so_far.extend_from_slice(output);
        }
    }

    fn done(&mut self, task: u64, _: &[u8]) {
        if let Some(pending) = self.take_out(task) {
            let output = match &mut *pending.state.borrow_mut() {
                State::Out(output) => std::mem::take(output),
                _ => Vec::new(),
            };
            pending.end(State::Done { pid: self.pid, output });
        }
    }

    fn failed(&mut self, task: u64, pid: u32, failure: TaskFailure) -> Result<(), PoolError> {
        if let Some(pending) = self.take_out(task) {
            pending.end(State::Failed { pid, failure });
        }
        Ok(())
    }
}
