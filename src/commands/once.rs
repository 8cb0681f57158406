//! One timed run of one configuration: hash, then build the set.

use std::time::Duration;

use super::config::Config;
use super::input::{Input, Text};
use super::larger::Extent;
use super::rows;
use crate::backend::{Around, Checksum, Digests};
use crate::bench::plan::RunParts;
use crate::bench::result::ProcessRow;
use crate::known::{self, Spilled};
use crate::words::WordList;

/// What one run gave.
pub(super) struct Finished {
    pub(super) parts: RunParts,
    /// How long the list was.
    pub(super) extent: Extent,
    pub(super) distinct: usize,
    pub(super) proof: Proof,
    pub(super) tasks: Option<usize>,
    pub(super) processes: Vec<ProcessRow>,
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

/// Runs a configuration: from before the workers are started until the set is complete.
pub(super) fn once(
    input: &mut Input<'_>,
    config: &Config,
    around: &Around<'_>,
) -> anyhow::Result<Finished> {
    if config.runs_on_ranks() {
        return input.assembly()?.once(config, around);
    }
    match &mut input.text {
        Text::Whole(list) => in_memory(list, config, around),
        Text::Larger(larger) => larger.once(config, around),
        Text::Spread(_) => anyhow::bail!("only the ranks have the list"),
    }
}

fn in_memory(list: &WordList, config: &Config, around: &Around<'_>) -> anyhow::Result<Finished> {
    let begin = around.clock.now();
    let outcome = config.backend()?.run(list, &config.work, around)?;
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
            exchange: None,
            set: Some(since(mapped, end)),
        },
        extent: Extent { words: list.len(), bytes: list.loaded_bytes() },
        distinct,
        private_bytes: private.sum(),
        proof: Proof::Digests(outcome.digests),
        tasks: outcome.tasks,
        processes: outcome.processes.iter().map(rows::process_row).collect(),
        spilled: None,
    })
}
