//! The digests that this rank counts.
//!
//! They are kept as they come, 64 bytes each, and counted at the end by [`crate::known`]. A share
//! is about equal for all ranks, unless a few words make up most of the list: then repeats are
//! thrown out on the way, so that a rank needs memory for the different digests of its share only,
//! twice at most.

use crate::backend::BackendError;
use crate::known;
use crate::os::region::Region;
use crate::sha512::{DIGEST_LEN, Digest};

/// A growing run of digests.
pub(super) struct Share {
    region: Region,
    len: usize,
}

impl Share {
    /// Room for the share of a rank in so many words, and some more.
    pub(super) fn new(words: u64, ranks: usize) -> Result<Self, BackendError> {
        let mean = usize::try_from(words).unwrap_or(usize::MAX).div_ceil(ranks);
        Ok(Self { region: room_for(mean + mean / 16 + 6 * mean.isqrt() + 1)?, len: 0 })
    }

    pub(super) fn as_slice(&self) -> &[Digest] {
        &self.region.private_bytes().as_chunks().0[..self.len]
    }

    fn capacity(&self) -> usize {
        self.region.len() / DIGEST_LEN
    }

    /// Whether so many more digests have room as it is.
    pub(super) fn has_room(&self, more: usize) -> bool {
        self.len + more <= self.capacity()
    }

    /// Makes room for so many more digests: takes each one once, and more memory if that is not
    /// enough.
    pub(super) fn make_room(&mut self, more: usize) -> Result<(), BackendError> {
        if self.has_room(more) {
            return Ok(());
        }
        let len = self.len;
        let all = self.region.private_bytes_mut().as_chunks_mut().0;
        self.len = known::keep_distinct(&mut all[..len]);
        // With less than a quarter free, repeats would be looked for again and again.
        if self.len + more > self.capacity() / 4 * 3 {
            let mut larger = room_for((2 * self.capacity()).max(self.len + 2 * more))?;
            let bytes = self.len * DIGEST_LEN;
            larger.private_bytes_mut()[..bytes]
                .copy_from_slice(&self.region.private_bytes()[..bytes]);
            self.region = larger;
        }
        Ok(())
    }

    /// So many more digests, to be written by the caller; there must be room for them.
    pub(super) fn append(&mut self, more: usize) -> &mut [Digest] {
        let start = self.len;
        self.len += more;
        &mut self.region.private_bytes_mut().as_chunks_mut().0[start..start + more]
    }
}

fn room_for(digests: usize) -> Result<Region, BackendError> {
    let bytes = digests.saturating_mul(DIGEST_LEN);
    Region::private(bytes).map_err(|error| BackendError::Memory { words: digests, bytes, error })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_grows_by_its_different_digests_only() {
        let mut share = Share::new(100, 10).unwrap();
        let first = share.capacity();
        for round in 0..1000_u32 {
            share.make_room(7).unwrap();
            for (place, digest) in share.append(7).iter_mut().enumerate() {
                *digest = [0; DIGEST_LEN];
                digest[0] = u8::try_from((round as usize + place) % 4).unwrap();
            }
        }
        assert!(share.capacity() <= 2 * first, "{} for {first}", share.capacity());
        assert_eq!(
            known::count_distinct(share.as_slice(), std::num::NonZeroUsize::MIN).unwrap(),
            4
        );
    }

    #[test]
    fn different_digests_are_all_kept() {
        let mut share = Share::new(10, 10).unwrap();
        for number in 0..5000_u32 {
            share.make_room(1).unwrap();
            let digest = &mut share.append(1)[0];
            *digest = [0; DIGEST_LEN];
            digest[..4].copy_from_slice(&number.to_be_bytes());
        }
        let distinct = known::count_distinct(share.as_slice(), std::num::NonZeroUsize::MIN);
        assert_eq!(distinct.unwrap(), 5000);
    }
}
