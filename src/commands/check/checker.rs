//! Which words of a passage are unknown.
//!
//! Most words of a text have been there before: a cache has the verdict of each distinct one. The
//! others are hashed, many side by side, and looked up by their digests. Each word is hashed once,
//! unless two threads meet it at the same time.

use std::collections::HashMap;
use std::ops::Range;

use foldhash::fast::RandomState;

use crate::backend::Work;
use crate::cli::LookUpArgs;
use crate::sha512::DIGEST_LEN;
use crate::text::addresses::is_in_address;
use crate::text::fold::{folded, forms_of_word, is_number};
use crate::text::segment::{elision_end, find_words, parts};
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
    rules: LookUpArgs,
    cache: WordCache,
}

impl<'a> Checker<'a> {
    pub(super) fn new(
        work: Work,
        known: &'a KnownWords<'a>,
        rules: LookUpArgs,
        cache: WordCache,
    ) -> Self {
        Self { work, known, rules, cache }
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
            let verdict = verdict.as_ref().unwrap_or_else(|| &new[&text[word.clone()]]);
            match verdict {
                Verdict::Known => {}
                _ if self.is_of_something_else(text, word) => {}
                Verdict::Unknown => unknown.push(word.clone()),
                Verdict::UnknownParts(parts) => {
                    let place = |at: u32| word.start + at as usize;
                    unknown.extend(parts.iter().map(|part| place(part.start)..place(part.end)));
                }
            }
        }
        Checked { passage, words: words as u64, unknown }
    }

    /// Whether a word that is unknown by itself is in a phrase that a list has, or in an address.
    fn is_of_something_else(&self, text: &[u8], word: &Range<usize>) -> bool {
        let is_entry = |bytes: &[u8]| self.are_known_by_forms(&[bytes])[0];
        !self.rules.addresses && is_in_address(text, word)
            || self.known.phrases().has(text, word, is_entry)
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

    /// Whether each word needs not be reported: it is known, or a number, or an article that is
    /// elided before a known word.
    fn are_known(&self, words: &[&[u8]]) -> Vec<bool> {
        let mut known = self.are_known_by_forms(words);
        for (known, word) in known.iter_mut().zip(words) {
            *known = *known
                || !self.rules.numbers && is_number(word)
                || !self.rules.exact && self.is_elided(word);
        }
        known
    }

    /// Whether each word is known as it stands or in another form. Forms are tried only for words
    /// that are unknown as they stand.
    fn are_known_by_forms(&self, words: &[&[u8]]) -> Vec<bool> {
        let mut known = self.are_in_lists(words);
        if self.rules.exact {
            return known;
        }
        let mut forms = Vec::new();
        for (number, word) in words.iter().enumerate().filter(|(number, _)| !known[*number]) {
            forms.extend(forms_of_word(word).into_iter().map(|form| (number, form)));
        }
        let of_forms: Vec<_> = forms.iter().map(|(_, form)| &form[..]).collect();
        for ((number, _), is_known) in forms.iter().zip(self.are_in_lists(&of_forms)) {
            known[*number] |= is_known;
        }
        known
    }

    /// Whether a word is a known one behind an article or the like whose vowel is left out:
    /// `l'homme`, `qu'il`, `d'acqua`. A list has these as `l'`, `que` or `da`.
    fn is_elided(&self, word: &[u8]) -> bool {
        let word = folded(word);
        let Some(end) = elision_end(&word) else { return false };
        let article = &word[..end - 1];
        let whole = [b"'", b"e", b"a"].map(|ending| [article, ending].concat());
        let looked_up: Vec<&[u8]> =
            [&word[end..]].into_iter().chain(whole.iter().map(|whole| &whole[..])).collect();
        let known = self.are_known_by_forms(&looked_up);
        known[0] && known[1..].contains(&true)
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

    use super::super::known_words::{self, Hashed};
    use crate::backend::{Around, Backend as _, Serial};
    use crate::bench::clock::MonotonicClock;
    use crate::chunksize::ChunkSize;
    use crate::os::interrupt::Interrupt;
    use crate::sha512::Engine;
    use crate::text::fold::lower_case;
    use crate::text::segment::cut;
    use crate::words::WordList;

    const DEFAULT: LookUpArgs = LookUpArgs { exact: false, numbers: false, addresses: false };

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

    fn hashed(work: &Work, list: &[u8], rules: LookUpArgs) -> Hashed {
        let interrupt = Interrupt::manual().unwrap();
        let clock = MonotonicClock::new();
        let around =
            Around { clock: &clock, progress: &|_| (), interrupt: &interrupt, recorder: None };
        let mut hashed = Hashed::new(rules.exact);
        let list = WordList::from_bytes(list, known_words::RULES).unwrap();
        hashed.add_list(&list, &|list| Ok(Serial.run(list, work, &around)?.digests)).unwrap();
        hashed.seal();
        hashed
    }

    /// The unknown words of a text, each looked up in a set of words.
    fn expected(text: &[u8], exact: bool) -> Vec<Vec<u8>> {
        let known: HashSet<&[u8]> = KNOWN_WORDS.iter().map(|word| word.as_bytes()).collect();
        let is_known = |word: &[u8]| {
            let lower = lower_case(word);
            let capitals = known.iter().any(|known| word == known.to_ascii_uppercase());
            known.contains(word)
                || !exact && (known.contains(&lower[..]) || word == b"TWO" && capitals)
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
            let rules = LookUpArgs { exact, ..DEFAULT };
            let hashed = hashed(&work, KNOWN_WORDS.join("\n").as_bytes(), rules);
            let known = KnownWords::new(&hashed, NonZeroUsize::MIN).unwrap();
            let checker = Checker::new(work, &known, rules, WordCache::new(0, 1 << 20).unwrap());
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
        let rules = LookUpArgs { numbers: true, ..DEFAULT };
        let hashed = hashed(&work, KNOWN_WORDS.join("\n").as_bytes(), rules);
        let known = KnownWords::new(&hashed, NonZeroUsize::MIN).unwrap();
        for most_bytes in [1 << 30, 1 << 18] {
            let checker = Checker::new(work, &known, rules, WordCache::new(0, most_bytes).unwrap());
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

    /// Lists of every kind: with and without ends, of bytes that are no text, of long lines.
    fn lists() -> impl Strategy<Value = Vec<u8>> {
        let pieces: Vec<&[u8]> = vec![
            b"a",
            b"Bc",
            b"9",
            b" ",
            b"  ",
            b"\t",
            b"-",
            b"--",
            b"'",
            b".",
            b":",
            b",",
            b"_",
            b"/",
            b"+",
            b"(",
            b"@",
            b"://",
            b"\n",
            b"\n",
            b"\r\n",
            b"\r",
            b"\0",
            b"\xff",
            b"\xc3",
            "\u{e9}".as_bytes(),
            "e\u{301}".as_bytes(),
            "\u{301}".as_bytes(),
            "\u{2019}".as_bytes(),
            "\u{ad}".as_bytes(),
            "\u{200d}".as_bytes(),
            "\u{200b}".as_bytes(),
            "\u{6771}".as_bytes(),
            "\u{30ab}".as_bytes(),
            "\u{e01}".as_bytes(),
            "\u{fb01}".as_bytes(),
            "\u{1f600}".as_bytes(),
            "\u{feff}".as_bytes(),
            "\u{5d0}\"".as_bytes(),
            "\u{2010}".as_bytes(),
        ];
        let pieces = prop::collection::vec(prop::sample::select(pieces), 0..60);
        (pieces, 0..20_usize).prop_map(|(pieces, times)| {
            let piece = pieces.concat();
            if times == 0 { piece.repeat(10) } else { piece }
        })
    }

    proptest! {
        #[test]
        fn a_list_checked_against_itself_is_known(list in lists(), exact: bool) {
            let work = work(1);
            let rules = LookUpArgs { exact, numbers: true, addresses: true };
            let hashed = hashed(&work, &list, rules);
            let known = KnownWords::new(&hashed, NonZeroUsize::MIN).unwrap();
            let checker =
                Checker::new(work, &known, rules, WordCache::new(0, 1 << 20).unwrap());
            let text = list.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&list);
            let said = unknown(&checker, text, usize::MAX);
            prop_assert!(said.is_empty(), "{said:?}");
        }
    }

    #[test]
    fn words_of_prose_are_known_in_the_forms_that_readers_take_for_the_same() {
        let list = "don't\ncaf\u{e9}\nfuture\nParis\nwell-known\nl'\nhomme\nice cream\nof\n\
                    C++\n\u{6771}\u{4eac}\ne.g.\nque\nil\nnai\u{308}ve\nsee\np\nm\n";
        for (text, reported, exactly) in [
            ("don\u{2019}t Don\u{2bc}t", &[][..], 2),
            ("cafe\u{301} na\u{ef}ve", &[], 2),
            ("fu\u{ad}ture", &[], 1),
            ("PARIS Paris paris", &["paris"], 2),
            ("well\u{2011}known", &[], 2),
            ("l\u{2019}homme l'xyz qu'il", &["l'xyz"], 3),
            ("Ice cream of C++, \u{6771}\u{4eac} e.g. nice cream", &["nice", "cream"], 4),
            ("p.m of.see", &[], 0),
            ("in 1999, 3.14, 1990s", &["in"], 1),
            ("see https://xx.example/yy?zz=1 and <me@xx.example>", &["and"], 1),
        ] {
            let work = work(1);
            for exact in [false, true] {
                let rules = LookUpArgs { exact, ..DEFAULT };
                let hashed = hashed(&work, list.as_bytes(), rules);
                let known = KnownWords::new(&hashed, NonZeroUsize::MIN).unwrap();
                let cache = WordCache::new(0, 1 << 20).unwrap();
                let said =
                    unknown(&Checker::new(work, &known, rules, cache), text.as_bytes(), 1 << 20);
                if exact {
                    assert_eq!(said.len(), exactly, "{text}: {said:?}");
                } else {
                    let reported: Vec<_> =
                        reported.iter().map(|word| word.as_bytes().to_vec()).collect();
                    assert_eq!(said, reported, "{text}");
                }
            }
        }
    }
}
