//! Digests that worker processes put in their places themselves.
//!
//! One region of memory is shared by all processes of a run. Nothing is copied, and nobody waits
//! for the parent. At the end the region is frozen, which the kernel only does when no other
//! process can write to it any more; from then on it is as good as memory of the parent's own.
//!
//! This pays with huge pages only (see [`Region::make_huge_pages`]). Where the system does not
//! make them, [`SharedDigests::new`] gives none, and workers send their digests.

use std::ops::Range;

use super::{BackendError, Digests};
use crate::os::region::{HUGE_PAGE_BYTES, Region};
use crate::sha512::DIGEST_LEN;

/// Room for the digests of a list that is being hashed.
#[derive(Debug)]
pub(super) struct SharedDigests {
    region: Region,
    /// Pages are made up to this byte; all of them, where no more huge ones are to be had.
    made: usize,
}

impl SharedDigests {
    /// Room for `count` digests; `None` where sending them is faster.
    pub(super) fn new(count: usize) -> Result<Option<Self>, BackendError> {
        let bytes = count.saturating_mul(DIGEST_LEN);
        let region = Region::shared(bytes).map_err(|error| Self::refused(bytes, error))?;
        if bytes < HUGE_PAGE_BYTES {
            // A few small pages cost less than a huge one.
            return Ok(Some(Self { region, made: bytes }));
        }
        let made = region.make_huge_pages(0..HUGE_PAGE_BYTES);
        Ok(made.then_some(Self { region, made: HUGE_PAGE_BYTES }))
    }

    /// The memory, for workers to map: the digest of word `i` is at byte `64 × i`.
    pub(super) fn region(&self) -> &Region {
        &self.region
    }

    /// Has the pages made for the digests of a task's words, but for those that are the task's
    /// [alone](own_pages): its worker makes them. It is called for all tasks in order, for each
    /// before anybody can write there. So every page is made once, and no worker makes small ones
    /// while another one makes the same as a huge one.
    pub(super) fn make_pages(&mut self, task: Range<usize>) {
        let own = own_pages(&task);
        let end = task.end.saturating_mul(DIGEST_LEN).min(self.region.len());
        for bytes in [self.made..own.start.min(end), self.made.max(own.end)..end] {
            if bytes.start < bytes.end && !self.region.make_huge_pages(bytes) {
                self.made = usize::MAX;
                return;
            }
        }
        self.made = self.made.max(end.next_multiple_of(HUGE_PAGE_BYTES));
    }

    /// The digests, when all workers have ended.
    pub(super) fn finish(self) -> Result<Digests, BackendError> {
        let bytes = self.region.len();
        let frozen = self.region.into_frozen().map_err(|error| Self::refused(bytes, error))?;
        Ok(Digests::in_frozen(frozen))
    }

    fn refused(bytes: usize, error: std::io::Error) -> BackendError {
        BackendError::Memory { words: bytes / DIGEST_LEN, bytes, error }
    }
}

/// The bytes of the huge pages that hold digests of these words only.
pub(super) fn own_pages(words: &Range<usize>) -> Range<usize> {
    let start = words.start.saturating_mul(DIGEST_LEN).next_multiple_of(HUGE_PAGE_BYTES);
    let end = words.end.saturating_mul(DIGEST_LEN) / HUGE_PAGE_BYTES * HUGE_PAGE_BYTES;
    start..end.max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_mapping_wrote_is_there_in_the_end() {
        for count in [0, 1, 1000, HUGE_PAGE_BYTES / DIGEST_LEN, 100_000] {
            let Some(mut digests) = SharedDigests::new(count).unwrap() else { continue };
            let descriptor = digests.region().descriptor().unwrap().try_clone_to_owned().unwrap();
            let worker = Region::adopt(descriptor).unwrap();
            for (start, end) in [(0, count / 3), (count / 3, count)] {
                digests.make_pages(start..end);
                for at in start * DIGEST_LEN..end * DIGEST_LEN {
                    let byte = u8::try_from(at % 251).unwrap();
                    // SAFETY: the byte is inside the mapping, and nobody else uses it now.
                    unsafe { worker.as_ptr().add(at).write(byte) };
                }
            }
            drop(worker);
            let digests = digests.finish().unwrap();
            assert_eq!(digests.as_slice().len(), count);
            let bytes = digests.as_slice().as_flattened();
            assert!(bytes.iter().enumerate().all(|(at, &byte)| usize::from(byte) == at % 251));
        }
    }

    #[test]
    fn a_task_has_the_pages_alone_that_it_covers() {
        const WORDS: usize = HUGE_PAGE_BYTES / DIGEST_LEN;
        for (words, pages) in [
            (0..WORDS - 1, 0..0),
            (0..WORDS, 0..1),
            (1..WORDS, 1..1),
            (1..2 * WORDS + 1, 1..2),
            (WORDS..4 * WORDS, 1..4),
            (5..7, 1..1),
        ] {
            let bytes = pages.start * HUGE_PAGE_BYTES..pages.end * HUGE_PAGE_BYTES;
            assert_eq!(own_pages(&words), bytes, "{words:?}");
        }
    }

    #[test]
    fn where_no_huge_pages_are_made_many_are_better_sent() {
        let disable = |disable: libc::c_int| {
            // SAFETY: changes how the kernel makes pages from now on, and touches no memory. Other
            // tests of this process have the same results with small pages.
            assert_eq!(unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, disable, 0, 0, 0) }, 0);
        };
        disable(1);
        let (few, many) = (SharedDigests::new(1000), SharedDigests::new(100_000));
        disable(0);
        assert!(few.unwrap().is_some());
        assert!(many.unwrap().is_none());
    }

    #[test]
    fn they_are_not_given_out_while_somebody_can_write() {
        let digests = SharedDigests::new(10).unwrap().expect("a small one");
        let descriptor = digests.region().descriptor().unwrap().try_clone_to_owned().unwrap();
        let _worker = Region::adopt(descriptor).unwrap();
        assert!(matches!(digests.finish(), Err(BackendError::Memory { words: 10, .. })));
    }
}
