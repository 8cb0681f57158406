//! Putting a pool together.

use std::marker::PhantomData;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::error::PoolError;
use super::executor::Pool;
use super::job::{Context, Registry};
use super::launch::Launcher;
use super::options::{StartMethod, Transport};
use super::scheduler::{Limits, Scheduler};
use super::socket;
use crate::os::interrupt::Interrupt;
use crate::os::region::Region;

/// The tasks that are out at most, a worker, unless the builder is told otherwise: two of the
/// largest batches.
const TASKS_OUT_A_WORKER: usize = 1 << 16;

/// How a pool is to be. Made by [`Pool::builder`].
#[derive(Debug)]
pub struct PoolBuilder<C> {
    registry: Registry,
    workers: usize,
    start_method: StartMethod,
    transport: Transport,
    retries: u32,
    max_tasks_per_worker: Option<u64>,
    progress_timeout: Option<Duration>,
    max_tasks_out: Option<usize>,
    interrupt: Option<Arc<Interrupt>>,
    program: Option<PathBuf>,
    regions: Vec<Result<OwnedFd, PoolError>>,
    context: PhantomData<C>,
}

impl<C: Context> PoolBuilder<C> {
    pub(super) fn new(registry: &Registry) -> Self {
        Self {
            registry: registry.clone(),
            workers: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            start_method: StartMethod::default(),
            transport: Transport::default(),
            retries: 2,
            max_tasks_per_worker: None,
            progress_timeout: None,
            max_tasks_out: None,
            interrupt: None,
            program: None,
            regions: Vec::new(),
            context: PhantomData,
        }
    }

    /// How many worker processes. Default: as many as this process can run at once.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// How workers come to be. Default: [`StartMethod::Spawn`].
    #[must_use]
    pub fn start_method(mut self, method: StartMethod) -> Self {
        self.start_method = method;
        self
    }

    /// How bytes travel. Default: [`Transport::Shared`].
    #[must_use]
    pub fn transport(mut self, transport: Transport) -> Self {
        self.transport = transport;
        self
    }

    /// How often a task whose worker died is given out again before it counts as failed.
    /// Default: 2.
    ///
    /// When a worker dies with several small tasks at work, nobody can say which of them it was:
    /// they are given out again one by one, and only deaths from then on are counted. With 0
    /// retries the first of them that was not answered is taken to be the one.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Replaces a worker by a fresh one after so many tasks (at least 1). Default: never.
    #[must_use]
    pub fn max_tasks_per_worker(mut self, tasks: Option<u64>) -> Self {
        self.max_tasks_per_worker = tasks.map(|tasks| tasks.max(1));
        self
    }

    /// Gives up when a worker owes something and nothing at all came back for so long. Default:
    /// never.
    #[must_use]
    pub fn progress_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.progress_timeout = timeout;
        self
    }

    /// The most tasks (at least 1) that are taken from where they come from and not yet answered
    /// or, by [`Pool::map`], not yet yielded. Default: 65,536 a worker.
    #[must_use]
    pub fn max_tasks_out(mut self, tasks: usize) -> Self {
        self.max_tasks_out = Some(tasks.max(1));
        self
    }

    /// A request to stop that ends whatever the pool is at.
    #[must_use]
    pub fn interrupt(mut self, interrupt: Arc<Interrupt>) -> Self {
        self.interrupt = Some(interrupt);
        self
    }

    /// Hands a shared region to every worker's [`Context::create`].
    #[must_use]
    pub fn share(mut self, region: &Region) -> Self {
        let descriptor = region.descriptor().ok_or(PoolError::PrivateRegion).and_then(|fd| {
            let what = "cannot share memory with its workers";
            fd.try_clone_to_owned().map_err(|source| PoolError::System { what, source })
        });
        self.regions.push(descriptor);
        self
    }

    /// The program that spawned workers run. Default: this one. It must call
    /// [`serve_if_worker`](super::serve_if_worker) with the same jobs.
    #[must_use]
    pub fn program(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = Some(program.into());
        self
    }

    /// Starts the workers and waits until every one has made its context from `args`.
    ///
    /// # Errors
    ///
    /// When the system does not give what is needed, or the context cannot be made. No process is
    /// left then.
    #[expect(clippy::needless_pass_by_value, reason = "`build(())` reads better than `build(&())`")]
    pub fn build(self, args: C::Args) -> Result<Pool<C>, PoolError> {
        if self.workers == 0 {
            return Err(PoolError::NoWorkers);
        }
        let jobs = self.registry.jobs_with(C::NAME);
        if jobs.is_empty() {
            return Err(PoolError::Unregistered { what: "a job with context", name: C::NAME });
        }
        let regions = self.regions.into_iter().collect::<Result<Vec<_>, _>>()?;
        // One more may go along: the arena.
        if regions.len() >= socket::MAX_DESCRIPTORS {
            return Err(PoolError::TooLong {
                what: "a list of shared regions",
                bytes: regions.len(),
                limit: socket::MAX_DESCRIPTORS - 1,
            });
        }
        let args = postcard::to_stdvec(&args)
            .map_err(|source| PoolError::Encode { what: "the context's arguments", source })?;
        let mut launcher = Launcher::new(self.registry, C::NAME, &jobs, &args, regions)?;
        launcher.start_method = self.start_method;
        launcher.transport = self.transport;
        launcher.workers = self.workers;
        if let Some(program) = self.program {
            launcher.program = program;
        }
        let limits = Limits {
            retries: self.retries,
            max_tasks_per_worker: self.max_tasks_per_worker,
            progress_timeout: self.progress_timeout,
            max_tasks_out: self
                .max_tasks_out
                .unwrap_or(self.workers.saturating_mul(TASKS_OUT_A_WORKER)),
            interrupt: self.interrupt,
        };
        let scheduler = Scheduler::start(launcher, limits, jobs.len())?;
        let jobs = jobs.iter().map(|entry| entry.job).collect();
        Ok(Pool::new(scheduler, jobs))
    }
}
