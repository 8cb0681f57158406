//! Runs a few jobs side by side, each on its own thread. It knows nothing of what they do.

use std::thread;

use super::KnownError;

/// Runs `work` on every job, the first one on the caller's thread, and returns the results in the
/// order of the jobs.
///
/// Every thread is joined: a scope's end by itself only waits until the closures have returned,
/// and a thread on its way out would still count as alive to a fork that follows.
pub(super) fn run<J: Send, R: Send>(
    jobs: Vec<J>,
    work: impl Fn(J) -> R + Sync,
) -> Result<Vec<R>, KnownError> {
    let work = &work;
    thread::scope(|scope| {
        let mut jobs = jobs.into_iter();
        let own = jobs.next();
        let started: Vec<_> =
            jobs.map(|job| thread::Builder::new().spawn_scoped(scope, move || work(job))).collect();
        let own = own.map(work);
        let mut results: Vec<_> = own.into_iter().collect();
        let mut refused = None;
        for thread in started {
            match thread.map(thread::ScopedJoinHandle::join) {
                Ok(Ok(result)) => results.push(result),
                Ok(Err(panic)) => std::panic::resume_unwind(panic),
                Err(source) => refused = Some(source),
            }
        }
        refused.map_or(Ok(results), |source| Err(KnownError::Thread { source }))
    })
}
