//! How many tasks should go together, from how long they took so far.

use std::time::Duration;

/// What is known of how long a job's tasks take.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BatchSize {
    /// Nanoseconds a task; `None` before any was answered.
    task_ns: Option<f64>,
    /// The most tasks that one frame answered.
    largest: u32,
}

/// A batch aims at so much work: long against what its frames cost (some microseconds), short
/// against the whole, so that workers end together.
const BATCH_NS: f64 = 300e3;

/// While so many tasks are left that the end is far, a batch may have so much work: where workers
/// share their processors with others, their parent may have to wait for some milliseconds until it
/// can give out more.
const MOST_BATCH_NS: f64 = 1.5e6;

/// Above this, no task waits behind another in a worker when the end may be near: another worker
/// could be free sooner, and the gap between two tasks (some tens of microseconds) is nothing
/// against the task.
pub(super) const LONG_TASK: Duration = Duration::from_millis(2);

/// A batch may be so many times as long as the longest one before. The first is one task.
const GROWTH: u32 = 8;

/// The most tasks in a batch, so that what was lost with a worker is soon done again.
const MAX_BATCH_TASKS: u32 = 1 << 15;

impl BatchSize {
    /// How many tasks the next batch should have, where one batch of `share` tasks for each worker
    /// would be a small part of those that are left; 0 where it is not known how many are left.
    pub(super) fn batch_tasks(&self, share: u32) -> u32 {
        let Some(task_ns) = self.task_ns else { return 1 };
        let fitting = |batch_ns: f64| {
            let fitting = (batch_ns / task_ns.max(1.0)).clamp(1.0, f64::from(MAX_BATCH_TASKS));
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "clamped to the range of a batch"
            )]
            let fitting = fitting as u32;
            fitting
        };
        let wanted = share.clamp(fitting(BATCH_NS), fitting(MOST_BATCH_NS));
        wanted.min(self.largest.saturating_mul(GROWTH)).max(1)
    }

    /// Whether a worker should have tasks at hand behind those at work.
    pub(super) fn prefetch(&self) -> bool {
        self.task_ns.is_some_and(|task_ns| task_ns < LONG_TASK.as_nanos() as f64)
    }

    /// Tasks were answered. Quick to believe that tasks are long, slow to believe that they are
    /// short: a batch too long keeps the others waiting, one too short costs a little.
    pub(super) fn answered(&mut self, tasks: u32, busy_ns: u64) {
        if tasks == 0 {
            return;
        }
        let sample = busy_ns as f64 / f64::from(tasks);
        self.task_ns = Some(match self.task_ns {
            Some(before) if sample < before => f64::midpoint(before, sample),
            _ => sample,
        });
        self.largest = self.largest.max(tasks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_start_with_one_task_and_grow_to_the_work_they_aim_at() {
        let mut size = BatchSize::default();
        assert_eq!((size.batch_tasks(0), size.prefetch()), (1, false));
        let mut sizes = Vec::new();
        for _ in 0..6 {
            let tasks = size.batch_tasks(0);
            sizes.push(tasks);
            size.answered(tasks, u64::from(tasks) * 100);
        }
        assert_eq!(sizes, [1, 8, 64, 512, 3000, 3000]);
        assert!(size.prefetch());
    }

    #[test]
    fn batches_are_larger_while_the_end_is_far() {
        let mut size = BatchSize::default();
        size.answered(1000, 1000 * 100_000);
        let sizes = [0, 1, 4, 10, 14, 15, 1000].map(|share| size.batch_tasks(share));
        assert_eq!(sizes, [3, 3, 4, 10, 14, 15, 15]);
        let mut begun = BatchSize::default();
        assert_eq!(begun.batch_tasks(1000), 1);
        begun.answered(1, 100_000);
        assert_eq!(begun.batch_tasks(1000), 8);
    }

    #[test]
    fn long_tasks_go_out_one_by_one_with_none_behind() {
        let mut size = BatchSize::default();
        size.answered(1, 50_000_000);
        assert_eq!((size.batch_tasks(0), size.prefetch()), (1, false));
        size.answered(1, 10);
        assert_eq!(size.batch_tasks(0), 1, "one short task does not make short tasks");
    }
}
