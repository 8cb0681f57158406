//! The hash engines: SHA-512 of many words.
//!
//! An engine takes words as byte slices and writes one 64-byte digest for each. It knows nothing
//! of files, lines, chunks or processes.
//!
//! A word is nearly always a single SHA-512 block, and inside one block there is little to do side
//! by side. So the fast engines put independent words side by side, one in each 64-bit lane of a
//! vector register: eight with AVX-512, four with AVX2. Every other machine has the `sha2` crate.
//! The README in this folder explains lanes, padding and the count of operations.

// Without an engine that has lanes, all that serves them would be dead code.
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod block;
#[cfg(target_arch = "x86_64")]
mod compress;
#[cfg(target_arch = "x86_64")]
mod constants;
mod kind;
#[cfg(target_arch = "x86_64")]
mod lanes;
#[cfg(target_arch = "x86_64")]
mod long;
mod one_by_one;
#[cfg(target_arch = "x86_64")]
mod pair;
#[cfg(target_arch = "x86_64")]
mod vector;

use std::mem::MaybeUninit;
use std::num::NonZeroU32;

#[cfg(target_arch = "x86_64")]
pub use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub use avx512::Avx512;
pub use kind::{EngineKind, UnknownEngine};

/// One SHA-512 digest.
pub type Digest = [u8; DIGEST_LEN];

/// The length of a digest in bytes.
pub const DIGEST_LEN: usize = 64;

/// A way to compute SHA-512 that this machine can run.
///
/// The fast variants carry a proof that only [`Engine::forced`] and its like can make, after a look
/// at the CPU; so an engine at hand is an engine that works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The `sha2` crate, one word after another.
    Sha2,
    /// Four words side by side.
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    /// Eight words side by side.
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
}

impl Engine {
    /// The fastest engine that this machine can run.
    #[must_use]
    pub fn detect() -> Self {
        let mut fastest_first = EngineKind::ALL.into_iter().rev();
        fastest_first.find_map(Self::forced).unwrap_or(Self::Sha2)
    }

    /// The engine of this kind; `None` where the machine lacks the instructions.
    #[must_use]
    pub fn forced(kind: EngineKind) -> Option<Self> {
        match kind {
            EngineKind::Sha2 => Some(Self::Sha2),
            #[cfg(target_arch = "x86_64")]
            EngineKind::Avx2 => Avx2::detect().map(Self::Avx2),
            #[cfg(target_arch = "x86_64")]
            EngineKind::Avx512 => Avx512::detect().map(Self::Avx512),
            #[cfg(not(target_arch = "x86_64"))]
            EngineKind::Avx2 | EngineKind::Avx512 => None,
        }
    }

    /// All engines that this machine can run, slowest first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        EngineKind::ALL.into_iter().filter_map(Self::forced).collect()
    }

    /// The kind of this engine.
    #[must_use]
    pub fn kind(self) -> EngineKind {
        match self {
            Self::Sha2 => EngineKind::Sha2,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => EngineKind::Avx2,
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => EngineKind::Avx512,
        }
    }

    /// The name that the command line uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.kind().name()
    }

    /// Hashes each word `rounds` times (the digest hashed again `rounds - 1` times) into the
    /// digest of the same place.
    ///
    /// Words may have any lengths. Lanes are idle only at the end of a call, so a caller with
    /// several short runs of words does better to chain them into one.
    ///
    /// # Panics
    ///
    /// When there are more or fewer words than digests.
    pub fn hash_words<'a>(
        self,
        words: impl Iterator<Item = &'a [u8]>,
        rounds: NonZeroU32,
        digests: &mut [Digest],
    ) {
        let places: *mut [Digest] = digests;
        // SAFETY: the same memory, borrowed for as long; `hash_words_to` only ever writes whole
        // digests to it, so it stays initialised.
        let places = unsafe { &mut *(places as *mut [MaybeUninit<Digest>]) };
        self.hash_words_to(words, rounds, places);
    }

    /// Does as [`hash_words`](Self::hash_words) into memory that need not be initialised. When the
    /// call returns, every place holds a digest.
    ///
    /// # Panics
    ///
    /// When there are more or fewer words than places.
    pub fn hash_words_to<'a>(
        self,
        words: impl Iterator<Item = &'a [u8]>,
        rounds: NonZeroU32,
        places: &mut [MaybeUninit<Digest>],
    ) {
        match self {
            Self::Sha2 => one_by_one::hash_words(words, rounds, places),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(lanes) => lanes::hash_words(lanes, words, rounds, places),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(lanes) => lanes::hash_words(lanes, words, rounds, places),
        }
    }
}
