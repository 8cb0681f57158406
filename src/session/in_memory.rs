//! A list that is in memory, with room for all that is made of its words.

use std::time::Duration;

use super::config::Config;
use super::counted::counted;
use super::error::SessionError;
use super::list::{List, ListSize, RunResult};
use super::{rows, timelines};
use crate::backend::{Around, Checksum, Digests, Recorder};
use crate::bench::plan::RunParts;
use crate::bench::result::Disturbance;
use crate::known;
use crate::report::timeline::Timeline;
use crate::words::WordList;

/// A whole list in memory.
#[derive(Debug)]
pub struct InMemory {
    list: WordList,
}

/// What one run of it gave, digests included.
#[derive(Debug)]
pub struct HashedInMemory {
    /// What is known of the run; the checksum was not taken.
    pub result: RunResult,
    /// One digest for each word, in input order.
    pub digests: Digests,
}

impl InMemory {
    /// A list to be hashed again and again.
    #[must_use]
    pub fn new(list: WordList) -> Self {
        Self { list }
    }

    /// The list.
    #[must_use]
    pub fn words(&self) -> &WordList {
        &self.list
    }

    /// Makes one run and keeps its digests.
    ///
    /// # Errors
    ///
    /// When the run did not come to its end.
    pub fn hash(
        &self,
        config: &Config,
        around: &Around<'_>,
    ) -> Result<HashedInMemory, SessionError> {
        let backend = config.backend()?;
        let begin = around.clock.now();
        let outcome = backend.run(&self.list, &config.work, around)?;
        let mapped = around.clock.now();
        let distinct = known::count_distinct(outcome.digests.as_slice(), config.set_threads())?;
        let end = around.clock.now();
        let since = |earlier: Duration, later: Duration| later.saturating_sub(earlier);
        let private = outcome.processes.iter().filter_map(|worker| worker.private_rss_bytes);
        let result = RunResult {
            parts: RunParts {
                total: since(begin, end),
                start: outcome.start,
                map: Some(outcome.map),
                exchange: None,
                set: Some(since(mapped, end)),
            },
            disturbance: Disturbance::default(),
            size: self.size(),
            distinct,
            checksum: None,
            tasks: outcome.tasks,
            processes: outcome.processes.iter().map(rows::process_row).collect(),
            private_bytes: private.sum(),
            spilled: None,
        };
        Ok(HashedInMemory { result, digests: outcome.digests })
    }
}

impl List for InMemory {
    fn size(&self) -> ListSize {
        ListSize { words: self.list.len(), bytes: self.list.loaded_bytes() }
    }

    fn run(&mut self, config: &Config, around: &Around<'_>) -> Result<RunResult, SessionError> {
        let (hashed, disturbance) = counted(around.clock, || self.hash(config, around));
        let HashedInMemory { result, digests } = hashed?;
        // Outside the timed span.
        let checksum: Checksum = digests.checksum();
        Ok(RunResult { checksum: Some(checksum), disturbance, ..result })
    }

    fn record(
        &mut self,
        config: &Config,
        label: &str,
        around: &Around<'_>,
    ) -> Result<Option<Timeline>, SessionError> {
        let backend = config.backend()?;
        let recorder = Recorder::default();
        let around = Around { recorder: Some(&recorder), ..*around };
        let outcome = backend.run(&self.list, &config.work, &around)?;
        let counting = around.clock.now();
        known::count_distinct(outcome.digests.as_slice(), config.set_threads())?;
        let set = (counting, around.clock.now());
        Ok(Some(timelines::of_outcome(label, config, &outcome, set, recorder)))
    }
}
