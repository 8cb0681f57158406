//! Running a function of bytes over a source of tasks: the layer below `map` and `submit`, for
//! programs that keep their inputs and outputs as bytes.

use std::time::Duration;

use super::error::{PoolError, TaskError, TaskFailure};
use super::parent::client::Client;
use super::parent::scheduler::{Scheduler, Wait};

/// Where tasks come from.
pub trait TaskSource {
    /// Appends the next task's input to `input`. `false` at the end; it is not asked again then,
    /// and what it appended does not count.
    fn next_task(&mut self, input: &mut Vec<u8>) -> bool;

    /// How many tasks are still to come, if that is known. Then workers are given more at once
    /// while there are many, and have to wait less for this process. By default it is not known.
    fn tasks_left(&self) -> Option<usize> {
        None
    }
}

/// Where outputs go. Tasks are numbered from 0 as the source gave them, and complete in any order.
pub trait TaskSink {
    /// A piece of a task's output; `offset` bytes came before. When a task is done again because
    /// its worker died, pieces start again at 0 with the same bytes. An empty output has none.
    fn piece(&mut self, task: u64, input: &[u8], offset: usize, output: &[u8]);

    /// Where the `len` bytes of a piece may be put straight away, to save a copy of them; then
    /// there is no call of [`piece`](Self::piece) for it. They may be wrong until the task is
    /// done. By default there is no such place.
    fn room(
        &mut self,
        _task: u64,
        _input: &[u8],
        _offset: usize,
        _len: usize,
    ) -> Option<&mut [u8]> {
        None
    }

    /// The task is complete. Comes exactly once.
    fn done(&mut self, task: u64, input: &[u8]);

    /// Worker `pid` was busy for so long with what just came from it: the last of the pieces, and
    /// the `count` tasks from `first_task` on that were complete with them. The count is 0 where
    /// all of it was a part of one task's output, whose end is still to come.
    fn worked(&mut self, _pid: u32, _first_task: u64, _count: u32, _busy: Duration) {}
}

/// A run's source and sink as the scheduler's client. It numbers tasks from 0, as the sink does.
struct Run<'a, S, K> {
    job: Option<u32>,
    source: &'a mut S,
    sink: &'a mut K,
}

impl<S: TaskSource, K: TaskSink> Client for Run<'_, S, K> {
    #[inline]
    fn next_job(&mut self) -> Option<u32> {
        self.job
    }

    #[inline]
    fn next_task(&mut self, input: &mut Vec<u8>) -> bool {
        let more = self.source.next_task(input);
        if !more {
            self.job = None;
        }
        more
    }

    fn tasks_left(&self) -> Option<usize> {
        self.source.tasks_left()
    }

    #[inline]
    fn piece(&mut self, task: u64, input: &[u8], offset: usize, output: &[u8]) {
        self.sink.piece(task, input, offset, output);
    }

    fn room(&mut self, task: u64, input: &[u8], offset: usize, len: usize) -> Option<&mut [u8]> {
        self.sink.room(task, input, offset, len)
    }

    #[inline]
    fn done(&mut self, task: u64, input: &[u8]) {
        self.sink.done(task, input);
    }

    fn worked(&mut self, pid: u32, first_task: u64, count: u32, busy: Duration) {
        self.sink.worked(pid, first_task, count, busy);
    }

    fn failed(&mut self, task: u64, pid: u32, cause: TaskFailure) -> Result<(), PoolError> {
        Err(TaskError { task, pid, cause }.into())
    }
}

/// Runs all tasks of a source. Nothing else may be out.
pub(super) fn run<S: TaskSource, K: TaskSink>(
    scheduler: &mut Scheduler,
    job: u32,
    source: &mut S,
    sink: &mut K,
) -> Result<(), PoolError> {
    scheduler.forget_batch_size(job);
    scheduler.restart_numbers();
    let mut run = Run { job: Some(job), source, sink };
    while run.job.is_some() || scheduler.tasks_out() > 0 {
        scheduler.turn(&mut run, Wait::ForEvent)?;
    }
    Ok(())
}
