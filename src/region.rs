//! Runs of memory straight from the kernel: private, or anonymous memory that other processes can
//! map too.
//!
//! A region has no name in the file system: it is gone with the last process that maps it or holds
//! its descriptor, however that process ends. It starts out as zeros and its pages are only made
//! when they are touched. This module knows nothing of what the bytes mean; `words`, `backend` and
//! `pool` keep their large memory in it.
//!
//! Shared regions are sealed against resizing, so nobody who maps one can be hit by SIGBUS, and
//! [`Region::freeze`] seals one against writing, so a frozen region can be read as a plain slice.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;

use rustix::fs::{MemfdFlags, SealFlags};
use rustix::io::Errno;
use rustix::mm::{Advice, MapFlags, ProtFlags};

/// Huge pages pay from about one of them on; below, they only waste memory.
pub(crate) const HUGE_PAGE_BYTES: usize = 2 << 20;

/// How often [`Region::freeze`] asks. The kernel takes a page that anybody holds for one that is
/// being written, also when it holds it itself for a moment, on its way from one list to another.
/// Each time it waits a little before it calls the file busy.
const FREEZE_TRIES: u32 = 50;

/// A mapped run of memory; it is unmapped when dropped.
#[derive(Debug)]
pub struct Region {
    start: NonNull<u8>,
    len: usize,
    descriptor: Option<OwnedFd>,
    access: Access,
}

/// What may be done with a region through this mapping of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nobody can write it any more, in any process.
    Frozen,
    /// This mapping, and other processes that were handed the descriptor, may write it.
    Writable,
}

// SAFETY: a region is an address range that it alone unmaps; every access through it goes by the
// borrow rules of `&self` and `&mut self`, or by the promises of an unsafe function.
unsafe impl Send for Region {}
// SAFETY: as above; `&Region` gives safe read access to frozen memory only.
unsafe impl Sync for Region {}

impl Region {
    /// Makes `len` zero bytes that only this process (and its forks, as copies) can see, on huge
    /// pages where the system gives them.
    ///
    /// # Errors
    ///
    /// When the system refuses the memory.
    pub fn private(len: usize) -> io::Result<Self> {
        let start = if len == 0 {
            NonNull::dangling()
        } else {
            // SAFETY: a fresh anonymous mapping at an address of the kernel's choice overlaps no
            // memory that Rust knows of.
            let start = unsafe {
                rustix::mm::mmap_anonymous(
                    std::ptr::null_mut(),
                    private_mapping_len(len),
                    ProtFlags::READ | ProtFlags::WRITE,
                    MapFlags::PRIVATE | MapFlags::NORESERVE,
                )?
            };
            if len >= HUGE_PAGE_BYTES {
                let mapped = private_mapping_len(len);
                // SAFETY: the range was mapped above; the advice changes no contents. It is only
                // advice: a system without huge pages may refuse it.
                let _ = unsafe { rustix::mm::madvise(start, mapped, Advice::LinuxHugepage) };
            }
            non_null(start)
        };
        Ok(Self { start, len, descriptor: None, access: Access::Writable })
    }

    /// Makes `len` zero bytes that processes which are handed [`Region::descriptor`] can map too.
    ///
    /// # Errors
    ///
    /// When the system refuses the memory or the descriptor.
    pub fn shared(len: usize) -> io::Result<Self> {
        let descriptor = memory_file()?;
        rustix::fs::ftruncate(&descriptor, len as u64)?;
        rustix::fs::fcntl_add_seals(&descriptor, SealFlags::SHRINK | SealFlags::GROW)?;
        Self::adopt(descriptor)
    }

    /// Freezes a memory file that was filled by writing (see [`memory_file`]) and maps it.
    ///
    /// # Errors
    ///
    /// When the descriptor is no memory file, somebody has it mapped for writing, or the mapping
    /// is refused.
    pub fn freeze(descriptor: OwnedFd) -> io::Result<Self> {
        let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL;
        for _ in 1..FREEZE_TRIES {
            match rustix::fs::fcntl_add_seals(&descriptor, seals) {
                Err(Errno::BUSY) => {}
                sealed => {
                    sealed?;
                    return Self::adopt(descriptor);
                }
            }
        }
        rustix::fs::fcntl_add_seals(&descriptor, seals)?;
        Self::adopt(descriptor)
    }

    /// Maps a shared region from its descriptor, as another process hands it over; the seals say
    /// whether it is frozen.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when it is not sealed against resizing; else what the system says.
    pub fn adopt(descriptor: OwnedFd) -> io::Result<Self> {
        let seals = rustix::fs::fcntl_get_seals(&descriptor)?;
        if !seals.contains(SealFlags::SHRINK) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "shared memory that is not sealed against shrinking",
            ));
        }
        let access =
            if seals.contains(SealFlags::WRITE) { Access::Frozen } else { Access::Writable };
        let len = usize::try_from(rustix::fs::fstat(&descriptor)?.st_size)
            .map_err(|_| io::ErrorKind::OutOfMemory)?;
        let start = if len == 0 {
            NonNull::dangling()
        } else {
            let protection = match access {
                Access::Frozen => ProtFlags::READ,
                Access::Writable => ProtFlags::READ | ProtFlags::WRITE,
            };
            // SAFETY: a new mapping at an address of the kernel's choice; the file cannot shrink
            // under it, so every byte of it stays readable.
            non_null(unsafe {
                rustix::mm::mmap(
                    std::ptr::null_mut(),
                    len,
                    protection,
                    MapFlags::SHARED,
                    &descriptor,
                    0,
                )?
            })
        };
        Ok(Self { start, len, descriptor: Some(descriptor), access })
    }

    /// The descriptor by which another process can [adopt](Region::adopt) the region; `None` for
    /// a private one.
    #[must_use]
    pub fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.descriptor.as_ref().map(AsFd::as_fd)
    }

    /// The length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether the memory can still be written.
    #[must_use]
    pub fn access(&self) -> Access {
        self.access
    }

    /// The address of the first byte. Reading and writing through it is the caller's to justify.
    #[must_use]
    pub fn as_ptr(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    /// The bytes of a region that nobody can write: frozen, in every process.
    ///
    /// # Panics
    ///
    /// When the region is writable; see [`Region::bytes_unwatched`].
    #[must_use]
    pub fn frozen_bytes(&self) -> &[u8] {
        assert_eq!(self.access, Access::Frozen, "only frozen memory can be read safely");
        // SAFETY: `start` and `len` describe one live mapping, and the seals (checked when it was
        // mapped) keep everybody from writing to it.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    /// The bytes of a region that somebody else could write.
    ///
    /// # Safety
    ///
    /// As long as the slice lives, no other process or thread writes to the region.
    #[must_use]
    pub unsafe fn bytes_unwatched(&self) -> &[u8] {
        // SAFETY: `start` and `len` describe one live mapping; the caller keeps writers away.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    /// The bytes of a private region, for writing.
    ///
    /// # Panics
    ///
    /// When the region is shared: another process could be writing to it.
    #[must_use]
    pub fn private_bytes_mut(&mut self) -> &mut [u8] {
        assert!(self.descriptor.is_none(), "shared memory has other writers");
        // SAFETY: one live mapping that only this process has, borrowed mutably through `self`.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }

    /// The bytes of a private region.
    ///
    /// # Panics
    ///
    /// When the region is shared.
    #[must_use]
    pub fn private_bytes(&self) -> &[u8] {
        assert!(self.descriptor.is_none(), "shared memory has other writers");
        // SAFETY: one live mapping that only this process has; writers need `&mut self`.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        if self.len > 0 {
            let mapped = match self.descriptor {
                None => private_mapping_len(self.len),
                Some(_) => self.len,
            };
            // SAFETY: the range is this region's own mapping and no borrow of it is left. An
            // error could only mean that it is not mapped, and then nothing is to be done.
            let _ = unsafe { rustix::mm::munmap(self.start.as_ptr().cast(), mapped) };
        }
    }
}

/// How much address space a private region takes. Whole huge pages: Linux (since 6.7) puts such a
/// mapping on the border of one, so that no page of it has to be a small one. With up to 4 MiB in
/// small pages at its two ends, a set of a million digests took a tenth longer to build.
fn private_mapping_len(len: usize) -> usize {
    if len < HUGE_PAGE_BYTES { len } else { len.next_multiple_of(HUGE_PAGE_BYTES) }
}

/// An empty anonymous memory file, to be filled by writing and then [frozen](Region::freeze).
///
/// # Errors
///
/// When the system has no descriptor left.
pub fn memory_file() -> io::Result<OwnedFd> {
    Ok(rustix::fs::memfd_create("wordhash", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?)
}

fn non_null(start: *mut std::ffi::c_void) -> NonNull<u8> {
    NonNull::new(start.cast()).expect("the kernel maps nothing at address 0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_region_starts_as_zeros_and_keeps_what_is_written() {
        for len in [0, 1, 4096, 4097, HUGE_PAGE_BYTES + 1] {
            let mut region = Region::private(len).unwrap();
            assert!(region.private_bytes().iter().all(|&byte| byte == 0));
            region.private_bytes_mut().fill(7);
            assert_eq!(region.private_bytes().len(), len);
            assert!(region.private_bytes().iter().all(|&byte| byte == 7));
        }
    }

    #[test]
    fn what_one_mapping_of_a_shared_region_writes_another_one_reads() {
        let first = Region::shared(8192).unwrap();
        let second =
            Region::adopt(first.descriptor().unwrap().try_clone_to_owned().unwrap()).unwrap();
        // SAFETY: the byte is inside the mapping and this test is its only user.
        unsafe { first.as_ptr().add(5000).write(42) };
        // SAFETY: nobody writes any more.
        assert_eq!(unsafe { second.bytes_unwatched() }[5000], 42);
        assert_eq!((second.access(), second.len()), (Access::Writable, 8192));
    }

    #[test]
    fn a_frozen_region_holds_what_was_written_and_takes_no_more() {
        let file = memory_file().unwrap();
        rustix::io::write(&file, b"frozen").unwrap();
        let writer = file.try_clone().unwrap();
        let region = Region::freeze(file).unwrap();
        assert_eq!(region.frozen_bytes(), b"frozen");
        assert!(rustix::io::write(&writer, b"x").is_err(), "sealed against writing");
        assert!(rustix::fs::ftruncate(&writer, 0).is_err(), "sealed against resizing");
    }

    #[test]
    fn memory_that_could_shrink_is_refused() {
        let file = memory_file().unwrap();
        let error = Region::adopt(file).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    #[should_panic(expected = "only frozen memory")]
    fn writable_shared_memory_is_not_given_out_as_a_slice() {
        let _ = Region::shared(16).unwrap().frozen_bytes();
    }
}
