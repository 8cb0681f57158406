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
                all.push(hash(&window.list, setting)?);
            }
        }
        if words == 0 {
            bail!("{list}: the known list is empty: name one that has words");
        }
    }
    Ok(all)
}

/// Hashes a list by the chosen backend.
fn hash(list: &WordList, setting: &Setting<'_>) -> anyhow::Result<Digests> {
    let Setting { config, interrupt, .. } = setting;
    let clock = MonotonicClock::new();
    let around = Around { clock: &clock, progress: &|_| (), interrupt, recorder: None };
    // Worker processes are ended in order; a write to a pipe that nobody reads is not waited for.
    interrupt.end_at_once(!config.has_others_to_end());
    let outcome = config.backend()?.run(list, &config.work, &around);
    interrupt.end_at_once(true);
    Ok(outcome?.digests)
}

/// The digests of the known words. Those of each window are a set of their own: to copy them
/// together would take longer than looking into one more set, and there is seldom another.
pub(super) struct KnownWords<'a> {
    sets: Vec<KnownSet<'a>>,
    words: usize,
}

impl<'a> KnownWords<'a> {
    pub(super) fn new(digests: &'a [Digests], threads: NonZeroUsize) -> Result<Self, KnownError> {
        let sets = digests.iter().map(|digests| KnownSet::build(digests.as_slice(), threads));
        Ok(Self {
            sets: sets.collect::<Result<_, _>>()?,
            words: digests.iter().map(|digests| digests.as_slice().len()).sum(),
        })
    }

    /// How many words the lists have together.
    pub(super) fn words(&self) -> usize {
        self.words
    }

    /// Whether a digest is that of a known word.
    pub(super) fn contains(&self, digest: &Digest) -> bool {
        self.sets.iter().any(|set| set.contains(digest))
    }
}
