//! What all ranks do together: give, gather, exchange. Every rank makes the same calls in the same
//! order; what the bytes mean, others know.

use std::ffi::{c_int, c_void};
use std::ptr::from_mut;

use mpi::ffi;

use super::super::MpiError;
use super::{Patience, Wire, count_of, counts_and_places, start_of, start_of_mut};
use crate::backend::mpi::error::check;
use crate::sha512::Digest;

/// Digests in areas of the same size, one for each rank, each filled from its start.
#[derive(Clone, Copy)]
pub(in super::super) struct Runs<'a> {
    pub(in super::super) digests: &'a [Digest],
    pub(in super::super) capacity: usize,
    pub(in super::super) filled: &'a [usize],
}

impl Wire {
    /// Gives every rank the bytes that rank 0 has; all of them know how many.
    pub(in super::super) fn broadcast(
        &self,
        bytes: Vec<u8>,
        patience: Patience,
    ) -> Result<Vec<u8>, MpiError> {
        self.broadcast_from(0, bytes, patience)
    }

    /// The same from any rank.
    pub(in super::super) fn broadcast_from(
        &self,
        root: usize,
        bytes: Vec<u8>,
        patience: Patience,
    ) -> Result<Vec<u8>, MpiError> {
        let (count, root, comm) = (count_of(bytes.len()), count_of(root), self.comm);
        self.run("MPI_Ibcast", patience, bytes, |bytes, request| {
            // SAFETY: `bytes` has `count` bytes, lives in a heap block that does not move, and is
            // neither touched nor freed until the request is done.
            unsafe {
                let start = bytes.as_mut_ptr().cast::<c_void>();
                ffi::MPI_Ibcast(start, count, ffi::RSMPI_UINT8_T, root, comm, request)
            }
        })
    }

    /// Gives every rank what all ranks have, in their order; all have as many numbers.
    pub(in super::super) fn gather_all(&self, own: &[u64]) -> Result<Vec<u64>, MpiError> {
        let (count, comm) = (count_of(own.len()), self.comm);
        let buffers = (own.to_vec(), vec![0_u64; own.len() * self.size]);
        let start = |(own, all): &mut (Vec<u64>, Vec<u64>), request| {
            let (own, all) = (own.as_ptr().cast(), all.as_mut_ptr().cast());
            // SAFETY: `own` has `count` numbers and `all` as many for each rank; both live in heap
            // blocks that do not move, and nobody touches them until the request is done.
            unsafe {
                let number = ffi::RSMPI_UINT64_T;
                ffi::MPI_Iallgather(own, count, number, all, count, number, comm, request)
            }
        };
        Ok(self.run("MPI_Iallgather", Patience::Calm, buffers, start)?.1)
    }

    /// Gives every rank the bytes that all ranks have, one after another; `lens` says how many of
    /// them each rank has.
    pub(in super::super) fn gather_all_bytes(
        &self,
        own: Vec<u8>,
        lens: &[usize],
    ) -> Result<Vec<u8>, MpiError> {
        self.gather(own, lens, None)
    }

    /// Gives rank 0 the bytes that all ranks have, one after another; an empty answer elsewhere.
    pub(in super::super) fn gather_bytes(&self, own: Vec<u8>) -> Result<Vec<u8>, MpiError> {
        let lens = self.gather_all(&[own.len() as u64])?;
        let lens: Vec<usize> = lens.iter().map(|&len| usize::try_from(len).unwrap_or(0)).collect();
        self.gather(own, &lens, Some(0))
    }

    /// Gives the bytes of all ranks to one of them, or to all.
    fn gather(
        &self,
        own: Vec<u8>,
        lens: &[usize],
        only: Option<usize>,
    ) -> Result<Vec<u8>, MpiError> {
        let (counts, places) = counts_and_places(lens);
        let gets_all = only.is_none_or(|rank| rank == self.rank);
        let all = vec![0_u8; if gets_all { lens.iter().sum() } else { 0 }];
        let (only, comm) = (only.map(count_of), self.comm);
        let what = if only.is_some() { "MPI_Igatherv" } else { "MPI_Iallgatherv" };
        let start =
            |(own, all, counts, places): &mut (Vec<u8>, Vec<u8>, Vec<c_int>, Vec<c_int>),
             request| {
                let (from, len) = (start_of(own), count_of(own.len()));
                let (to, counts, places) = (start_of_mut(all), counts.as_ptr(), places.as_ptr());
                // SAFETY: `own` has as many bytes as its own length says, `all` as many as the
                // counts say behind each other where it is written; all four live in heap blocks
                // until the request is done.
                unsafe {
                    let byte = ffi::RSMPI_UINT8_T;
                    match only {
                        None => ffi::MPI_Iallgatherv(
                            from, len, byte, to, counts, places, byte, comm, request,
                        ),
                        Some(rank) => ffi::MPI_Igatherv(
                            from, len, byte, to, counts, places, byte, rank, comm, request,
                        ),
                    }
                }
            };
        let buffers = (own, all, counts, places);
        Ok(self.run(what, Patience::Calm, buffers, start)?.1)
    }

    /// Sends every rank one number and gets one of every rank.
    pub(in super::super) fn exchange_numbers(&self, own: Vec<u64>) -> Result<Vec<u64>, MpiError> {
        assert_eq!(own.len(), self.size, "a number for each rank");
        let comm = self.comm;
        let buffers = (own, vec![0_u64; self.size]);
        let start = |(own, all): &mut (Vec<u64>, Vec<u64>), request| {
            let (own, all) = (own.as_ptr().cast(), all.as_mut_ptr().cast());
            // SAFETY: both have one number for each rank, as was asserted, and live in heap blocks
            // that nobody touches until the request is done.
            unsafe {
                let number = ffi::RSMPI_UINT64_T;
                ffi::MPI_Ialltoall(own, 1, number, all, 1, number, comm, request)
            }
        };
        Ok(self.run("MPI_Ialltoall", Patience::Busy, buffers, start)?.1)
    }

    /// Sends every rank its run of digests and gets a run of every rank, one behind the other.
    ///
    /// After an error MPI may still read and write the digests: the caller leaks them.
    pub(in super::super) fn exchange_digests(
        &self,
        send: Runs<'_>,
        receive: &mut [Digest],
        received: &[usize],
    ) -> Result<(), MpiError> {
        assert_eq!(received.iter().sum::<usize>(), receive.len(), "as much room as comes");
        let send_places: Vec<c_int> =
            (0..self.size).map(|to| count_of(to * send.capacity)).collect();
        let send_counts: Vec<c_int> = send.filled.iter().map(|&len| count_of(len)).collect();
        assert!(
            send.digests.len() == send.capacity * self.size
                && send.filled.len() == self.size
                && send.filled.iter().all(|&len| len <= send.capacity),
            "an area for each rank"
        );
        let (receive_counts, receive_places) = counts_and_places(received);
        let (comm, digest) = (self.comm, self.digest);
        let lists = (send_counts, send_places, receive_counts, receive_places);
        let (from, to) = (start_of(send.digests), start_of_mut(receive));
        let start = |lists: &mut (Vec<c_int>, Vec<c_int>, Vec<c_int>, Vec<c_int>), request| {
            // SAFETY: the asserts above say that every run lies inside its slice; the slices are
            // borrowed until the request is done, and leaked by the caller if it is given up; the
            // lists live in heap blocks as long. A digest is 64 bytes, as the type says.
            unsafe {
                ffi::MPI_Ialltoallv(
                    from,
                    lists.0.as_ptr(),
                    lists.1.as_ptr(),
                    digest,
                    to,
                    lists.2.as_ptr(),
                    lists.3.as_ptr(),
                    digest,
                    comm,
                    request,
                )
            }
        };
        self.run("MPI_Ialltoallv", Patience::Busy, lists, start).map(drop)
    }

    /// For every rank the lowest rank that runs on the same machine.
    pub(in super::super) fn leaders(&self) -> Result<Vec<usize>, MpiError> {
        let (comm, kind) = (self.comm, ffi::MPI_COMM_TYPE_SHARED);
        let mut machine = comm;
        let kind = c_int::try_from(kind).unwrap_or(0);
        // SAFETY: valid handles and a place for the new one. The call blocks; nothing was measured
        // or lost before it.
        let code = unsafe {
            ffi::MPI_Comm_split_type(comm, kind, 0, ffi::RSMPI_INFO_NULL, &raw mut machine)
        };
        check("MPI_Comm_split_type", code)?;
        let mut lowest = count_of(self.rank);
        // SAFETY: one number that lives until the blocking call returns; ranks of the new
        // communicator are in the order of the old one.
        let code = unsafe {
            ffi::MPI_Bcast(from_mut(&mut lowest).cast(), 1, ffi::RSMPI_INT32_T, 0, machine)
        };
        check("MPI_Bcast", code)?;
        // SAFETY: the handle is this function's own.
        unsafe { ffi::MPI_Comm_free(&raw mut machine) };
        let all = self.gather_all(&[u64::try_from(lowest).unwrap_or(0)])?;
        Ok(all.into_iter().map(|rank| usize::try_from(rank).unwrap_or(0)).collect())
    }
}
