//! A pool of worker processes: a general executor of jobs, in the manner of Python's
//! `ProcessPoolExecutor`, that survives the death of a worker.
//!
//! A [`Pool`] keeps a number of processes with a [`Context`] each. [`Pool::map`] and
//! [`Pool::submit`] put values through a [`Job`]; [`Pool::run`] puts tasks that are bytes through a
//! [`BatchJob`] at a cost of some tens of nanoseconds a task. A worker that dies is replaced and
//! its tasks are given out again.
//!
//! The pool has no thread: whoever waits for results does its work. `README.md` in this folder
//! draws the loops, the frames and the states. It uses [`crate::os::region`] and
//! [`crate::os::interrupt`], and knows nothing of words, hashing or the command line.
//!
//! ```no_run
//! use std::process::ExitCode;
//! use wordhash::pool::{Job, JobError, Pool, Registry, serve_if_worker};
//!
//! struct Square;
//!
//! impl Job for Square {
//!     const NAME: &'static str = "square";
//!     type Context = ();
//!     type Input = u64;
//!     type Output = u64;
//!
//!     fn run((): &mut (), number: u64) -> Result<u64, JobError> {
//!         number.checked_mul(number).ok_or_else(|| JobError::new("too large"))
//!     }
//! }
//!
//! fn main() -> ExitCode {
//!     let registry = Registry::new().job::<Square>();
//!     if let Some(status) = serve_if_worker(&registry) {
//!         return status;
//!     }
//!     let pool = Pool::<()>::builder(&registry).workers(4).build(()).expect("processes");
//!     for square in pool.map::<Square>(0..10, 1) {
//!         println!("{}", square.expect("small numbers"));
//!     }
//!     ExitCode::SUCCESS
//! }
//! ```

pub use builder::PoolBuilder;
pub use error::{Death, JobError, PoolError, SignalName, TaskError, TaskFailure};
pub use executor::Pool;
pub use future::{AsCompleted, Future, as_completed};
pub use job::{BatchJob, Context, Job, Registry, TaskInputs, Tasks};
pub use options::{StartMethod, Transport, UnknownName};
pub use outputs::Outputs;
pub use report::WorkerReport;
pub use run::{TaskSink, TaskSource};
pub use worker::serve_if_worker;

mod arena;
mod batch;
mod builder;
mod desk;
mod error;
mod executor;
pub mod frame;
mod future;
mod job;
mod launch;
mod map;
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
