//! Which words of a passage are unknown.
//!
//! Most words of a text have been there before. So each distinct one has a mark in a vocabulary,
//! and finding a word that is marked as known is all that is done for most. That is shared out
//! among threads, as many as there are workers, each with its part of the passage. The others are
//! hashed by the backend in one list, and looked up.

use std::io;
use std::ops::Range;

use anyhow::Context as _;

use super::Setting;
use super::known_words::KnownWords;
use crate::backend::BackendError;
use crate::words::find::{cut, find_words, is_compound, lower_case, parts};
use crate::words::{AT_A_TIME, Mark, Place, Rules, Vocabulary, WordList};

/// Smaller passages are looked through sooner than threads are started for them.
const LEAST_TO_SHARE: usize = 256 << 10;

// 0 is the mark of words that are to be looked up.

const KNOWN: Mark = 1;
const UNKNOWN: Mark = 2;
/// A compound that is unknown as a whole, and so is one of its parts or several.
const UNKNOWN_PARTS: Mark = 3;

const NO_MEMORY: &str = "no memory for the words to be looked up";

/// What a passage has.
pub(super) struct Checked {
    /// How many words it has, repeats included.
    pub(super) words: u64,
    /// Those that may be unknown, in order.
    places: Vec<Place>,
}

/// New words to be looked up, each on a line of a list, as written and then in lower case.
#[derive(Default)]
struct Batch {
    lines: Vec<u8>,
    words: Vec<Place>,
    /// How many lines each of the words takes.
    forms: Vec<u8>,
    compounds: Vec<Place>,
}

/// Looks words up and remembers what came of it.
pub(super) struct Checker<'a> {
    setting: Setting<'a>,
    known: &'a KnownWords<'a>,
    exact: bool,
    vocabulary: Vocabulary,
    most_bytes: usize,
}

impl<'a> Checker<'a> {
    /// Remembers no more words than fit in so many bytes.
    pub(super) fn new(
        setting: &Setting<'a>,
        known: &'a KnownWords<'a>,
        exact: bool,
        most_bytes: usize,
    ) -> anyhow::Result<Self> {
        let vocabulary = Vocabulary::new().context(NO_MEMORY)?;
        Ok(Self { setting: *setting, known, exact, vocabulary, most_bytes })
    }

    /// Looks up all words of a passage.
    pub(super) fn check(&mut self, text: &[u8]) -> anyhow::Result<Checked> {
        let checked = self.find(text)?;
        let batch = self.new_words(text, &checked.places).context(NO_MEMORY)?;
        self.look_up(text, &batch)?;
        Ok(checked)
    }

    /// Calls `unknown` with the places of the unknown words, in order; of a compound, with those of
    /// its unknown parts.
    pub(super) fn unknown(
        &self,
        checked: &Checked,
        text: &[u8],
        mut unknown: impl FnMut(Range<usize>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut marks = Vec::with_capacity(AT_A_TIME);
        for places in checked.places.chunks(AT_A_TIME) {
            marks.clear();
            self.vocabulary.marks(text, places, |place, mark| marks.push((place, mark)));
            for &(place, mark) in &marks {
                match mark {
                    Some(UNKNOWN) => unknown(place.range())?,
                    Some(UNKNOWN_PARTS) => {
                        for part in parts_of(text, place) {
                            if self.vocabulary.mark(text, part) == Some(UNKNOWN) {
                                unknown(part.range())?;
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Forgets the words of the last passages when there are too many.
    pub(super) fn make_room(&mut self) -> anyhow::Result<()> {
        if self.vocabulary.bytes() > self.most_bytes {
            self.vocabulary = Vocabulary::new().context(NO_MEMORY)?;
        }
        Ok(())
    }

    /// Finds the words, and among them those that are not known so far.
    fn find(&self, text: &[u8]) -> Result<Checked, BackendError> {
        let threads = self.setting.config.set_threads().get();
        let shares = shares(text, if text.len() < LEAST_TO_SHARE { 1 } else { threads });
        if let [share] = &shares[..] {
            return Ok(self.find_in(text, share));
        }
        let threads = shares.len();
        // A pool of its own for every passage: no thread is alive when workers are forked.
        let mut found = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_scoped(rayon::ThreadBuilder::run, |pool| {
                pool.broadcast(|thread| self.find_in(text, &shares[thread.index()]))
            })
            .map_err(|error| BackendError::Threads { threads, reason: error.to_string() })?
            .into_iter();
        let mut all = found.next().expect("the share of the first thread");
        for Checked { words, places } in found {
            all.words += words;
            all.places.extend(places);
        }
        Ok(all)
    }

    fn find_in(&self, text: &[u8], share: &Range<usize>) -> Checked {
        let mut checked = Checked { words: 0, places: Vec::new() };
        let mut some = [Place::default(); AT_A_TIME];
        let mut count = 0;
        let mut keep_others = |some: &[Place]| {
            checked.words += some.len() as u64;
            self.vocabulary.marks(text, some, |place, mark| {
                if mark != Some(KNOWN) {
                    checked.places.push(place);
                }
            });
        };
        find_words(&text[share.clone()], |word| {
            some[count] = Place::of(&(share.start + word.start..share.start + word.end));
            count += 1;
            if count == AT_A_TIME {
                keep_others(&some);
                count = 0;
            }
        });
        keep_others(&some[..count]);
        checked
    }

    /// Adds to the vocabulary what is not in it, the parts of new compounds included.
    fn new_words(&mut self, text: &[u8], places: &[Place]) -> io::Result<Batch> {
        let mut batch = Batch::default();
        for places in places.chunks(AT_A_TIME) {
            self.vocabulary.add(text, places, |place| {
                batch.add(text, place, self.exact);
                if is_compound(&text[place.range()]) {
                    batch.compounds.push(place);
                }
            })?;
        }
        for compound in batch.compounds.clone() {
            for part in parts_of(text, compound) {
                self.vocabulary.add(text, &[part], |part| batch.add(text, part, self.exact))?;
            }
        }
        Ok(batch)
    }

    /// Marks the words of a batch.
    fn look_up(&mut self, text: &[u8], batch: &Batch) -> anyhow::Result<()> {
        if batch.words.is_empty() {
            return Ok(());
        }
        let list = WordList::from_bytes(&batch.lines, Rules::default()).context(NO_MEMORY)?;
        let digests = self.setting.hash(&list, false)?;
        let known = self.known.contains_each(digests.as_slice())?;
        let mut known = &known[..];
        for (words, forms) in batch.words.chunks(AT_A_TIME).zip(batch.forms.chunks(AT_A_TIME)) {
            let marks = forms.iter().map(|&forms| {
                let (own, others) = known.split_at(usize::from(forms));
                known = others;
                if own.contains(&true) { KNOWN } else { UNKNOWN }
            });
            self.vocabulary.set_marks(text, words, marks);
        }
        for &compound in &batch.compounds {
            if self.vocabulary.mark(text, compound) == Some(UNKNOWN) {
                let is_known = |part| self.vocabulary.mark(text, part) == Some(KNOWN);
                let all_known = parts_of(text, compound).all(is_known);
                let mark = if all_known { KNOWN } else { UNKNOWN_PARTS };
                self.vocabulary.set_marks(text, &[compound], std::iter::once(mark));
            }
        }
        Ok(())
    }
}

/// The places of the parts of a compound.
fn parts_of(text: &[u8], compound: Place) -> impl Iterator<Item = Place> {
    let range = compound.range();
    let start = range.start;
    parts(&text[range]).map(move |part| Place::of(&(start + part.start..start + part.end)))
}

impl Batch {
    fn add(&mut self, text: &[u8], place: Place, exact: bool) {
        let word = &text[place.range()];
        let lower = if exact { None } else { lower_case(word) };
        self.words.push(place);
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
