//! What a pool runs: contexts, jobs, and the registry by which a fresh process finds them.
//!
//! A job is a type, not a closure: a spawned worker is another process and can be handed a name,
//! not code. What the bytes of a task mean is the job's own business.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::{JobError, TaskFailure};
use super::frame::Items;
use super::outputs::Outputs;
use super::panics;
use super::typed;
use crate::os::region::Region;

/// What a worker makes once, before its first task, and keeps: a table, a model, an open file.
/// `()` for none.
///
/// A context outlives a panic in a job: keep it valid, or let the job's `Err` say so.
pub trait Context: Sized + 'static {
    /// The name by which a worker finds it.
    const NAME: &'static str;
    /// What it is made from; the same for all workers of a pool.
    type Args: Serialize + DeserializeOwned;
    /// Makes it. `regions` are those that were [shared](super::PoolBuilder::share), in that order.
    ///
    /// # Errors
    ///
    /// An error, or a panic, keeps the pool from being built.
    fn create(args: Self::Args, regions: Vec<Region>) -> Result<Self, JobError>;
}

impl Context for () {
    const NAME: &'static str = "()";
    type Args = ();

    fn create((): (), _: Vec<Region>) -> Result<Self, JobError> {
        Ok(())
    }
}

/// A job on bytes. It gets all tasks that its worker has at hand in one call.
pub trait BatchJob: 'static {
    /// The name by which a worker finds it.
    const NAME: &'static str;
    /// What it works with.
    type Context: Context;
    /// Does the tasks, in order: every one is to be [finished](Outputs::finish_task).
    ///
    /// # Errors
    ///
    /// An error, or a panic, counts for the first task that is not finished; the call is made
    /// again with the tasks after it.
    fn run(
        context: &mut Self::Context,
        tasks: Tasks<'_>,
        outputs: &mut Outputs<'_>,
    ) -> Result<(), JobError>;
}

/// A job on values: one item in, one out.
pub trait Job: 'static {
    /// The name by which a worker finds it.
    const NAME: &'static str;
    /// What it works with.
    type Context: Context;
    /// One item; a tuple for several arguments.
    type Input: Serialize + DeserializeOwned;
    /// What becomes of it.
    type Output: Serialize + DeserializeOwned;
    /// Does one item.
    ///
    /// # Errors
    ///
    /// An error, or a panic, becomes that item's [`TaskError`](super::TaskError).
    fn run(context: &mut Self::Context, input: Self::Input) -> Result<Self::Output, JobError>;
}

/// A run of tasks with consecutive numbers, as one frame brought it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment<'a> {
    pub(super) first: u64,
    pub(super) count: u32,
    pub(super) body: &'a [u8],
}

/// The inputs of the tasks that a worker has at hand.
#[derive(Clone, Copy, Debug)]
pub struct Tasks<'a> {
    segments: &'a [Segment<'a>],
}

impl<'a> Tasks<'a> {
    pub(super) fn new(segments: &'a [Segment<'a>]) -> Self {
        Self { segments }
    }

    /// How many there are; at least one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.segments.iter().map(|segment| segment.count as usize).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The inputs in order, as often as they are asked for.
    #[must_use]
    pub fn iter(&self) -> TaskInputs<'a> {
        TaskInputs { items: Items::new(&[]), segments: self.segments.iter() }
    }
}

impl<'a> IntoIterator for &Tasks<'a> {
    type Item = &'a [u8];
    type IntoIter = TaskInputs<'a>;

    fn into_iter(self) -> TaskInputs<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for Tasks<'a> {
    type Item = &'a [u8];
    type IntoIter = TaskInputs<'a>;

    fn into_iter(self) -> TaskInputs<'a> {
        self.iter()
    }
}

/// The iterator over [`Tasks`].
#[derive(Clone, Debug)]
pub struct TaskInputs<'a> {
    items: Items<'a>,
    segments: std::slice::Iter<'a, Segment<'a>>,
}

impl<'a> Iterator for TaskInputs<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            if let Some(item) = self.items.next() {
                return Some(item);
            }
            self.items = Items::new(self.segments.next()?.body);
        }
    }
}

type Create = fn(&[u8], Vec<Region>) -> Result<Box<dyn Any>, TaskFailure>;
type Run = fn(&mut dyn Any, Tasks<'_>, &mut Outputs<'_>) -> Result<(), TaskFailure>;

/// One registered job.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) job: &'static str,
    pub(super) context: &'static str,
    pub(super) create: Create,
    pub(super) run: Run,
}

/// The jobs that the worker processes of a program can do.
///
/// A program builds one and gives it to [`serve_if_worker`](super::serve_if_worker) and to every
/// pool. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    entries: Rc<Vec<Entry>>,
}

impl Registry {
    /// A registry of no jobs.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a job on values.
    ///
    /// # Panics
    ///
    /// When a job of that name is there already: a mistake in the program.
    #[must_use]
    pub fn job<J: Job>(self) -> Self {
        self.add(Entry {
            job: J::NAME,
            context: <J::Context as Context>::NAME,
            create: create_erased::<J::Context>,
            run: |context, tasks, outputs| typed::run_items::<J>(downcast(context), tasks, outputs),
        })
    }

    /// Adds a job on bytes.
    ///
    /// # Panics
    ///
    /// When a job of that name is there already: a mistake in the program.
    #[must_use]
    pub fn batch_job<J: BatchJob>(self) -> Self {
        self.add(Entry {
            job: J::NAME,
            context: <J::Context as Context>::NAME,
            create: create_erased::<J::Context>,
            run: |context, tasks, outputs| {
                guard(|| J::run(downcast::<J::Context>(context), tasks, outputs))
            },
        })
    }

    fn add(mut self, entry: Entry) -> Self {
        let taken = self.entries.iter().any(|other| other.job == entry.job);
        assert!(!taken, "two jobs are registered by the name `{}`", entry.job);
        Rc::make_mut(&mut self.entries).push(entry);
        self
    }

    /// The jobs that work with the context of this name, in the order they were added.
    pub(super) fn jobs_with(&self, context: &str) -> Vec<Entry> {
        self.entries.iter().filter(|entry| entry.context == context).copied().collect()
    }
}

fn create_erased<C: Context>(
    args: &[u8],
    regions: Vec<Region>,
) -> Result<Box<dyn Any>, TaskFailure> {
    guard(|| Ok(Box::new(C::create(postcard::from_bytes(args)?, regions)?) as Box<dyn Any>))
}

fn downcast<C: Context>(context: &mut dyn Any) -> &mut C {
    context.downcast_mut().expect("a job is only run with the context that its entry made")
}

/// Runs user code: an error and a panic both come back as a failure.
pub(super) fn guard<T>(run: impl FnOnce() -> Result<T, JobError>) -> Result<T, TaskFailure> {
    // Unwind safe by contract: `Context` says that it outlives a panic, and the outputs of the
    // task at work are thrown away.
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(TaskFailure::Failed(error.message().to_owned())),
        Err(payload) => Err(TaskFailure::Panicked(panics::message(payload.as_ref()))),
    }
}
