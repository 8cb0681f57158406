//! Worker processes that run functions: an executor in the manner of Python's
//! `ProcessPoolExecutor` that survives the death of its workers.
//!
//! ```no_run
//! use wordhash::pool::{self, Pool};
//!
//! fn square(n: u64) -> u64 { n * n }
//!
//! fn main() -> Result<(), pool::PoolError> {
//!     pool::init();
//!     for answer in Pool::new()?.map(square, 1..=20) { println!("{}", answer?); }
//!     Ok(())
//! }
//! ```
//!
//! A [`Pool`] keeps a number of worker processes, each a copy of this program that [`init`] keeps
//! from running the rest of `main`. [`Pool::map`] and [`Pool::submit`] call functions in them. A
//! worker that dies is replaced, and its tasks are given out again.
//!
//! # Functions
//!
//! What a worker runs is a function item, or a closure that captures nothing. Both are types
//! without size; all that is sent is where the function lies in the program, which both processes
//! run. A closure that captures something does not compile: send values as items (a tuple for
//! several arguments), or once for each worker, as the arguments of its context. Items and results
//! are values that `serde` can write and read.
//!
//! A function may do what a program may, and whatever it does to its process costs that process
//! only: it may panic, exit, abort, crash, loop, use up memory or close descriptors that are not
//! its own. It should not print to standard output where the parent does too, and it finds standard
//! input empty. Each call should give the same result if it is made again: that is what happens
//! when a worker dies.
//!
//! # Contexts
//!
//! [`PoolBuilder::context`] gives each worker a value of its own, made once before its first task:
//! a table, a model, a connection. [`Pool::map_with`] and [`Pool::submit_with`] hand it to the
//! function as `&mut`, so there is no need for global variables.
//!
//! # Errors
//!
//! | what happens | what the caller gets |
//! | --- | --- |
//! | a function returns `Err(E)`, and `serde` knows `E` | `Ok(Err(E))`: the error as itself |
//! | it returns an [`anyhow::Error`] or a boxed error | [`PoolError::Task`] with its text and causes |
//! | it panics | [`PoolError::Task`] with the message and the place in the code |
//! | its worker dies | another worker gets the task; after [`retries`](PoolBuilder::retries) such deaths, [`PoolError::Task`] with the signal or status |
//! | it takes or returns too much | see [`task_timeout`](PoolBuilder::task_timeout), [`max_output_bytes`](PoolBuilder::max_output_bytes) |
//! | the context cannot be made, the system gives no processes | an error of the pool, which ends it |
//!
//! All errors are [`std::error::Error`]s. A failed task spoils no other.
//!
//! # Cancelling and back-pressure
//!
//! [`TaskHandle::cancel`] takes a task back that no worker has yet; dropping the iterator of a `map`
//! does so for all of its tasks. A `map` takes items only as workers need them, and no more than
//! [`max_tasks_out`](PoolBuilder::max_tasks_out) beyond what was yielded. `submit` takes all that it
//! is given.
//!
//! # Event loops and futures
//!
//! The pool has no thread: it works while the program waits for a result. A program with an event
//! loop of its own waits for the pool's descriptor ([`Pool`] is [`AsFd`](std::os::fd::AsFd)) and
//! calls [`Pool::turn`]. [`PoolBuilder::background`] gives a pool with a thread, whose tasks are
//! [`Future`]s and can be sent to other threads.
//!
//! # Bytes
//!
//! [`Pool::run`] is the interface below: tasks and outputs are bytes, a function gets all tasks that
//! its worker has at hand, and large memory can be [shared](PoolBuilder::share).
//!
//! # How it works
//!
//! `README.md` in this folder draws the loops, the frames and the states. `protocol` is what both
//! sides agree on; `parent` and `worker` use nothing of each other; the files here put them
//! together. The room uses [`crate::os`] and knows nothing of words, hashing or the command line.

pub use background::{BackgroundPool, Task};
pub use builder::PoolBuilder;
pub use error::{Death, PoolError, SignalName, TaskError, TaskFailure};
pub use executor::Pool;
pub use handle::{AsCompleted, TaskHandle, Until, as_completed, wait};
pub use map::Map;
pub use options::{StartMethod, Transport, UnknownName};
pub use parent::report::WorkerReport;
pub use protocol::answer::{Answer, AsItself, JobError, OrText};
#[doc(hidden)]
pub use protocol::frame;
pub use run::{TaskSink, TaskSource};
pub use worker::init;
pub use worker::outputs::Outputs;
pub use worker::tasks::{TaskInputs, Tasks};

mod background;
mod builder;
mod error;
mod executor;
mod handle;
mod map;
mod options;
mod parent;
mod protocol;
mod run;
mod worker;
