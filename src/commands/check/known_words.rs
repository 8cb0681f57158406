//! The known lists as digests, ready to be looked up.

use std::num::NonZeroUsize;

use anyhow::bail;

use super::Setting;
use crate::backend::{Around, Digests};
use crate::bench::clock::MonotonicClock;
use crate::known::{KnownError, KnownSet};
use crate::sha512::Digest;
use crate::size::Size;
use crate::text::fold::forms_of_entry;
use crate::text::phrases::{Entry, Phrases};
use crate::words::{Room, Rules, Shown, Source, Windows, WordList};

/// With less room than this for what is left of a list there would be no end of windows.
const LEAST_ROOM_BYTES: usize = 1 << 20;

/// A blank line is no word that a text could have, and a list of them is as good as empty.
pub(super) const RULES: Rules = Rules { keep_newline: false, skip_blank: true };

/// What the known lists come to.
#[derive(Debug)]
pub(super) struct Hashed {
    exact: bool,
    digests: Vec<Digests>,
    phrases: Phrases,
    /// How many words the lists have together.
    words: usize,
    /// How many digests there are of other forms of them.
    forms: usize,
    /// Entries without a word, and the first of them.
    no_words: usize,
    no_word: Vec<u8>,
    /// Entries with a slash, as those of a hunspell dictionary whose words have flags.
    flagged: usize,
}

impl Hashed {
    /// Without any list; `exact` leaves the other forms of words out.
    pub(super) fn new(exact: bool) -> Self {
        Self {
            exact,
            digests: Vec::new(),
            phrases: Phrases::default(),
            words: 0,
            forms: 0,
            no_words: 0,
            no_word: Vec::new(),
            flagged: 0,
        }
    }

    /// Adds a list, which `hash` hashes.
    pub(super) fn add_list(
        &mut self,
        list: &WordList,
        hash: &dyn Fn(&WordList) -> anyhow::Result<Digests>,
    ) -> anyhow::Result<()> {
        let mut forms = Vec::new();
        let mut add_form = |form: &[u8]| {
            forms.extend_from_slice(form);
            forms.push(b'\n');
        };
        for entry in list.words() {
            self.flagged += usize::from(is_flagged(entry));
            match self.phrases.add(entry) {
                Entry::Word | Entry::Phrase => {}
                Entry::Words(words) => words.into_iter().for_each(|word| add_form(&entry[word])),
                Entry::NoWord => {
                    if self.no_words == 0 {
                        self.no_word = entry.to_vec();
                    }
                    self.no_words += 1;
                }
            }
            if !self.exact {
                for form in forms_of_entry(entry) {
                    add_form(&form);
                }
            }
        }
        self.words += list.len();
        self.digests.push(hash(list)?);
        if !forms.is_empty() {
            let forms = WordList::from_bytes(&forms, RULES)?;
            self.forms += forms.len();
            self.digests.push(hash(&forms)?);
        }
        Ok(())
    }

    /// After the last list.
    pub(super) fn seal(&mut self) {
        self.phrases.seal();
    }

    /// How much memory it will take with what is made of each digest.
    fn bytes(&self, bytes_a_word: usize) -> usize {
        (self.words + self.forms) * bytes_a_word + self.phrases.bytes()
    }

    /// What a person should know of the lists that go by these names.
    pub(super) fn notes(&self, names: &[Source]) -> Vec<String> {
        let names: Vec<String> = names.iter().map(Source::to_string).collect();
        let names = names.join(", ");
        let mut notes = Vec::new();
        if self.flagged * 10 > self.words {
            notes.push(format!(
                "{names}: this looks like a hunspell dictionary, whose entries have flags \
                 (`word/FLAGS`): its words are known only with them; list its words with \
                 `unmunch FILE.dic FILE.aff`, or with `wordforms`"
            ));
        }
        if self.no_words > 0 {
            notes.push(format!(
                "{names}: no text can match entries without a letter or a digit, such as `{}` \
                 ({} of {})",
                Shown(&self.no_word),
                self.no_words,
                self.words
            ));
        }
        notes
    }
}

/// Whether an entry is a word, a slash, and the flags of a hunspell dictionary.
fn is_flagged(entry: &[u8]) -> bool {
    let Some(slash) = memchr::memrchr(b'/', entry) else { return false };
    let flags = &entry[slash + 1..];
    let are_flags = |flags: &[u8]| !flags.is_empty() && flags.iter().all(u8::is_ascii_graphic);
    slash > 0 && are_flags(flags) && (flags.len() <= 2 || !flags.iter().all(u8::is_ascii_lowercase))
}

/// Hashes the lists, window by window so that a list's bytes and its digests need not be there
/// together; all digests must fit in the room.
pub(super) fn hashed(
    lists: &[Source],
    exact: bool,
    room: Room,
    setting: &Setting<'_>,
) -> anyhow::Result<Hashed> {
    let mut all = Hashed::new(exact);
    let mut left = room;
    for list in lists {
        let mut windows = Windows::open(list, RULES, false, setting.interrupt)?;
        let before = all.words;
        while let Some(window) = windows.next_window(left, setting.interrupt)? {
            setting.progress.advance(window.list.loaded_bytes());
            if !window.list.is_empty() {
                all.add_list(&window.list, &|list| hash(list, setting))?;
            }
            let taken = all.bytes(room.bytes_a_word);
            left.bytes = room.bytes.saturating_sub(taken);
            if taken > room.bytes || !window.is_last && left.bytes < LEAST_ROOM_BYTES {
                bail!(
                    "{list}: the digests of the known words do not fit in {}: give more --max-memory",
                    Size(room.bytes as u64)
                );
            }
        }
        if all.words == before {
            bail!("{list}: the known list is empty: name one that has words");
        }
    }
    all.seal();
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
/// together would take longer than looking into one more set, and there are few.
pub(super) struct KnownWords<'a> {
    sets: Vec<KnownSet<'a>>,
    hashed: &'a Hashed,
}

impl<'a> KnownWords<'a> {
    pub(super) fn new(hashed: &'a Hashed, threads: NonZeroUsize) -> Result<Self, KnownError> {
        let sets =
            hashed.digests.iter().map(|digests| KnownSet::build(digests.as_slice(), threads));
        Ok(Self { sets: sets.collect::<Result<_, _>>()?, hashed })
    }

    /// How many words the lists have together.
    pub(super) fn words(&self) -> usize {
        self.hashed.words
    }

    /// The entries that are found as a whole.
    pub(super) fn phrases(&self) -> &Phrases {
        &self.hashed.phrases
    }

    /// Whether a digest is that of a known word.
    pub(super) fn contains(&self, digest: &Digest) -> bool {
        self.sets.iter().any(|set| set.contains(digest))
    }
}
