//! Many items through one function: results in order, or as they come.

use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::{PoolError, TaskError, TaskFailure};
use super::parent::driver::Driver;
use super::parent::queue::{Abandoned, CompletionQueue, NewTask, PendingTask, State};
use super::parent::scheduler::Wait;
use super::protocol::code::CodePlace;
use super::protocol::codec::{Chunk, decode_outputs};

/// While results are there to be yielded, workers are looked after this often. A system call for
/// every chunk would cost more than small chunks do.
const LOOK_AFTER_WORKERS: Duration = Duration::from_micros(50);

/// In which order results are yielded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    OfItems,
    OfCompletion,
}

/// The iterator over the results of [`Pool::map`](super::Pool::map) and its relatives.
///
/// Items are taken as workers need them, so an endless iterator works, and no more chunks are taken
/// than [`max_tasks_out`](super::PoolBuilder::max_tasks_out) beyond those whose results were
/// yielded. The pool's loop turns while the next result is waited for; between two calls of `next`
/// workers do what they have. Dropping the iterator cancels what was not sent to a worker.
///
/// ```no_run
/// # use wordhash::pool::{self, Pool, PoolError};
/// # use std::time::Duration;
/// # fn square(n: u64) -> u64 { n * n }
/// # fn main() -> Result<(), PoolError> {
/// # pool::init();
/// let pool = Pool::new()?;
/// let squares = pool.map(square, 0..1000).chunksize(100).timeout(Duration::from_secs(5));
/// let sum = squares.sum::<Result<u64, _>>()?;
/// # Ok(())
/// # }
/// ```
pub struct Map<'pool, I: Iterator, T> {
    pool: PhantomData<&'pool ()>,
    driver: Rc<Driver>,
    job: u32,
    items: I,
    /// No items are left, or none can be taken any more.
    exhausted: bool,
    next_item: u64,
    chunksize: usize,
    order: Order,
    /// Set when the iterator is dropped.
    abandoned: Abandoned,
    /// Chunks that are out, and those whose results are not yielded yet, in the order of items.
    chunks: VecDeque<Rc<PendingTask>>,
    /// Chunks that ended, if the order is that of completion.
    ended: CompletionQueue,
    /// How many chunks are in either.
    taken: usize,
    max_taken: usize,
    /// Results to be yielded next.
    ready: VecDeque<Result<T, PoolError>>,
    /// What is yielded last.
    error: Option<PoolError>,
    looked_after: Instant,
    deadline: Option<(Instant, Duration)>,
    over: bool,
}

impl<I, T> Map<'_, I, T>
where
    I: Iterator,
    I::Item: Serialize,
    T: DeserializeOwned,
{
    pub(super) fn new(
        driver: Rc<Driver>,
        place: Result<CodePlace, PoolError>,
        items: I,
        order: Order,
    ) -> Self {
        let start = place.and_then(|place| {
            let mut inner = driver.lock()?;
            let job = inner.job_number(place);
            inner.scheduler.forget_batch_size(job);
            Ok((job, inner.scheduler.max_tasks_out()))
        });
        let (job, max_taken, error) = match start {
            Ok((job, max_taken)) => (job, max_taken, None),
            Err(error) => (0, 0, Some(error)),
        };
        Self {
            pool: PhantomData,
            driver,
            job,
            items,
            exhausted: error.is_some(),
            next_item: 0,
            chunksize: 1,
            order,
            abandoned: Abandoned::default(),
            chunks: VecDeque::new(),
            ended: CompletionQueue::default(),
            taken: 0,
            max_taken,
            ready: VecDeque::new(),
            error,
            looked_after: Instant::now(),
            deadline: None,
            over: false,
        }
    }

    /// Makes a task of this many items (0 counts as 1). Default: 1.
    ///
    /// It is not worth tuning for speed: tasks travel in batches, whose size the pool finds. A task
    /// is what is done again when a worker dies, and what fails as a whole if it kills its workers
    /// or takes longer than a task may.
    #[must_use]
    pub fn chunksize(mut self, items: usize) -> Self {
        self.chunksize = items.max(1);
        self
    }

    /// Yields [`PoolError::TimedOut`] as the last thing if a result is not there after this time,
    /// counted from now.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.deadline = Instant::now().checked_add(timeout).map(|end| (end, timeout));
        self
    }

    /// Takes as many items as workers can use. The pool is not borrowed while the items' own code
    /// runs: it may use the pool itself.
    fn take_items(&mut self) -> Result<(), PoolError> {
        let room = self.max_taken.saturating_sub(self.taken);
        let demand = self.driver.lock()?.demand(self.job).min(room);
        for _ in 0..demand {
            if self.exhausted {
                break;
            }
            let chunk = self.take_chunk();
            let count = chunk.count();
            if count == 0 {
                break;
            }
            let pending = self.driver.lock()?.submit(NewTask {
                job: self.job,
                index: self.next_item,
                count,
                input: chunk.into_bytes(),
                abandoned: Rc::clone(&self.abandoned),
            });
            self.next_item += u64::from(count);
            self.taken += 1;
            match self.order {
                Order::OfItems => self.chunks.push_back(pending),
                Order::OfCompletion => pending.notify(&self.ended),
            }
        }
        Ok(())
    }

    /// The next chunk. An item that cannot be encoded ends the iteration behind those before it.
    fn take_chunk(&mut self) -> Chunk {
        let mut chunk = Chunk::new();
        while (chunk.count() as usize) < self.chunksize && !self.exhausted {
            match self.items.next().map(|item| chunk.push(&item)) {
                Some(Ok(())) => {}
                Some(Err(error)) => {
                    self.error = Some(error);
                    self.exhausted = true;
                }
                None => self.exhausted = true,
            }
        }
        chunk
    }

    /// The chunk to be yielded next, if it has ended.
    fn next_ended(&mut self) -> Option<Rc<PendingTask>> {
        let pending = match self.order {
            Order::OfItems if self.chunks.front()?.has_ended() => self.chunks.pop_front(),
            Order::OfItems => None,
            Order::OfCompletion => self.ended.borrow_mut().pop_front(),
        };
        self.taken -= usize::from(pending.is_some());
        pending
    }

    /// One step towards the next result. Whether there may be one.
    fn step(&mut self) -> Result<bool, PoolError> {
        if let Some(pending) = self.next_ended() {
            self.ready = results(&pending)?;
            if self.looked_after.elapsed() > LOOK_AFTER_WORKERS {
                self.take_items()?;
                self.turn(Wait::No)?;
            }
            return Ok(true);
        }
        self.take_items()?;
        // None taken can also mean that no worker is ready just now.
        if self.taken == 0 && self.exhausted {
            return self.error.take().map_or(Ok(false), Err);
        }
        let Some((end, after)) = self.deadline else {
            self.turn(Wait::ForEvent)?;
            return Ok(true);
        };
        let late = Instant::now() >= end;
        self.turn(if late { Wait::No } else { Wait::Until(end) })?;
        let nothing_yet = match self.order {
            Order::OfItems => self.chunks.front().is_none_or(|pending| !pending.has_ended()),
            Order::OfCompletion => self.ended.borrow().is_empty(),
        };
        if late && nothing_yet {
            let task = self.chunks.front().map_or(self.next_item, |pending| pending.index);
            return Err(PoolError::TimedOut { task, after });
        }
        Ok(true)
    }

    fn turn(&mut self, wait: Wait) -> Result<(), PoolError> {
        self.driver.turn(wait)?;
        self.looked_after = Instant::now();
        Ok(())
    }
}

impl<I, T> Iterator for Map<'_, I, T>
where
    I: Iterator,
    I::Item: Serialize,
    T: DeserializeOwned,
{
    type Item = Result<T, PoolError>;

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

impl<I: Iterator, T> Drop for Map<'_, I, T> {
    /// Cancels chunks not sent yet: their results would never be asked for.
    fn drop(&mut self) {
        self.abandoned.set(true);
    }
}

// Not derived: neither items nor results need be printable.
impl<I: Iterator, T> fmt::Debug for Map<'_, I, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Map")
            .field("next_item", &self.next_item)
            .field("chunksize", &self.chunksize)
            .field("taken", &self.taken)
            .finish_non_exhaustive()
    }
}

/// The results of a chunk that has ended.
fn results<T: DeserializeOwned>(
    pending: &PendingTask,
) -> Result<VecDeque<Result<T, PoolError>>, PoolError> {
    let one_by_one = |results: VecDeque<Result<T, TaskFailure>>, pid: u32| {
        let numbered = (pending.index..).zip(results);
        let results = numbered.map(|(task, result)| {
            result.map_err(|cause| PoolError::from(TaskError { task, pid, cause }))
        });
        Ok(results.collect())
    };
    match &*pending.state.borrow() {
        State::Done { pid, output } => one_by_one(decode_outputs(output, pending.count), *pid),
        State::Failed { pid, failure } => {
            one_by_one((0..pending.count).map(|_| Err(failure.clone())).collect(), *pid)
        }
        State::Lost(reason) => Err(PoolError::Closed(reason.clone())),
        State::Cancelled => Err(PoolError::Cancelled { task: pending.index }),
        State::Waiting(_) | State::Out(_) => unreachable!("asked only of chunks that have ended"),
    }
}
