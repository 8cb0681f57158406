//! Many items through one job: results in order, or as they come.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::desk::{Desk, Mailbox, State, Ticket};
use super::error::{PoolError, TaskError, TaskFailure};
use super::job::Job;
use super::scheduler::Wait;
use super::typed::{Chunk, decode_outputs};

/// While results are there to be yielded, workers are looked after this often. A system call for
/// every chunk would cost more than small chunks do.
const LOOK_AFTER_WORKERS: Duration = Duration::from_micros(50);

/// In which order results are yielded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    OfItems,
    OfCompletion,
}

/// The iterator behind `Pool::map` and `Pool::map_unordered`.
pub(super) struct Map<J: Job, I: Iterator<Item = J::Input>> {
    desk: Rc<RefCell<Desk>>,
    job: u32,
    items: I,
    /// No items are left.
    exhausted: bool,
    next_item: u64,
    chunksize: usize,
    order: Order,
    /// Chunks that are out, and those whose results are not yielded yet, in the order of items.
    chunks: VecDeque<Rc<Ticket>>,
    /// Chunks that ended, if the order is that of completion.
    ended: Mailbox,
    /// How many chunks are in either.
    taken: usize,
    max_taken: usize,
    /// Results to be yielded next.
    ready: VecDeque<Result<J::Output, PoolError>>,
    looked_after: Instant,
    over: bool,
}

impl<J: Job, I: Iterator<Item = J::Input>> Map<J, I> {
    pub(super) fn new(
        desk: Rc<RefCell<Desk>>,
        job: Result<u32, PoolError>,
        items: I,
        chunksize: usize,
        order: Order,
    ) -> Self {
        let start = desk.try_borrow_mut().map_err(|_| PoolError::InUse).and_then(|mut desk| {
            let job = job?;
            desk.scheduler.forget_pace(job);
            Ok((job, desk.scheduler.max_tasks_out()))
        });
        let (job, max_taken, error) = match start {
            Ok((job, max_taken)) => (job, max_taken, None),
            Err(error) => (0, 0, Some(Err(error))),
        };
        Self {
            desk,
            job,
            items,
            exhausted: false,
            next_item: 0,
            chunksize: chunksize.max(1),
            order,
            chunks: VecDeque::new(),
            ended: Mailbox::default(),
            taken: 0,
            max_taken,
            over: error.is_some(),
            ready: error.into_iter().collect(),
            looked_after: Instant::now(),
        }
    }

    fn desk(&self) -> Result<std::cell::RefMut<'_, Desk>, PoolError> {
        self.desk.try_borrow_mut().map_err(|_| PoolError::InUse)
    }

    /// Takes as many items as workers have an appetite for. The pool is not borrowed while the
    /// items' own code runs: it may use the pool itself.
    fn take_items(&mut self) -> Result<(), PoolError> {
        let room = self.max_taken.saturating_sub(self.taken);
        let appetite = self.desk()?.appetite(self.job).min(room);
        for _ in 0..appetite {
            if self.exhausted {
                break;
            }
            let mut chunk = Chunk::new();
            while (chunk.count() as usize) < self.chunksize && !self.exhausted {
                match self.items.next() {
                    Some(item) => chunk.push(&item)?,
                    None => self.exhausted = true,
                }
            }
            let count = chunk.count();
            if count == 0 {
                break;
            }
            let (job, index) = (self.job, self.next_item);
            let ticket = self.desk()?.submit(job, index, count, chunk.into_bytes());
            self.next_item += u64::from(count);
            self.taken += 1;
            match self.order {
                Order::OfItems => self.chunks.push_back(ticket),
                Order::OfCompletion => ticket.notify(&self.ended),
            }
        }
        Ok(())
    }

    /// The chunk to be yielded next, if it has ended.
    fn next_ended(&mut self) -> Option<Rc<Ticket>> {
        let ticket = match self.order {
            Order::OfItems if self.chunks.front()?.has_ended() => self.chunks.pop_front(),
            Order::OfItems => None,
            Order::OfCompletion => self.ended.borrow_mut().pop_front(),
        };
        self.taken -= usize::from(ticket.is_some());
        ticket
    }

    /// One step towards the next result. Whether there may be one.
    fn step(&mut self) -> Result<bool, PoolError> {
        if let Some(ticket) = self.next_ended() {
            self.ready = results(&ticket)?;
            if self.looked_after.elapsed() > LOOK_AFTER_WORKERS {
                self.take_items()?;
                self.pump(Wait::No)?;
            }
            return Ok(true);
        }
        self.take_items()?;
        // None taken can also mean that no worker is ready just now.
        if self.taken == 0 && self.exhausted {
            return Ok(false);
        }
        self.pump(Wait::ForEvent)?;
        Ok(true)
    }

    fn pump(&mut self, wait: Wait) -> Result<(), PoolError> {
        self.desk()?.pump(wait)?;
        self.looked_after = Instant::now();
        Ok(())
    }
}

impl<J: Job, I: Iterator<Item = J::Input>> Iterator for Map<J, I> {
    type Item = Result<J::Output, PoolError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(result) = self.ready.pop_front() {
                return Some(result);
            }
            if self.over {
                return None;
            }
            match self.step() {
                Ok(more) => self.over = !more,
                Err(error) => {
                    self.over = true;
                    self.ready.push_back(Err(error));
                }
            }
        }
    }
}

impl<J: Job, I: Iterator<Item = J::Input>> Drop for Map<J, I> {
    /// What was not sent yet is not done for nobody.
    fn drop(&mut self) {
        for ticket in &self.chunks {
            ticket.cancel();
        }
    }
}

/// The results of a chunk that has ended.
fn results<T: serde::de::DeserializeOwned>(
    ticket: &Ticket,
) -> Result<VecDeque<Result<T, PoolError>>, PoolError> {
    let one_by_one = |results: VecDeque<Result<T, TaskFailure>>, pid: u32| {
        let numbered = (ticket.index..).zip(results);
        let results = numbered.map(|(task, result)| {
            result.map_err(|cause| PoolError::from(TaskError { task, pid, cause }))
        });
        Ok(results.collect())
    };
    match &*ticket.state.borrow() {
        State::Done { pid, output } => one_by_one(decode_outputs(output, ticket.count), *pid),
        State::Failed { pid, failure } => {
            one_by_one((0..ticket.count).map(|_| Err(failure.clone())).collect(), *pid)
        }
        State::Lost(reason) => Err(PoolError::Closed(reason.clone())),
        State::Cancelled => Err(PoolError::Cancelled { task: ticket.index }),
        State::Waiting(_) | State::Out(_) => unreachable!("asked only of chunks that have ended"),
    }
}
