//! How many words each task gets: a fixed number, or a schedule that the literature knows.
//!
//! | name | size of the next task, `left` words left, `workers` workers |
//! | --- | --- |
//! | `N` | N |
//! | `even` | ceil(words / workers): one task a worker |
//! | `auto` | see [`auto_size`] |
//! | `guided` | ceil(left / workers) (Polychronopoulos and Kuck 1987, "Guided Self-Scheduling") |
//! | `factoring` | rounds of `workers` equal tasks, each ceil(left / (2 × workers)) at the round's start (Hummel, Schonberg and Flynn 1992) |
//! | `trapezoid` | from ceil(words / (2 × workers)) down to the smallest size in equal steps (Tzeng and Ni 1993) |
//!
//! The last three take a smallest size, as in `guided:500`.
//!
//! This is arithmetic on counts: nothing here knows a word, a worker or a clock.

use std::fmt;
use std::num::{NonZeroU32, NonZeroUsize};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A rule for the sizes of tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ChunkSize {
    /// The same number of words for every task.
    Fixed(NonZeroUsize),
    /// One task for each worker.
    Even,
    /// A fixed size that wordhash chooses.
    Auto,
    /// Each task a fixed share of what is left, but no fewer words than this.
    Guided(NonZeroUsize),
    /// Rounds of equal tasks, each round half of what is left; no task has fewer words than this.
    Factoring(NonZeroUsize),
    /// Sizes that fall linearly to this number of words.
    Trapezoid(NonZeroUsize),
}

/// A chunk size that is none of the known ones.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "a chunk size is a number from 1 on (`_`, `k` and `m` allowed), even, auto, guided[:MIN], factoring[:MIN] or trapezoid[:MIN]"
)]
pub struct ChunkSizeError;

impl FromStr for ChunkSize {
    type Err = ChunkSizeError;

    fn from_str(text: &str) -> Result<Self, ChunkSizeError> {
        let (name, smallest) = match text.split_once(':') {
            Some((name, smallest)) => (name, Some(parse_count(smallest).ok_or(ChunkSizeError)?)),
            None => (text, None),
        };
        match (name, smallest) {
            ("even", None) => Ok(Self::Even),
            ("auto", None) => Ok(Self::Auto),
            ("guided", min) => Ok(Self::Guided(min.unwrap_or(NonZeroUsize::MIN))),
            ("factoring", min) => Ok(Self::Factoring(min.unwrap_or(NonZeroUsize::MIN))),
            ("trapezoid", min) => Ok(Self::Trapezoid(min.unwrap_or(NonZeroUsize::MIN))),
            (number, None) => parse_count(number).map(Self::Fixed).ok_or(ChunkSizeError),
            _ => Err(ChunkSizeError),
        }
    }
}

/// A number from 1 on; `1_000`, `5k` and `2m` are understood.
#[must_use]
pub fn parse_count(text: &str) -> Option<NonZeroUsize> {
    let (digits, factor) = match text.as_bytes().last()? {
        b'k' | b'K' => (&text[..text.len() - 1], 1_000),
        b'm' | b'M' => (&text[..text.len() - 1], 1_000_000),
        _ => (text, 1),
    };
    if !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let number: usize = digits.replace('_', "").parse().ok()?;
    NonZeroUsize::new(number.checked_mul(factor)?)
}

impl fmt::Display for ChunkSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, smallest) = match self {
            Self::Fixed(size) => return size.fmt(f),
            Self::Even => return f.write_str("even"),
            Self::Auto => return f.write_str("auto"),
            Self::Guided(smallest) => ("guided", smallest),
            Self::Factoring(smallest) => ("factoring", smallest),
            Self::Trapezoid(smallest) => ("trapezoid", smallest),
        };
        f.write_str(name)?;
        if smallest.get() > 1 { write!(f, ":{smallest}") } else { Ok(()) }
    }
}

impl ChunkSize {
    /// The one size that all tasks but the last have, where there is one. `rounds` is how often
    /// each word is hashed.
    #[must_use]
    pub fn fixed(
        self,
        words: usize,
        workers: NonZeroUsize,
        rounds: NonZeroU32,
    ) -> Option<NonZeroUsize> {
        match self {
            Self::Fixed(size) => Some(size),
            Self::Even => NonZeroUsize::new(words.div_ceil(workers.get()).max(1)),
            Self::Auto => Some(auto_size(words, workers, rounds)),
            Self::Guided(_) | Self::Factoring(_) | Self::Trapezoid(_) => None,
        }
    }

    /// The sizes of all tasks for a list of `words` words; their sum is `words`, none is 0.
    /// `rounds` is how often each word is hashed.
    #[must_use]
    pub fn sizes(self, words: usize, workers: NonZeroUsize, rounds: NonZeroU32) -> Sizes {
        let fixed = self.fixed(words, workers, rounds).map_or(1, NonZeroUsize::get);
        let workers = workers.get();
        let half_share = words.div_ceil(2 * workers).max(1);
        let rule = match self {
            Self::Fixed(_) | Self::Even | Self::Auto => Rule::Fixed(fixed),
            Self::Guided(smallest) => Rule::Guided { workers, smallest: smallest.get() },
            Self::Factoring(smallest) => {
                Rule::Factoring { workers, smallest: smallest.get(), size: 0, left_in_round: 0 }
            }
            Self::Trapezoid(smallest) => {
                let smallest = smallest.get().min(half_share);
                // Tzeng and Ni: from f to l there are n = ceil(2 × words / (f + l)) tasks, and the
                // size falls by (f - l) / (n - 1) from each to the next.
                let steps = (2 * words).div_ceil(half_share + smallest).saturating_sub(1).max(1);
                Rule::Trapezoid { first: half_share, last: smallest, steps, step: 0 }
            }
        };
        Sizes { left: words, rule }
    }
}

/// The size that `auto` takes: 64 tasks for each worker, within bounds.
///
/// * 64 tasks a worker: when the last of them is begun just as all others end, that costs less than
///   2 % of the time, and about 3 % where its worker has to share its processor. With 16 tasks
///   these would be 6 % and 12 %.
/// * At least 2,048 hashes, an eighth of a millisecond's work for the fastest engine: handing a task
///   out costs about a hundredth of that, and a list of 1,000 words is one task a worker, since all of its
///   work takes less time than the second answer.
/// * At least 64 words, so that the lanes of an engine are full however heavy a word is.
/// * At most 5,000 words, a third of a millisecond: larger ones gain nothing, and are no longer in
///   the caches when their digests are copied.
/// * Never so many that a worker has none.
#[must_use]
pub fn auto_size(words: usize, workers: NonZeroUsize, rounds: NonZeroU32) -> NonZeroUsize {
    const TASKS_PER_WORKER: usize = 64;
    const FEWEST_HASHES: u32 = 2_048;
    const FEWEST: u32 = 64;
    const MOST: usize = 5_000;
    let fewest = (FEWEST_HASHES / rounds).max(FEWEST) as usize;
    let size = words.div_ceil(workers.get().saturating_mul(TASKS_PER_WORKER)).clamp(fewest, MOST);
    let even = words.div_ceil(workers.get()).max(1);
    NonZeroUsize::new(size.min(even)).unwrap_or(NonZeroUsize::MIN)
}

/// The sizes of a list's tasks, in order.
#[derive(Clone, Debug)]
pub struct Sizes {
    left: usize,
    rule: Rule,
}

#[derive(Clone, Debug)]
enum Rule {
    Fixed(usize),
    Guided { workers: usize, smallest: usize },
    Factoring { workers: usize, smallest: usize, size: usize, left_in_round: usize },
    Trapezoid { first: usize, last: usize, steps: usize, step: usize },
}

impl Iterator for Sizes {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        if self.left == 0 {
            return None;
        }
        let wanted = match &mut self.rule {
            Rule::Fixed(size) => *size,
            Rule::Guided { workers, smallest } => self.left.div_ceil(*workers).max(*smallest),
            Rule::Factoring { workers, smallest, size, left_in_round } => {
                if *left_in_round == 0 {
                    *left_in_round = *workers;
                    *size = self.left.div_ceil(2 * *workers).max(*smallest);
                }
                *left_in_round -= 1;
                *size
            }
            Rule::Trapezoid { first, last, steps, step } => {
                let fallen = *step * (*first - *last) / *steps;
                *step = (*step + 1).min(*steps);
                *first - fallen
            }
        };
        let size = wanted.min(self.left);
        self.left -= size;
        Some(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn nonzero(number: usize) -> NonZeroUsize {
        NonZeroUsize::new(number).unwrap()
    }

    #[test]
    fn chunk_sizes_are_read_and_shown_alike() {
        for (text, size, shown) in [
            ("1", ChunkSize::Fixed(nonzero(1)), "1"),
            ("1_000", ChunkSize::Fixed(nonzero(1000)), "1000"),
            ("5k", ChunkSize::Fixed(nonzero(5000)), "5000"),
            ("2m", ChunkSize::Fixed(nonzero(2_000_000)), "2000000"),
            ("even", ChunkSize::Even, "even"),
            ("auto", ChunkSize::Auto, "auto"),
            ("guided", ChunkSize::Guided(nonzero(1)), "guided"),
            ("guided:1", ChunkSize::Guided(nonzero(1)), "guided"),
            ("factoring:2k", ChunkSize::Factoring(nonzero(2000)), "factoring:2000"),
            ("trapezoid:7", ChunkSize::Trapezoid(nonzero(7)), "trapezoid:7"),
        ] {
            assert_eq!(text.parse(), Ok(size), "{text}");
            assert_eq!(size.to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_chunk_size_is_refused() {
        for text in [
            "",
            "0",
            "0k",
            "-1",
            "+1",
            "1.5",
            "k",
            "_1",
            "evenly",
            "even:5",
            "5:5",
            "guided:",
            "guided:0",
            "99999999999999999999",
            "99999999999999999m",
        ] {
            assert_eq!(text.parse::<ChunkSize>(), Err(ChunkSizeError), "{text:?}");
        }
    }

    #[test]
    fn the_schedules_give_the_sizes_of_their_papers() {
        // Hummel, Schonberg and Flynn's own example: 100 iterations on 4 processors.
        for (rule, words, workers, sizes) in [
            ("guided", 20, 4, vec![5, 4, 3, 2, 2, 1, 1, 1, 1]),
            (
                "factoring",
                100,
                4,
                vec![13, 13, 13, 13, 6, 6, 6, 6, 3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1],
            ),
            ("trapezoid", 100, 4, vec![13, 13, 12, 11, 10, 9, 8, 7, 7, 6, 4]),
            ("even", 10, 4, vec![3, 3, 3, 1]),
            ("4", 10, 4, vec![4, 4, 2]),
            ("50", 10, 4, vec![10]),
            ("guided:4", 20, 4, vec![5, 4, 4, 4, 3]),
            ("even", 0, 4, vec![]),
        ] {
            let rule: ChunkSize = rule.parse().unwrap();
            let found: Vec<usize> = rule.sizes(words, nonzero(workers), NonZeroU32::MIN).collect();
            assert_eq!(found, sizes, "{rule} of {words} on {workers}");
        }
    }

    #[test]
    fn auto_gives_every_worker_work_and_keeps_tasks_short() {
        for (words, workers, rounds, size) in [
            (0, 2, 1, 1),
            (1, 2, 1, 1),
            (10, 2, 1, 5),
            (1_000, 2, 1, 500),
            (1_000, 2, 100, 64),
            (100_000, 2, 1, 2_048),
            (100_000, 2, 100, 782),
            (1_049_938, 2, 1, 5_000),
            (1_049_938, 2, 100, 5_000),
            (1_000, 64, 1, 16),
            (1_000, 64, u32::MAX, 16),
        ] {
            let rounds = NonZeroU32::new(rounds).unwrap();
            let found = auto_size(words, nonzero(workers), rounds).get();
            assert_eq!(found, size, "{words} on {workers}, {rounds} rounds");
        }
    }

    fn any_rule() -> impl Strategy<Value = ChunkSize> {
        let smallest = (1_usize..2000).prop_map(nonzero);
        prop_oneof![
            smallest.clone().prop_map(ChunkSize::Fixed),
            Just(ChunkSize::Even),
            Just(ChunkSize::Auto),
            smallest.clone().prop_map(ChunkSize::Guided),
            smallest.clone().prop_map(ChunkSize::Factoring),
            smallest.prop_map(ChunkSize::Trapezoid),
        ]
    }

    proptest! {
        #[test]
        fn sizes_add_up_to_the_list_and_never_grow(rule in any_rule(), words in 0_usize..200_000, workers in 1_usize..300, rounds in 1_u32..300) {
            let rounds = NonZeroU32::new(rounds).unwrap();
            let sizes: Vec<usize> = rule.sizes(words, nonzero(workers), rounds).collect();
            prop_assert_eq!(sizes.iter().sum::<usize>(), words);
            prop_assert!(sizes.iter().all(|&size| size > 0));
            prop_assert!(sizes.windows(2).all(|pair| pair[0] >= pair[1]), "{:?}", sizes);
        }
    }
}
