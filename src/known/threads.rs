//! Runs a few jobs side by side, on a few threads. It knows nothing of what they do.

use std::sync::{Mutex, PoisonError};
use std::thread;

use super::KnownError;

/// Runs `work` on every job on up to `threads` threads, the caller's among them, and returns the
/// results in the order of the jobs. A thread takes one job after the other, in order, so with
/// more jobs than threads one that the system keeps from working does less of them.
///
/// Every thread is joined: a scope's end by itself only waits until the closures have returned,
/// and a thread on its way out would still count as alive to a fork that follows.
pub(super) fn run<J: Send, R: Send>(
    threads: usize,
    jobs: Vec<J>,
    work: impl Fn(J) -> R + Sync,
) -> Result<Vec<R>, KnownError> {
    let helpers = threads.min(jobs.len()).saturating_sub(1);
    let queue = Mutex::new(jobs.into_iter().enumerate());
    // A thread that panicked ends the run anyway; what it left is in order.
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let take_jobs = || {
        let mut results = Vec::new();
        while let Some((number, job)) = next() {
            results.push((number, work(job)));
        }
        results
    };
    let mut results = thread::scope(|scope| {
        let started: Vec<_> =
            (0..helpers).map(|_| thread::Builder::new().spawn_scoped(scope, take_jobs)).collect();
        let mut results = take_jobs();
        let mut refused = None;
        for thread in started {
            match thread.map(thread::ScopedJoinHandle::join) {
                Ok(Ok(more)) => results.extend(more),
                Ok(Err(panic)) => std::panic::resume_unwind(panic),
                Err(source) => refused = Some(source),
            }
        }
        refused.map_or(Ok(results), |source| Err(KnownError::Thread { source }))
    })?;
    results.sort_unstable_by_key(|&(number, _)| number);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}
