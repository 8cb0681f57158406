//! The digests on their way to the ranks that count them.
//!
//! Each thread that hashes has an area for each rank, so that threads share nothing that is
//! written; the areas are what MPI sends. They are bounded: a thread whose area is full stops until
//! the digests were sent. To collect everything first would take a second copy of all digests.
//!
//! Which rank counts a digest is a matter of the digest's bytes alone, so equal ones meet. The
//! bytes from the ninth on choose: the set that the rank builds goes by the first eight.

use crate::backend::BackendError;
use crate::known;
use crate::os::region::Region;
use crate::sha512::{DIGEST_LEN, Digest};

use super::wire::Runs;

/// Areas for all ranks.
pub(super) struct Outgoing {
    region: Region,
    capacity: usize,
    filled: Vec<usize>,
    /// Digests for which there was no room.
    left_over: Vec<Digest>,
    /// Repeats were thrown out, and it did not help.
    all_different: bool,
}

/// The rank that counts a digest.
pub(super) fn owner(digest: &Digest, ranks: usize) -> usize {
    let bits = u32::from_be_bytes([digest[8], digest[9], digest[10], digest[11]]);
    // Equal shares of all numbers with 32 bits, in order; less than `ranks`.
    usize::try_from((u64::from(bits) * ranks as u64) >> 32).unwrap_or(0)
}

impl Outgoing {
    /// Room for about so many digests for all ranks together.
    pub(super) fn new(ranks: usize, digests: usize) -> Result<Self, BackendError> {
        let mean = digests.div_ceil(ranks);
        // An area's filling has a standard deviation of about the root of its mean.
        let capacity = mean + 6 * mean.isqrt() + 1;
        let bytes = (capacity * ranks).saturating_mul(DIGEST_LEN);
        let region = Region::private(bytes).map_err(|error| BackendError::Memory {
            words: capacity * ranks,
            bytes,
            error,
        })?;
        let filled = vec![0; ranks];
        Ok(Self { region, capacity, filled, left_over: Vec::new(), all_different: false })
    }

    /// Whether some digests found no room.
    pub(super) fn is_full(&self) -> bool {
        !self.left_over.is_empty()
    }

    /// Takes digests, all of them.
    pub(super) fn append(&mut self, digests: &[Digest]) {
        let ranks = self.filled.len();
        let capacity = self.capacity;
        for digest in digests {
            let owner = owner(digest, ranks);
            if self.filled[owner] == capacity && !self.make_room(owner) {
                self.left_over.push(*digest);
                continue;
            }
            let place = owner * capacity + self.filled[owner];
            self.areas_mut()[place] = *digest;
            self.filled[owner] += 1;
        }
    }

    /// Throws repeats out of an area that fills much faster than the others: a few words must make
    /// up most of the list.
    fn make_room(&mut self, owner: usize) -> bool {
        let all: usize = self.filled.iter().sum();
        if self.all_different || all > self.capacity * self.filled.len() / 2 {
            return false;
        }
        let start = owner * self.capacity;
        let end = start + self.capacity;
        let kept = known::keep_distinct(&mut self.areas_mut()[start..end]);
        self.filled[owner] = kept;
        self.all_different = kept > self.capacity - self.capacity / 8;
        kept < self.capacity
    }

    /// All that is to be sent.
    pub(super) fn runs(&self) -> Runs<'_> {
        let digests = self.region.private_bytes().as_chunks().0;
        Runs { digests, capacity: self.capacity, filled: &self.filled }
    }

    /// Everything was sent; what had found no room may find some now.
    pub(super) fn clear(&mut self) {
        self.filled.fill(0);
        self.all_different = false;
        let left_over = std::mem::take(&mut self.left_over);
        self.append(&left_over);
    }

    /// Whether nothing is to be sent any more.
    pub(super) fn is_empty(&self) -> bool {
        self.left_over.is_empty() && self.filled.iter().all(|&filled| filled == 0)
    }

    fn areas_mut(&mut self) -> &mut [Digest] {
        self.region.private_bytes_mut().as_chunks_mut().0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sha512::Engine;
    use std::num::NonZeroU32;

    fn digests(count: usize) -> Vec<Digest> {
        let words: Vec<String> = (0..count).map(|number| number.to_string()).collect();
        let mut digests = vec![[0; DIGEST_LEN]; count];
        let words = words.iter().map(String::as_bytes);
        Engine::detect().hash_words(words, NonZeroU32::MIN, &mut digests);
        digests
    }

    /// Sends and clears until nothing is left; what every rank got.
    fn drain(outgoing: &mut Outgoing, into: &mut [Vec<Digest>]) {
        while !outgoing.is_empty() {
            let Runs { digests, capacity, filled } = outgoing.runs();
            for (rank, got) in into.iter_mut().enumerate() {
                got.extend_from_slice(&digests[rank * capacity..][..filled[rank]]);
            }
            outgoing.clear();
        }
    }

    #[test]
    fn every_digest_reaches_its_owner_however_little_room_there_is() {
        let all = digests(3000);
        for (ranks, room) in [(1, 3000), (1, 10), (2, 100), (7, 5000), (64, 64)] {
            let mut outgoing = Outgoing::new(ranks, room).unwrap();
            let mut got = vec![Vec::new(); ranks];
            for some in all.chunks(500) {
                outgoing.append(some);
                drain(&mut outgoing, &mut got);
            }
            for (rank, got) in got.iter_mut().enumerate() {
                let mut expected: Vec<Digest> =
                    all.iter().filter(|digest| owner(digest, ranks) == rank).copied().collect();
                expected.sort_unstable();
                got.sort_unstable();
                assert!(*got == expected, "rank {rank} of {ranks} with room for {room}");
            }
        }
    }

    #[test]
    fn a_word_that_is_most_of_the_list_takes_one_place() {
        let one = digests(1);
        let mut outgoing = Outgoing::new(8, 800).unwrap();
        for _ in 0..10_000 {
            outgoing.append(&one);
        }
        assert!(!outgoing.is_full());
        let mut got = vec![Vec::new(); 8];
        drain(&mut outgoing, &mut got);
        let owner = owner(&one[0], 8);
        assert!(got[owner].iter().all(|digest| *digest == one[0]) && !got[owner].is_empty());
        assert!(got.iter().enumerate().all(|(rank, got)| rank == owner || got.is_empty()));
    }

    #[test]
    fn owners_have_equal_shares() {
        let all = digests(20_000);
        for ranks in [1, 2, 3, 5, 1000] {
            let mut counts = vec![0_usize; ranks];
            for digest in &all {
                counts[owner(digest, ranks)] += 1;
            }
            let mean = all.len() / ranks;
            let most = counts.iter().max().copied().unwrap_or(0);
            assert!(most <= mean + 7 * mean.isqrt() + 1, "{most} of {mean} on {ranks} ranks");
        }
    }
}
