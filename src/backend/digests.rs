//! One run of memory that holds a digest for each word.

use crate::backend::BackendError;
use crate::os::region::{Access, Region};
use crate::sha512::{DIGEST_LEN, Digest};

/// The digests of a list: the one of word `i` at place `i`.
#[derive(Debug)]
pub struct Digests {
    region: Region,
}

impl Digests {
    /// Room for `count` digests, on huge pages where the system gives them.
    pub(super) fn new(count: usize) -> Result<Self, BackendError> {
        let bytes = count.saturating_mul(DIGEST_LEN);
        let region = Region::private(bytes).map_err(|error| BackendError::Memory {
            words: count,
            bytes,
            error,
        })?;
        Ok(Self { region })
    }

    /// The digests that a frozen region is.
    pub(super) fn in_frozen(region: Region) -> Self {
        Self { region }
    }

    /// All digests, in input order.
    #[must_use]
    pub fn as_slice(&self) -> &[Digest] {
        let bytes = match self.region.access() {
            Access::Frozen => self.region.frozen_bytes(),
            Access::Writable => self.region.private_bytes(),
        };
        bytes.as_chunks().0
    }

    /// All digests, to be written; not those in a frozen region.
    pub(super) fn as_mut_slice(&mut self) -> &mut [Digest] {
        self.region.private_bytes_mut().as_chunks_mut().0
    }

    /// An order-sensitive checksum of all digests, for comparing runs and machines.
    ///
    /// It is the sum, modulo 2^64, of one term for each digest: the term mixes the digest's bytes
    /// with its index. A sum can be taken in parts, in any order, on several machines.
    #[must_use]
    pub fn checksum(&self) -> Checksum {
        Checksum::of(self.as_slice(), 0)
    }
}

/// A checksum of digests at their places; those of parts add up to that of the whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checksum(u64);

impl Checksum {
    /// The checksum of the digests whose first one stands at place `first`.
    #[must_use]
    pub fn of(digests: &[Digest], first: usize) -> Self {
        let mut sum = 0_u64;
        for (place, digest) in (first as u64..).zip(digests) {
            let mut term = mix(place.wrapping_add(1));
            for part in digest.as_chunks::<8>().0 {
                // An odd factor and a fresh mix for each part: equal parts in other places, and
                // equal digests in other places, give other terms.
                term = (term ^ u64::from_le_bytes(*part)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                term ^= term >> 32;
            }
            sum = sum.wrapping_add(mix(term));
        }
        Self(sum)
    }

    /// The sum as a number, to be sent to another process.
    #[cfg(feature = "mpi")]
    pub(super) fn to_bits(self) -> u64 {
        self.0
    }

    /// The checksum whose number this is.
    #[cfg(feature = "mpi")]
    pub(super) fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The checksum of two parts of the same list together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }
}

impl std::fmt::Display for Checksum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The finaliser of `SplitMix64` (Steele, Lea and Flood 2014): every bit of the input changes about
/// half of the output's.
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(count: u8) -> Vec<Digest> {
        (0..count).map(|byte| [byte; DIGEST_LEN]).collect()
    }

    #[test]
    fn a_checksum_changes_with_every_bit_and_with_the_order() {
        let digests = some(20);
        let whole = Checksum::of(&digests, 0);
        let mut swapped = digests.clone();
        swapped.swap(3, 17);
        assert_ne!(Checksum::of(&swapped, 0), whole);
        let mut rotated = digests.clone();
        rotated[5] = [0; DIGEST_LEN];
        rotated[0] = [5; DIGEST_LEN];
        assert_ne!(Checksum::of(&rotated, 0), whole);
        for bit in 0..DIGEST_LEN * 8 {
            let mut flipped = digests.clone();
            flipped[7][bit / 8] ^= 1 << (bit % 8);
            assert_ne!(Checksum::of(&flipped, 0), whole, "bit {bit}");
        }
        let mut halves = digests.clone();
        halves[7][..32].copy_from_slice(&[1; 32]);
        let mut other_halves = digests;
        other_halves[7][32..].copy_from_slice(&[1; 32]);
        assert_ne!(Checksum::of(&halves, 0), Checksum::of(&other_halves, 0));
    }

    #[test]
    fn checksums_of_parts_add_up() {
        let digests = some(20);
        for cut in 0..=20 {
            let (left, right) = digests.split_at(cut);
            let sum = Checksum::of(left, 0).and(Checksum::of(right, cut));
            assert_eq!(sum, Checksum::of(&digests, 0), "cut at {cut}");
        }
        assert_eq!(Checksum::of(&[], 0).to_string(), "0000000000000000");
    }
}
