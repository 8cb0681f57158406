//! What can go wrong among ranks, and where.
//!
//! A rank knows its own [`Failure`]; what rank 0 hears of all of them is an [`MpiError`].

use std::ffi::{CString, c_int};
use std::time::Duration;

use mpi::ffi;

use crate::backend::BackendError;
use crate::words::LoadError;

/// A rank and the machine that it runs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its number, from 0.
    pub rank: usize,
    /// The name of the machine.
    pub host: String,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "rank {} on {}", self.rank, self.host)
    }
}

/// Why a run of many ranks failed.
#[derive(Debug, thiserror::Error)]
pub enum MpiError {
    /// A signal asked for the end.
    #[error("interrupted by signal {signal}")]
    Interrupted {
        /// The signal's number.
        signal: i32,
    },
    /// A rank could not do its part; all ranks know.
    #[error("{text}{where_}", where_ = place.as_ref().map_or_else(String::new, |place| format!(" ({place})")))]
    Rank {
        /// What that rank says.
        text: String,
        /// Which one, where that matters.
        place: Option<Place>,
    },
    /// Two ranks opened different lists.
    #[error(
        "the ranks see different lists: {first_bytes} bytes for {first}, {other_bytes} bytes for {other}, and not the same ones; use a file that all of them see, or --distribute"
    )]
    Differs {
        /// Rank 0.
        first: Place,
        /// How long its list is.
        first_bytes: u64,
        /// A rank that sees another list.
        other: Place,
        /// How long that one is.
        other_bytes: u64,
    },
    /// What was hashed is not what was counted.
    #[error(
        "the list has changed since its words were counted, or the ranks do not all see the same file"
    )]
    Changed,
    /// Nothing was heard of a rank.
    #[error(
        "nothing was heard of {place} for {seconds} seconds: its machine or the network is down, or it is very slow (--timeout)",
        seconds = silence.as_secs_f64()
    )]
    Silent {
        /// The rank.
        place: Place,
        /// For how long.
        silence: Duration,
    },
    /// The ranks cannot hash the list in this way.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// A call to MPI failed.
    #[error("{what} failed: {reason}")]
    Call {
        /// The call.
        what: &'static str,
        /// What MPI says.
        reason: String,
    },
}

/// Why this rank cannot do its part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    Interrupted(i32),
    Failed(String),
}

impl Failure {
    pub(super) fn of(error: LoadError) -> Self {
        match error {
            LoadError::Interrupted { signal } => Self::Interrupted(signal),
            no_parts @ LoadError::NoParts { .. } => Self::Failed(format!(
                "{no_parts} by every rank; add --distribute to have rank 0 send it"
            )),
            other => Self::Failed(other.to_string()),
        }
    }
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
