//! The calls to MPI, and all `unsafe` that they take.
//!
//! Every operation is one that does not block: it is begun and then asked for until it is done. So
//! a rank that waits can tell the others that it is alive, hears it of them, and gives up on one
//! that is silent (see [`Heart`]); a blocking call would wait for a cut cable to the end of days.
//! Buffers of an operation that was given up belong to MPI from then on and are leaked.
//!
//! The crate's own methods are not used for them: its requests panic when they are left unfinished,
//! and it has no one-sided calls. It knows nothing of words or digests.

use std::cell::{Cell, RefCell};
use std::ffi::{CString, c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr::{from_mut, null, null_mut};
use std::time::Duration;

use mpi::Threading;
use mpi::environment::Universe;
use mpi::ffi;
use mpi::raw::AsRaw as _;
use mpi::topology::Communicator as _;

use super::MpiError;
use super::heart::Heart;
use crate::sha512::{DIGEST_LEN, Digest};

/// How a rank waits for an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Bytes move: it looks again at once.
    Busy,
    /// Other ranks may still be at work: it looks now and then.
    Calm,
    /// There may be nothing to do for long, and nobody is expected to say that he is alive.
    Idle,
}

/// This rank among all ranks.
pub(super) struct Wire {
    // Finalises MPI when it is dropped.
    _universe: Universe,
    comm: ffi::MPI_Comm,
    digest: ffi::MPI_Datatype,
    rank: usize,
    size: usize,
    heart: RefCell<Heart>,
    /// An operation is begun that will never be finished.
    broken: Cell<bool>,
}

/// What MPI is asked to do, until it is done.
pub(super) struct Operation {
    request: ffi::MPI_Request,
    what: &'static str,
}

impl Wire {
    /// Joins the others; `None` where this process did so before.
    pub(super) fn join(silence: Duration) -> Result<Option<Self>, MpiError> {
        let Some((universe, threading)) = mpi::initialize_with_threading(Threading::Funneled)
        else {
            return Ok(None);
        };
        let world = universe.world();
        if threading < Threading::Funneled {
            return Err(MpiError::Call {
                what: "MPI_Init_thread",
                reason: "this MPI allows no threads".to_owned(),
            });
        }
        let index = |number: c_int| usize::try_from(number).unwrap_or(0);
        let (rank, size) = (index(world.rank()), index(world.size()));
        // SAFETY: both are constants of the library, which is initialised; so is the handle.
        unsafe { ffi::MPI_Comm_set_errhandler(world.as_raw(), ffi::RSMPI_ERRORS_RETURN) };
        let mut comm = world.as_raw();
        // SAFETY: the world's handle is valid, and so is the place for the new one.
        check("MPI_Comm_dup", unsafe { ffi::MPI_Comm_dup(world.as_raw(), &raw mut comm) })?;
        let mut beats = world.as_raw();
        // SAFETY: as above.
        check("MPI_Comm_dup", unsafe { ffi::MPI_Comm_dup(world.as_raw(), &raw mut beats) })?;
        let digest = contiguous(DIGEST_LEN)?;
        let heart = RefCell::new(Heart::new(beats, rank, size, silence));
        let broken = Cell::new(false);
        Ok(Some(Self { _universe: universe, comm, digest, rank, size, heart, broken }))
    }

    pub(super) fn rank(&self) -> usize {
        self.rank
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Whether the ranks cannot be brought to an orderly end any more.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.get()
    }

    /// The ranks cannot go on together.
    pub(super) fn give_up(&self) {
        self.broken.set(true);
    }

    /// The names of the machines of all ranks, for errors.
    pub(super) fn know_hosts(&self, hosts: &[String]) {
        self.heart.borrow_mut().know_hosts(hosts);
    }

    /// Ends all ranks at once; does not return where MPI keeps its promise.
    pub(super) fn abort(&self, status: u8) {
        // SAFETY: the handle is valid as long as `self` is.
        unsafe { ffi::MPI_Abort(self.comm, c_int::from(status)) };
    }

    /// All ranks are taken to be alive now; from now on they say so.
    pub(super) fn begin_step(&self) {
        self.heart.borrow_mut().listen_anew();
    }

    /// Tells the others that this rank is alive, now and then, and hears it of them.
    pub(super) fn beat(&self) -> Result<(), MpiError> {
        self.heart.borrow_mut().beat().map_err(|silent| {
            self.broken.set(true);
            silent
        })
    }

    /// Whether an operation is done.
    pub(super) fn is_done(&self, operation: &mut Operation) -> Result<bool, MpiError> {
        let mut done = 0;
        // SAFETY: the request was begun and is not freed before it is done, when MPI sets it to
        // the null request; an ignored status is allowed.
        let code = unsafe {
            ffi::MPI_Test(&raw mut operation.request, &raw mut done, ffi::RSMPI_STATUS_IGNORE)
        };
        check(operation.what, code).inspect_err(|_| self.broken.set(true))?;
        Ok(done != 0)
    }

    /// Waits until an operation is done.
    fn finish(&self, mut operation: Operation, patience: Patience) -> Result<(), MpiError> {
        let mut looks = 0_u32;
        while !self.is_done(&mut operation)? {
            if patience != Patience::Idle {
                self.beat()?;
            }
            looks = looks.saturating_add(1);
            // Ranks may share a core: who only waits leaves it to the others.
            match patience {
                Patience::Calm if looks > 4000 => std::thread::sleep(Duration::from_micros(50)),
                Patience::Idle if looks > 1000 => std::thread::sleep(Duration::from_millis(1)),
                _ => std::thread::yield_now(),
            }
        }
        Ok(())
    }

    fn begin(
        &self,
        what: &'static str,
        start: impl FnOnce(*mut ffi::MPI_Request) -> c_int,
    ) -> Result<Operation, MpiError> {
        // SAFETY: a constant of the library.
        let mut request = unsafe { ffi::RSMPI_REQUEST_NULL };
        check(what, start(&raw mut request)).inspect_err(|_| self.broken.set(true))?;
        Ok(Operation { request, what })
    }

    /// Runs an operation on buffers that it may keep if it is given up.
    fn run<B>(
        &self,
        what: &'static str,
        patience: Patience,
        mut buffers: B,
        start: impl FnOnce(&mut B, *mut ffi::MPI_Request) -> c_int,
    ) -> Result<B, MpiError> {
        let operation = self.begin(what, |request| start(&mut buffers, request))?;
        match self.finish(operation, patience) {
            Ok(()) => Ok(buffers),
            Err(error) => {
                std::mem::forget(buffers);
                Err(error)
            }
        }
    }

    /// Gives every rank the bytes that rank 0 has; all of them know how many.
    pub(super) fn broadcast(
        &self,
        bytes: Vec<u8>,
        patience: Patience,
    ) -> Result<Vec<u8>, MpiError> {
        self.broadcast_from(0, bytes, patience)
    }

    /// The same from any rank.
    pub(super) fn broadcast_from(
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
    pub(super) fn gather_all(&self, own: &[u64]) -> Result<Vec<u64>, MpiError> {
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
    pub(super) fn gather_all_bytes(
        &self,
        own: Vec<u8>,
        lens: &[usize],
    ) -> Result<Vec<u8>, MpiError> {
        let (counts, places) = counts_and_places(lens);
        let all = vec![0_u8; lens.iter().sum()];
        let comm = self.comm;
        let start =
            |(own, all, counts, places): &mut (Vec<u8>, Vec<u8>, Vec<c_int>, Vec<c_int>),
             request| {
                // SAFETY: `own` has as many bytes as its own length says, `all` as many as the counts
                // say behind each other; all four live in heap blocks until the request is done.
                unsafe {
                    let byte = ffi::RSMPI_UINT8_T;
                    let (from, len) = (start_of(own), count_of(own.len()));
                    let (to, counts, places) =
                        (start_of_mut(all), counts.as_ptr(), places.as_ptr());
                    ffi::MPI_Iallgatherv(from, len, byte, to, counts, places, byte, comm, request)
                }
            };
        let buffers = (own, all, counts, places);
        Ok(self.run("MPI_Iallgatherv", Patience::Calm, buffers, start)?.1)
    }

    /// Gives rank 0 the bytes that all ranks have, one after another; an empty answer elsewhere.
    pub(super) fn gather_bytes(&self, own: Vec<u8>) -> Result<Vec<u8>, MpiError> {
        let lens = self.gather_all(&[own.len() as u64])?;
        let lens: Vec<usize> = lens.iter().map(|&len| usize::try_from(len).unwrap_or(0)).collect();
        let (counts, places) = counts_and_places(&lens);
        let all = vec![0_u8; if self.rank == 0 { lens.iter().sum() } else { 0 }];
        let comm = self.comm;
        let start =
            |(own, all, counts, places): &mut (Vec<u8>, Vec<u8>, Vec<c_int>, Vec<c_int>),
             request| {
                // SAFETY: as in `gather_all_bytes`; only rank 0 has, and needs, the room for all.
                unsafe {
                    let byte = ffi::RSMPI_UINT8_T;
                    let (from, len) = (start_of(own), count_of(own.len()));
                    let (to, counts, places) =
                        (start_of_mut(all), counts.as_ptr(), places.as_ptr());
                    ffi::MPI_Igatherv(from, len, byte, to, counts, places, byte, 0, comm, request)
                }
            };
        let buffers = (own, all, counts, places);
        Ok(self.run("MPI_Igatherv", Patience::Calm, buffers, start)?.1)
    }

    /// Sends every rank one number and gets one of every rank.
    pub(super) fn exchange_numbers(&self, own: Vec<u64>) -> Result<Vec<u64>, MpiError> {
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
    pub(super) fn exchange_digests(
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
    pub(super) fn leaders(&self) -> Result<Vec<usize>, MpiError> {
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

impl Drop for Wire {
    fn drop(&mut self) {
        // To finalise waits for all ranks, and they for what this one will not do any more.
        if self.is_broken() || std::thread::panicking() {
            self.abort(2);
        }
    }
}

/// Digests in areas of the same size, one for each rank, each filled from its start.
#[derive(Clone, Copy)]
pub(super) struct Runs<'a> {
    pub(super) digests: &'a [Digest],
    pub(super) capacity: usize,
    pub(super) filled: &'a [usize],
}

/// A number in the memory of rank 0 to which every rank adds, without rank 0 having to answer.
pub(super) struct SharedNumber {
    window: ffi::MPI_Win,
    /// Where the last addition takes its summand from and puts what it found. In a heap block: MPI
    /// writes to it until the addition is done.
    cells: Vec<u64>,
    pending: Option<Operation>,
}

impl SharedNumber {
    /// Makes one that is 0, together with all other ranks.
    pub(super) fn new(wire: &Wire) -> Result<Self, MpiError> {
        let bytes = if wire.rank == 0 { size_of::<u64>() } else { 0 };
        let mut memory: *mut u64 = null_mut();
        let mut window = MaybeUninit::uninit();
        // SAFETY: valid handles, and places for the memory's address and for the window.
        let code = unsafe {
            ffi::MPI_Win_allocate(
                ffi::MPI_Aint::try_from(bytes).unwrap_or(0),
                count_of(size_of::<u64>()),
                ffi::RSMPI_INFO_NULL,
                wire.comm,
                (&raw mut memory).cast(),
                window.as_mut_ptr(),
            )
        };
        check("MPI_Win_allocate", code)?;
        // SAFETY: the call before has written it.
        let window = unsafe { window.assume_init() };
        if wire.rank == 0 {
            // SAFETY: eight bytes that MPI has allocated; no rank adds to them before all have
            // returned from the gathering below.
            unsafe { memory.write(0) };
        }
        // SAFETY: the window is valid and not locked yet.
        unsafe {
            ffi::MPI_Win_set_errhandler(window, ffi::RSMPI_ERRORS_RETURN);
            check("MPI_Win_lock_all", ffi::MPI_Win_lock_all(0, window))?;
            check("MPI_Win_sync", ffi::MPI_Win_sync(window))?;
        }
        wire.gather_all(&[0])?;
        Ok(Self { window, cells: vec![0; 2], pending: None })
    }

    /// Begins to add. Only one addition is under way at a time.
    pub(super) fn begin_adding(&mut self, wire: &Wire, summand: u64) -> Result<(), MpiError> {
        assert!(self.pending.is_none(), "one addition at a time");
        self.cells[0] = summand;
        let cells = self.cells.as_mut_ptr();
        let window = self.window;
        self.pending = Some(wire.begin("MPI_Rget_accumulate", |request| {
            // SAFETY: both cells live in a heap block that is kept until the addition is done, and
            // are not touched before; the target is the one number of rank 0.
            unsafe {
                let (number, sum) = (ffi::RSMPI_UINT64_T, ffi::RSMPI_SUM);
                let (from, found) = (cells.cast(), cells.add(1).cast());
                ffi::MPI_Rget_accumulate(
                    from, 1, number, found, 1, number, 0, 0, 1, number, sum, window, request,
                )
            }
        })?);
        Ok(())
    }

    /// What the number was before the addition, once the addition is done.
    pub(super) fn found(&mut self, wire: &Wire) -> Result<Option<u64>, MpiError> {
        let Some(operation) = &mut self.pending else { return Ok(None) };
        if !wire.is_done(operation)? {
            return Ok(None);
        }
        self.pending = None;
        Ok(Some(self.cells[1]))
    }

    /// Whether an addition is under way.
    pub(super) fn is_adding(&self) -> bool {
        self.pending.is_some()
    }

    /// Adds and waits for what the number was before.
    pub(super) fn add(&mut self, wire: &Wire, summand: u64) -> Result<u64, MpiError> {
        self.begin_adding(wire, summand)?;
        loop {
            if let Some(found) = self.found(wire)? {
                return Ok(found);
            }
            wire.beat()?;
            std::thread::yield_now();
        }
    }

    /// Frees the window, together with all other ranks.
    pub(super) fn free(&mut self, wire: &Wire) {
        while self.is_adding() {
            if self.found(wire).and_then(|_| wire.beat()).is_err() {
                return;
            }
        }
        // SAFETY: the window was locked by `new`; MPI sets the handle to null, and the caller
        // calls this once.
        unsafe {
            ffi::MPI_Win_unlock_all(self.window);
            ffi::MPI_Win_free(&raw mut self.window);
        }
    }
}

/// The name of this machine.
pub(super) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

fn contiguous(bytes: usize) -> Result<ffi::MPI_Datatype, MpiError> {
    // SAFETY: a constant of the library.
    let mut kind = unsafe { ffi::RSMPI_DATATYPE_NULL };
    // SAFETY: a valid type and a place for the new one, which is committed once.
    unsafe {
        let byte = ffi::RSMPI_UINT8_T;
        check(
            "MPI_Type_contiguous",
            ffi::MPI_Type_contiguous(count_of(bytes), byte, &raw mut kind),
        )?;
        check("MPI_Type_commit", ffi::MPI_Type_commit(&raw mut kind))?;
    }
    Ok(kind)
}

/// Where a buffer begins. The pointer of an empty one is a number of Rust's choice, which may be
/// one that means something to MPI: 1 is Open MPI's `MPI_IN_PLACE`.
fn start_of<T>(buffer: &[T]) -> *const c_void {
    if buffer.is_empty() { null() } else { buffer.as_ptr().cast() }
}

/// The same of a buffer to be written.
fn start_of_mut<T>(buffer: &mut [T]) -> *mut c_void {
    if buffer.is_empty() { null_mut() } else { buffer.as_mut_ptr().cast() }
}

/// MPI counts with `int`s: no buffer of one operation has more elements.
fn count_of(number: usize) -> c_int {
    c_int::try_from(number).expect("operations are cut so that their counts fit")
}

fn counts_and_places(lens: &[usize]) -> (Vec<c_int>, Vec<c_int>) {
    let mut place = 0;
    lens.iter()
        .map(|&len| {
            let here = place;
            place += len;
            (count_of(len), count_of(here))
        })
        .unzip()
}

/// An error that MPI returns.
pub(super) fn check(what: &'static str, code: c_int) -> Result<(), MpiError> {
    if code == 0 {
        return Ok(());
    }
    let mut text = vec![0_u8; ffi::MPI_MAX_ERROR_STRING as usize + 1];
    let mut len = 0;
    // SAFETY: there is room for the longest text there is, and for its end.
    unsafe { ffi::MPI_Error_string(code, text.as_mut_ptr().cast(), &raw mut len) };
    text.truncate(usize::try_from(len).unwrap_or(0));
    let reason = CString::new(text).map(|text| text.to_string_lossy().into_owned());
    Err(MpiError::Call { what, reason: reason.unwrap_or_else(|_| format!("error {code}")) })
}
