//! What the scheduler asks of those whose tasks it runs.

use std::time::Duration;

use crate::pool::error::{PoolError, TaskFailure};

/// Where tasks come from and what becomes of them.
pub(in crate::pool) trait Client {
    /// The job of the next task; `None` when there is none now.
    fn next_job(&mut self) -> Option<u32>;
    /// Appends the next task's input. `false`, and nothing counts as appended, when there is none.
    fn next_task(&mut self, input: &mut Vec<u8>) -> bool;
    /// How many tasks there still are, if that is known.
    fn tasks_left(&self) -> Option<usize> {
        None
    }
    /// What follows came from this worker.
    fn answers_from(&mut self, _pid: u32) {}
    /// A piece of a task's output; `offset` bytes came before.
    fn piece(&mut self, task: u64, input: &[u8], offset: usize, output: &[u8]);
    /// Where a piece may be put straight away, instead.
    fn room(&mut self, _: u64, _: &[u8], _: usize, _: usize) -> Option<&mut [u8]> {
        None
    }
    /// A task is complete.
    fn done(&mut self, task: u64, input: &[u8]);
    /// How long a worker was busy with the answers that just came, which completed `count` tasks.
    fn worked(&mut self, _pid: u32, _first_task: u64, _count: u32, _busy: Duration) {}
    /// A task gave no output. An error ends the run.
    fn failed(&mut self, task: u64, pid: u32, failure: TaskFailure) -> Result<(), PoolError>;
}

/// A client with no tasks.
pub(super) struct NoTasks;

impl Client for NoTasks {
    fn next_job(&mut self) -> Option<u32> {
        None
    }

    fn next_task(&mut self, _: &mut Vec<u8>) -> bool {
        false
    }

    fn piece(&mut self, _: u64, _: &[u8], _: usize, _: &[u8]) {}

    fn done(&mut self, _: u64, _: &[u8]) {}

    fn failed(&mut self, _: u64, _: u32, _: TaskFailure) -> Result<(), PoolError> {
        Ok(())
    }
}
