//! What is known of each distinct word of the texts, so that each is looked up once.
//!
//! Words are told apart by all their bytes. Threads share one cache: they read it at the same
//! time, and one at a time adds words. Nearly all words are short and stand in a table of fixed
//! size (see [`ShortWords`]), the others in a map. (A map alone was rejected: a text of a million
//! different words took three times as long.)

use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use foldhash::fast::RandomState;

use super::short_words::{ShortWords, Status};

/// What came of looking a word up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is known.
    Known,
    /// It is unknown as a whole.
    Unknown,
    /// Some of the parts that its hyphens join are unknown: these, by their places in the word.
    UnknownParts(Arc<[Range<u32>]>),
}

/// Words and their verdicts, in a bounded amount of memory.
#[derive(Debug)]
pub struct WordCache {
    words: RwLock<Words>,
    most_map_bytes: usize,
}

#[derive(Debug)]
struct Words {
    short: ShortWords,
    /// Words that are not short, whose line is full, or that have parts.
    map: HashMap<Box<[u8]>, Verdict, RandomState>,
    /// About what the map takes.
    map_bytes: usize,
}

/// What a word takes in the map besides its own bytes: its place there, which may be less than half
/// full while a larger one takes its place, and what the allocator adds.
const BYTES_A_WORD: usize = 128;

impl WordCache {
    /// An empty cache for about so many different words. It forgets all its words when they would
    /// take more than `most_bytes`.
    ///
    /// # Errors
    ///
    /// When the system refuses the memory for it.
    pub fn new(words: usize, most_bytes: usize) -> io::Result<Self> {
        let short = ShortWords::new(words, most_bytes / 2)?;
        let most_map_bytes = most_bytes.saturating_sub(short.bytes());
        let words = Words { short, map: HashMap::default(), map_bytes: 0 };
        Ok(Self { words: RwLock::new(words), most_map_bytes })
    }

    /// The cache to look words up in. Words are added only when no thread holds one of these.
    #[must_use]
    pub fn read(&self) -> Cached<'_> {
        Cached(self.words.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds words. Must not be called by a thread that holds a [`Cached`].
    pub fn add<'w>(&self, words: impl Iterator<Item = (&'w [u8], Verdict)>) {
        let mut cache = self.words.write().unwrap_or_else(PoisonError::into_inner);
        for (word, verdict) in words {
            cache.add(word, verdict, self.most_map_bytes);
        }
    }
}

impl Words {
    fn add(&mut self, word: &[u8], verdict: Verdict, most_map_bytes: usize) {
        let status = match verdict {
            Verdict::Known => Status::Known,
            Verdict::Unknown => Status::Unknown,
            Verdict::UnknownParts(_) => Status::InMap,
        };
        if self.short.add(word, status) && status != Status::InMap {
            return;
        }
        let parts = if let Verdict::UnknownParts(parts) = &verdict { parts.len() } else { 0 };
        self.map_bytes += BYTES_A_WORD + word.len() + parts * size_of::<Range<u32>>();
        if self.map_bytes > most_map_bytes {
            self.map = HashMap::default();
            self.map_bytes = 0;
            self.short.clear();
            return;
        }
        self.map.insert(word.into(), verdict);
    }
}

/// A cache that nothing is added to for now.
#[derive(Debug)]
pub struct Cached<'c>(RwLockReadGuard<'c, Words>);

impl Cached<'_> {
    /// Brings what is known of a short word into the nearest cache, to be looked up soon.
    #[inline]
    pub fn prefetch(&self, word: &[u8]) {
        self.0.short.prefetch(word);
    }

    /// What is known of a word; `None` if it was not looked up, or forgotten.
    #[inline]
    #[must_use]
    pub fn get(&self, word: &[u8]) -> Option<Verdict> {
        match self.0.short.get(word) {
            Status::Known => Some(Verdict::Known),
            Status::Unknown => Some(Verdict::Unknown),
            Status::Absent => None,
            Status::InMap => self.0.map.get(word).cloned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(cache: &WordCache, number: usize, verdict: Verdict) {
        cache.add([(word(number).as_bytes(), verdict)].into_iter());
    }

    /// A short word or a long one.
    fn word(number: usize) -> String {
        "0".repeat(number % 40) + &number.to_string()
    }

    #[test]
    fn words_keep_their_verdicts() {
        for expected in [0, 100_000] {
            let cache = WordCache::new(expected, 1 << 24).unwrap();
            let parts = Verdict::UnknownParts([0..1, 3..9].into());
            let verdicts = [Verdict::Known, Verdict::Unknown, parts];
            for number in 0..20_000 {
                assert_eq!(cache.read().get(word(number).as_bytes()), None);
                add(&cache, number, verdicts[number % 3].clone());
            }
            for number in 0..20_000 {
                let found = cache.read().get(word(number).as_bytes());
                assert_eq!(found, Some(verdicts[number % 3].clone()), "{number}");
            }
        }
    }

    #[test]
    fn a_full_cache_forgets_its_words_and_goes_on() {
        let cache = WordCache::new(0, 1 << 18).unwrap();
        let mut forgotten = 0;
        for number in 0..20_000 {
            add(&cache, number, Verdict::Known);
            assert!(cache.read().0.map_bytes <= 1 << 18);
            forgotten += usize::from(cache.read().get(word(number).as_bytes()).is_none());
        }
        assert!((1..100).contains(&forgotten), "{forgotten}");
    }
}
