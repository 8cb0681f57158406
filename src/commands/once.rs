//! One timed run of one configuration: hash, then build the set.

use std::time::Duration;

use super::config::Config;
use crate::backend::{Around, Digests, WorkerRecord};
use crate::bench::plan::RunParts;
use crate::known;
use crate::words::WordList;

/// What one run gave.
pub(super) struct Finished {
    pub(super) parts: RunParts,
    pub(super) distinct: usize,
    pub(super) digests: Digests,
    pub(super) tasks: Option<usize>,
    pub(super) processes: Vec<WorkerRecord>,
}

/// Runs a configuration: from before the workers are started until the set is complete.
pub(super) fn once(
    list: &WordList,
    config: &Config,
    around: &Around<'_>,
) -> anyhow::Result<Finished> {
    let begin = around.clock.now();
    let outcome = config.backend().run(list, &config.work, around)?;
    let mapped = around.clock.now();
    let distinct = known::count_distinct(outcome.digests.as_slice(), config.set_threads())?;
    let end = around.clock.now();
    let since = |earlier: Duration, later: Duration| later.saturating_sub(earlier);
    Ok(Finished {
        parts: RunParts {
            total: since(begin, end),
            start: outcome.start,
            map: Some(outcome.map),
            set: Some(since(mapped, end)),
        },
        distinct,
        digests: outcome.digests,
        tasks: outcome.tasks,
        processes: outcome.processes,
    })
}
