//! A number on rank 0 to which every rank adds: who adds learns what it was before.
//!
//! By a one-sided addition, which rank 0 takes no part in. Not every MPI offers these on every
//! network (Open MPI 4 finds nothing for TCP where it has UCX); then by messages, which rank 0
//! answers whenever it looks after the others. The next number is asked for before it is needed, so
//! that the wait for an answer seldom shows.

use std::mem::MaybeUninit;
use std::ptr::null_mut;

use mpi::ffi;

use super::MpiError;
use super::error::check;
use super::wire::{Operation, Wire, count_of};

/// A number that is on rank 0.
pub(super) struct Counter {
    /// `None`: by messages.
    window: Option<ffi::MPI_Win>,
    /// Where the last addition takes its summand from and puts what it found. In a heap block: MPI
    /// writes to it until the addition is done.
    cells: Vec<u64>,
    pending: Vec<Operation>,
}

impl Counter {
    /// Makes one that is 0, together with all other ranks.
    pub(super) fn new(wire: &Wire) -> Result<Self, MpiError> {
        let mut window = allocate(wire);
        let everywhere = wire.gather_all(&[u64::from(window.is_some())])?;
        if everywhere.contains(&0) {
            // A window that is not everywhere cannot even be freed.
            window = None;
        }
        if let Some(window) = window {
            // SAFETY: the window is valid, and not locked yet.
            unsafe {
                ffi::MPI_Win_set_errhandler(window, ffi::RSMPI_ERRORS_RETURN);
                check("MPI_Win_lock_all", ffi::MPI_Win_lock_all(0, window))?;
                check("MPI_Win_sync", ffi::MPI_Win_sync(window))?;
            }
        }
        wire.gather_all(&[0])?;
        Ok(Self { window, cells: vec![0; 2], pending: Vec::new() })
    }

    /// Whether additions need nobody on rank 0 to answer, or MPI to do so.
    pub(super) fn is_one_sided(&self) -> bool {
        self.window.is_some()
    }

    /// Begins to add. Only one addition is under way at a time.
    pub(super) fn begin_adding(&mut self, wire: &Wire, summand: u64) -> Result<(), MpiError> {
        assert!(self.pending.is_empty(), "one addition at a time");
        self.cells[0] = summand;
        let Some(window) = self.window else {
            self.pending = wire.ask_for_sum(&mut self.cells)?;
            return Ok(());
        };
        let cells = self.cells.as_mut_ptr();
        self.pending.push(wire.begin("MPI_Rget_accumulate", |request| {
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
        if self.pending.is_empty() {
            return Ok(None);
        }
        while let Some(operation) = self.pending.last_mut() {
            if !wire.is_done(operation)? {
                return Ok(None);
            }
            self.pending.pop();
        }
        Ok(Some(self.cells[1]))
    }

    /// Whether an addition is under way.
    pub(super) fn is_adding(&self) -> bool {
        !self.pending.is_empty()
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

    /// Frees it, together with all other ranks.
    pub(super) fn free(&mut self, wire: &Wire) {
        while self.is_adding() {
            if self.found(wire).and_then(|_| wire.beat()).is_err() {
                return;
            }
        }
        if let Some(mut window) = self.window.take() {
            // SAFETY: the window was locked by `new`; nobody knows its handle any more.
            unsafe {
                ffi::MPI_Win_unlock_all(window);
                ffi::MPI_Win_free(&raw mut window);
            }
        }
    }
}

/// A window of one number on rank 0, which is 0; `None` where MPI has none for this network.
fn allocate(wire: &Wire) -> Option<ffi::MPI_Win> {
    let bytes = if wire.rank() == 0 { size_of::<u64>() } else { 0 };
    let mut memory: *mut u64 = null_mut();
    let mut window = MaybeUninit::uninit();
    // SAFETY: valid handles, and places for the memory's address and for the window.
    let code = unsafe {
        ffi::MPI_Win_allocate(
            ffi::MPI_Aint::try_from(bytes).unwrap_or(0),
            count_of(size_of::<u64>()),
            ffi::RSMPI_INFO_NULL,
            wire.comm(),
            (&raw mut memory).cast(),
            window.as_mut_ptr(),
        )
    };
    if code != 0 {
        return None;
    }
    if wire.rank() == 0 {
        // SAFETY: eight bytes that MPI has allocated; no rank adds to them before all of them have
        // met again.
        unsafe { memory.write(0) };
    }
    // SAFETY: the call has written it.
    Some(unsafe { window.assume_init() })
}
