//! The hash engines: SHA-512 of many words.
//!
//! An engine takes words as byte slices and writes one 64-byte digest for each. It knows nothing
//! of files, lines, chunks or processes.

use sha2::{Digest as _, Sha512};

/// One SHA-512 digest.
pub type Digest = [u8; DIGEST_LEN];

/// The length of a digest in bytes.
pub const DIGEST_LEN: usize = 64;

/// A way to compute SHA-512.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The `sha2` crate, one word after another.
    Sha2,
}

impl Engine {
    /// The fastest engine that this machine can run.
    #[must_use]
    pub fn detect() -> Self {
        Self::Sha2
    }

    /// The name that the command line uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha2 => "sha2",
        }
    }

    /// Hashes each word `rounds` times (the digest hashed again `rounds - 1` times) into the
    /// digest of the same place.
    ///
    /// # Panics
    ///
    /// When there are more or fewer words than digests.
    pub fn hash_words<'a>(
        self,
        words: impl Iterator<Item = &'a [u8]>,
        rounds: std::num::NonZeroU32,
        digests: &mut [Digest],
    ) {
        let mut places = digests.iter_mut();
        for word in words {
            let place = places.next().expect("a digest for every word");
            let mut digest = Sha512::digest(word);
            for _ in 1..rounds.get() {
                digest = Sha512::digest(digest);
            }
            *place = digest.into();
        }
        assert!(places.next().is_none(), "a word for every digest");
    }
}
