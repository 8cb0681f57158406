//! Ranks of an MPI run: the same program, started many times, on many machines.
//!
//! Every rank reads the same command line. Rank 0 plans, measures and prints; the others [obey]
//! its orders: open the list, hash it in this way, end. So whatever decides what comes next (the
//! precision of the medians, a signal, an error) is decided in one place, and nothing but these
//! orders has to be the same on all ranks.
//!
//! A run, on every rank at once:
//!
//! 1. *Start.* Rank 0 sends the order; every rank makes room.
//! 2. *Map.* Whenever a rank has nothing at hand, it draws the next number from a counter in the
//!    memory of rank 0, by a one-sided call that rank 0 takes no part in; the number stands for a
//!    task. Its threads read the task's bytes, hash, and put each digest into the area of the rank
//!    that is to count it.
//! 3. *Exchange.* When a stretch of the list is hashed, all ranks send each other what is in their
//!    areas. Map and exchange take turns until the list is done, so that the areas are bounded.
//! 4. *Set.* Every rank counts what it got; equal digests have met on one rank, so the sum of the
//!    counts is the count. Checksums of what each rank has hashed add up, too.
//!
//! No rank ever has all digests, and none has more of the list than the piece that it hashes. What
//! grows on every rank is the index of the list, up to 32 MiB, and the rank's share of the digests.
//!
//! # Errors
//!
//! A rank that fails says so at the next meeting, and draws so large a number that nobody finds
//! more tasks before: all ranks end the run, rank 0 has the error. A rank that is silent for too
//! long is given up, and with it the run: [`Ranks::is_broken`] tells the program to abort, which
//! ends all ranks. One that dies is noticed by whoever started the ranks.
//!
//! This room knows nothing of the command line, and never prints.
//!
//! [obey]: Ranks::obey

mod counter;
mod error;
mod hashers;
mod heart;
mod list;
mod outgoing;
mod run;
mod share;
mod tasks;
mod wire;

use std::cell::RefCell;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use error::{MpiError, Place};
pub use list::{Reading, SharedList};
pub use run::{RankRecord, Spread};

use super::Around;
use crate::chunksize::ChunkSize;
use crate::os::interrupt::Interrupt;
use crate::sha512::EngineKind;
use counter::Counter;
use error::Failure;
use wire::{Patience, Wire};

/// How a list is to be hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// What computes the digests; a machine that cannot run it takes its fastest.
    pub engine: EngineKind,
    /// How often each word is hashed.
    pub rounds: NonZeroU32,
    /// The threads of each rank.
    pub threads: NonZeroUsize,
    /// How the list is cut into tasks.
    pub chunksize: ChunkSize,
}

/// What rank 0 tells the others to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Order {
    Open,
    Hash {
        work: Work,
        recorded: bool,
        first_number: u64,
    },
    /// End with this exit status.
    End(u8),
}

/// No order takes more bytes.
const ORDER_BYTES: usize = 256;

/// How long the text of an error may be that a rank tells the others.
const TEXT_BYTES: usize = 1024;

/// All ranks, as one of them sees them.
pub struct Ranks {
    wire: Wire,
    hosts: Vec<String>,
    /// The numbers of tasks that are drawn; it only grows.
    counter: RefCell<Counter>,
    counter_is_one_sided: bool,
    /// Whether the others are between two orders.
    others_wait: RefCell<bool>,
}

impl Ranks {
    /// Joins the other ranks; `None` where this process has done so before. A rank of which nothing
    /// is heard for the time of `silence` while it should be working is given up. Started alone, a
    /// process is the only rank.
    ///
    /// # Errors
    ///
    /// When MPI refuses.
    pub fn join(silence: Duration) -> Result<Option<Self>, MpiError> {
        let Some(wire) = Wire::join(silence)? else { return Ok(None) };
        wire.begin_step();
        let own = wire::host();
        let lens = wire.gather_all(&[own.len() as u64])?;
        let lens: Vec<usize> = lens.iter().map(|&len| usize::try_from(len).unwrap_or(0)).collect();
        let all = wire.gather_all_bytes(own.into_bytes(), &lens)?;
        let mut rest = &all[..];
        let mut hosts = Vec::with_capacity(lens.len());
        for len in lens {
            let (host, others) = rest.split_at(len);
            hosts.push(String::from_utf8_lossy(host).into_owned());
            rest = others;
        }
        wire.know_hosts(&hosts);
        let counter = Counter::new(&wire)?;
        let counter_is_one_sided = counter.is_one_sided();
        let (counter, others_wait) = (RefCell::new(counter), RefCell::new(true));
        Ok(Some(Self { wire, hosts, counter, counter_is_one_sided, others_wait }))
    }

    /// The number of this rank, from 0.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.wire.rank()
    }

    /// How many ranks there are.
    #[must_use]
    pub fn size(&self) -> usize {
        self.wire.size()
    }

    /// Whether the ranks can only be aborted.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.wire.is_broken()
    }

    fn place(&self, rank: usize) -> Place {
        Place { rank, host: self.hosts.get(rank).cloned().unwrap_or_default() }
    }

    /// How often this rank looks after the others while it has other things to do.
    fn look_every(&self) -> Duration {
        let is_alone = self.hosts.iter().all(|host| *host == self.hosts[0]);
        if self.rank() == 0 && !(is_alone && self.counter_is_one_sided) {
            run::ANSWER_EVERY
        } else {
            run::LOOK_EVERY
        }
    }

    /// Rank 0: opens the list on all ranks; `utf8` demands that all of it is UTF-8.
    ///
    /// # Errors
    ///
    /// When a rank cannot open it, or not all of them see the same.
    pub fn open(
        &self,
        reading: Reading<'_>,
        utf8: bool,
        interrupt: &Interrupt,
    ) -> Result<SharedList, MpiError> {
        self.order(Order::Open)?;
        let opened = list::open(self, reading, utf8, interrupt);
        self.rest();
        opened
    }

    /// Rank 0: has the list hashed by all ranks. With a recorder, all of them take down who worked
    /// when.
    ///
    /// # Errors
    ///
    /// See [`MpiError`].
    pub fn hash(
        &self,
        list: &SharedList,
        work: &Work,
        around: &Around<'_>,
    ) -> Result<Spread, MpiError> {
        let recorded = around.recorder.is_some();
        let begun = around.clock.now();
        // What was drawn before does not count. All that was asked for has been answered.
        let first_number = self.counter.borrow_mut().add(&self.wire, 0)?;
        self.order(Order::Hash { work: *work, recorded, first_number })?;
        let orders = run::Orders { work: *work, recorded, first_number };
        let spread = run::run(self, list, &orders, around, begun);
        self.rest();
        spread
    }

    /// Rank 0: lets the other ranks end, with this exit status.
    pub fn dismiss(&self, status: u8) {
        if self.is_broken()
            || !*self.others_wait.borrow()
            || self.order(Order::End(status)).is_err()
        {
            self.wire.abort(status);
        }
    }

    /// The other ranks: does what rank 0 says until it says to end; the exit status.
    ///
    /// # Errors
    ///
    /// When rank 0 cannot be heard any more, or MPI fails. Errors that all ranks know of are told
    /// by rank 0 alone.
    pub fn obey(
        &self,
        reading: Reading<'_>,
        utf8: bool,
        around: &Around<'_>,
    ) -> Result<u8, MpiError> {
        let mut list = None;
        loop {
            let message = self.wire.broadcast(vec![0; ORDER_BYTES], Patience::Idle)?;
            self.wire.begin_step();
            let order = postcard::from_bytes(&message).map_err(|error| MpiError::Call {
                what: "an order of rank 0",
                reason: format!("{error}: do all ranks run the same program?"),
            })?;
            let done = match order {
                Order::End(status) => return Ok(status),
                Order::Open => {
                    list = None;
                    let opened = list::open(self, reading, utf8, around.interrupt);
                    opened.map(|opened| list = Some(opened))
                }
                Order::Hash { work, recorded, first_number } => {
                    let Some(list) = &list else { continue };
                    let orders = run::Orders { work, recorded, first_number };
                    let begun = around.clock.now();
                    run::run(self, list, &orders, around, begun).map(drop)
                }
            };
            if let Err(error) = done
                && self.is_broken()
            {
                return Err(error);
            }
        }
    }

    /// Ends all ranks at once, in the middle of whatever they do.
    pub fn abort(&self, status: u8) {
        self.wire.abort(status);
    }

    fn order(&self, order: Order) -> Result<(), MpiError> {
        self.wire.begin_step();
        *self.others_wait.borrow_mut() = false;
        let mut message = vec![0; ORDER_BYTES];
        postcard::to_slice(&order, &mut message).expect("an order is short");
        self.wire.broadcast(message, Patience::Busy).map(drop)
    }

    /// A step has ended on all ranks, or they are broken.
    fn rest(&self) {
        *self.others_wait.borrow_mut() = true;
    }

    /// Meets all ranks, once each knows how it fared, and gives back what this one has if all fared
    /// well.
    fn agreed<T>(&self, own: Result<T, Failure>, interrupt: &Interrupt) -> Result<T, MpiError> {
        let own = match interrupt.pending() {
            Some(signal) => Err(Failure::Interrupted(signal)),
            None => own,
        };
        self.meet(own.as_ref().err(), 0)?;
        // Otherwise the meeting had an error: this rank's own.
        own.map_err(|_| MpiError::Changed)
    }

    /// Tells all ranks how this one fares, and a number; gives the numbers of all.
    fn meet(&self, own: Option<&Failure>, number: u64) -> Result<Vec<u64>, MpiError> {
        let (code, text) = match own {
            None => (0, ""),
            Some(Failure::Failed(text)) => (u64::MAX, &text[..]),
            Some(Failure::Interrupted(signal)) => (u64::from(signal.unsigned_abs()), ""),
        };
        let all = self.wire.gather_all(&[code, number])?;
        let codes = || all.iter().step_by(2).copied();
        // A signal that all ranks get is what matters, even if one of them has failed for it.
        if let Some(signal) = codes().find(|&code| code != 0 && code != u64::MAX) {
            return Err(MpiError::Interrupted { signal: i32::try_from(signal).unwrap_or(0) });
        }
        if let Some(rank) = codes().position(|code| code == u64::MAX) {
            let mut bytes = text.as_bytes().to_vec();
            bytes.resize(TEXT_BYTES, 0);
            let bytes = self.wire.broadcast_from(rank, bytes, Patience::Calm)?;
            let text = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
            let text = String::from_utf8_lossy(text).into_owned();
            let place = (rank > 0).then(|| self.place(rank));
            return Err(MpiError::Rank { text, place });
        }
        Ok(all.into_iter().skip(1).step_by(2).collect())
    }

    /// Has a thread do what takes long, and keeps in touch with the others meanwhile.
    fn meanwhile<R: Send>(&self, work: impl FnOnce() -> R + Send) -> Result<R, MpiError> {
        std::thread::scope(|scope| {
            let (done, wait) = channel();
            let thread = scope.spawn(move || {
                // Dropped at the end, also by a panic.
                let _done = done;
                work()
            });
            let _: &std::sync::mpsc::Receiver<()> = &wait;
            while wait.recv_timeout(Duration::from_millis(20)) == Err(RecvTimeoutError::Timeout) {
                self.wire.beat()?;
            }
            Ok(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        })
    }
}

impl Drop for Ranks {
    fn drop(&mut self) {
        if !self.wire.is_broken() && !std::thread::panicking() {
            self.counter.borrow_mut().free(&self.wire);
        }
    }
}
