//! The `sha2` crate, one word after another: the engine of every machine, the oracle of the tests,
//! and the way in which the other engines hash a word that has no company.

use std::mem::MaybeUninit;
use std::num::NonZeroU32;

use sha2::{Digest as _, Sha512};

use super::Digest;

/// Hashes all words; the `i`-th digest goes to the `i`-th place.
///
/// # Panics
///
/// When there are more or fewer words than places.
pub(super) fn hash_words<'a>(
    words: impl Iterator<Item = &'a [u8]>,
    rounds: NonZeroU32,
    places: &mut [MaybeUninit<Digest>],
) {
    let mut places = places.iter_mut();
    for word in words {
        let place = places.next().expect("a place for every word");
        place.write(hash(word, rounds));
    }
    assert!(places.next().is_none(), "a word for every place");
}

/// The digest of one word.
pub(super) fn hash(word: &[u8], rounds: NonZeroU32) -> Digest {
    let mut digest = Sha512::digest(word);
    for _ in 1..rounds.get() {
        digest = Sha512::digest(digest);
    }
    digest.into()
}
