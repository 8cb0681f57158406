//! One timed run of one configuration: hash, then build the set.

use std::time::Duration;

use super::config::Config;
use super::input::Text;
use super::larger::Extent;
use crate::backend::{Around, Checksum, Digests, WorkerRecord};
use crate::bench::plan::RunParts;
use crate::known::{self, Spilled};
use crate::memory::Peak;
use crate::words::WordList;

/// What one run gave.
pub(super) struct Finished {
    pub(super) parts: RunParts,
    /// How long the list was.
    pub(super) extent: Extent,
    pub(super) distinct: usize,
    pub(super) proof: Proof,
    pub(super) tasks: Option<usize>,
    pub(super) processes: Vec<WorkerRecord>,
    /// What worker processes that ran at the same time had resident for themselves.
    pub(super) private_bytes: u64,
    /// What went through temporary files, if anything did.
    pub(super) spilled: Option<Spilled>,
}

/// What is left of the digests, for comparing runs.
pub(super) enum Proof {
    Digests(Digests),
    /// Taken on the way, because the digests were never there all at once; `None` where nobody
    /// would compare it.
    Checksum(Option<Checksum>),
}

impl Proof {
    /// The checksum of all digests, if it can be had.
    pub(super) fn checksum(&self) -> Option<Checksum> {
        match self {
            Self::Digests(digests) => Some(digests.checksum()),
            Self::Checksum(checksum) => *checksum,
        }
    }
}

/// Runs a configuration: from before the workers are started until the set is complete. Also the
/// most memory that all processes of the run had resident together.
///
/// This process maps all that is shared, so its own peak counts that once; workers add what they
/// have for themselves. They need not have had it when this process was at its peak: the sum is
/// an upper bound, and above the truth by a few MiB a worker at most.
pub(super) fn once(
    text: &mut Text,
    config: &Config,
    around: &Around<'_>,
) -> anyhow::Result<(Finished, Option<u64>)> {
    let peak = Peak::begin();
    let finished = match text {
        Text::Whole(list) => in_memory(list, config, around)?,
        Text::Larger(larger) => larger.once(config, around)?,
    };
    let peak_bytes = peak.bytes().map(|own| own + finished.private_bytes);
    Ok((finished, peak_bytes))
}

fn in_memory(list: &WordList, config: &Config, around: &Around<'_>) -> anyhow::Result<Finished> {
    let begin = around.clock.now();
    let outcome = config.backend().run(list, &config.work, around)?;
    let mapped = around.clock.now();
    let distinct = known::count_distinct(outcome.digests.as_slice(), config.set_threads())?;
    let end = around.clock.now();
    let since = |earlier: Duration, later: Duration| later.saturating_sub(earlier);
    let private = outcome.processes.iter().filter_map(|worker| worker.private_rss_bytes);
    Ok(Finished {
        parts: RunParts {
            total: since(begin, end),
            start: outcome.start,
            map: Some(outcome.map),
            set: Some(since(mapped, end)),
        },
        extent: Extent { words: list.len(), bytes: list.loaded_bytes() },
        distinct,
        private_bytes: private.sum(),
        proof: Proof::Digests(outcome.digests),
        tasks: outcome.tasks,
        processes: outcome.processes,
        spilled: None,
    })
}
