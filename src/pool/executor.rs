//! The pool as its users hold it.

use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

use super::builder::PoolBuilder;
use super::desk::Desk;
use super::error::PoolError;
use super::future::Future;
use super::job::{BatchJob, Context, Job, Registry};
use super::map::{Map, Order};
use super::report::WorkerReport;
use super::run::{self, TaskSink, TaskSource};
use super::scheduler::{Scheduler, Wait};
use super::typed::Chunk;

/// How long workers that were asked to terminate may take.
const TERMINATE_GRACE_MS: u32 = 1000;

/// Worker processes with a context `C` each.
///
/// It stays in the thread that built it, because the kernel ends the workers when that thread
/// ends. Dropping it ends them too, at once; [`Pool::shutdown`] lets them finish.
pub struct Pool<C> {
    desk: Rc<RefCell<Desk>>,
    /// The names of the jobs, in the order of their numbers.
    jobs: Vec<&'static str>,
    context: PhantomData<C>,
}

impl<C: Context> Pool<C> {
    /// Starts to put a pool together, whose workers can do the registry's jobs that work with `C`.
    #[must_use]
    pub fn builder(registry: &Registry) -> PoolBuilder<C> {
        PoolBuilder::new(registry)
    }

    pub(super) fn new(scheduler: Scheduler, jobs: Vec<&'static str>) -> Self {
        let desk = Rc::new(RefCell::new(Desk::new(scheduler)));
        Self { desk, jobs, context: PhantomData }
    }

    fn job_number(&self, name: &'static str) -> Result<u32, PoolError> {
        let place = self.jobs.iter().position(|&job| job == name);
        let number = place.and_then(|place| u32::try_from(place).ok());
        number.ok_or(PoolError::Unregistered { what: "a job", name })
    }

    /// Puts items through job `J` and yields the outputs in the order of the items.
    ///
    /// A task is a chunk of `chunksize` items (0 counts as 1). Unlike with other pools it is not
    /// worth tuning: chunks travel in batches, whose size the pool finds. Items are taken as
    /// workers need them, so an endless iterator works, and no more chunks are taken than
    /// [`max_tasks_out`](PoolBuilder::max_tasks_out) beyond those whose results were yielded. The
    /// loop turns while the next result is waited for: whoever stops taking results lets the
    /// workers run dry. Dropping the iterator leaves unsent chunks undone.
    ///
    /// An item that fails is a [`PoolError::Task`] in its place, and the next item goes on; so is
    /// every item of a chunk that kills its workers. Any other error is the last thing yielded.
    pub fn map<J: Job<Context = C>>(
        &self,
        items: impl IntoIterator<Item = J::Input>,
        chunksize: usize,
    ) -> impl Iterator<Item = Result<J::Output, PoolError>> {
        self.make_map::<J, _>(items.into_iter(), chunksize, Order::OfItems)
    }

    /// As [`Pool::map`], but yields outputs chunk by chunk as they come.
    pub fn map_unordered<J: Job<Context = C>>(
        &self,
        items: impl IntoIterator<Item = J::Input>,
        chunksize: usize,
    ) -> impl Iterator<Item = Result<J::Output, PoolError>> {
        self.make_map::<J, _>(items.into_iter(), chunksize, Order::OfCompletion)
    }

    fn make_map<J: Job<Context = C>, I: Iterator<Item = J::Input>>(
        &self,
        items: I,
        chunksize: usize,
        order: Order,
    ) -> Map<J, I> {
        Map::new(Rc::clone(&self.desk), self.job_number(J::NAME), items, chunksize, order)
    }

    /// Has one item done; the output is asked for later.
    ///
    /// The item goes to a worker at once if one has room for it. Otherwise it waits here until the
    /// loop is turned: by another `submit`, by [`Future::result`], [`Future::is_done`],
    /// [`as_completed`](super::as_completed) or [`Pool::map`]. A program that does something else
    /// for long between these lets its workers run dry: they hold what was sent to them, and more
    /// is sent only when it calls.
    ///
    /// # Errors
    ///
    /// When the item cannot be encoded, the job was not registered, or the pool has ended.
    pub fn submit<J: Job<Context = C>>(
        &self,
        item: &J::Input,
    ) -> Result<Future<J::Output>, PoolError> {
        let job = self.job_number(J::NAME)?;
        let mut chunk = Chunk::new();
        chunk.push(item)?;
        let mut desk = self.desk.try_borrow_mut().map_err(|_| PoolError::InUse)?;
        let index = desk.next_submission();
        let ticket = desk.submit(job, index, chunk.count(), chunk.into_bytes());
        desk.pump(Wait::No)?;
        Ok(Future::new(Rc::clone(&self.desk), ticket))
    }

    /// Runs all tasks of `source` through job `J` and gives their outputs to `sink` as they come.
    /// What was submitted before is done first.
    ///
    /// # Errors
    ///
    /// When a task fails, or kills its workers as often as the pool tries; when the run is
    /// interrupted or makes no progress. The pool is closed then.
    pub fn run<J: BatchJob<Context = C>>(
        &mut self,
        source: &mut impl TaskSource,
        sink: &mut impl TaskSink,
    ) -> Result<(), PoolError> {
        let job = self.job_number(J::NAME)?;
        let mut desk = self.desk.try_borrow_mut().map_err(|_| PoolError::InUse)?;
        desk.drain()?;
        run::run(&mut desk.scheduler, job, source, sink)
    }

    /// The process ids of the workers.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        self.desk.try_borrow().map(|desk| desk.scheduler.pids()).unwrap_or_default()
    }

    /// Ends the pool when everything that was submitted is done, and says who did what.
    #[must_use = "to end the workers at once and hear nothing of them, drop the pool"]
    pub fn shutdown(self) -> Vec<WorkerReport> {
        self.end(|desk| {
            // An error ended the pool already, and is in the futures of what was out.
            let _ = desk.drain();
            desk.scheduler.finish();
        })
    }

    /// Ends the pool when everything that workers have is done; what was not sent is cancelled.
    #[must_use = "to end the workers at once and hear nothing of them, drop the pool"]
    pub fn shutdown_cancel(self) -> Vec<WorkerReport> {
        self.end(|desk| {
            desk.cancel_waiting();
            let _ = desk.drain();
            desk.scheduler.finish();
        })
    }

    /// Asks the workers to end by SIGTERM; those that have not after a second are killed.
    #[must_use = "to end the workers at once and hear nothing of them, drop the pool"]
    pub fn terminate(self) -> Vec<WorkerReport> {
        self.end(|desk| desk.scheduler.terminate(TERMINATE_GRACE_MS))
    }

    /// Kills the workers at once.
    #[must_use = "to hear nothing of them, drop the pool"]
    pub fn kill(self) -> Vec<WorkerReport> {
        self.end(|desk| desk.scheduler.kill("its workers were killed"))
    }

    fn end(self, end: impl FnOnce(&mut Desk)) -> Vec<WorkerReport> {
        let Ok(mut desk) = self.desk.try_borrow_mut() else { return Vec::new() };
        end(&mut desk);
        desk.lose_all("its workers were ended");
        desk.scheduler.take_reports()
    }
}

// Not derived: contexts live in the workers, so `C` need not be printable here.
impl<C> fmt::Debug for Pool<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Pool").field("jobs", &self.jobs).finish_non_exhaustive()
    }
}

impl<C> Drop for Pool<C> {
    fn drop(&mut self) {
        if let Ok(mut desk) = self.desk.try_borrow_mut() {
            desk.scheduler.kill("it was dropped");
            desk.lose_all("it was dropped");
        }
    }
}
