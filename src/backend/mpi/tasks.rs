//! The tasks of a list by their numbers, for ranks that draw numbers from one counter.
//!
//! Arithmetic on counts, as in [`crate::chunksize`], whose sizes these are.

use std::num::{NonZeroU32, NonZeroUsize};
use std::ops::Range;

use crate::chunksize::{ChunkSize, Sizes};

/// One number of the counter stands for tasks with so many hashes to compute, if one has fewer: the
/// counter is asked less often, and the lanes of the engine are full. That is a sixth of a
/// millisecond's work for the fastest engine.
const HASHES_AT_HAND: usize = 2048;

/// A worker draws at least so many numbers, if there are as many tasks.
const NUMBERS_A_WORKER: usize = 16;

/// Tasks of consecutive numbers, and what is still to be hashed of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Batch {
    /// The number of the first task.
    pub(super) first_task: usize,
    /// How many tasks they were when the number was drawn.
    pub(super) tasks: usize,
    /// Their words that are not hashed yet.
    pub(super) words: Range<usize>,
}

/// All tasks of a list.
#[derive(Debug)]
pub(super) struct Tasks {
    words: usize,
    shape: Shape,
}

#[derive(Debug)]
enum Shape {
    Fixed { size: usize, batch: usize },
    Schedule { sizes: Sizes, next: Batch },
}

impl Tasks {
    pub(super) fn new(
        chunksize: ChunkSize,
        words: usize,
        workers: NonZeroUsize,
        rounds: NonZeroU32,
    ) -> Self {
        let shape = match chunksize.fixed(words, workers, rounds) {
            Some(size) => {
                let size = size.get();
                let hashes_of_task = size.saturating_mul(rounds.get() as usize);
                let numbers = workers.get().saturating_mul(NUMBERS_A_WORKER);
                let most = words.div_ceil(size) / numbers;
                Shape::Fixed { size, batch: (HASHES_AT_HAND / hashes_of_task).min(most).max(1) }
            }
            None => Shape::Schedule {
                sizes: chunksize.sizes(words, workers, rounds),
                next: Batch { first_task: 0, tasks: 1, words: 0..0 },
            },
        };
        Self { words, shape }
    }

    /// The tasks that the counter's number stands for, `None` behind the last ones. The numbers
    /// that are asked for only grow.
    pub(super) fn batch(&mut self, number: u64) -> Option<Batch> {
        let number = usize::try_from(number).ok()?;
        match &mut self.shape {
            Shape::Fixed { size, batch } => {
                let first_task = number.checked_mul(*batch)?;
                let first = first_task.checked_mul(*size).filter(|&first| first < self.words)?;
                let end = first.saturating_add(batch.saturating_mul(*size)).min(self.words);
                let tasks = (end - first).div_ceil(*size);
                Some(Batch { first_task, tasks, words: first..end })
            }
            Shape::Schedule { sizes, next } => {
                // `next` is the batch before the one that comes next.
                while next.first_task <= number {
                    let start = next.words.end;
                    next.words = start..start + sizes.next()?;
                    next.first_task += 1;
                }
                Some(Batch { first_task: number, ..next.clone() })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_size() -> impl Strategy<Value = ChunkSize> {
        let number = (1_usize..5000).prop_map(|number| NonZeroUsize::new(number).unwrap());
        prop_oneof![
            number.clone().prop_map(ChunkSize::Fixed),
            Just(ChunkSize::Even),
            Just(ChunkSize::Auto),
            number.clone().prop_map(ChunkSize::Guided),
            number.clone().prop_map(ChunkSize::Factoring),
            number.prop_map(ChunkSize::Trapezoid),
        ]
    }

    proptest! {
        #[test]
        fn the_batches_of_several_drawers_are_the_tasks_of_the_list(
            size in any_size(), words in 0_usize..30_000, workers in 1_usize..9, drawers in 1_usize..5,
            rounds in 1_u32..5000
        ) {
            let rounds = NonZeroU32::new(rounds).unwrap();
            let workers = NonZeroUsize::new(workers).unwrap();
            let tasks = || Tasks::new(size, words, workers, rounds);
            let mut own: Vec<_> = (0..drawers).map(|_| tasks()).collect();
            let (mut end, mut tasks) = (0, 0);
            for number in 0.. {
                // Each one sees some of the numbers only.
                let Some(batch) = own[number % drawers].batch(number as u64) else { break };
                prop_assert_eq!(batch.first_task, tasks);
                prop_assert_eq!(batch.words.start, end);
                prop_assert!(batch.words.end > end);
                end = batch.words.end;
                tasks += batch.tasks;
            }
            prop_assert_eq!((end, tasks), (words, size.sizes(words, workers, rounds).count()));
            for tasks in &mut own {
                prop_assert_eq!(tasks.batch(1 << 62), None);
            }
        }
    }
}
