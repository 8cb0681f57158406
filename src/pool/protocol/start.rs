//! What a worker is told when it starts, and what it says of itself when it ends.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::code::{BuildId, CodePlace};

/// The first argument of a process that the pool starts as a worker; its parent's process id is
/// the second.
pub(in crate::pool) const WORKER_ARGUMENT: &str = "__pool-worker";

/// The exit status of a worker that cannot go on (`EX_SOFTWARE` of sysexits.h).
pub(in crate::pool) const CANNOT_GO_ON: u8 = 70;

/// Bodies of at least this size go through the ring; the place of a smaller one would cost as much
/// as the body itself.
pub(in crate::pool) const MIN_RING_BODY: usize = 2 << 10;

/// Whether this program called `init`. Without it, a spawned worker would run the program's own
/// `main`, which would start workers in turn.
static INITIALISED: AtomicBool = AtomicBool::new(false);

pub(in crate::pool) fn set_initialised() {
    INITIALISED.store(true, Ordering::Relaxed);
}

pub(in crate::pool) fn is_initialised() -> bool {
    INITIALISED.load(Ordering::Relaxed)
}

/// The body of a `Start` frame.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::pool) struct Start<'a> {
    /// The program that the places below belong to.
    pub(in crate::pool) build: BuildId,
    /// The function that makes the context.
    pub(in crate::pool) create: CodePlace,
    /// Its arguments, encoded.
    pub(in crate::pool) args: &'a [u8],
    /// How many shared regions come along, the rings not counted.
    pub(in crate::pool) regions: u32,
}

/// The body of a `Report` frame: what a worker says of itself before it ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::pool) struct SelfReport {
    pub(in crate::pool) items: u64,
    pub(in crate::pool) cpu: Duration,
    pub(in crate::pool) peak_rss_bytes: Option<u64>,
    pub(in crate::pool) private_rss_bytes: Option<u64>,
}
