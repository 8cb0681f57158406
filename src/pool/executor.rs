//! The pool as its users hold it.

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::os::fd::{AsFd, BorrowedFd};
use std::rc::Rc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::PoolError;
use super::handle::TaskHandle;
use super::map::{Map, Order};
use super::parent::driver::{Driver, End};
use super::parent::queue::{Abandoned, NewTask};
use super::parent::report::WorkerReport;
use super::parent::scheduler::{Scheduler, Wait};
use super::protocol::answer::{Answer, JobError};
use super::protocol::code::CodePlace;
use super::protocol::codec::Chunk;
use super::run::{self, TaskSink, TaskSource};
use super::worker::call::{self, Run};
use super::worker::outputs::Outputs;
use super::worker::tasks::Tasks;

/// Worker processes, each with a context `C` (`()` for none).
///
/// It stays in the thread that built it, because the kernel ends the workers when that thread
/// ends. Dropping it ends them too, at once; [`Pool::shutdown`] lets them finish.
///
/// Functions are function items, or closures that capture nothing:
///
/// ```compile_fail
/// # use wordhash::pool::Pool;
/// let factor = 3;
/// let pool = Pool::new().unwrap();
/// pool.map(move |n: u64| n * factor, 0..10).count();
/// ```
pub struct Pool<C = ()> {
    driver: Rc<Driver>,
    context: PhantomData<fn() -> C>,
}

/// Where the monomorphised caller of a function lies.
pub(super) fn place<F>(caller: *const ()) -> Result<CodePlace, PoolError> {
    CodePlace::of(caller).ok_or(PoolError::NotInProgram { name: type_name::<F>() })
}

impl<C: 'static> Pool<C> {
    pub(super) fn new_from(scheduler: Scheduler) -> Self {
        Self { driver: Rc::new(Driver::new(scheduler)), context: PhantomData }
    }

    /// Calls `function` on each item, in the workers, and yields the results in the order of the
    /// items. Several arguments are a tuple.
    ///
    /// An item that fails is a [`PoolError::Task`] in its place, and the next item goes on. Any
    /// other error is the last thing yielded: an item that cannot be encoded ends the iteration
    /// after everything before it.
    ///
    /// ```no_run
    /// # use wordhash::pool::{self, Pool, PoolError};
    /// # fn main() -> Result<(), PoolError> {
    /// # pool::init();
    /// let pool = Pool::new()?;
    /// for power in pool.map(|(base, exponent): (u64, u32)| base.pow(exponent), [(2, 10), (3, 4)]) {
    ///     println!("{}", power?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn map<F, I, R, K>(&self, _function: F, items: I) -> Map<'_, I::IntoIter, R::Value>
    where
        F: Fn(I::Item) -> R + Copy + 'static,
        I: IntoIterator<Item: Serialize + DeserializeOwned>,
        R: Answer<K>,
    {
        let place = items_place::<F, I::Item, R, K>();
        Map::new(Rc::clone(&self.driver), place, items.into_iter(), Order::OfItems)
    }

    /// As [`Pool::map`], but yields results as they come.
    ///
    /// ```no_run
    /// # use wordhash::pool::{self, Pool, PoolError};
    /// # fn main() -> Result<(), PoolError> {
    /// # pool::init();
    /// let pool = Pool::new()?;
    /// let sum = pool.map_unordered(|n: u64| n * n, 0..1000).sum::<Result<u64, _>>()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn map_unordered<F, I, R, K>(
        &self,
        _function: F,
        items: I,
    ) -> Map<'_, I::IntoIter, R::Value>
    where
        F: Fn(I::Item) -> R + Copy + 'static,
        I: IntoIterator<Item: Serialize + DeserializeOwned>,
        R: Answer<K>,
    {
        let place = items_place::<F, I::Item, R, K>();
        Map::new(Rc::clone(&self.driver), place, items.into_iter(), Order::OfCompletion)
    }

    /// As [`Pool::map`], for a function that works with the worker's context.
    ///
    /// ```no_run
    /// # use wordhash::pool::{self, Pool, PoolError};
    /// # fn main() -> Result<(), PoolError> {
    /// # pool::init();
    /// let pool = Pool::builder().context(|| std::fs::read("table.bin")).build()?;
    /// for byte in pool.map_with(|table, at: usize| table.get(at).copied(), 0..100) {
    ///     println!("{:?}", byte?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn map_with<F, I, R, K>(&self, _function: F, items: I) -> Map<'_, I::IntoIter, R::Value>
    where
        F: Fn(&mut C, I::Item) -> R + Copy + 'static,
        I: IntoIterator<Item: Serialize + DeserializeOwned>,
        R: Answer<K>,
    {
        let place = items_with_place::<F, C, I::Item, R, K>();
        Map::new(Rc::clone(&self.driver), place, items.into_iter(), Order::OfItems)
    }

    /// As [`Pool::map_with`], but yields results as they come.
    pub fn map_unordered_with<F, I, R, K>(
        &self,
        _function: F,
        items: I,
    ) -> Map<'_, I::IntoIter, R::Value>
    where
        F: Fn(&mut C, I::Item) -> R + Copy + 'static,
        I: IntoIterator<Item: Serialize + DeserializeOwned>,
        R: Answer<K>,
    {
        let place = items_with_place::<F, C, I::Item, R, K>();
        Map::new(Rc::clone(&self.driver), place, items.into_iter(), Order::OfCompletion)
    }

    /// Has `function` called on one item in a worker; the result is asked for later.
    ///
    /// The item goes to a worker at once if one has room for it. Otherwise it waits here until the
    /// loop is turned: by another `submit`, by [`TaskHandle::result`], [`TaskHandle::is_done`],
    /// [`as_completed`](super::as_completed), [`wait`](super::wait()), [`Pool::map`] or
    /// [`Pool::turn`]. A program that does something else for long between these lets its workers
    /// run dry; [`background`](super::PoolBuilder::background) is for that.
    ///
    /// # Errors
    ///
    /// When the item cannot be encoded, or the pool has ended.
    ///
    /// ```no_run
    /// # use wordhash::pool::{self, Pool, PoolError};
    /// # fn main() -> Result<(), PoolError> {
    /// # pool::init();
    /// let pool = Pool::new()?;
    /// let task = pool.submit(|text: String| text.len(), "a word".to_owned())?;
    /// assert_eq!(task.result(None)?, 6);
    /// # Ok(())
    /// # }
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "the function gets the item by value")]
    pub fn submit<F, I, R, K>(
        &self,
        _function: F,
        item: I,
    ) -> Result<TaskHandle<R::Value>, PoolError>
    where
        F: Fn(I) -> R + Copy + 'static,
        I: Serialize + DeserializeOwned,
        R: Answer<K>,
    {
        self.submit_to(items_place::<F, I, R, K>()?, &item)
    }

    /// As [`Pool::submit`], for a function that works with the worker's context.
    ///
    /// # Errors
    ///
    /// As [`Pool::submit`].
    #[expect(clippy::needless_pass_by_value, reason = "the function gets the item by value")]
    pub fn submit_with<F, I, R, K>(
        &self,
        _function: F,
        item: I,
    ) -> Result<TaskHandle<R::Value>, PoolError>
    where
        F: Fn(&mut C, I) -> R + Copy + 'static,
        I: Serialize + DeserializeOwned,
        R: Answer<K>,
    {
        self.submit_to(items_with_place::<F, C, I, R, K>()?, &item)
    }

    fn submit_to<I: Serialize, T: DeserializeOwned + 'static>(
        &self,
        place: CodePlace,
        item: &I,
    ) -> Result<TaskHandle<T>, PoolError> {
        let mut chunk = Chunk::new();
        chunk.push(item)?;
        let pending = {
            let mut inner = self.driver.lock()?;
            let (job, index) = (inner.job_number(place), inner.next_submission());
            let (count, abandoned) = (chunk.count(), Abandoned::default());
            inner.submit(NewTask { job, index, count, input: chunk.into_bytes(), abandoned })
        };
        self.driver.turn(Wait::No)?;
        Ok(TaskHandle::new(Rc::clone(&self.driver), pending))
    }

    /// Runs all tasks of `source` through a function of bytes and gives their outputs to `sink` as
    /// they come, at a cost of some tens of nanoseconds a task. What was submitted before is done
    /// first.
    ///
    /// The function gets all tasks that its worker has at hand in one call, and must
    /// [finish](Outputs::finish_task) every one, in order. An error, or a panic, counts for the
    /// first task that is not finished; the call is made again with the tasks after it.
    ///
    /// # Errors
    ///
    /// When a task fails, or kills its workers as often as the pool tries; when the run is
    /// interrupted or makes no progress. The pool is closed then.
    ///
    /// ```no_run
    /// # use wordhash::pool::{self, JobError, Outputs, Pool, PoolError, TaskSink, TaskSource, Tasks};
    /// struct Numbers(u32);
    ///
    /// impl TaskSource for Numbers {
    ///     fn next_task(&mut self, input: &mut Vec<u8>) -> bool {
    ///         input.extend_from_slice(&self.0.to_le_bytes());
    ///         self.0 += 1;
    ///         self.0 <= 1000
    ///     }
    /// }
    ///
    /// struct Print;
    ///
    /// impl TaskSink for Print {
    ///     fn piece(&mut self, task: u64, _: &[u8], _: usize, output: &[u8]) {
    ///         println!("{task}: {output:?}");
    ///     }
    ///
    ///     fn done(&mut self, _: u64, _: &[u8]) {}
    /// }
    ///
    /// fn reverse(_: &mut (), tasks: Tasks<'_>, outputs: &mut Outputs<'_>) -> Result<(), JobError> {
    ///     for task in tasks {
    ///         let mut bytes = task.to_vec();
    ///         bytes.reverse();
    ///         outputs.write(&bytes);
    ///         outputs.finish_task();
    ///     }
    ///     Ok(())
    /// }
    ///
    /// # fn main() -> Result<(), PoolError> {
    /// # pool::init();
    /// Pool::new()?.run(reverse, &mut Numbers(0), &mut Print)
    /// # }
    /// ```
    pub fn run<F>(
        &mut self,
        _function: F,
        source: &mut impl TaskSource,
        sink: &mut impl TaskSink,
    ) -> Result<(), PoolError>
    where
        F: Fn(&mut C, Tasks<'_>, &mut Outputs<'_>) -> Result<(), JobError> + Copy + 'static,
    {
        let place = place::<F>(call::run_bytes::<F, C> as Run as *const ())?;
        let result = {
            let mut inner = self.driver.lock()?;
            inner.drain().and_then(|()| {
                let job = inner.job_number(place);
                run::run(&mut inner.scheduler, job, source, sink)
            })
        };
        self.driver.call_back();
        result
    }

    /// Does what is to do now, without waiting: gives tasks out, takes results in, replaces workers
    /// that died, calls callbacks. For programs with an event loop of their own, which call it when
    /// the pool's descriptor ([`AsFd`]) is readable.
    ///
    /// # Errors
    ///
    /// Whatever ends the pool.
    ///
    /// ```no_run
    /// # use rustix::event::{PollFd, PollFlags, poll};
    /// # use wordhash::pool::{self, Pool};
    /// # fn main() -> anyhow::Result<()> {
    /// # pool::init();
    /// let pool = Pool::new()?;
    /// let task = pool.submit(|n: u64| n * n, 12)?;
    /// task.on_done(|result| println!("{result:?}"));
    /// while task.is_running() {
    ///     // Other descriptors of the program go into the same call.
    ///     poll(&mut [PollFd::new(&pool, PollFlags::IN)], None)?;
    ///     pool.turn()?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn turn(&self) -> Result<(), PoolError> {
        self.driver.turn(Wait::No)
    }

    /// The process ids of the workers.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        self.driver.lock().map(|inner| inner.scheduler.pids()).unwrap_or_default()
    }

    /// Ends the pool when everything that was submitted is done, and says who did what.
    ///
    /// ```no_run
    /// # use wordhash::pool::{self, Pool, PoolError};
    /// # fn main() -> Result<(), PoolError> {
    /// # pool::init();
    /// let pool = Pool::new()?;
    /// let squares: Vec<_> = pool.map(|n: u64| n * n, 0..1000).collect();
    /// for worker in pool.shutdown() {
    ///     println!("{}: {} tasks in {:?}", worker.pid, worker.tasks, worker.busy);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "to end the workers at once, without their reports, drop the pool"]
    pub fn shutdown(self) -> Vec<WorkerReport> {
        self.driver.end(End::Finish, "it was shut down")
    }

    /// Ends the pool when everything that workers have is done; what was not sent is cancelled.
    #[must_use = "to end the workers at once, without their reports, drop the pool"]
    pub fn shutdown_cancel(self) -> Vec<WorkerReport> {
        self.driver.end(End::Cancel, "it was shut down")
    }

    /// Asks the workers to end by SIGTERM; those that have not after a second are killed.
    #[must_use = "to end the workers at once, without their reports, drop the pool"]
    pub fn terminate(self) -> Vec<WorkerReport> {
        self.driver.end(End::Terminate, "its workers were terminated")
    }

    /// Kills the workers at once.
    #[must_use = "to kill the workers without their reports, drop the pool"]
    pub fn kill(self) -> Vec<WorkerReport> {
        self.driver.end(End::Kill, "its workers were killed")
    }
}

fn items_place<F, I, R, K>() -> Result<CodePlace, PoolError>
where
    F: Fn(I) -> R + Copy + 'static,
    I: DeserializeOwned,
    R: Answer<K>,
{
    place::<F>(call::run_items::<F, I, R, K> as Run as *const ())
}

fn items_with_place<F, C, I, R, K>() -> Result<CodePlace, PoolError>
where
    F: Fn(&mut C, I) -> R + Copy + 'static,
    C: 'static,
    I: DeserializeOwned,
    R: Answer<K>,
{
    place::<F>(call::run_items_with::<F, C, I, R, K> as Run as *const ())
}

impl<C> AsFd for Pool<C> {
    /// A descriptor that is readable when [`Pool::turn`] has something to do. Only wait for it: its
    /// contents are the pool's own.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.driver.as_fd()
    }
}

// Not derived: contexts live in the workers, so `C` need not be printable here.
impl<C> fmt::Debug for Pool<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Pool").finish_non_exhaustive()
    }
}

impl<C> Drop for Pool<C> {
    fn drop(&mut self) {
        let _ = self.driver.end(End::Kill, "it was dropped");
    }
}
