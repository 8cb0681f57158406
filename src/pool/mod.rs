//! A pool of worker processes: a general executor of jobs, in the manner of Python's
//! `ProcessPoolExecutor`, that survives the death of a worker.
//!
//! A [`Pool`] keeps a number of processes with a [`Context`] each. [`Pool::run`] puts tasks that
//! are bytes through a [`BatchJob`] at a cost of some tens of nanoseconds a task. A worker that
//! dies is replaced and its tasks are given out again.
//!
//! The pool has no thread: whoever waits for results does its work. `README.md` in this folder
//! draws the loops, the frames and the states. It uses [`crate::region`] and
//! [`crate::interrupt`], and knows nothing of words, hashing or the command line.

use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

pub use builder::PoolBuilder;
pub use error::{Death, JobError, PoolError, SignalName, TaskError, TaskFailure};
pub use job::{BatchJob, Context, Job, Registry, TaskInputs, Tasks};
pub use options::{StartMethod, Transport, UnknownName};
pub use outputs::Outputs;
pub use report::WorkerReport;
pub use run::{TaskSink, TaskSource};
pub use worker::serve_if_worker;

use scheduler::Scheduler;

mod arena;
mod batch;
mod builder;
mod error;
pub mod frame;
mod job;
mod launch;
mod member;
mod oom;
mod options;
mod outputs;
mod panics;
mod process;
mod report;
mod run;
mod scheduler;
mod socket;
mod typed;
mod worker;

/// How long workers that were asked to terminate may take.
const TERMINATE_GRACE_MS: u32 = 1000;

/// Worker processes with a context `C` each.
///
/// It stays in the thread that built it (the kernel ends workers when that thread ends, and so
/// does dropping the pool).
pub struct Pool<C> {
    scheduler: Rc<RefCell<Scheduler>>,
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

    fn new(scheduler: Scheduler, jobs: Vec<&'static str>) -> Self {
        Self { scheduler: Rc::new(RefCell::new(scheduler)), jobs, context: PhantomData }
    }

    fn job_number(&self, name: &'static str) -> Result<u32, PoolError> {
        let place = self.jobs.iter().position(|&job| job == name);
        let number = place.and_then(|place| u32::try_from(place).ok());
        number.ok_or(PoolError::Unregistered { what: "a job", name })
    }

    /// Runs all tasks of `source` through job `J` and gives their outputs to `sink` as they come.
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
        let mut scheduler = self.scheduler.try_borrow_mut().map_err(|_| PoolError::InUse)?;
        run::run(&mut scheduler, job, source, sink)
    }

    /// The process ids of the workers.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        self.scheduler.try_borrow().map(|scheduler| scheduler.pids()).unwrap_or_default()
    }

    /// Ends the pool when everything that is out is done, and says who did what.
    #[must_use = "to end the workers at once and hear nothing of them, drop the pool"]
    pub fn shutdown(self) -> Vec<WorkerReport> {
        self.end(Scheduler::finish)
    }

    /// Asks the workers to end by SIGTERM; those that have not after a second are killed.
    #[must_use = "to end the workers at once and hear nothing of them, drop the pool"]
    pub fn terminate(self) -> Vec<WorkerReport> {
        self.end(|scheduler| scheduler.terminate(TERMINATE_GRACE_MS))
    }

    /// Kills the workers at once.
    #[must_use = "to end the workers at once and hear nothing of them, drop the pool"]
    pub fn kill(self) -> Vec<WorkerReport> {
        self.end(|scheduler| scheduler.kill("its workers were killed"))
    }

    fn end(self, end: impl FnOnce(&mut Scheduler)) -> Vec<WorkerReport> {
        self.scheduler.try_borrow_mut().map_or_else(
            |_| Vec::new(),
            |mut scheduler| {
                end(&mut scheduler);
                scheduler.take_reports()
            },
        )
    }
}

// Not derived: contexts live in the workers, so `C` need not be printable here.
impl<C> fmt::Debug for Pool<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Pool").field("jobs", &self.jobs).finish_non_exhaustive()
    }
}

impl<C> Drop for Pool<C> {
    /// Kills the workers and waits for them.
    fn drop(&mut self) {
        if let Ok(mut scheduler) = self.scheduler.try_borrow_mut() {
            scheduler.kill("it was dropped");
        }
    }
}
