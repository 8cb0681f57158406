//! Which words of a passage are unknown.
//!
//! Most words of a text have been there before. So each distinct one has a mark in a vocabulary,
//! and finding a word that is marked as known is all that is done for most. The others are hashed,
//! many side by side, and looked up by their digests.
//!
//! Several threads do this at the same time, each with a passage of its own; they share the
//! vocabulary. So a word is hashed once, but where two threads come upon it at the same time.

use std::io;

use crate::backend::Work;
use crate::sha512::DIGEST_LEN;
use crate::text::segment::{find_words, is_compound, lower_case, parts};
use crate::text::{Mark, Passage, Place, Vocabulary};

use super::known_words::KnownWords;

/// The mark of words that are to be looked up; none in the vocabulary has it.
const NEW: Mark = 0;
const KNOWN: Mark = 1;
const UNKNOWN: Mark = 2;
/// A compound that is unknown as a whole, and so is one of its parts or several.
const UNKNOWN_PARTS: Mark = 3;

/// What came of a passage.
pub(super) struct Checked {
    pub(super) passage: Passage,
    /// How many words it has, repeats included.
    pub(super) words: u64,
    /// The unknown words, in order; of a compound, its unknown parts.
    pub(super) unknown: Vec<Place>,
}

/// A word of a passage and what is known of it so far.
type Word = (Place, Mark);

/// Looks words up and remembers what came of it.
pub(super) struct Checker<'a> {
    work: Work,
    known: &'a KnownWords<'a>,
    exact: bool,
    vocabulary: Vocabulary,
}

impl<'a> Checker<'a> {
    /// Remembers no more words than the vocabulary may.
    pub(super) fn new(
        work: Work,
        known: &'a KnownWords<'a>,
        exact: bool,
        vocabulary: Vocabulary,
    ) -> Self {
        Self { work, known, exact, vocabulary }
    }

    /// Looks up all words of a passage. What is in `words` does not matter: its memory is used.
    pub(super) fn check(&self, passage: Passage, words: &mut Vec<Word>) -> io::Result<Checked> {
        let text = &passage.text;
        words.clear();
        let count = self.find(text, words);
        self.look_up(text, words)?;
        let compounds = words.iter().filter(|(_, mark)| *mark == UNKNOWN_PARTS);
        let parts = self.parts_of_all(text, compounds.map(|&(place, _)| place))?;
        let mut parts = Parts(&parts);
        let mut unknown = Vec::new();
        for &(place, mark) in &*words {
            let of_compound = [(place, mark)];
            let words = if mark == UNKNOWN_PARTS { parts.of(place) } else { &of_compound };
            unknown.extend(words.iter().filter(|(_, mark)| *mark == UNKNOWN).map(|word| word.0));
        }
        Ok(Checked { passage, words: count as u64, unknown })
    }

    /// Finds the words, and appends those that are not known so far; how many it found.
    fn find(&self, text: &[u8], words: &mut Vec<Word>) -> usize {
        let vocabulary = self.vocabulary.look();
        let mut lookups = vocabulary.for_words(text);
        let mut keep_others = |place, mark: Option<Mark>| {
            if mark != Some(KNOWN) {
                words.push((place, mark.unwrap_or(NEW)));
            }
        };
        find_words(text, |word| lookups.ask(Place::of(&word), &mut keep_others));
        lookups.end(keep_others)
    }

    /// Gives marks to words that are new.
    fn look_up(&self, text: &[u8], words: &mut [Word]) -> io::Result<()> {
        /// Enough for the engine's lanes; their digests stay in the second-level cache.
        const MOST_AT_ONCE: usize = 512;
        /// The lanes of two groups. Where hashing takes long, no word must be hashed in vain.
        const LEAST_AT_ONCE: usize = 16;
        let at_once = MOST_AT_ONCE / self.work.rounds.get() as usize;
        let mut new: Vec<_> = words.iter_mut().filter(|(_, mark)| *mark == NEW).collect();
        for new in new.chunks_mut(at_once.max(LEAST_AT_ONCE)) {
            self.remember(text, new);
            let mut still_new: Vec<_> =
                new.iter_mut().map(|word| &mut **word).filter(|(_, mark)| *mark == NEW).collect();
            self.look_up_by_digest(text, &mut still_new)?;
        }
        Ok(())
    }

    /// Gives words the marks that they have in the vocabulary by now.
    fn remember(&self, text: &[u8], words: &mut [&mut Word]) {
        let vocabulary = self.vocabulary.look();
        let mut lookups = vocabulary.for_words(text);
        let places: Vec<_> = words.iter().map(|word| word.0).collect();
        let mut words = words.iter_mut();
        let mut give_mark = |_, mark: Option<Mark>| {
            let word = words.next().expect("a word for every place");
            word.1 = mark.unwrap_or(NEW);
        };
        for place in places {
            lookups.ask(place, &mut give_mark);
        }
        lookups.end(give_mark);
    }

    /// Hashes words, looks them up and adds them to the vocabulary.
    fn look_up_by_digest(&self, text: &[u8], words: &mut [&mut Word]) -> io::Result<()> {
        let known = self.are_known(text, words);
        for (word, is_known) in words.iter_mut().zip(known) {
            word.1 = if is_known {
                KNOWN
            } else if is_compound(&text[word.0.range()]) {
                UNKNOWN_PARTS
            } else {
                UNKNOWN
            };
        }
        let compounds = words.iter().filter(|word| word.1 == UNKNOWN_PARTS).map(|word| word.0);
        let parts = self.parts_of_all(text, compounds)?;
        let mut parts = Parts(&parts);
        for compound in words.iter_mut().filter(|word| word.1 == UNKNOWN_PARTS) {
            if parts.of(compound.0).iter().all(|(_, mark)| *mark == KNOWN) {
                compound.1 = KNOWN;
            }
        }
        let words: Vec<_> = words.iter().map(|word| **word).collect();
        self.vocabulary.add(text, &words)
    }

    /// The parts of all these compounds, looked up.
    fn parts_of_all(
        &self,
        text: &[u8],
        compounds: impl Iterator<Item = Place>,
    ) -> io::Result<Vec<Word>> {
        let mut words = Vec::new();
        for compound in compounds.map(Place::range) {
            let parts = parts(&text[compound.clone()]);
            let places = parts.map(|part| compound.start + part.start..compound.start + part.end);
            words.extend(places.map(|place| (Place::of(&place), NEW)));
        }
        self.look_up(text, &mut words)?;
        Ok(words)
    }

    /// Whether each word is known as it is written or in lower case, by its digest.
    fn are_known(&self, text: &[u8], words: &[&mut Word]) -> Vec<bool> {
        let lower = |word: &[u8]| if self.exact { None } else { lower_case(word) };
        let forms: Vec<_> = words
            .iter()
            .map(|(place, _)| &text[place.range()])
            .map(|word| (word, lower(word)))
            .collect();
        let as_written = forms.iter().map(|&(word, _)| word);
        let in_lower_case = forms.iter().filter_map(|(_, lower)| lower.as_deref());
        let all = as_written.chain(in_lower_case);
        let mut digests = vec![[0; DIGEST_LEN]; all.clone().count()];
        self.work.engine.hash_words(all, self.work.rounds, &mut digests);
        let mut known = self.known.contains_each(&digests);
        let in_lower_case = known.split_off(words.len());
        let with_lower_case =
            known.iter_mut().zip(&forms).filter(|(_, (_, lower))| lower.is_some());
        for ((known, _), lower_known) in with_lower_case.zip(in_lower_case) {
            *known |= lower_known;
        }
        known
    }
}

/// The parts of compounds, both in the order of the text.
struct Parts<'w>(&'w [Word]);

impl<'w> Parts<'w> {
    /// Those of a compound; they and those before them are gone then.
    fn of(&mut self, compound: Place) -> &'w [Word] {
        let end = compound.range().end;
        let count = self.0.iter().take_while(|(part, _)| part.range().end <= end).count();
        let (parts, others) = self.0.split_at(count);
        self.0 = others;
        parts
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
        let mut words = Vec::new();
        while !text.is_empty() {
            let (passage, rest) = text.split_at(cut(text, usual).unwrap_or(text.len()));
            let passage = Passage { text: passage.to_vec(), line: 1, line_bytes_before: 0 };
            let Checked { passage, unknown: places, .. } =
                checker.check(passage, &mut words).unwrap();
            unknown.extend(places.iter().map(|place| passage.text[place.range()].to_vec()));
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
            let checker =
                Checker::new(work, &known, exact, Vocabulary::new(0, 1 << 20).unwrap());
            let expected = expected(text.as_bytes(), exact);
            // The second time all words are remembered.
            for _ in 0..2 {
                prop_assert_eq!(&unknown(&checker, text.as_bytes(), usual), &expected);
            }
        }
    }

    #[test]
    fn threads_that_share_a_vocabulary_find_the_same_also_when_it_forgets() {
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
            let vocabulary = Vocabulary::new(0, most_bytes).unwrap();
            let checker = Checker::new(work, &known, false, vocabulary);
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
