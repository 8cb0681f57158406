//! How much memory a run may hold, what it is spent on, and how much it was in the end.
//!
//! This is the one place where memory is added up. It uses the sizes that [`crate::known`] and
//! [`crate::sha512`] tell of themselves and speaks of windows as [`crate::words`] does; it knows
//! nothing of how anything is done with the memory.
//!
//! # The sum
//!
//! All that is resident at any moment, in all processes together and shared pages once, is at most
//!
//! ```text
//!   16 MiB                       the program: code, stacks, heap, what huge pages round up
//! +  4 MiB × workers             the same for each worker process or thread
//! +  4 MiB × threads of the set  the buffers before the temporary files
//! +  bytes of the window         and 1/512 of them for the index of its lines
//! + 64 × words of the window     their digests
//! + 12 × words of the window     the set, where one window is all
//! ```
//!
//! and that must not exceed the limit. A list that is one window by this sum is hashed in memory.
//! If it is more, the last term is not needed while windows are hashed; it is kept so that there
//! is one rule. The digests of partitions, and their sets, take the place of the last three terms
//! when all windows are done.

use std::num::NonZeroUsize;

use crate::known;
use crate::sha512::DIGEST_LEN;
use crate::size::Size;
use crate::words::Room;

const PROGRAM_BYTES: u64 = 16 << 20;
const WORKER_BYTES: u64 = 4 << 20;
/// With less for a window there would be more overhead than work.
const LEAST_WINDOW_BYTES: u64 = 4 << 20;

/// What a word takes besides its bytes: its digest, and its part of the set.
const BYTES_A_WORD: usize = DIGEST_LEN + known::SET_BYTES_A_DIGEST;

/// The limit is too low for any run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "--max-memory: {limit} is too little for {run}; {least} is the least that works",
    run = run_of(*workers)
)]
pub struct TooLittle {
    /// What was allowed.
    pub limit: Size,
    /// What is needed.
    pub least: Size,
    /// The workers of the run; 0 for a serial one.
    pub workers: usize,
}

fn run_of(workers: usize) -> String {
    match workers {
        0 => "a serial run".to_owned(),
        1 => "1 worker".to_owned(),
        workers => format!("{workers} workers"),
    }
}

/// A limit and what of it is left for words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    limit: u64,
    for_words: usize,
}

impl Budget {
    /// Shares out a limit for a run of so many workers, none of which is counted for a serial
    /// run, whose set is built by so many threads.
    ///
    /// # Errors
    ///
    /// When the limit is below [`Budget::least`].
    pub fn new(limit: Size, workers: usize, set_threads: NonZeroUsize) -> Result<Self, TooLittle> {
        let least = Self::least(workers, set_threads);
        if limit < least {
            return Err(TooLittle { limit, least, workers });
        }
        let for_words = limit.0 - least.0 + LEAST_WINDOW_BYTES;
        let for_words = usize::try_from(for_words).unwrap_or(usize::MAX);
        Ok(Self { limit: limit.0, for_words })
    }

    /// The least limit that such a run works with.
    #[must_use]
    pub fn least(workers: usize, set_threads: NonZeroUsize) -> Size {
        let buffers = (known::SPILL_BUFFER_BYTES * set_threads.get()) as u64;
        Size(PROGRAM_BYTES + WORKER_BYTES * workers as u64 + buffers + LEAST_WINDOW_BYTES)
    }

    /// The same with no more than so much for words, in bytes.
    #[must_use]
    pub fn at_most(self, for_words: usize) -> Self {
        Self { for_words: self.for_words.min(for_words), ..self }
    }

    /// The limit.
    #[must_use]
    pub fn limit(&self) -> Size {
        Size(self.limit)
    }

    /// What a window may cost.
    #[must_use]
    pub fn window(&self) -> Room {
        Room { bytes: self.for_words, bytes_a_word: BYTES_A_WORD, most_words: known::MOST_DIGESTS }
    }

    /// What the digests of partitions and their sets may take, in bytes.
    #[must_use]
    pub fn for_counting(&self) -> usize {
        self.for_words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: NonZeroUsize = NonZeroUsize::MIN;

    #[test]
    fn the_least_limit_works_and_one_byte_less_does_not() {
        for workers in [0, 1, 2, 1024] {
            let threads = NonZeroUsize::new(workers).unwrap_or(ONE);
            let least = Budget::least(workers, threads);
            let budget = Budget::new(least, workers, threads).unwrap();
            assert_eq!(budget.for_counting() as u64, LEAST_WINDOW_BYTES);
            let limit = Size(least.0 - 1);
            assert_eq!(
                Budget::new(limit, workers, threads),
                Err(TooLittle { limit, least, workers })
            );
        }
    }

    #[test]
    fn the_terms_add_up_to_the_limit() {
        let limit = Size(1 << 30);
        let two = NonZeroUsize::new(2).unwrap();
        let budget = Budget::new(limit, 2, two).unwrap();
        let others = PROGRAM_BYTES + 2 * WORKER_BYTES + 2 * known::SPILL_BUFFER_BYTES as u64;
        assert_eq!(budget.window().bytes as u64 + others, limit.0);
        assert_eq!(budget.window().bytes_a_word, 76);
    }
}
