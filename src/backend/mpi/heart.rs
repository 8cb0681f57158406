//! Who is alive: every rank tells rank 0, and rank 0 tells every rank, while they work.
//!
//! The runtime that started the ranks ends them all when one of them dies. It does not notice, for
//! minutes or hours, that a machine was cut off: nothing arrives, and nothing says so. A rank that
//! has not been heard of for the time of silence that is allowed is taken for lost.
//!
//! A rank beats where it waits, and between two looks at its threads; so whatever takes long is
//! done by a thread. Between two steps of rank 0 nobody listens: it may be busy without MPI.

use std::ffi::c_int;
use std::time::{Duration, Instant};

use mpi::ffi;

use super::error::check;
use super::{MpiError, Place};

const TAG: c_int = 1;

/// What was heard of the other ranks, and when they were last told.
pub(super) struct Heart {
    comm: ffi::MPI_Comm,
    /// Whom this rank tells and listens to: rank 0 all others, the others rank 0.
    peers: Vec<Peer>,
    silence: Duration,
    interval: Duration,
    looked: Instant,
    told: Instant,
}

struct Peer {
    place: Place,
    heard: Instant,
    /// The last message to it, until MPI has taken it.
    sending: Option<ffi::MPI_Request>,
}

/// Looks cost a system call or two: not more often than this.
const LOOK_EVERY: Duration = Duration::from_millis(5);

static BEAT: u8 = 1;

impl Heart {
    /// Knows of nobody that he is alive before it [listens](Self::listen_anew).
    pub(super) fn new(comm: ffi::MPI_Comm, rank: usize, size: usize, silence: Duration) -> Self {
        let now = Instant::now();
        let peers = if rank == 0 { 1..size } else { 0..1 };
        let peers = peers
            .map(|rank| Peer {
                place: Place { rank, host: "?".to_owned() },
                heard: now,
                sending: None,
            })
            .collect();
        // Four chances to be heard.
        let interval = (silence / 4).min(Duration::from_secs(1));
        Self { comm, peers, silence, interval, looked: now, told: now }
    }

    /// The names of the machines of all ranks.
    pub(super) fn know_hosts(&mut self, hosts: &[String]) {
        for Peer { place, .. } in &mut self.peers {
            place.host.clone_from(&hosts[place.rank]);
        }
    }

    /// Whatever was or was not heard before counts no longer.
    pub(super) fn listen_anew(&mut self) {
        let now = Instant::now();
        self.peers.iter_mut().for_each(|peer| peer.heard = now);
        self.looked = now;
    }

    /// Speaks and listens, when it is time to.
    pub(super) fn beat(&mut self) -> Result<(), MpiError> {
        let now = Instant::now();
        if now - self.looked < LOOK_EVERY {
            return Ok(());
        }
        // A rank that was stopped itself has heard nobody in that time.
        let slept = now - self.looked > self.interval;
        self.looked = now;
        if now - self.told >= self.interval {
            self.told = now;
            self.tell()?;
        }
        while let Some(rank) = self.hear()? {
            if let Some(peer) = self.peers.iter_mut().find(|peer| peer.place.rank == rank) {
                peer.heard = now;
            }
        }
        if slept {
            self.listen_anew();
        }
        match self
            .peers
            .iter()
            .find(|peer| now.saturating_duration_since(peer.heard) > self.silence)
        {
            Some(peer) => {
                Err(MpiError::Silent { place: peer.place.clone(), silence: self.silence })
            }
            None => Ok(()),
        }
    }

    fn tell(&mut self) -> Result<(), MpiError> {
        for peer in &mut self.peers {
            if let Some(request) = &mut peer.sending {
                let mut done = 0;
                // SAFETY: the request was begun below and is not freed before it is done.
                let code =
                    unsafe { ffi::MPI_Test(request, &raw mut done, ffi::RSMPI_STATUS_IGNORE) };
                check("MPI_Test", code)?;
                if done == 0 {
                    // It does not get through: another one would not either.
                    continue;
                }
            }
            let to = c_int::try_from(peer.place.rank).unwrap_or(0);
            // SAFETY: a constant of the library.
            let mut request = unsafe { ffi::RSMPI_REQUEST_NULL };
            // SAFETY: one byte that lives as long as the program and is only read; valid handles.
            let code = unsafe {
                let from = (&raw const BEAT).cast();
                ffi::MPI_Isend(from, 1, ffi::RSMPI_UINT8_T, to, TAG, self.comm, &raw mut request)
            };
            check("MPI_Isend", code)?;
            peer.sending = Some(request);
        }
        Ok(())
    }

    /// A rank that has spoken, if one has.
    fn hear(&self) -> Result<Option<usize>, MpiError> {
        let mut there = 0;
        let mut status = std::mem::MaybeUninit::<ffi::MPI_Status>::zeroed();
        // SAFETY: valid handles, and places for the answers; zeros are a valid status.
        let (code, status) = unsafe {
            let any = ffi::RSMPI_ANY_SOURCE;
            let code = ffi::MPI_Iprobe(any, TAG, self.comm, &raw mut there, status.as_mut_ptr());
            (code, status.assume_init())
        };
        check("MPI_Iprobe", code)?;
        if there == 0 {
            return Ok(None);
        }
        let mut byte = 0_u8;
        // SAFETY: one byte, which is what is sent; it was just found to be there, so that the call
        // returns at once.
        let code = unsafe {
            let (to, ignored) = ((&raw mut byte).cast(), ffi::RSMPI_STATUS_IGNORE);
            ffi::MPI_Recv(to, 1, ffi::RSMPI_UINT8_T, status.MPI_SOURCE, TAG, self.comm, ignored)
        };
        check("MPI_Recv", code)?;
        Ok(usize::try_from(status.MPI_SOURCE).ok())
    }
}
