//! The known lists as digests, ready to be looked up.

use std::num::NonZeroUsize;

use anyhow::bail;

use super::Setting;
use crate::backend::{Around, Digests};
use crate::bench::clock::MonotonicClock;
use crate::known::{KnownError, KnownSet};
use crate::sha512::Digest;
use crate::size::Size;
use crate::words::{Room, Rules, Source, Windows, WordList};

/// With less room than this for what is left of a list there would be no end of windows.
const LEAST_ROOM_BYTES: usize = 1 << 20;

/// A blank line is no word that a text could have, and a list of them is as good as empty.
const RULES: Rules = Rules { keep_newline: false, skip_blank: true };

/// Hashes the lists, window by window so that a list's bytes and its digests need not be there
/// together; all digests must fit in the room.
pub(super) fn hashed(
    lists: &[Source],
    room: Room,
    setting: &Setting<'_>,
) -> anyhow::Result<Vec<Digests>> {
    let mut all = Vec::new();
    let mut left = room;
    for list in lists {
        let mut windows = Windows::open(list, RULES, false, setting.interrupt)?;
        let mut words = 0;
        while let Some(window) = windows.next_window(left, setting.interrupt)? {
            words += window.list.len();
            setting.progress.advance(window.list.loaded_bytes());
            left.bytes = left.bytes.saturating_sub(window.list.len() * room.bytes_a_word);
            if !window.is_last && left.bytes < LEAST_ROOM_BYTES {
                bail!(
                    "{list}: the digests of the known words do not fit in {}: give more --max-memory",
                    Size(room.bytes as u64)
                );
            }
            if !window.list.is_empty() {
                all.push(setting.hash(&window.list, true)?);
            }
        }
        if words == 0 {
            bail!("{list}: the known list is empty: name one that has words");
        }
    }
    Ok(all)
}

impl Setting<'_> {
    /// Hashes a list by the chosen backend, or on this thread where that is sooner done.
    pub(super) fn hash(&self, list: &WordList, always_by_backend: bool) -> anyhow::Result<Digests> {
        /// To start two worker processes takes as long as to hash so many words on one thread.
        const FEW_HASHES: usize = 4096;
        let work = &self.config.work;
        let few = list.len().saturating_mul(work.rounds.get() as usize) <= FEW_HASHES;
        let here = few && !always_by_backend;
        let clock = MonotonicClock::new();
        let around =
            Around { clock: &clock, progress: &|_| (), interrupt: self.interrupt, recorder: None };
        // Worker processes are ended in order; a write to a pipe that nobody reads is not waited
        // for.
        self.interrupt.end_at_once(here || !self.config.has_others_to_end());
        let outcome = if here {
            crate::backend::Backend::run(&crate::backend::Serial, list, work, &around)
        } else {
            self.config.backend()?.run(list, work, &around)
        };
        self.interrupt.end_at_once(true);
        Ok(outcome?.digests)
    }
}

/// The digests of the known words. Those of each window are a set of their own: to copy them
/// together would take longer than looking into one more set, and there is seldom another.
pub(super) struct KnownWords<'a> {
    sets: Vec<KnownSet<'a>>,
    words: usize,
    threads: NonZeroUsize,
}

impl<'a> KnownWords<'a> {
    pub(super) fn new(digests: &'a [Digests], threads: NonZeroUsize) -> Result<Self, KnownError> {
        let sets = digests.iter().map(|digests| KnownSet::build(digests.as_slice(), threads));
        Ok(Self {
            sets: sets.collect::<Result<_, _>>()?,
            words: digests.iter().map(|digests| digests.as_slice().len()).sum(),
            threads,
        })
    }

    /// How many words the lists have together.
    pub(super) fn words(&self) -> usize {
        self.words
    }

    /// Whether each of the digests is that of a known word.
    pub(super) fn contains_each(&self, digests: &[Digest]) -> Result<Vec<bool>, KnownError> {
        let mut known = vec![false; digests.len()];
        for set in &self.sets {
            let found = set.contains_each(digests, self.threads)?;
            known.iter_mut().zip(found).for_each(|(known, found)| *known |= found);
        }
        Ok(known)
    }
}
