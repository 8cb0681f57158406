//! Where the typed layer's tasks wait to be given out and their outcomes wait to be asked for.
//!
//! Every task has a [`Ticket`], held by whoever wants its outcome and by the desk as long as it is
//! on its way. The desk knows bytes only; what they mean is for `map` and `future`.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use super::error::{PoolError, TaskFailure};
use super::member::Client;
use super::scheduler::{Scheduler, Wait};

/// Where a task is.
#[derive(Debug)]
pub(super) enum State {
    /// At the desk; it can still be cancelled.
    Waiting(Vec<u8>),
    /// With a worker, or to be given out again. What came of its output so far.
    Out(Vec<u8>),
    /// Taken back before it was given out.
    Cancelled,
    /// Complete, by the worker of this pid.
    Done { pid: u32, output: Vec<u8> },
    /// It gave no output.
    Failed { pid: u32, failure: TaskFailure },
    /// The pool ended first, for this reason.
    Lost(String),
}

/// Tickets that came to an end, in that order.
pub(super) type Mailbox = Rc<RefCell<VecDeque<Rc<Ticket>>>>;

/// One task's place at the desk.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) job: u32,
    /// The index of its first item.
    pub(super) index: u64,
    /// How many items.
    pub(super) count: u32,
    pub(super) state: RefCell<State>,
    /// Where to put it when it has ended.
    mailbox: RefCell<Option<Mailbox>>,
    /// Orders tickets of all kinds.
    pub(super) number: Cell<u64>,
}

impl Ticket {
    pub(super) fn has_ended(&self) -> bool {
        !matches!(*self.state.borrow(), State::Waiting(_) | State::Out(_))
    }

    fn end(self: &Rc<Self>, state: State) {
        self.state.replace(state);
        if let Some(mailbox) = self.mailbox.take() {
            mailbox.borrow_mut().push_back(Rc::clone(self));
        }
    }

    /// Has the ticket put into this mailbox when it ends; at once if it has.
    pub(super) fn notify(self: &Rc<Self>, mailbox: &Mailbox) {
        if self.has_ended() {
            mailbox.borrow_mut().push_back(Rc::clone(self));
        } else {
            self.mailbox.replace(Some(Rc::clone(mailbox)));
        }
    }

    /// Takes the task back if it has not been given out. Whether it is cancelled now.
    pub(super) fn cancel(self: &Rc<Self>) -> bool {
        if matches!(*self.state.borrow(), State::Waiting(_)) {
            self.end(State::Cancelled);
        }
        matches!(*self.state.borrow(), State::Cancelled)
    }
}

/// The desk's books. As a [`Client`] it hands its tasks to the scheduler in turn.
#[derive(Debug, Default)]
pub(super) struct Books {
    waiting: VecDeque<Rc<Ticket>>,
    /// By the scheduler's number.
    out: HashMap<u64, Rc<Ticket>>,
    /// The number that the scheduler gives to the next task.
    next: u64,
    /// The worker whose answers are coming in.
    pid: u32,
    tickets: u64,
}

impl Client for Books {
    fn next_job(&mut self) -> Option<u32> {
        while self.waiting.front()?.has_ended() {
            self.waiting.pop_front();
        }
        self.waiting.front().map(|ticket| ticket.job)
    }

    fn next_task(&mut self, input: &mut Vec<u8>) -> bool {
        let Some(ticket) = self.waiting.pop_front() else { return false };
        if let State::Waiting(bytes) = ticket.state.replace(State::Out(Vec::new())) {
            input.extend_from_slice(&bytes);
        }
        self.out.insert(self.next, ticket);
        self.next += 1;
        true
    }

    fn answers_from(&mut self, pid: u32) {
        self.pid = pid;
    }

    fn piece(&mut self, task: u64, _: &[u8], offset: usize, output: &[u8]) {
        if let Some(ticket) = self.out.get(&task)
            && let State::Out(so_far) = &mut *ticket.state.borrow_mut()
        {
            so_far.truncate(offset);
            so_far.extend_from_slice(output);
        }
    }

    fn done(&mut self, task: u64, _: &[u8]) {
        if let Some(ticket) = self.out.remove(&task) {
            let output = match &mut *ticket.state.borrow_mut() {
                State::Out(output) => std::mem::take(output),
                _ => Vec::new(),
            };
            ticket.end(State::Done { pid: self.pid, output });
        }
    }

    fn failed(&mut self, task: u64, pid: u32, failure: TaskFailure) -> Result<(), PoolError> {
        if let Some(ticket) = self.out.remove(&task) {
            ticket.end(State::Failed { pid, failure });
        }
        Ok(())
    }
}

/// A scheduler with the desk before it.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) scheduler: Scheduler,
    books: Books,
}

impl Desk {
    pub(super) fn new(scheduler: Scheduler) -> Self {
        Self { scheduler, books: Books::default() }
    }

    /// The index of the next task that is submitted by itself.
    pub(super) fn next_submission(&mut self) -> u64 {
        self.books.tickets += 1;
        self.books.tickets - 1
    }

    /// Takes in a task. It goes out when the loop is turned next.
    pub(super) fn submit(
        &mut self,
        job: u32,
        index: u64,
        count: u32,
        input: Vec<u8>,
    ) -> Rc<Ticket> {
        let state = match self.scheduler.closed() {
            None => State::Waiting(input),
            Some(reason) => State::Lost(reason.to_owned()),
        };
        let ticket = Rc::new(Ticket {
            job,
            index,
            count,
            state: RefCell::new(state),
            mailbox: RefCell::default(),
            number: Cell::default(),
        });
        self.books.waiting.push_back(Rc::clone(&ticket));
        ticket
    }

    /// How many more tasks of a job would go out at once if they were here.
    pub(super) fn appetite(&self, job: u32) -> usize {
        self.scheduler.appetite(job).saturating_sub(self.books.waiting.len())
    }

    /// Turns the loop once. When that ends the pool, every task that was on its way is lost.
    pub(super) fn pump(&mut self, wait: Wait) -> Result<(), PoolError> {
        self.books.next = self.scheduler.next_task();
        let result = self.scheduler.pump(&mut self.books, wait);
        result.map_err(|error| {
            let error = self.with_index(error);
            self.lose_all(&error.to_string());
            error
        })
    }

    /// Puts the index that users know in the place of the scheduler's number.
    fn with_index(&self, error: PoolError) -> PoolError {
        match error {
            PoolError::Stalled { after, task, pids } => {
                let ticket = task.and_then(|task| self.books.out.get(&task));
                PoolError::Stalled { after, task: ticket.map(|ticket| ticket.index), pids }
            }
            other => other,
        }
    }

    /// Turns the loop until nothing waits and nothing is out.
    pub(super) fn drain(&mut self) -> Result<(), PoolError> {
        while self.books.next_job().is_some() || !self.books.out.is_empty() {
            self.pump(Wait::ForEvent)?;
        }
        Ok(())
    }

    /// Cancels every task that has not been given out.
    pub(super) fn cancel_waiting(&mut self) {
        for ticket in self.books.waiting.drain(..) {
            ticket.cancel();
        }
    }

    /// Ends every task that is on its way.
    pub(super) fn lose_all(&mut self, reason: &str) {
        let out = self.books.out.drain().map(|(_, ticket)| ticket);
        for ticket in out.chain(self.books.waiting.drain(..)) {
            if !ticket.has_ended() {
                ticket.end(State::Lost(reason.to_owned()));
            }
        }
    }
}
