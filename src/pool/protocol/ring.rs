//! The memory that a worker shares with its parent: two rings, one each way.
//!
//! A ring has one writer and one reader. The writer copies a body in and tells its [`Place`] in a
//! frame through the socket; the reader, done with it, raises the ring's one shared counter, and
//! that is how the writer learns of free space. Places are handed over in order, so a ring needs
//! neither locks nor lists. A body that does not fit the free space goes through the socket
//! instead: neither side ever waits for a ring.
//!
//! Neither side trusts the other's numbers: a place outside the ring and a counter that runs ahead
//! are errors, and what the parent reads it copies out first, because a worker gone wild could
//! still write to it.

use std::io;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::os::region::{Access, Region};
use crate::pool::protocol::frame::{FrameError, Place};

/// The bytes of one ring. Eight outputs of the size that a worker sends at once; small enough that
/// both rings stay in a core's second-level cache.
const RING_BYTES: usize = 512 << 10;

/// The longest body that a ring takes. An empty ring has room for it wherever its writer is: before
/// the ring's end or, skipping that, after its start.
pub(in crate::pool) const MAX_RING_BODY: usize = RING_BYTES / 2;

/// The counters have a page of their own before the rings.
const COUNTERS_BYTES: usize = 4096;

/// Which way a ring goes.
#[derive(Clone, Copy, Debug)]
enum Way {
    ToWorker,
    ToParent,
}

impl Way {
    /// Where the ring's counter is. Apart by a cache line: each is written by another process.
    fn counter_at(self) -> usize {
        match self {
            Self::ToWorker => 0,
            Self::ToParent => 128,
        }
    }

    fn data_at(self) -> usize {
        match self {
            Self::ToWorker => COUNTERS_BYTES,
            Self::ToParent => COUNTERS_BYTES + RING_BYTES,
        }
    }
}

/// One ring, as either side sees it.
#[derive(Debug)]
struct Ring {
    region: Rc<Region>,
    way: Way,
}

impl Ring {
    fn counter(&self) -> &AtomicU64 {
        // SAFETY: the region is at least as long as both rings (checked by `halves`), is mapped as
        // long as `self` holds it, the offset is a multiple of 8 from a page's start, and all
        // processes touch these bytes as an atomic only.
        unsafe { AtomicU64::from_ptr(self.region.as_ptr().add(self.way.counter_at()).cast()) }
    }

    /// The address of the byte at a ring position, with `len` bytes after it before the ring ends.
    fn address(&self, position: u64) -> *mut u8 {
        let at = offset_of(position);
        // SAFETY: `at` is below RING_BYTES, so the address is inside the region.
        unsafe { self.region.as_ptr().add(self.way.data_at() + at) }
    }
}

fn offset_of(position: u64) -> usize {
    usize::try_from(position % RING_BYTES as u64).expect("below the length of a ring")
}

/// The end of a ring that puts bodies in.
#[derive(Debug)]
pub(in crate::pool) struct RingWriter {
    ring: Ring,
    /// All bytes before this position were given out.
    head: u64,
    /// All bytes before this position are free again.
    released: u64,
}

impl RingWriter {
    /// Copies a body in. `None` when the ring has no room for it.
    ///
    /// # Errors
    ///
    /// [`FrameError::Place`] when the reader's counter is ahead of all that was ever put in, or
    /// went back.
    pub(in crate::pool) fn put(&mut self, body: &[u8]) -> Result<Option<Place>, FrameError> {
        // Pairs with the reader's release: its reads of the bytes are over.
        let released = self.ring.counter().load(Ordering::Acquire);
        if released < self.released || released > self.head {
            return Err(FrameError::Place);
        }
        self.released = released;
        let left = RING_BYTES - offset_of(self.head);
        let position = if body.len() > left { self.head + left as u64 } else { self.head };
        let head = position + body.len() as u64;
        if body.len() > MAX_RING_BODY || head - released > RING_BYTES as u64 {
            return Ok(None);
        }
        // SAFETY: the body fits between `position` and the ring's end, and the reader gave these
        // bytes back or never had them, so nobody else touches them until their place is told.
        unsafe {
            self.ring.address(position).copy_from_nonoverlapping(body.as_ptr(), body.len());
        }
        self.head = head;
        Ok(Some(Place { position, len: body.len() as u64 }))
    }
}

/// The end of a ring that takes bodies out.
#[derive(Debug)]
pub(in crate::pool) struct RingReader {
    ring: Ring,
    released: u64,
}

impl RingReader {
    /// The address and length of a body, if its place is one that the writer could have used.
    fn find(&self, place: Place) -> Result<(*mut u8, usize), FrameError> {
        let capacity = RING_BYTES as u64;
        let end = place.position.checked_add(place.len).ok_or(FrameError::Place)?;
        let inside = place.position >= self.released
            && end - self.released <= capacity
            && place.position % capacity + place.len <= capacity;
        if !inside {
            return Err(FrameError::Place);
        }
        let len = usize::try_from(place.len).map_err(|_| FrameError::Place)?;
        Ok((self.ring.address(place.position), len))
    }

    /// Copies a body out and gives its bytes back to the writer.
    ///
    /// # Errors
    ///
    /// [`FrameError::Place`] when the place is not inside the ring.
    pub(in crate::pool) fn take(
        &mut self,
        place: Place,
        into: &mut Vec<u8>,
    ) -> Result<(), FrameError> {
        let (address, len) = self.find(place)?;
        into.clear();
        into.reserve(len);
        // SAFETY: `find` checked that the bytes are inside the mapping, and `reserve` made room.
        // A writer that breaks the protocol could change them meanwhile: then some bytes are the
        // old ones and some the new, every one of them a valid u8, and nobody looks at the shared
        // memory twice.
        unsafe {
            address.copy_to_nonoverlapping(into.as_mut_ptr(), len);
            into.set_len(len);
        }
        self.release(place);
        Ok(())
    }

    /// Copies a part of a body out, to its final place. The body stays until it is
    /// [released](Self::release).
    ///
    /// # Errors
    ///
    /// [`FrameError::Place`] when the place is not inside the ring, or the part not in the body.
    pub(in crate::pool) fn copy_part(
        &self,
        place: Place,
        from: usize,
        into: &mut [u8],
    ) -> Result<(), FrameError> {
        let (address, len) = self.find(place)?;
        if from.checked_add(into.len()).is_none_or(|end| end > len) {
            return Err(FrameError::Place);
        }
        // SAFETY: the part is inside the body (checked above) and that inside the mapping
        // (`find`); `into` is memory of this process. As for `take`: whatever a writer that breaks
        // the protocol does meanwhile, valid bytes arrive.
        unsafe { address.add(from).copy_to_nonoverlapping(into.as_mut_ptr(), into.len()) };
        Ok(())
    }

    /// Reads a number of four bytes inside a body, once: whatever the writer does meanwhile, the
    /// caller checks and uses the same number.
    ///
    /// # Errors
    ///
    /// [`FrameError::Place`] when the place is not inside the ring, or the number not in the body.
    pub(in crate::pool) fn number_at(&self, place: Place, from: usize) -> Result<u32, FrameError> {
        let (address, len) = self.find(place)?;
        if from.checked_add(4).is_none_or(|end| end > len) {
            return Err(FrameError::Place);
        }
        // SAFETY: the four bytes are inside the body (checked above) and that inside the mapping
        // (`find`); bytes need no alignment and have no invalid values.
        Ok(u32::from_le_bytes(unsafe { address.add(from).cast::<[u8; 4]>().read_volatile() }))
    }

    /// A body where it lies.
    ///
    /// # Safety
    ///
    /// The writer keeps to the protocol: it does not touch the bytes before they are
    /// [released](Self::release), and they are not released while the slice lives.
    ///
    /// # Errors
    ///
    /// [`FrameError::Place`] when the place is not inside the ring.
    pub(in crate::pool) unsafe fn look<'a>(&self, place: Place) -> Result<&'a [u8], FrameError> {
        let (address, len) = self.find(place)?;
        // SAFETY: inside the mapping (`find`), and unchanged by the caller's promise.
        Ok(unsafe { std::slice::from_raw_parts(address, len) })
    }

    /// Gives the bytes of a body, and all before, back to the writer.
    pub(in crate::pool) fn release(&mut self, place: Place) {
        self.released = place.position + place.len;
        self.ring.counter().store(self.released, Ordering::Release);
    }
}

/// Makes the memory of both rings.
pub(in crate::pool) fn new_region() -> io::Result<Region> {
    Region::shared(COUNTERS_BYTES + 2 * RING_BYTES)
}

/// The parent's ends of the rings: to write to the worker, to read from it.
pub(in crate::pool) fn parent_ends(region: Region) -> io::Result<(RingWriter, RingReader)> {
    let (to_worker, to_parent) = halves(region)?;
    Ok((writer(to_worker), reader(to_parent)))
}

/// The worker's ends of the rings: to write to the parent, to read from it.
pub(in crate::pool) fn worker_ends(region: Region) -> io::Result<(RingWriter, RingReader)> {
    let (to_worker, to_parent) = halves(region)?;
    Ok((writer(to_parent), reader(to_worker)))
}

fn halves(region: Region) -> io::Result<(Ring, Ring)> {
    let is_rings = region.len() == COUNTERS_BYTES + 2 * RING_BYTES
        && region.access() == Access::Writable
        && region.descriptor().is_some();
    if !is_rings {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not the memory of two rings"));
    }
    let region = Rc::new(region);
    let to_worker = Ring { region: Rc::clone(&region), way: Way::ToWorker };
    Ok((to_worker, Ring { region, way: Way::ToParent }))
}

fn writer(ring: Ring) -> RingWriter {
    RingWriter { ring, head: 0, released: 0 }
}

fn reader(ring: Ring) -> RingReader {
    RingReader { ring, released: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    fn both_sides() -> ((RingWriter, RingReader), (RingWriter, RingReader)) {
        let region = new_region().unwrap();
        let descriptor = region.descriptor().unwrap().try_clone_to_owned().unwrap();
        (parent_ends(region).unwrap(), worker_ends(Region::adopt(descriptor).unwrap()).unwrap())
    }

    /// The period is prime, so no two places of a body look alike by chance.
    fn pattern(at: usize) -> u8 {
        u8::try_from(at % 251).expect("below 256")
    }

    proptest! {
        #[test]
        fn bodies_come_out_as_they_went_in_whatever_their_lengths(
            lens in prop::collection::vec((0usize..200_000, any::<bool>()), 1..200)
        ) {
            let ((mut to_worker, _), (_, mut from_parent)) = both_sides();
            let mut inside: VecDeque<(Place, Vec<u8>)> = VecDeque::new();
            let mut out = Vec::new();
            for (number, (len, take_one)) in lens.into_iter().enumerate() {
                let body: Vec<u8> = (0..len).map(|at| pattern(at + number)).collect();
                match to_worker.put(&body).unwrap() {
                    Some(place) => inside.push_back((place, body)),
                    None => prop_assert!(!inside.is_empty(), "an empty ring takes {len} bytes"),
                }
                if take_one && let Some((place, body)) = inside.pop_front() {
                    from_parent.take(place, &mut out).unwrap();
                    prop_assert_eq!(&out, &body);
                }
            }
            for (place, body) in inside {
                from_parent.take(place, &mut out).unwrap();
                prop_assert_eq!(&out, &body);
            }
        }

        #[test]
        fn no_place_leads_outside_the_ring(position in any::<u64>(), len in any::<u64>()) {
            let (_, (_, mut reader)) = both_sides();
            let mut out = Vec::new();
            if reader.take(Place { position, len }, &mut out).is_ok() {
                prop_assert_eq!(out.len() as u64, len);
                prop_assert!(position + len <= RING_BYTES as u64);
            }
        }
    }

    #[test]
    fn a_body_longer_than_half_the_ring_is_refused() {
        let ((mut writer, _), _) = both_sides();
        assert_eq!(writer.put(&vec![0; MAX_RING_BODY + 1]), Ok(None));
        for _ in 0..2 {
            assert!(writer.put(&vec![0; MAX_RING_BODY]).unwrap().is_some());
        }
        assert_eq!(writer.put(&[0]), Ok(None), "full");
    }

    #[test]
    fn an_empty_ring_takes_the_longest_body_wherever_its_writer_is() {
        for before in (0..RING_BYTES).step_by(4099) {
            let ((mut writer, _), (_, mut reader)) = both_sides();
            let mut out = Vec::new();
            for len in [before / 2, before - before / 2] {
                let place = writer.put(&vec![0; len]).unwrap().unwrap();
                reader.take(place, &mut out).unwrap();
            }
            assert!(writer.put(&vec![0; MAX_RING_BODY]).unwrap().is_some(), "after {before}");
        }
    }

    #[test]
    fn a_reader_that_gives_back_what_it_never_had_is_found_out() {
        let ((mut writer, _), (_, reader)) = both_sides();
        reader.ring.counter().store(1, Ordering::Release);
        assert_eq!(writer.put(&[0]), Err(FrameError::Place));
    }

    #[test]
    fn other_memory_is_not_taken_for_rings() {
        assert!(worker_ends(Region::shared(100).unwrap()).is_err());
        assert!(worker_ends(Region::private(COUNTERS_BYTES + 2 * RING_BYTES).unwrap()).is_err());
    }
}
