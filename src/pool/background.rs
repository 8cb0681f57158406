//! A pool that is driven by a thread of its own, with handles that can go anywhere.
//!
//! The thread builds the pool, because the kernel ends workers when the thread that started them
//! ends, and does what its callers send it. It uses nothing of the pool but what its other users
//! have: its descriptor, `turn`, `submit` and `on_done`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::builder::PoolBuilder;
use super::error::PoolError;
use super::executor::Pool;
use super::handle::TaskHandle;
use super::parent::report::WorkerReport;
use super::protocol::answer::Answer;

/// A pool that works on its own. Made by
/// [`PoolBuilder::background`](super::PoolBuilder::background); it can be shared between threads.
///
/// Dropping it ends the workers at once.
///
/// ```no_run
/// # use wordhash::pool::{self, Pool, PoolError};
/// # fn main() -> Result<(), PoolError> {
/// # pool::init();
/// let pool = Pool::builder().background()?;
/// let tasks: Vec<_> = (0..10).map(|n: u64| pool.submit(|n| n * n, n)).collect();
/// // The workers are at work, whatever this thread does.
/// for task in tasks {
///     println!("{}", task.result()?);
/// }
/// # Ok(())
/// # }
/// ```
pub struct BackgroundPool<C = ()> {
    orders: Arc<Orders<C>>,
    thread: Option<JoinHandle<Vec<WorkerReport>>>,
}

/// What callers ask of the thread.
struct Orders<C> {
    waiting: Mutex<Vec<Order<C>>>,
    /// Readable when some wait.
    wake: OwnedFd,
}

type Submit<C> = Box<dyn FnOnce(&Driven<C>) + Send>;

enum Order<C> {
    /// Submits a task.
    Submit(Submit<C>),
    /// Cancels the task of this number, if no worker has it.
    Cancel(u64),
    /// Ends the pool when all is done.
    Finish,
    /// Ends the pool now.
    Kill,
}

/// How to cancel tasks that have not ended, by the tasks' numbers.
type Cancels = HashMap<u64, Box<dyn Fn()>>;

/// What the thread holds.
struct Driven<C> {
    pool: Pool<C>,
    cancels: Rc<RefCell<Cancels>>,
}

impl<C> Orders<C> {
    fn send(&self, order: Order<C>) {
        lock(&self.waiting).push(order);
        // It fails only when the counter is full: then the thread is awake anyway.
        let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
    }

    fn take(&self) -> Vec<Order<C>> {
        let _ = rustix::io::read(&self.wake, &mut [0; 8]);
        std::mem::take(&mut *lock(&self.waiting))
    }
}

/// Nothing is left half done while a lock is held, so a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<C: 'static> PoolBuilder<C> {
    /// As [`build`](Self::build), but the pool is driven by a thread of its own, so its workers are
    /// kept busy whatever this one does, and handles can go to other threads.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build); with [`StartMethod::Fork`](super::StartMethod::Fork) always, because of the thread.
    pub fn background(self) -> Result<BackgroundPool<C>, PoolError> {
        BackgroundPool::start(self)
    }
}

impl<C: 'static> BackgroundPool<C> {
    pub(super) fn start(builder: PoolBuilder<C>) -> Result<Self, PoolError> {
        let system = |source| PoolError::System { what: "cannot start its thread", source };
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        let wake = eventfd(0, flags).map_err(|error| system(error.into()))?;
        let orders = Arc::new(Orders { waiting: Mutex::default(), wake });
        let (started, starts) = mpsc::channel();
        let thread = std::thread::Builder::new().name("pool".to_owned());
        let taken = Arc::clone(&orders);
        let thread = thread.spawn(move || drive(builder, &taken, &started)).map_err(system)?;
        let pool = Self { orders, thread: Some(thread) };
        match starts.recv() {
            Ok(Ok(())) => Ok(pool),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(PoolError::Closed("its thread panicked".to_owned())),
        }
    }

    /// Has `function` called on one item in a worker, see [`Pool::submit`](super::Pool::submit).
    /// Whatever goes wrong is in the task's result.
    pub fn submit<F, I, R, K>(&self, function: F, item: I) -> Task<R::Value>
    where
        F: Fn(I) -> R + Copy + Send + 'static,
        I: Serialize + DeserializeOwned + Send + 'static,
        R: Answer<K, Value: Send>,
    {
        self.submit_by(move |pool: &Pool<C>| pool.submit(function, item))
    }

    /// As [`submit`](Self::submit), for a function that works with the worker's context.
    pub fn submit_with<F, I, R, K>(&self, function: F, item: I) -> Task<R::Value>
    where
        F: Fn(&mut C, I) -> R + Copy + Send + 'static,
        I: Serialize + DeserializeOwned + Send + 'static,
        R: Answer<K, Value: Send>,
    {
        self.submit_by(move |pool: &Pool<C>| pool.submit_with(function, item))
    }

    fn submit_by<T: DeserializeOwned + Send + 'static>(
        &self,
        submit: impl FnOnce(&Pool<C>) -> Result<TaskHandle<T>, PoolError> + Send + 'static,
    ) -> Task<T> {
        let result = Arc::new(ResultCell::<T>::default());
        let completer = Completer(Arc::clone(&result));
        self.orders.send(Order::Submit(Box::new(move |driven| match submit(&driven.pool) {
            Ok(handle) => driven.watch(handle, completer),
            Err(error) => completer.complete(Err(error)),
        })));
        let orders = Arc::clone(&self.orders);
        let number = result.number();
        Task { result, cancel: Box::new(move || orders.send(Order::Cancel(number))) }
    }

    /// Ends the pool when everything that was submitted is done, and says who did what.
    #[must_use = "to end the workers at once, without their reports, drop the pool"]
    pub fn shutdown(mut self) -> Vec<WorkerReport> {
        self.end(Order::Finish)
    }
}

impl<C> BackgroundPool<C> {
    fn end(&mut self, order: Order<C>) -> Vec<WorkerReport> {
        self.orders.send(order);
        self.thread.take().and_then(|thread| thread.join().ok()).unwrap_or_default()
    }
}

impl<C> Drop for BackgroundPool<C> {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.end(Order::Kill);
        }
    }
}

// Not derived: contexts live in the workers, so `C` need not be printable here.
impl<C> fmt::Debug for BackgroundPool<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("BackgroundPool").finish_non_exhaustive()
    }
}

/// The life of the thread.
fn drive<C: 'static>(
    builder: PoolBuilder<C>,
    orders: &Orders<C>,
    started: &mpsc::Sender<Result<(), PoolError>>,
) -> Vec<WorkerReport> {
    let built = builder.build();
    let (pool, ready) = match built {
        Ok(pool) => (pool, Ok(())),
        Err(error) => {
            // The receiver waits for exactly this.
            let _ = started.send(Err(error));
            return Vec::new();
        }
    };
    let _ = started.send(ready);
    let driven = Driven { pool, cancels: Rc::default() };
    let mut open = true;
    loop {
        for order in orders.take() {
            match order {
                Order::Submit(submit) => submit(&driven),
                Order::Cancel(number) => driven.cancel(number),
                Order::Finish => return driven.pool.shutdown(),
                Order::Kill => return driven.pool.kill(),
            }
        }
        // An error is in the results of all tasks; only their owner's orders matter then.
        open = open && driven.pool.turn().is_ok();
        let mut waited = vec![
            PollFd::new(&orders.wake, PollFlags::IN),
            PollFd::new(&driven.pool, PollFlags::IN),
        ];
        waited.truncate(if open { 2 } else { 1 });
        // Interrupted or not: the next round looks at both.
        let _ = poll(&mut waited, None);
    }
}

impl<C> Driven<C> {
    /// Passes a task's result on when it is there; until then, lets it be cancelled.
    fn watch<T: DeserializeOwned + Send + 'static>(
        &self,
        handle: TaskHandle<T>,
        completer: Completer<T>,
    ) {
        let number = completer.0.number();
        let handle = Rc::new(handle);
        let cancel = {
            let handle = Rc::clone(&handle);
            move || {
                let _ = handle.cancel();
            }
        };
        self.cancels.borrow_mut().insert(number, Box::new(cancel));
        let cancels = Rc::clone(&self.cancels);
        handle.on_done(move |result| {
            cancels.borrow_mut().remove(&number);
            completer.complete(result);
        });
    }

    fn cancel(&self, number: u64) {
        // Taken out first: cancelling calls what removes it.
        let cancel = self.cancels.borrow_mut().remove(&number);
        if let Some(cancel) = cancel {
            cancel();
        }
    }
}

/// The result to come of a task that was submitted to a [`BackgroundPool`].
///
/// It is a future, for any executor, and can be waited for without one. Dropping it does not
/// cancel the task.
///
/// ```no_run
/// # use wordhash::pool::{self, BackgroundPool, PoolError};
/// async fn word_lengths(pool: &BackgroundPool, words: [String; 2]) -> Result<usize, PoolError> {
///     let [first, second] = words.map(|word| pool.submit(|word: String| word.len(), word));
///     Ok(first.await? + second.await?)
/// }
/// ```
#[must_use = "a task's errors are in its result"]
pub struct Task<T> {
    result: Arc<ResultCell<T>>,
    cancel: Box<dyn Fn() + Send + Sync>,
}

impl<T> Task<T> {
    /// Whether the task has ended.
    #[must_use]
    pub fn is_done(&self) -> bool {
        lock(&self.result.state).is_done
    }

    /// Waits for the result.
    ///
    /// # Errors
    ///
    /// As [`TaskHandle::result`](super::TaskHandle::result).
    pub fn result(self) -> Result<T, PoolError> {
        self.wait(None);
        let value = lock(&self.result.state).value.take();
        value.unwrap_or_else(|| Err(PoolError::Closed("the result was taken".to_owned())))
    }

    /// Waits until the task has ended; at most so long, if a time is given. Whether it has.
    pub fn wait(&self, timeout: Option<Duration>) -> bool {
        let state = lock(&self.result.state);
        let not_done = |state: &mut ResultState<T>| !state.is_done;
        let waited = match timeout {
            None => self.result.done.wait_while(state, not_done),
            Some(timeout) => self
                .result
                .done
                .wait_timeout_while(state, timeout, not_done)
                .map(|(state, _)| state)
                .map_err(|error| PoisonError::new(error.into_inner().0)),
        };
        waited.unwrap_or_else(PoisonError::into_inner).is_done
    }

    /// Cancels the task if no worker has it yet. Its result says whether that came in time.
    pub fn cancel(&self) {
        (self.cancel)();
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, PoolError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = lock(&self.result.state);
        if let Some(value) = state.value.take() {
            return Poll::Ready(value);
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

// Not derived: the result need not be printable.
impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Task").field("is_done", &self.is_done()).finish_non_exhaustive()
    }
}

/// Where a result passes from the pool's thread to the task's owner.
struct ResultCell<T> {
    state: Mutex<ResultState<T>>,
    done: Condvar,
}

struct ResultState<T> {
    value: Option<Result<T, PoolError>>,
    is_done: bool,
    waker: Option<Waker>,
}

impl<T> Default for ResultCell<T> {
    fn default() -> Self {
        let state = ResultState { value: None, is_done: false, waker: None };
        Self { state: Mutex::new(state), done: Condvar::new() }
    }
}

impl<T> ResultCell<T> {
    /// A number that no other task has at the same time: where the cell is.
    fn number(self: &Arc<Self>) -> u64 {
        Arc::as_ptr(self).addr() as u64
    }
}

/// Gives a cell its result: the one it is told, or that there will be none.
struct Completer<T>(Arc<ResultCell<T>>);

impl<T> Completer<T> {
    fn complete(self, result: Result<T, PoolError>) {
        self.put(result);
    }

    fn put(&self, result: Result<T, PoolError>) {
        let mut state = lock(&self.0.state);
        if state.is_done {
            return;
        }
        (state.value, state.is_done) = (Some(result), true);
        let waker = state.waker.take();
        drop(state);
        self.0.done.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Drop for Completer<T> {
    fn drop(&mut self) {
        self.put(Err(PoolError::Closed("it has ended".to_owned())));
    }
}
