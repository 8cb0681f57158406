//! One submitted task and its result to come, and ways to wait for several.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::de::DeserializeOwned;

use super::error::{PoolError, TaskError};
use super::parent::driver::Driver;
use super::parent::queue::{CompletionQueue, PendingTask, State};
use super::parent::scheduler::Wait;
use super::protocol::codec::decode_outputs;

/// The result to come of a task that was [submitted](super::Pool::submit).
///
/// Dropping it does not cancel the task.
///
/// ```no_run
/// # use wordhash::pool::{self, Pool, PoolError};
/// # use std::time::Duration;
/// # fn slow(n: u64) -> u64 { n }
/// # fn main() -> Result<(), PoolError> {
/// # pool::init();
/// let pool = Pool::new()?;
/// let task = pool.submit(slow, 7)?;
/// match task.result(Some(Duration::from_secs(1))) {
///     Err(PoolError::TimedOut { .. }) => println!("not yet"),
///     result => println!("{}", result?),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TaskHandle<T> {
    driver: Rc<Driver>,
    pending: Rc<PendingTask>,
    output: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + 'static> TaskHandle<T> {
    pub(super) fn new(driver: Rc<Driver>, pending: Rc<PendingTask>) -> Self {
        Self { driver, pending, output: PhantomData }
    }

    /// The task's index: how many were submitted to its pool before it.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.pending.index
    }

    /// Whether the task has ended: complete, failed, cancelled or lost with its pool. Looks at
    /// what workers sent meanwhile, and sends them more, but never waits.
    #[must_use]
    pub fn is_done(&self) -> bool {
        if !self.pending.has_ended() {
            // An error ends this very task, with the reason in its outcome.
            let _ = self.driver.turn(Wait::No);
        }
        self.pending.has_ended()
    }

    /// Whether a worker has the task, so that it cannot be cancelled any more.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(*self.pending.state.borrow(), State::Out(_))
    }

    /// Cancels the task if no worker has it. Whether it is cancelled now.
    #[must_use = "a task that is with a worker cannot be cancelled"]
    pub fn cancel(&self) -> bool {
        let cancelled = self.pending.cancel();
        self.driver.call_back();
        cancelled
    }

    /// Waits for the result; at most so long, if a time is given. May be asked again.
    ///
    /// # Errors
    ///
    /// [`PoolError::Task`] with the error of a failed task, [`PoolError::TimedOut`],
    /// [`PoolError::Cancelled`], and whatever ended the pool.
    pub fn result(&self, timeout: Option<Duration>) -> Result<T, PoolError> {
        let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        while !self.pending.has_ended() {
            if let (Some(end), Some(after)) = (end, timeout)
                && Instant::now() >= end
            {
                // What is there already counts, however short the time.
                self.driver.turn(Wait::No)?;
                if self.pending.has_ended() {
                    break;
                }
                return Err(PoolError::TimedOut { task: self.index(), after });
            }
            self.driver.turn(end.map_or(Wait::ForEvent, Wait::Until))?;
        }
        outcome(&self.pending)
    }

    /// Has `callback` called with the task's result when it has ended; at once if it has.
    ///
    /// It is called by whichever call turns the pool's loop then, after the turn, so it may use
    /// the pool. Callbacks of one task are called in the order in which they were added.
    pub fn on_done(&self, callback: impl FnOnce(Result<T, PoolError>) + 'static) {
        let pending = Rc::clone(&self.pending);
        self.driver.on_end(&self.pending, Box::new(move || callback(outcome(&pending))));
    }
}

/// The value of a task of one item that has ended.
fn outcome<T: DeserializeOwned>(pending: &PendingTask) -> Result<T, PoolError> {
    let task = pending.index;
    match &*pending.state.borrow() {
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

/// Handles by the task they are for, and the tasks that ended.
#[derive(Debug)]
struct Watched<T> {
    pending: HashMap<*const PendingTask, TaskHandle<T>>,
    completions: CompletionQueue,
}

impl<T: DeserializeOwned + 'static> Watched<T> {
    fn new(handles: impl IntoIterator<Item = TaskHandle<T>>) -> Self {
        let completions = CompletionQueue::default();
        let mut pending = HashMap::new();
        for handle in handles {
            handle.pending.notify(&completions);
            pending.insert(Rc::as_ptr(&handle.pending), handle);
        }
        Self { pending, completions }
    }

    /// Takes a handle whose task has ended; `None` if none has.
    fn take_ended(&mut self) -> Option<TaskHandle<T>> {
        let task = self.completions.borrow_mut().pop_front()?;
        self.pending.remove(&Rc::as_ptr(&task))
    }

    /// Waits until something happens in one of the pools. `false` if nothing can: the loop of one
    /// of them is what called this.
    fn wait(&self, end: Option<Instant>) -> bool {
        let mut drivers: Vec<&Rc<Driver>> = Vec::new();
        for handle in self.pending.values() {
            if !drivers.iter().any(|known| Rc::ptr_eq(known, &handle.driver)) {
                drivers.push(&handle.driver);
            }
        }
        let wait = match drivers.len() {
            1 => end.map_or(Wait::ForEvent, Wait::Until),
            _ => Wait::No,
        };
        for driver in &drivers {
            // Any other error ended all tasks of that pool: they are in the queue now.
            if matches!(driver.turn(wait), Err(PoolError::InUse)) {
                return false;
            }
        }
        if drivers.len() > 1 && self.completions.borrow().is_empty() {
            wait_for_any(&drivers, end);
        }
        true
    }
}

/// Waits until one of several pools has something to do.
fn wait_for_any(drivers: &[&Rc<Driver>], end: Option<Instant>) {
    let mut waited: Vec<PollFd<'_>> =
        drivers.iter().map(|&driver| PollFd::new(&**driver, PollFlags::IN)).collect();
    let left = end.map(|end| end.saturating_duration_since(Instant::now()));
    let timeout = left.and_then(|left| Timespec::try_from(left).ok());
    // The next turn of each pool says what happened, or what is wrong.
    let _ = poll(&mut waited, timeout.as_ref());
}

/// Task handles in the order in which their tasks end. They may belong to several pools.
///
/// ```no_run
/// # use wordhash::pool::{self, Pool, PoolError, as_completed};
/// # fn slow(n: u64) -> u64 { n }
/// # fn main() -> Result<(), PoolError> {
/// # pool::init();
/// let pool = Pool::new()?;
/// let tasks = (0..10).map(|n| pool.submit(slow, n)).collect::<Result<Vec<_>, _>>()?;
/// for task in as_completed(tasks) {
///     println!("task {}: {}", task.index(), task.result(None)?);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "an iterator does nothing unless it is used"]
pub fn as_completed<T: DeserializeOwned + 'static>(
    handles: impl IntoIterator<Item = TaskHandle<T>>,
) -> AsCompleted<T> {
    AsCompleted { watched: Watched::new(handles) }
}

/// The iterator that [`as_completed`] makes.
#[derive(Debug)]
pub struct AsCompleted<T> {
    watched: Watched<T>,
}

impl<T: DeserializeOwned + 'static> Iterator for AsCompleted<T> {
    type Item = TaskHandle<T>;

    fn next(&mut self) -> Option<TaskHandle<T>> {
        loop {
            if let Some(handle) = self.watched.take_ended() {
                return Some(handle);
            }
            if self.watched.pending.is_empty() || !self.watched.wait(None) {
                return None;
            }
        }
    }
}

/// When [`wait`] returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// When any task has ended.
    First,
    /// When any task has failed, or all have ended.
    FirstError,
    /// When all tasks have ended.
    All,
}

/// Waits until the first task, the first error or all of them; at most so long, if a time is
/// given. The handles of tasks that ended, in the order in which they did, and the others.
///
/// ```no_run
/// # use wordhash::pool::{self, Pool, PoolError, Until};
/// # use std::time::Duration;
/// # fn slow(n: u64) -> u64 { n }
/// # fn main() -> Result<(), PoolError> {
/// # pool::init();
/// let pool = Pool::new()?;
/// let tasks = (0..10).map(|n| pool.submit(slow, n)).collect::<Result<Vec<_>, _>>()?;
/// let (done, others) = pool::wait(tasks, Until::All, Some(Duration::from_secs(1)));
/// println!("{} done, {} not yet", done.len(), others.len());
/// # Ok(())
/// # }
/// ```
#[must_use = "the handles that were given are in the result"]
pub fn wait<T: DeserializeOwned + 'static>(
    handles: impl IntoIterator<Item = TaskHandle<T>>,
    until: Until,
    timeout: Option<Duration>,
) -> (Vec<TaskHandle<T>>, Vec<TaskHandle<T>>) {
    let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let mut watched = Watched::new(handles);
    let mut done = Vec::new();
    loop {
        let mut enough = false;
        while let Some(handle) = watched.take_ended() {
            enough |= match until {
                Until::First => true,
                Until::FirstError => outcome::<T>(&handle.pending).is_err(),
                Until::All => false,
            };
            done.push(handle);
        }
        let late = end.is_some_and(|end| Instant::now() >= end);
        if enough || watched.pending.is_empty() || !watched.wait(end) || late {
            break;
        }
    }
    while let Some(handle) = watched.take_ended() {
        done.push(handle);
    }
    let mut others: Vec<_> = watched.pending.into_values().collect();
    others.sort_by_key(TaskHandle::index);
    (done, others)
}
