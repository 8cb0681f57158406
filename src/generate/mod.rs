//! Word lists made from a seed: pronounceable, sorted, the same on every machine.
//!
//! [`Spec`] says how many words and how many distinct ones; [`generate`] checks it; the
//! [`Generator`] writes the list in one pass, in byte order, with a page of memory however long the
//! list is. The module knows nothing of files and of how lists are read; it uses no neighbour.
//!
//! A list is a walk through the tree of all words that `language` lays out. Every node is told how
//! many distinct words to make below it and hands that number down to its branches, which `walk`
//! does; so the count is exact from the start, and no set has to be kept to find repetitions.
//! Picking evenly from all words was rejected: nearly all of them have the most syllables, and
//! word lists do not.

mod language;
mod random;
mod walk;

use std::io;

use language::{Language, MOST_SYLLABLES, MOST_WORD_BYTES, words_below};
use walk::Walk;

/// The most distinct words that can be asked for: all that the syllables can spell, about 10^16.
pub const MOST_DISTINCT: u64 = words_below(0, MOST_SYLLABLES);

/// Which list to make. The same figures give the same bytes on every machine, in every version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Lines, and so words, repeated ones counted.
    pub words: u64,
    /// Different words, at most [`MOST_DISTINCT`]; 0 only where `words` is 0.
    pub distinct: u64,
    /// Picks the words, and which of them are repeated; every value is as good as any other.
    pub seed: u64,
}

/// The built-in list.
impl Default for Spec {
    fn default() -> Self {
        Self { words: 1_049_938, distinct: 979_250, seed: 512 }
    }
}

/// Why there can be no list with these figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// More different words than words.
    #[error("--distinct {distinct} is more than --words {words}: at most {words} can be distinct")]
    MoreDistinctThanWords {
        /// [`Spec::distinct`].
        distinct: u64,
        /// [`Spec::words`].
        words: u64,
    },
    /// Words, and none to pick them from.
    #[error("--distinct 0 with --words {words}: 1 to {words} are allowed")]
    NoneDistinct {
        /// [`Spec::words`].
        words: u64,
    },
    /// More different words than the syllables can spell.
    #[error("--distinct {distinct}: at most {MOST_DISTINCT} different words can be made")]
    TooManyDistinct {
        /// [`Spec::distinct`].
        distinct: u64,
    },
}

/// Checks `spec` and makes ready to write its list.
///
/// # Errors
///
/// When no list has the figures of `spec`: see [`SpecError`].
pub fn generate(spec: &Spec) -> Result<Generator, SpecError> {
    let Spec { words, distinct, .. } = *spec;
    if distinct > words {
        return Err(SpecError::MoreDistinctThanWords { distinct, words });
    }
    if distinct == 0 && words > 0 {
        return Err(SpecError::NoneDistinct { words });
    }
    if distinct > MOST_DISTINCT {
        return Err(SpecError::TooManyDistinct { distinct });
    }
    Ok(Generator { spec: *spec, language: Language::new(MOST_SYLLABLES) })
}

/// A list that can be written, any number of times.
///
/// ```
/// use wordhash::generate::{Spec, generate};
///
/// let list = generate(&Spec { words: 3, distinct: 3, seed: 1 })?.to_bytes();
/// assert_eq!(list.split(|&byte| byte == b'\n').count(), 3 + 1);
/// # Ok::<(), wordhash::generate::SpecError>(())
/// ```
#[derive(Debug)]
pub struct Generator {
    spec: Spec,
    language: Language,
}

impl Generator {
    /// Writes the list: lower-case ASCII words in byte order, equal ones adjacent, a LF after each.
    ///
    /// It is written in pieces of up to 64 KiB, so a sink needs no buffer of its own; the sink is not
    /// flushed. A `&mut [u8]` is a sink too, and [`Generator::most_bytes`] is always long enough.
    ///
    /// # Errors
    ///
    /// The first error of the sink; nothing is written after it.
    pub fn write_to(&self, sink: &mut impl io::Write) -> io::Result<()> {
        Walk::new(&self.language, &self.spec, sink).write_list()
    }

    /// The list in memory.
    ///
    /// # Panics
    ///
    /// As every vector does that grows beyond what can be addressed.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let usual_bytes = self.spec.words.saturating_mul(12);
        let mut list = Vec::with_capacity(usize::try_from(usual_bytes).unwrap_or(0));
        self.write_to(&mut list).expect("a vector takes all that is written to it");
        list
    }

    /// Bytes that the list does not exceed, whatever the seed; about 1.8 times the usual length.
    #[must_use]
    pub fn most_bytes(&self) -> u64 {
        self.spec.words.saturating_mul(MOST_WORD_BYTES as u64 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sha2::{Digest as _, Sha512};

    fn words_of(list: &[u8]) -> Vec<&[u8]> {
        list.split_inclusive(|&byte| byte == b'\n')
            .map(|line| line.strip_suffix(b"\n").expect("every line has its end"))
            .collect()
    }

    fn distinct_of(sorted_words: &[&[u8]]) -> usize {
        sorted_words.chunk_by(|a, b| a == b).count()
    }

    /// Checks what must be true of every list, and returns the words.
    #[track_caller]
    fn assert_is_list_of<'a>(list: &'a [u8], spec: &Spec) -> Vec<&'a [u8]> {
        let words = words_of(list);
        assert!(words.is_sorted(), "{spec:?}");
        assert_eq!(words.len() as u64, spec.words, "{spec:?}");
        assert_eq!(distinct_of(&words) as u64, spec.distinct, "{spec:?}");
        let may_stand = |word: &[u8]| {
            (2..=MOST_WORD_BYTES).contains(&word.len()) && word.iter().all(u8::is_ascii_lowercase)
        };
        assert!(words.iter().all(|word| may_stand(word)), "{spec:?}");
        words
    }

    #[test]
    fn the_built_in_list_never_changes() {
        let generator = generate(&Spec::default()).unwrap();
        let list = generator.to_bytes();
        assert_is_list_of(&list, &Spec::default());
        assert_eq!(list.len(), 11_937_902);
        // What `sha512sum` says of the list.
        let expected = "a658515e40d00bbb99d768e475526738f047601013bfc275ff6dc9652aa80b6e\
                        9f3a5eaaef582c9a4a72bdbdcf5eebf153b7f0368fc0f9b91eed5797773ec357";
        assert_eq!(hex::encode(Sha512::digest(&list)), expected);
    }

    #[test]
    fn the_built_in_list_looks_like_a_word_list() {
        let list = generate(&Spec::default()).unwrap().to_bytes();
        let words = words_of(&list);
        let letters: usize = words.iter().map(|word| word.len()).sum();
        assert_eq!(letters * 10 / words.len(), 103, "tenths of a letter a word");
        for len in 3..=18 {
            assert!(words.iter().any(|word| word.len() == len), "no word of {len} letters");
        }
        let is_vowel = |byte: &u8| b"aeiou".contains(byte);
        for word in &words {
            let word = String::from_utf8_lossy(word);
            let hardest = word.as_bytes().split(is_vowel).map(<[u8]>::len).max();
            assert!(hardest < Some(3), "{word} has three consonants in a row");
            assert!(word.bytes().any(|byte| is_vowel(&byte)), "{word} has no vowel");
        }
        let repeats = words.chunk_by(|a, b| a == b).map(<[&[u8]]>::len);
        let (pairs, triples) = repeats.fold((0, 0), |(pairs, triples), times| {
            (pairs + u32::from(times == 2), triples + u32::from(times == 3))
        });
        assert!(triples > 0 && pairs > 4 * triples, "{pairs} pairs, {triples} triples");
    }

    #[test]
    fn what_cannot_be_made_is_refused_by_name() {
        let most = MOST_DISTINCT;
        for (words, distinct, expected) in [
            (4, 5, "--distinct 5 is more than --words 4: at most 4 can be distinct".to_owned()),
            (0, 1, "--distinct 1 is more than --words 0: at most 0 can be distinct".to_owned()),
            (7, 0, "--distinct 0 with --words 7: 1 to 7 are allowed".to_owned()),
            (
                u64::MAX,
                most + 1,
                format!("--distinct {}: at most {most} different words can be made", most + 1),
            ),
        ] {
            let error = generate(&Spec { words, distinct, seed: 0 }).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        assert!(generate(&Spec { words: u64::MAX, distinct: most, seed: 0 }).is_ok());
        const { assert!(MOST_DISTINCT >= 100_000_000_000) };
    }

    #[test]
    fn the_edges_of_what_can_be_asked_are_exact() {
        for (words, distinct) in [(0, 0), (1, 1), (2, 1), (1000, 1), (70_000, 2), (128, 128)] {
            for seed in [0, 1, u64::MAX] {
                let spec = Spec { words, distinct, seed };
                assert_is_list_of(&generate(&spec).unwrap().to_bytes(), &spec);
            }
        }
    }

    #[test]
    fn every_word_that_can_be_spelt_is_reached_once_and_in_order() {
        for most_syllables in [1, 2] {
            let language = Language::new(most_syllables);
            let most = words_below(0, most_syllables);
            for distinct in [most, most - 1, most / 2] {
                let spec = Spec { words: distinct, distinct, seed: 3 };
                let mut list = Vec::new();
                Walk::new(&language, &spec, &mut list).write_list().unwrap();
                assert_is_list_of(&list, &spec);
            }
        }
    }

    /// Takes a few bytes at a time, and only so many in all.
    struct SlowSink {
        taken: Vec<u8>,
        room: usize,
    }

    impl io::Write for SlowSink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = &bytes[..bytes.len().min(1000).min(self.room)];
            self.taken.extend_from_slice(taken);
            self.room -= taken.len();
            Ok(taken.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_list_is_the_same_whatever_the_sink_takes_at_a_time() {
        let generator = generate(&Spec { words: 50_000, distinct: 20_000, seed: 9 }).unwrap();
        let whole = generator.to_bytes();
        let mut sink = SlowSink { taken: Vec::new(), room: usize::MAX };
        generator.write_to(&mut sink).unwrap();
        assert!(sink.taken == whole, "the lists differ");

        for room in [0, 1, 70_000, whole.len() - 1] {
            let mut sink = SlowSink { taken: Vec::new(), room };
            let error = generator.write_to(&mut sink).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::WriteZero);
            assert!(sink.taken == whole[..room], "the lists differ within {room} bytes");
        }
    }

    proptest! {
        #[test]
        fn counts_are_exact_and_order_holds(
            (words, distinct) in (1_u64..5_000).prop_flat_map(|words| (Just(words), 1..=words)),
            seed: u64,
        ) {
            let spec = Spec { words, distinct, seed };
            let generator = generate(&spec).unwrap();
            let list = generator.to_bytes();
            assert_is_list_of(&list, &spec);
            prop_assert!(list.len() as u64 <= generator.most_bytes());
            prop_assert_eq!(&list, &generator.to_bytes());
            let other_seed = Spec { seed: seed ^ 1, ..spec };
            prop_assert!(distinct < 10 || list != generate(&other_seed).unwrap().to_bytes());
        }
    }
}
