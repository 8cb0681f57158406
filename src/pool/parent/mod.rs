//! The parent's side: which tasks go to which worker, what comes back, and what happens when a
//! worker dies.
//!
//! It knows nothing of what tasks mean or of the values in them, and uses nothing of the worker's
//! side.

mod batch;
mod batch_size;
pub(super) mod client;
pub(super) mod driver;
pub(super) mod launch;
mod loop_state;
mod oom;
mod poller;
mod process;
pub(super) mod queue;
pub(super) mod report;
pub(super) mod scheduler;
mod worker_handle;
