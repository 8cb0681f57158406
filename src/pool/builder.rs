//! Putting a pool together.

use std::marker::PhantomData;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::PoolError;
use super::executor::{Pool, place};
use super::options::{StartMethod, Transport};
use super::parent::launch::{ContextPlan, Launcher};
use super::parent::scheduler::{Limits, Scheduler};
use super::protocol::answer::JobError;
use super::protocol::code::CodePlace;
use super::protocol::frame::MAX_TASK_BYTES;
use super::protocol::socket;
use super::protocol::start::is_initialised;
use super::worker;
use super::worker::call::{self, Create};
use crate::os::interrupt::Interrupt;
use crate::os::region::Region;

/// The tasks that are out at most, a worker, unless the builder is told otherwise: two of the
/// largest batches.
const TASKS_OUT_A_WORKER: usize = 1 << 16;

/// Configures a pool. Made by [`Pool::builder`](super::Pool::builder).
///
/// ```no_run
/// # use wordhash::pool::{self, Pool};
/// # use std::collections::HashMap;
/// # use std::time::Duration;
/// fn load() -> anyhow::Result<HashMap<String, u64>> {
///     Ok(serde_json::from_slice(&std::fs::read("table.json")?)?)
/// }
///
/// fn look_up(table: &mut HashMap<String, u64>, word: String) -> Option<u64> {
///     table.get(&word).copied()
/// }
///
/// # fn main() -> anyhow::Result<()> {
/// # pool::init();
/// let pool = Pool::builder()
///     .workers(4)
///     .retries(1)
///     .task_timeout(Some(Duration::from_secs(10)))
///     .context(load)
///     .build()?;
/// let found = pool.submit_with(look_up, "word".to_owned())?.result(None)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct PoolBuilder<C> {
    workers: usize,
    start_method: StartMethod,
    transport: Transport,
    retries: u32,
    max_tasks_per_worker: Option<u64>,
    progress_timeout: Option<Duration>,
    task_timeout: Option<Duration>,
    max_tasks_out: Option<usize>,
    max_output_bytes: usize,
    interrupt: Option<Arc<Interrupt>>,
    regions: Vec<Result<OwnedFd, PoolError>>,
    create: Result<CodePlace, PoolError>,
    args: Result<Vec<u8>, PoolError>,
    context: PhantomData<fn() -> C>,
}

impl Pool {
    /// A pool with as many workers as this process can run at once.
    ///
    /// # Errors
    ///
    /// As [`PoolBuilder::build`].
    ///
    /// ```no_run
    /// # use wordhash::pool::{self, Pool, PoolError};
    /// # fn main() -> Result<(), PoolError> {
    /// # pool::init();
    /// let pool = Pool::new()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn new() -> Result<Self, PoolError> {
        Self::builder().build()
    }

    /// Starts to configure a pool.
    #[must_use]
    pub fn builder() -> PoolBuilder<()> {
        PoolBuilder::new()
    }
}

impl PoolBuilder<()> {
    pub(super) fn new() -> Self {
        Self {
            workers: num_cpus::get(),
            start_method: StartMethod::default(),
            transport: Transport::default(),
            retries: 2,
            max_tasks_per_worker: None,
            progress_timeout: None,
            task_timeout: None,
            max_tasks_out: None,
            max_output_bytes: MAX_TASK_BYTES,
            interrupt: None,
            regions: Vec::new(),
            create: place::<()>(call::create_nothing as Create as *const ()),
            args: Ok(Vec::new()),
            context: PhantomData,
        }
    }
}

impl<C: 'static> PoolBuilder<C> {
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

    /// How often a task is given out again after a worker died of it. Default: 2.
    ///
    /// A worker that dies with several tasks at work does not tell which one it died of; they are
    /// given out again in smaller groups, down to one by one, and only the deaths of workers with
    /// one task are counted. With 0 retries the first of them that was not answered is taken to be
    /// the one.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Replaces a worker by a fresh one after this many tasks (at least 1). Default: never.
    #[must_use]
    pub fn max_tasks_per_worker(mut self, tasks: Option<u64>) -> Self {
        self.max_tasks_per_worker = tasks.map(|tasks| tasks.max(1));
        self
    }

    /// Ends the pool with an error when a worker owes something and nothing at all came back for
    /// this long. Default: never.
    #[must_use]
    pub fn progress_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.progress_timeout = timeout;
        self
    }

    /// Ends a worker whose task takes longer than this; the task fails with
    /// [`TookTooLong`](super::TaskFailure::TookTooLong), and all others go on. Default: no limit.
    ///
    /// A task of `map` is a chunk of items. Tasks are sent one by one then, which costs some
    /// microseconds a task.
    #[must_use]
    pub fn task_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.task_timeout = timeout;
        self
    }

    /// The most tasks (at least 1) that are taken from where they come from and not yet answered
    /// or, by [`Pool::map`](super::Pool::map), not yet yielded. Default: 65,536 a worker.
    #[must_use]
    pub fn max_tasks_out(mut self, tasks: usize) -> Self {
        self.max_tasks_out = Some(tasks.max(1));
        self
    }

    /// The most bytes that the output of one task may have. A worker that sends more is ended and
    /// its task fails with [`OutputTooLong`](super::TaskFailure::OutputTooLong). Default: 1 GiB.
    #[must_use]
    pub fn max_output_bytes(mut self, bytes: usize) -> Self {
        self.max_output_bytes = bytes;
        self
    }

    /// A request to stop that ends whatever the pool is at.
    #[must_use]
    pub fn interrupt(mut self, interrupt: Arc<Interrupt>) -> Self {
        self.interrupt = Some(interrupt);
        self
    }

    /// Hands a shared region to every worker's context, see
    /// [`context_sharing`](Self::context_sharing).
    #[must_use]
    pub fn share(mut self, region: &Region) -> Self {
        let descriptor = region.descriptor().ok_or(PoolError::PrivateRegion).and_then(|fd| {
            let what = "cannot share memory with its workers";
            fd.try_clone_to_owned().map_err(|source| PoolError::System { what, source })
        });
        self.regions.push(descriptor);
        self
    }

    /// Has each worker make a context once, before its first task, and keep it: a table, a model,
    /// an open file. Functions that are given to [`submit_with`](super::Pool::submit_with) and
    /// [`map_with`](super::Pool::map_with) get it.
    ///
    /// An error or a panic ends the pool with [`PoolError::InitFailed`]. A context outlives a panic
    /// of a function that used it: keep it valid, or let the function return an error.
    #[must_use]
    pub fn context<D, E, F>(self, make: F) -> PoolBuilder<D>
    where
        D: 'static,
        E: Into<JobError>,
        F: Fn() -> Result<D, E> + Copy + 'static,
    {
        self.context_sharing((), move |(), _| make())
    }

    /// As [`context`](Self::context), from arguments that this process sends along.
    ///
    /// ```no_run
    /// # use wordhash::pool::{self, Pool, PoolError};
    /// # fn main() -> Result<(), PoolError> {
    /// # pool::init();
    /// let pool = Pool::builder()
    ///     .context_with("names.txt".to_owned(), std::fs::read_to_string)
    ///     .build()?;
    /// let has = pool.submit_with(|names, name: String| names.contains(&name), "Ada".to_owned())?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn context_with<A, D, E, F>(self, args: A, make: F) -> PoolBuilder<D>
    where
        A: Serialize + DeserializeOwned,
        D: 'static,
        E: Into<JobError>,
        F: Fn(A) -> Result<D, E> + Copy + 'static,
    {
        self.context_sharing(args, move |args, _| make(args))
    }

    /// As [`context_with`](Self::context_with), with the regions that were [shared](Self::share),
    /// in that order.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "`context_with(4, …)` reads better")]
    pub fn context_sharing<A, D, E, F>(self, args: A, _make: F) -> PoolBuilder<D>
    where
        A: Serialize + DeserializeOwned,
        D: 'static,
        E: Into<JobError>,
        F: Fn(A, Vec<Region>) -> Result<D, E> + Copy + 'static,
    {
        let args = postcard::to_stdvec(&args)
            .map_err(|source| PoolError::Encode { what: "the context's arguments", source });
        PoolBuilder {
            workers: self.workers,
            start_method: self.start_method,
            transport: self.transport,
            retries: self.retries,
            max_tasks_per_worker: self.max_tasks_per_worker,
            progress_timeout: self.progress_timeout,
            task_timeout: self.task_timeout,
            max_tasks_out: self.max_tasks_out,
            max_output_bytes: self.max_output_bytes,
            interrupt: self.interrupt,
            regions: self.regions,
            create: place::<F>(call::create::<F, A, D, E> as Create as *const ()),
            args,
            context: PhantomData,
        }
    }

    /// Starts workers and returns when the first one has its context. The others start while the
    /// pool is used; if one of them cannot make its context, the next use of the pool says so.
    ///
    /// # Errors
    ///
    /// When the system does not give what is needed, or the context cannot be made. No process is
    /// left then.
    pub fn build(self) -> Result<Pool<C>, PoolError> {
        if !is_initialised() {
            return Err(PoolError::NotInitialised);
        }
        if self.workers == 0 {
            return Err(PoolError::NoWorkers);
        }
        let regions = self.regions.into_iter().collect::<Result<Vec<_>, _>>()?;
        // One more may go along: the memory of the rings.
        if regions.len() >= socket::MAX_DESCRIPTORS {
            return Err(PoolError::TooLong {
                what: "a list of shared regions",
                bytes: regions.len(),
                limit: socket::MAX_DESCRIPTORS - 1,
            });
        }
        let plan = ContextPlan { create: self.create?, args: self.args?, regions };
        let launcher = Launcher::new(
            self.workers,
            self.start_method,
            self.transport,
            worker::serve_forked,
            plan,
        )?;
        let limits = Limits {
            retries: self.retries,
            max_tasks_per_worker: self.max_tasks_per_worker,
            progress_timeout: self.progress_timeout,
            task_timeout: self.task_timeout,
            max_tasks_out: self
                .max_tasks_out
                .unwrap_or(self.workers.saturating_mul(TASKS_OUT_A_WORKER)),
            max_output_bytes: self.max_output_bytes,
            interrupt: self.interrupt,
        };
        Ok(Pool::new_from(Scheduler::start(launcher, limits)?))
    }
}
