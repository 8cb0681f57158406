//! The calls to MPI, and all `unsafe` that they take.
//!
//! Every operation is one that does not block: it is begun and then asked for until it is done. So
//! a rank that waits can tell the others that it is alive, hears it of them, and gives up on one
//! that is silent (see [`Heart`]); a blocking call would wait for a cut cable to the end of days.
//! Buffers of an operation that was given up belong to MPI from then on and are leaked.
//!
//! The crate's own methods are not used for them: its requests panic when they are left unfinished,
//! and it has no one-sided calls. It knows nothing of words or digests.

mod collectives;

use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr::{from_mut, null, null_mut};
use std::time::Duration;

use mpi::Threading;
use mpi::environment::Universe;
use mpi::ffi;
use mpi::raw::AsRaw as _;
use mpi::topology::Communicator as _;

use super::MpiError;
use super::error::check;
use super::heart::Heart;
use crate::sha512::DIGEST_LEN;
pub(super) use collectives::Runs;

/// Messages of ranks that ask rank 0 for a sum, and of its answers.
const TAG_QUESTION: c_int = 2;
const TAG_ANSWER: c_int = 3;

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
    /// On rank 0: the number that is asked for by messages.
    number: Cell<u64>,
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
        Ok(Some(Self {
            _universe: universe,
            comm,
            digest,
            rank,
            size,
            heart,
            broken,
            number: Cell::new(0),
        }))
    }

    pub(super) fn rank(&self) -> usize {
        self.rank
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    pub(super) fn comm(&self) -> ffi::MPI_Comm {
        self.comm
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
        self.answer_sums()
            .and_then(|()| self.heart.borrow_mut().beat())
            .inspect_err(|_| self.give_up())
    }

    /// Has rank 0 add the first cell to its number and answer with what that was, into the second.
    /// The cells must be kept until all of it is done.
    pub(super) fn ask_for_sum(&self, cells: &mut Vec<u64>) -> Result<Vec<Operation>, MpiError> {
        assert_eq!(cells.len(), 2, "a summand and room for the answer");
        let (comm, cells) = (self.comm, cells.as_mut_ptr());
        let answer = self.begin("MPI_Irecv", |request| {
            // SAFETY: one number, which the caller keeps until the answer is there.
            unsafe {
                let (to, number) = (cells.add(1).cast(), ffi::RSMPI_UINT64_T);
                ffi::MPI_Irecv(to, 1, number, 0, TAG_ANSWER, comm, request)
            }
        })?;
        let question = self.begin("MPI_Isend", |request| {
            // SAFETY: as above.
            unsafe {
                let (from, number) = (cells.cast(), ffi::RSMPI_UINT64_T);
                ffi::MPI_Isend(from, 1, number, 0, TAG_QUESTION, comm, request)
            }
        })?;
        Ok(vec![answer, question])
    }

    /// Rank 0: answers the ranks that have asked for a sum, itself included.
    fn answer_sums(&self) -> Result<(), MpiError> {
        if self.rank != 0 {
            return Ok(());
        }
        loop {
            let mut there = 0;
            let mut status = MaybeUninit::<ffi::MPI_Status>::zeroed();
            // SAFETY: valid handles, and places for the answers; zeros are a valid status.
            let (code, status) = unsafe {
                let (any, status_place) = (ffi::RSMPI_ANY_SOURCE, status.as_mut_ptr());
                let code =
                    ffi::MPI_Iprobe(any, TAG_QUESTION, self.comm, &raw mut there, status_place);
                (code, status.assume_init())
            };
            check("MPI_Iprobe", code)?;
            if there == 0 {
                return Ok(());
            }
            let (mut summand, from) = (0_u64, status.MPI_SOURCE);
            // SAFETY: one number, which was just found to be there: the call returns at once.
            let code = unsafe {
                let (to, number) = (from_mut(&mut summand).cast(), ffi::RSMPI_UINT64_T);
                let ignored = ffi::RSMPI_STATUS_IGNORE;
                ffi::MPI_Recv(to, 1, number, from, TAG_QUESTION, self.comm, ignored)
            };
            check("MPI_Recv", code)?;
            let before = self.number.replace(self.number.get().wrapping_add(summand));
            // SAFETY: one number, which the blocking call has read when it returns; whoever has
            // asked waits for it already, and so short a message is not waited for in any case.
            let code = unsafe {
                let (from_here, number) = ((&raw const before).cast(), ffi::RSMPI_UINT64_T);
                ffi::MPI_Send(from_here, 1, number, from, TAG_ANSWER, self.comm)
            };
            check("MPI_Send", code)?;
        }
    }

    /// Whether an operation is done.
    pub(super) fn is_done(&self, operation: &mut Operation) -> Result<bool, MpiError> {
        let mut done = 0;
        // SAFETY: the request was begun and is not freed before it is done, when MPI sets it to
        // the null request; an ignored status is allowed.
        let code = unsafe {
            ffi::MPI_Test(&raw mut operation.request, &raw mut done, ffi::RSMPI_STATUS_IGNORE)
        };
        check(operation.what, code).inspect_err(|_| self.give_up())?;
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

    pub(super) fn begin(
        &self,
        what: &'static str,
        start: impl FnOnce(*mut ffi::MPI_Request) -> c_int,
    ) -> Result<Operation, MpiError> {
        // SAFETY: a constant of the library.
        let mut request = unsafe { ffi::RSMPI_REQUEST_NULL };
        check(what, start(&raw mut request)).inspect_err(|_| self.give_up())?;
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
}

impl Drop for Wire {
    fn drop(&mut self) {
        // To finalise waits for all ranks, and they for what this one will not do any more.
        if self.is_broken() || std::thread::panicking() {
            self.abort(2);
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
pub(super) fn count_of(number: usize) -> c_int {
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
