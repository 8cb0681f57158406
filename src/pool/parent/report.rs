//! Who worked: what each worker of a pool did and used.

use std::time::Duration;

use crate::pool::error::Death;

/// What one worker did, from its start to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerReport {
    /// Its process id.
    pub pid: u32,
    /// Tasks that it answered.
    pub tasks: u64,
    /// Items in those tasks, where they were counted: a task of `map` is a chunk of items. `None`
    /// when the worker died before it could say.
    pub items: Option<u64>,
    /// How long its jobs ran.
    pub busy: Duration,
    /// CPU time of the whole process; `None` when it died before it could say.
    pub cpu: Option<Duration>,
    /// The most memory that it ever had resident; `None` when it died before it could say.
    pub peak_rss_bytes: Option<u64>,
    /// The memory that it had resident and shared with nobody when it ended; `None` when it died
    /// before it could say.
    pub private_rss_bytes: Option<u64>,
    /// How it died, if it did not end when it was asked to.
    pub death: Option<Death>,
}
