//! Numbers that several threads read and write at the same time, in memory straight from the
//! kernel. It knows nothing of what they mean.

use std::io;
use std::sync::atomic::AtomicU64;

use crate::os::region::Region;

/// A fixed count of numbers, on huge pages where the system gives them.
#[derive(Debug)]
pub(crate) struct Numbers {
    /// Nobody reads or writes it but by way of the numbers.
    region: Region,
    count: usize,
}

impl Numbers {
    /// That many zeros.
    ///
    /// # Errors
    ///
    /// When the system refuses the memory.
    pub(crate) fn zeros(count: usize) -> io::Result<Self> {
        let bytes = count.checked_mul(size_of::<AtomicU64>()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { region: Region::private(bytes)?, count })
    }

    pub(crate) fn as_slice(&self) -> &[AtomicU64] {
        if self.count == 0 {
            return &[];
        }
        // SAFETY: `count` numbers are the bytes of one live private mapping, which begins on the
        // border of a page; zeros are numbers. This struct gives nobody its bytes otherwise, so
        // whatever is read or written there at the same time is so by atomic operations.
        unsafe { std::slice::from_raw_parts(self.region.as_ptr().cast(), self.count) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering;

    #[test]
    fn numbers_begin_as_zeros_and_are_seen_by_other_threads() {
        for count in [0, 1, 1000, 4097] {
            let numbers = Numbers::zeros(count).unwrap();
            std::thread::scope(|scope| {
                for (place, number) in (1..).zip(numbers.as_slice()).step_by(997) {
                    assert_eq!(number.load(Ordering::Relaxed), 0);
                    scope.spawn(move || number.fetch_add(place, Ordering::Relaxed));
                }
            });
            for (place, number) in (1..).zip(numbers.as_slice()).step_by(997) {
                assert_eq!(number.load(Ordering::Relaxed), place);
            }
            assert_eq!(numbers.as_slice().len(), count);
        }
        assert!(Numbers::zeros(usize::MAX).is_err());
    }
}
