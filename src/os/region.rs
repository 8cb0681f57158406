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

use std::ffi::c_void;
use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;

use rustix::fs::{FallocateFlags, MemfdFlags, SealFlags, fallocate};
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
        let access = ProtFlags::READ | ProtFlags::WRITE;
        let start = if len == 0 {
            NonNull::dangling()
        } else if len < HUGE_PAGE_BYTES {
            non_null(map_anonymous(len, access)?)
        } else {
            let start = map_aligned(mapped_len(len), access)?;
            // SAFETY: the range was mapped above; the advice changes no contents. It is only
            // advice: a system without huge pages may refuse it.
            let _ = unsafe { rustix::mm::madvise(start, mapped_len(len), Advice::LinuxHugepage) };
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
            // The file cannot shrink under it: every byte of it stays readable.
            map_file(&descriptor, 0..len, protection)?
        };
        if len >= HUGE_PAGE_BYTES {
            // A core dump of one process would take all of it along: gigabytes, for minutes.
            // SAFETY: the range was mapped above; the advice changes no contents.
            let _ =
                unsafe { rustix::mm::madvise(start.as_ptr().cast(), len, Advice::LinuxDontDump) };
        }
        Ok(Self { start, len, descriptor: Some(descriptor), access })
    }

    /// Freezes a shared region that nobody else has mapped for writing any more.
    ///
    /// # Errors
    ///
    /// As [`Region::freeze`].
    ///
    /// # Panics
    ///
    /// When the region is private.
    pub fn into_frozen(mut self) -> io::Result<Self> {
        let descriptor = self.descriptor.take().expect("a shared region");
        // Its own mapping is one for writing, too.
        drop(self);
        Self::freeze(descriptor)
    }

    /// Has the pages of some bytes of a shared region made, as [`make_huge_pages`] does; whether it
    /// did.
    #[must_use]
    pub fn make_huge_pages(&self, bytes: Range<usize>) -> bool {
        let end = bytes.end.min(self.len);
        match &self.descriptor {
            Some(file) if self.access == Access::Writable && bytes.start < end => {
                make_huge_pages(file, bytes.start..end)
            }
            _ => false,
        }
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
            // SAFETY: the range is this region's own mapping and no borrow of it is left. An
            // error could only mean that it is not mapped, and then nothing is to be done.
            let _ = unsafe { rustix::mm::munmap(self.start.as_ptr().cast(), mapped_len(self.len)) };
        }
    }
}

/// How much address space a region takes: whole huge pages, so that no page of it has to be a
/// small one. With up to 4 MiB in small pages at its two ends, a set of a million digests took a
/// tenth longer to build.
fn mapped_len(len: usize) -> usize {
    if len < HUGE_PAGE_BYTES { len } else { len.next_multiple_of(HUGE_PAGE_BYTES) }
}

/// Maps some bytes of a memory file, from the border of a huge page on, for whoever keeps to what
/// the file has of them.
fn map_file(file: &OwnedFd, bytes: Range<usize>, access: ProtFlags) -> io::Result<NonNull<u8>> {
    let (len, first) = (bytes.len(), bytes.start as u64);
    let start = if len < HUGE_PAGE_BYTES {
        // SAFETY: a new mapping at an address of the kernel's choice.
        unsafe {
            rustix::mm::mmap(std::ptr::null_mut(), len, access, MapFlags::SHARED, file, first)
        }
    } else {
        let len = mapped_len(len);
        let flags = MapFlags::SHARED | MapFlags::FIXED;
        let start = map_aligned(len, ProtFlags::empty())?;
        // SAFETY: it takes the place of the mapping that was made for it and that nobody has seen.
        unsafe { rustix::mm::mmap(start, len, access, flags, file, first) }
    };
    Ok(non_null(start?))
}

/// Maps anonymous memory on the border of a huge page. (The kernel does so by itself since Linux
/// 6.7, where there are only whole huge pages.)
fn map_aligned(len: usize, access: ProtFlags) -> io::Result<*mut c_void> {
    let start = map_anonymous(len + HUGE_PAGE_BYTES, access)?;
    let before = start.addr().next_multiple_of(HUGE_PAGE_BYTES) - start.addr();
    let aligned = start.wrapping_byte_add(before);
    let behind = HUGE_PAGE_BYTES - before;
    for (surplus, len) in [(start, before), (aligned.wrapping_byte_add(len), behind)] {
        if len > 0 {
            // SAFETY: the two ends of the mapping above, which nobody has seen.
            unsafe { rustix::mm::munmap(surplus, len) }?;
        }
    }
    Ok(aligned)
}

fn map_anonymous(len: usize, access: ProtFlags) -> io::Result<*mut c_void> {
    let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
    // SAFETY: a fresh mapping at an address of the kernel's choice overlaps no memory that Rust
    // knows of.
    Ok(unsafe { rustix::mm::mmap_anonymous(std::ptr::null_mut(), len, access, flags) }?)
}

/// An empty anonymous memory file, to be filled by writing and then [frozen](Region::freeze).
///
/// # Errors
///
/// When the system has no descriptor left.
pub fn memory_file() -> io::Result<OwnedFd> {
    Ok(rustix::fs::memfd_create("wordhash", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?)
}

/// Has the pages of some bytes of a memory file made now, each of them a huge one; whoever maps or
/// writes these bytes finds them made. All bytes of these pages are meant, also behind the file's
/// end. Whether the system did it: where not, pages are made small when they are touched.
///
/// The kernel makes shared memory of small pages unless its administrator chose otherwise. But since
/// Linux 6.1 it puts small pages together when it is asked to, whatever was chosen, and what was
/// never touched is filled up with zeros on the way. So one byte of each huge page is made, and then
/// it is asked: 67 MB took 8 ms like this and 44 to 60 ms in small pages.
#[must_use]
pub fn make_huge_pages(file: &OwnedFd, bytes: Range<usize>) -> bool {
    /// The same number on all architectures that Rust runs on; `libc` has it for glibc only.
    const MADV_COLLAPSE: std::ffi::c_int = 25;
    let start = bytes.start / HUGE_PAGE_BYTES * HUGE_PAGE_BYTES;
    let end = bytes.end.next_multiple_of(HUGE_PAGE_BYTES);
    for page in (start..end).step_by(HUGE_PAGE_BYTES) {
        if fallocate(file, FallocateFlags::KEEP_SIZE, page as u64, 1).is_err() {
            return false;
        }
    }
    let Ok(mapped) = map_file(file, start..end, ProtFlags::READ) else { return false };
    let mapped = mapped.as_ptr().cast();
    // SAFETY: the whole of the mapping above, which nobody else has seen; what is in the file stays
    // the same.
    unsafe {
        let made = libc::madvise(mapped, end - start, MADV_COLLAPSE) == 0;
        // An error could only mean that it is not mapped, and then nothing is to be done.
        let _ = rustix::mm::munmap(mapped, end - start);
        made
    }
}

fn non_null(start: *mut c_void) -> NonNull<u8> {
    NonNull::new(start.cast()).expect("the kernel maps nothing at address 0")
}

#[cfg(test)]
mod tests;
