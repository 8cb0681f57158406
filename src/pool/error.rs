//! What can go wrong in a pool, one variant a cause.
//!
//! [`TaskError`] says what became of one task, [`PoolError`] what ended a run. What a function says
//! when it fails is its own: see [`Answer`](super::Answer).

use std::fmt;
use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::pool::protocol::frame::FrameError;

/// How a worker came to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Death {
    /// A signal ended it.
    Signal(i32),
    /// A signal ended it while the kernel was ending processes because memory ran out.
    OutOfMemory,
    /// It ended by itself.
    Exit(i32),
    /// It closed its socket and lived on; the pool ended it.
    ClosedSocket,
    /// It sent what is no valid frame; the pool ended it.
    Garbage(String),
}

impl From<FrameError> for Death {
    fn from(error: FrameError) -> Self {
        Self::Garbage(error.to_string())
    }
}

impl fmt::Display for Death {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal(signal) => {
                write!(formatter, "was killed by {}", SignalName(*signal))?;
                formatter.write_str(match *signal {
                    libc::SIGSEGV | libc::SIGBUS | libc::SIGILL | libc::SIGFPE => {
                        " (a crash in the job, or in a library that it calls)"
                    }
                    libc::SIGABRT => " (the job aborted; look above for what it printed)",
                    libc::SIGKILL => " (by another process, or by a limit on its memory or time)",
                    _ => "",
                })
            }
            Self::OutOfMemory => formatter
                .write_str("was killed by the kernel because memory ran out (try fewer workers)"),
            Self::Exit(status) => write!(formatter, "ended by itself with exit status {status}"),
            Self::ClosedSocket => formatter.write_str("closed its connection to the pool"),
            Self::Garbage(what) => write!(formatter, "sent {what}"),
        }
    }
}

/// A signal, shown by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalName(pub i32);

impl fmt::Display for SignalName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match signal_hook::low_level::signal_name(self.0) {
            Some(name) => formatter.write_str(name),
            None => write!(formatter, "signal {}", self.0),
        }
    }
}

/// What became of a task that gave no output.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("task {task} failed in the worker with pid {pid}: {cause}")]
pub struct TaskError {
    /// The task's index: its place among the items of a `map`, or among all that was submitted.
    pub task: u64,
    /// The process that worked on it last.
    pub pid: u32,
    /// Why.
    pub cause: TaskFailure,
}

/// Why a task gave no output.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TaskFailure {
    /// The function returned an error: its text and those of its causes.
    #[error("{0}")]
    Failed(String),
    /// The function panicked.
    #[error("panic: {0}")]
    Panicked(String),
    /// The worker died of it, as often as the pool tries.
    #[error("the worker {death}; {deaths} workers died of this task")]
    WorkerDied {
        /// How the last worker came to its end.
        death: Death,
        /// How many workers died with only this task at hand.
        deaths: u32,
    },
    /// The result's bytes are not what its type is encoded as.
    #[error("its result cannot be decoded: {0}")]
    Undecodable(String),
    /// It took longer than a task may, and its worker was ended.
    #[error(
        "it took longer than {} s and its worker was ended; give tasks more time \
         (`task_timeout`) or less to do", limit.as_secs_f64()
    )]
    TookTooLong {
        /// How long a task may take.
        limit: Duration,
    },
    /// Its output was longer than the pool takes in, and its worker was ended.
    #[error(
        "its output is longer than {limit} bytes and its worker was ended; \
         return less, or allow more (`max_output_bytes`)"
    )]
    OutputTooLong {
        /// The most bytes that a task's output may have.
        limit: usize,
    },
}

/// What to do when the system does not start a process.
fn remedy(source: &io::Error) -> &'static str {
    match source.raw_os_error() {
        Some(libc::ENOENT) => "a worker is started by way of /proc/self/exe: is /proc mounted?",
        Some(libc::EACCES) => {
            "the program's file must be executable where it lies (mount option noexec?)"
        }
        Some(libc::ENOSYS | libc::EPERM) => {
            "process descriptors (pidfd) are needed: Linux 5.9 or later, and no seccomp profile \
             that forbids them"
        }
        Some(libc::ETOOMANYREFS) => {
            "too many descriptors of this user are on their way between processes: start fewer \
             workers at once, or raise the limit (ulimit -n)"
        }
        _ => "ask for fewer workers",
    }
}

/// Why a pool could not be built, or a run ended early.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PoolError {
    /// A signal asked for the end.
    #[error("interrupted by {}", SignalName(*signal))]
    Interrupted {
        /// Which one.
        signal: i32,
    },
    /// Nothing came back for too long.
    #[error(
        "no progress for {} s; {}waited for the workers {pids:?}",
        after.as_secs_f64(), task.map(|task| format!("task {task} is out; ")).unwrap_or_default()
    )]
    Stalled {
        /// The time limit.
        after: Duration,
        /// The oldest task that was out.
        task: Option<u64>,
        /// The workers that had something to do.
        pids: Vec<u32>,
    },
    /// A task failed or killed its workers.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// The context's function returned an error or panicked, or the worker could not start.
    #[error("worker {pid} could not be initialised: {message}")]
    InitFailed {
        /// The worker.
        pid: u32,
        /// What it said.
        message: String,
    },
    /// Workers died again and again before they could do anything.
    #[error("{times} workers in a row died before they could work; the last one, {pid}, {death}")]
    DiesAtStart {
        /// The last worker.
        pid: u32,
        /// How it came to its end.
        death: Death,
        /// How many there were.
        times: u32,
    },
    /// A fork would leave the child with other threads' locks held for ever.
    #[error(
        "the start method fork needs a program with one thread, this one has {threads}; use spawn"
    )]
    ForkWithThreads {
        /// Threads alive.
        threads: usize,
    },
    /// The system gave no process.
    #[error("cannot start worker {worker} of {workers}: {source}; {}", remedy(source))]
    Start {
        /// Which worker, from 1.
        worker: usize,
        /// How many were asked for.
        workers: usize,
        /// What the system said.
        source: io::Error,
    },
    /// The limit on open files is too low.
    #[error(
        "{workers} workers need about {needed} file descriptors, the limit is {limit}; \
         ask for fewer workers or raise the limit (ulimit -n)"
    )]
    TooFewDescriptors {
        /// How many workers were asked for.
        workers: usize,
        /// Descriptors needed.
        needed: u64,
        /// Descriptors allowed.
        limit: u64,
    },
    /// The system refused something else.
    #[error("the worker pool {what}: {source}")]
    System {
        /// What could not be done.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A task's input, or the context's arguments, are longer than a frame can be.
    #[error("{what} of {bytes} bytes cannot be sent to a worker (at most {limit})")]
    TooLong {
        /// What it is.
        what: &'static str,
        /// Its length.
        bytes: usize,
        /// The longest that can be sent.
        limit: usize,
    },
    /// A value cannot be encoded.
    #[error("cannot encode {what}: {source}")]
    Encode {
        /// What it is.
        what: &'static str,
        /// What the encoder said.
        source: postcard::Error,
    },
    /// The program did not call [`init`](super::init), so a worker could not become one.
    #[error("worker processes need a call of `wordhash::pool::init()` first thing in `main`")]
    NotInitialised,
    /// The function is not part of the program's executable.
    #[error(
        "{name} lies in a shared library, where a worker cannot find it; \
         link it into the program itself"
    )]
    NotInProgram {
        /// The function's type.
        name: &'static str,
    },
    /// Private memory, which only this process can see, was given to be shared.
    #[error("private memory cannot be shared with workers")]
    PrivateRegion,
    /// A pool of no workers can do nothing.
    #[error("a pool needs at least one worker")]
    NoWorkers,
    /// A result was not there in the time that was given.
    #[error("task {task} was not done after {} s", after.as_secs_f64())]
    TimedOut {
        /// The task's index.
        task: u64,
        /// The time.
        after: Duration,
    },
    /// The task was cancelled.
    #[error("task {task} was cancelled")]
    Cancelled {
        /// The task's index.
        task: u64,
    },
    /// The pool has ended.
    #[error("the worker pool is closed: {0}")]
    Closed(String),
    /// A source or a sink used the pool that was calling it.
    #[error("the worker pool is in use: it cannot be used from inside its own run")]
    InUse,
}
