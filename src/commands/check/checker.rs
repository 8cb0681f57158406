//! Which words of a passage are unknown.
//!
//! Most words of a text have been there before. So each distinct one has a number, and by that a
//! verdict, and finding a word that has one is all that is done for most. That is shared out among
//! threads, as many as there are workers, each with its part of the passage. The others are
//! numbered, hashed by the backend in one list, and looked up.

use std::ops::Range;

use anyhow::Context as _;

use super::Setting;
use super::known_words::KnownWords;
use crate::backend::BackendError;
use crate::words::find::{cut, find_words, lower_case, parts};
use crate::words::{Rules, Vocabulary, WordId, WordList};

/// Smaller passages are looked through sooner than threads are started for them.
const LEAST_TO_SHARE: usize = 256 << 10;

/// What is to be said of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Known,
    Unknown,
    /// A compound that is unknown as a whole, and so is one of its parts or several.
    UnknownParts,
}

/// A word of a passage that is not known, or not known to be.
#[derive(Clone, Copy, Debug)]
struct Place {
    start: u32,
    end: u32,
    /// [`NEW`] until it has a number.
    id: WordId,
}

const NEW: WordId = WordId::MAX;

impl Place {
    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// What a passage has.
pub(super) struct Checked {
    /// How many words it has, repeats included.
    pub(super) words: u64,
    /// Those that may be unknown, in order.
    places: Vec<Place>,
}

/// Words to be looked up, each on a line of a list, as written and then in lower case.
#[derive(Default)]
struct Batch {
    lines: Vec<u8>,
    /// How many lines each of the new words takes, by their numbers.
    forms: Vec<u8>,
    /// Compounds with the numbers of their parts.
    compounds: Vec<(WordId, Vec<WordId>)>,
}

/// Looks words up and remembers what came of it.
pub(super) struct Checker<'a> {
    setting: Setting<'a>,
    known: &'a KnownWords<'a>,
    exact: bool,
    vocabulary: Vocabulary,
    /// By the number of the word.
    verdicts: Vec<Verdict>,
    most_bytes: usize,
}

impl<'a> Checker<'a> {
    /// Remembers no more words than fit in so many bytes.
    pub(super) fn new(
        setting: &Setting<'a>,
        known: &'a KnownWords<'a>,
        exact: bool,
        most_bytes: usize,
    ) -> Self {
        Self {
            setting: *setting,
            known,
            exact,
            vocabulary: Vocabulary::default(),
            verdicts: Vec::new(),
            most_bytes,
        }
    }

    /// Looks up all words of a passage.
    pub(super) fn check(&mut self, text: &[u8]) -> anyhow::Result<Checked> {
        let mut checked = self.find(text)?;
        let batch = self.number(text, &mut checked.places);
        self.look_up(&batch)?;
        Ok(checked)
    }

    /// The places of the unknown words, in order; of a compound, those of its unknown parts.
    pub(super) fn unknown<'c>(
        &'c self,
        checked: &'c Checked,
        text: &'c [u8],
    ) -> impl Iterator<Item = Range<usize>> + 'c {
        checked.places.iter().flat_map(move |place| {
            let range = place.range();
            let start = range.start;
            let verdict = self.verdict(place.id);
            let parts = (verdict == Verdict::UnknownParts).then(|| {
                let parts = parts(&text[range.clone()]);
                let parts = parts.map(move |part| start + part.start..start + part.end);
                parts.filter(|part| self.is_unknown(text, part))
            });
            let whole = (verdict == Verdict::Unknown).then_some(range);
            whole.into_iter().chain(parts.into_iter().flatten())
        })
    }

    /// Forgets the words of the last passages when there are too many.
    pub(super) fn make_room(&mut self) {
        if self.vocabulary.bytes() + self.verdicts.capacity() > self.most_bytes {
            self.vocabulary = Vocabulary::default();
            self.verdicts = Vec::new();
        }
    }

    fn verdict(&self, id: WordId) -> Verdict {
        self.verdicts[id as usize]
    }

    fn is_unknown(&self, text: &[u8], word: &Range<usize>) -> bool {
        self.vocabulary.find(text, word).is_some_and(|id| self.verdict(id) != Verdict::Known)
    }

    /// Finds the words, and among them those that are not known so far.
    fn find(&self, text: &[u8]) -> Result<Checked, BackendError> {
        let most =
            if text.len() < LEAST_TO_SHARE { 1 } else { self.setting.config.set_threads().get() };
        let shares = shares(text, most);
        if let [share] = &shares[..] {
            return Ok(self.find_in(text, share.clone()));
        }
        let threads = shares.len();
        // A pool of its own for every passage: no thread is alive when workers are forked.
        let found = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_scoped(rayon::ThreadBuilder::run, |pool| {
                pool.broadcast(|thread| self.find_in(text, shares[thread.index()].clone()))
            })
            .map_err(|error| BackendError::Threads { threads, reason: error.to_string() })?;
        let words = found.iter().map(|found| found.words).sum();
        let places = found.into_iter().map(|found| found.places);
        Ok(Checked {
            words,
            places: places.reduce(|all, more| [all, more].concat()).unwrap_or_default(),
        })
    }

    fn find_in(&self, text: &[u8], share: Range<usize>) -> Checked {
        let mut checked = Checked { words: 0, places: Vec::new() };
        find_words(&text[share.clone()], |word| {
            checked.words += 1;
            let word = share.start + word.start..share.start + word.end;
            let id = self.vocabulary.find(text, &word);
            if id.is_none_or(|id| self.verdict(id) != Verdict::Known) {
                checked.places.push(Place {
                    start: place_in_passage(word.start),
                    end: place_in_passage(word.end),
                    id: id.unwrap_or(NEW),
                });
            }
        });
        checked
    }

    /// Gives numbers to the words that are new, and to the parts of compounds.
    fn number(&mut self, text: &[u8], places: &mut [Place]) -> Batch {
        let mut batch = Batch::default();
        for place in places.iter_mut().filter(|place| place.id == NEW) {
            let word = place.range();
            let (id, new) = self.number_one(text, &word, &mut batch);
            place.id = id;
            if new && parts(&text[word.clone()]).nth(1).is_some() {
                let parts = parts(&text[word.clone()]);
                let parts = parts.map(|part| word.start + part.start..word.start + part.end);
                let parts = parts.map(|part| self.number_one(text, &part, &mut batch).0).collect();
                batch.compounds.push((id, parts));
            }
        }
        batch
    }

    fn number_one(
        &mut self,
        text: &[u8],
        word: &Range<usize>,
        batch: &mut Batch,
    ) -> (WordId, bool) {
        let (id, new) = self.vocabulary.number(text, word);
        if new {
            batch.add(&text[word.clone()], self.exact);
        }
        (id, new)
    }

    /// Finds the verdicts for the words of a batch, which are the last that got numbers.
    fn look_up(&mut self, batch: &Batch) -> anyhow::Result<()> {
        if batch.forms.is_empty() {
            return Ok(());
        }
        let list = WordList::from_bytes(&batch.lines, Rules::default())
            .context("no memory for the words to be looked up")?;
        let digests = self.setting.hash(&list, false)?;
        let known = self.known.contains_each(digests.as_slice())?;
        let mut known = &known[..];
        for &forms in &batch.forms {
            let (own, others) = known.split_at(usize::from(forms));
            known = others;
            let any = own.contains(&true);
            self.verdicts.push(if any { Verdict::Known } else { Verdict::Unknown });
        }
        for (whole, parts) in &batch.compounds {
            if self.verdict(*whole) == Verdict::Unknown {
                let all_known = parts.iter().all(|&part| self.verdict(part) == Verdict::Known);
                self.verdicts[*whole as usize] =
                    if all_known { Verdict::Known } else { Verdict::UnknownParts };
            }
        }
        Ok(())
    }
}

impl Batch {
    fn add(&mut self, word: &[u8], exact: bool) {
        let lower = if exact { None } else { lower_case(word) };
        self.forms.push(1 + u8::from(lower.is_some()));
        for form in std::iter::once(word).chain(lower.as_deref()) {
            self.lines.extend_from_slice(form);
            self.lines.push(b'\n');
        }
    }
}

/// The text in up to `most` parts of about the same length that cut no word.
fn shares(text: &[u8], most: usize) -> Vec<Range<usize>> {
    let mut shares = Vec::with_capacity(most);
    let mut start = 0;
    for left in (1..=most).rev() {
        let wanted = start + (text.len() - start) / left;
        let end = match cut(&text[wanted..], 0) {
            Some(cut) if left > 1 => wanted + cut,
            _ => text.len(),
        };
        shares.push(start..end);
        start = end;
        if start == text.len() {
            break;
        }
    }
    shares
}

/// Passages are far shorter than 4 GiB.
fn place_in_passage(place: usize) -> u32 {
    u32::try_from(place).expect("a place in a passage")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn shares_are_the_text_and_cut_no_word(text in "[ab '.-]{0,100}", most in 1_usize..5) {
            let text = text.as_bytes();
            let words = |share: &[u8]| {
                let mut words = Vec::new();
                find_words(share, |word| words.push(share[word].to_vec()));
                words
            };
            let shares = shares(text, most);
            prop_assert!(!shares.is_empty() && shares.len() <= most);
            let whole: Vec<u8> = shares.iter().flat_map(|share| text[share.clone()].to_vec()).collect();
            prop_assert_eq!(&whole, text);
            let found: Vec<_> = shares.iter().flat_map(|share| words(&text[share.clone()])).collect();
            prop_assert_eq!(found, words(text));
        }
    }
}
