//! The ranks of an MPI run, as a program sees them that may have been built without MPI.

use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;

use super::error::SessionError;
use super::list::{List, ListSpec};
use crate::os::interrupt::Interrupt;

/// Rank 0, and through it the other ranks.
pub trait Cluster {
    /// How many ranks there are.
    fn size(&self) -> NonZeroUsize;

    /// Opens a list on all ranks.
    ///
    /// # Errors
    ///
    /// When a rank cannot open it, or sees another list than rank 0.
    fn open<'a>(
        &'a self,
        spec: &ListSpec,
        interrupt: &Interrupt,
    ) -> Result<Box<dyn RankList + 'a>, SessionError>;

    /// Ends the other ranks, with this exit status.
    fn dismiss(&self, status: u8);
}

/// A list that the ranks of an MPI run have open.
pub trait RankList: List {
    /// Whether the list began with a UTF-8 byte-order mark.
    fn had_byte_order_mark(&self) -> bool;

    /// The list as rank 0 has it, to be read from its start by this process alone.
    ///
    /// # Errors
    ///
    /// When the system gives no other descriptor for it.
    fn file(&self) -> Result<OwnedFd, SessionError>;
}

/// A rank other than the first.
pub trait Follower {
    /// Does what rank 0 says until the end; the exit status.
    ///
    /// # Errors
    ///
    /// When rank 0 can no longer be heard, or this rank cannot do its part.
    fn obey(&self) -> Result<u8, SessionError>;

    /// Ends all ranks on the spot.
    fn abort(&self, status: u8);
}
