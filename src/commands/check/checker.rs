//! Which words of a passage are unknown.
//!
//! Most words of a text have been there before: a cache has the verdict of each distinct one. The
//! others are hashed, many side by side, and looked up by their digests. Each word is hashed once,
//! unless two threads meet it at the same time.

use std::collections::HashMap;
use std::ops::Range;

use foldhash::fast::RandomState;

use crate::backend::Work;
use crate::sha512::DIGEST_LEN;
use crate::text::segment::{find_words, lower_case, parts};
use crate::text::{Passage, Verdict, WordCache};

use super::known_words::KnownWords;

/// How many words are found before the first of them is looked up: more than the loads that a core
/// has under way.
const AHEAD: usize = 32;

/// What came of a passage.
pub(super) struct Checked {
    pub(super) passage: Passage,
    /// How many words it has, repeats included.
    pub(super) words: u64,
    /// The places of the unknown words, in order; of a compound, those of its unknown parts.
    pub(super) unknown: Vec<Range<usize>>,
}

/// Looks words up and remembers what came of it; threads may share it.
pub(super) struct Checker<'a> {
    work: Work,
    known: &'a KnownWords<'a>,
    exact: bool,
    cache: WordCache,
}

impl<'a> Checker<'a> {
    pub(super) fn new(
        work: Work,
        known: &'a KnownWords<'a>,
        exact: bool,
        cache: WordCache,
    ) -> Self {
        Self { work, known, exact, cache }
    }

    /// Looks up all words of a passage.
    pub(super) fn check(&self, passage: Passage) -> Checked {
        let text = &passage.text[..];
        let mut words = 0;
        // The words that are not known: with the verdict, if there is one already.
        let mut others = Vec::new();
        let cached = self.cache.read();
        let mut look_up = |word: Range<usize>| match cached.get(&text[word.clone()]) {
            Some(Verdict::Known) => {}
            verdict => others.push((word, verdict)),
        };
        // A word is looked up when some others were found: what is known of it is on its way.
        let mut found: [Range<usize>; AHEAD] = Default::default();
        find_words(text, |word| {
            cached.prefetch(&text[word.clone()]);
            let earlier = std::mem::replace(&mut found[words % AHEAD], word);
            if words >= AHEAD {
                look_up(earlier);
            }
            words += 1;
        });
        (words.saturating_sub(AHEAD)..words).for_each(|n| look_up(found[n % AHEAD].clone()));
        drop(cached);
        let new = others.iter().filter(|(_, verdict)| verdict.is_none());
        let new = self.judge_distinct(new.map(|(word, _)| &text[word.clone()]));
        let mut unknown = Vec::new();
        for (word, verdict) in &others {
            match verdict.as_ref().unwrap_or_else(|| &new[&text[word.clone()]]) {
                Verdict::Known => {}
                Verdict::Unknown => unknown.push(word.clone()),
                Verdict::UnknownParts(parts) => {
                    unknown.extend(parts.iter().map(|part| {
                        word.start + part.start as usize..word.start + part.end as usize
                    }))
                }
            }
        }
        Checked { passage, words: words as u64, unknown }
    }

    /// The verdicts of words, each looked up once and added to the cache.
    fn judge_distinct<'t>(
        &self,
        words: impl Iterator<Item = &'t [u8]>,
    ) -> HashMap<&'t [u8], Verdict, RandomState> {
        /// Enough for the engine's lanes; their digests stay in the second-level cache.
        const AT_ONCE: usize = 512;
        let mut verdicts: HashMap<_, _, RandomState> =
            words.map(|word| (word, Verdict::Known)).collect();
        let distinct: Vec<&[u8]> = verdicts.keys().copied().collect();
        for words in distinct.chunks(AT_ONCE) {
            let judged = self.judge(words);
            self.cache.add(words.iter().copied().zip(judged.iter().cloned()));
            verdicts.extend(words.iter().copied().zip(judged));
        }
        verdicts
    }

    /// The verdicts of words: a compound that is unknown is known by its parts.
    fn judge(&self, words: &[&[u8]]) -> Vec<Verdict> {
        let verdict = |known| if known { Verdict::Known } else { Verdict::Unknown };
        let mut verdicts: Vec<_> = self.are_known(words).into_iter().map(verdict).collect();
        let mut of_compounds = Vec::new();
        for (number, word) in words.iter().enumerate() {
            if verdicts[number] == Verdict::Unknown {
                let parts = parts(word).filter(|part| part.len() < word.len());
                of_compounds.extend(parts.map(|part| (number, part)));
            }
        }
        let parts: Vec<_> =
            of_compounds.iter().map(|(number, part)| &words[*number][part.clone()]).collect();
        let known = self.are_known(&parts);
        let judged: Vec<_> = of_compounds.into_iter().zip(known).collect();
        for compound in judged.chunk_by(|((one, _), _), ((other, _), _)| one == other) {
            let unknown = compound.iter().filter(|(_, known)| !known).map(|((_, part), _)| {
                let place = |at: usize| u32::try_from(at).expect("a word below 4 GiB");
                place(part.start)..place(part.end)
            });
            let unknown: Vec<_> = unknown.collect();
            verdicts[compound[0].0.0] = if unknown.is_empty() {
                Verdict::Known
            } else {
                Verdict::UnknownParts(unknown.into())
            };
        }
        verdicts
    }

    /// Whether each word is known as it stands or in another form. Forms are tried only for words
    /// that are unknown as they stand.
    fn are_known(&self, words: &[&[u8]]) -> Vec<bool> {
        let mut known = self.are_in_lists(words);
        if self.exact {
            return known;
        }
        let mut forms = Vec::new();
        for (number, word) in words.iter().enumerate().filter(|(number, _)| !known[*number]) {
            forms.extend(lower_case(word).map(|form| (number, form)));
        }
        let of_forms: Vec<_> = forms.iter().map(|(_, form)| &form[..]).collect();
        for ((number, _), is_known) in forms.iter().zip(self.are_in_lists(&of_forms)) {
            known[*number] |= is_known;
        }
        known
    }

    /// Whether each word is in a known list, byte for byte.
    fn are_in_lists(&self, words: &[&[u8]]) -> Vec<bool> {
        let mut digests = vec![[0; DIGEST_LEN]; words.len()];
        self.work.engine.hash_words(words.iter().copied(), self.work.rounds, &mut digests);
        digests.iter().map(|digest| self.known.contains(digest)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::fmt::Write as _;
    use std::num::{NonZeroU32, NonZeroUsize};

    use proptest::prelude::*;

    use crate::backend::{Around, Backend as _, Digests, Serial};
    use crate::bench::clock::MonotonicClock;
    use crate::chunksize::ChunkSize;
    use crate::os::interrupt::Interrupt;
    use crate::sha512::Engine;
    use crate::text::segment::cut;
    use crate::words::{Rules, WordList};

    const KNOWN_WORDS: &[&str] =
        &["one", "Two", "three-four", "five", "x", "\u{e4}", "a'b", "sixteen-and-more-letters"];

    fn work(rounds: u32) -> Work {
        Work {
            engine: Engine::detect(),
            rounds: NonZeroU32::new(rounds).unwrap(),
            workers: NonZeroUsize::MIN,
            chunksize: ChunkSize::Auto,
        }
    }

    fn digests(work: &Work) -> Digests {
        let list = KNOWN_WORDS.join("\n");
        let list = WordList::from_bytes(list.as_bytes(), Rules::default()).unwrap();
        let interrupt = Interrupt::manual().unwrap();
        let clock = MonotonicClock::new();
        let around =
            Around { clock: &clock, progress: &|_| (), interrupt: &interrupt, recorder: None };
        Serial.run(&list, work, &around).unwrap().digests
    }

    /// The unknown words of a text, each looked up in a set of words.
    fn expected(text: &[u8], exact: bool) -> Vec<Vec<u8>> {
        let known: HashSet<&[u8]> = KNOWN_WORDS.iter().map(|word| word.as_bytes()).collect();
        let is_known = |word: &[u8]| {
            let lower = lower_case(word).filter(|_| !exact);
            known.contains(word) || lower.is_some_and(|lower| known.contains(&lower[..]))
        };
        let mut unknown = Vec::new();
        find_words(text, |word| {
            let word = &text[word];
            if !is_known(word) {
                let parts = parts(word).map(|part| &word[part]).filter(|part| !is_known(part));
                unknown.extend(parts.map(<[u8]>::to_vec));
            }
        });
        unknown
    }

    /// What the checker says of a text that is cut into passages.
    fn unknown(checker: &Checker<'_>, mut text: &[u8], usual: usize) -> Vec<Vec<u8>> {
        let mut unknown = Vec::new();
        while !text.is_empty() {
            let (passage, rest) = text.split_at(cut(text, usual).unwrap_or(text.len()));
            let passage = Passage { text: passage.to_vec(), line: 1, line_bytes_before: 0 };
            let Checked { passage, unknown: places, .. } = checker.check(passage);
            unknown.extend(places.into_iter().map(|place| passage.text[place].to_vec()));
            text = rest;
        }
        unknown
    }

    fn texts() -> impl Strategy<Value = String> {
        let pieces = KNOWN_WORDS.iter().chain(&[
            " ",
            " ",
            " ",
            "\n",
            ", ",
            ". ",
            "-",
            "\u{2014}",
            "ONE",
            "tWo",
            "no",
            "No",
            "\u{c4}",
            "unknown-and-longer-than-all",
            "zz-one",
            "sixteen-and-more-letters-and-more-still",
            "_",
        ]);
        let pieces = prop::sample::select(pieces.copied().collect::<Vec<_>>());
        prop::collection::vec(pieces, 0..400).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn unknown_words_are_those_of_a_set_however_the_text_is_cut(
            text in texts(),
            exact: bool,
            usual in 0_usize..300,
            rounds in prop::sample::select(vec![1, 3, 1000]),
        ) {
            let work = work(rounds);
            let digests = [digests(&work)];
            let known = KnownWords::new(&digests, NonZeroUsize::MIN).unwrap();
            let checker = Checker::new(work, &known, exact, WordCache::new(0, 1 << 20).unwrap());
            let expected = expected(text.as_bytes(), exact);
            // The second time all words are remembered.
            for _ in 0..2 {
                prop_assert_eq!(&unknown(&checker, text.as_bytes(), usual), &expected);
            }
        }
    }

    #[test]
    fn threads_that_share_a_cache_find_the_same_also_when_it_forgets() {
        let mut text = String::new();
        for number in 0..20_000 {
            let known = KNOWN_WORDS[number % 8];
            writeln!(text, "{known} word{number} one-{} {number}-one", number % 7).unwrap();
        }
        let expected = expected(text.as_bytes(), false);
        let work = work(1);
        let digests = [digests(&work)];
        let known = KnownWords::new(&digests, NonZeroUsize::MIN).unwrap();
        for most_bytes in [1 << 30, 1 << 18] {
            let checker = Checker::new(work, &known, false, WordCache::new(0, most_bytes).unwrap());
            std::thread::scope(|scope| {
                let threads = [50, 1000, 30_000].map(|usual| {
                    let (checker, text) = (&checker, text.as_bytes());
                    scope.spawn(move || unknown(checker, text, usual))
                });
                for thread in threads {
                    assert!(thread.join().unwrap() == expected, "{most_bytes} bytes");
                }
            });
        }
    }
}
