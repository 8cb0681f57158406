//! A few threads for one piece of work: a rayon pool that has ended when the work is done.
//!
//! It does not know what the threads do.

use std::io;
use std::thread;

use rayon::ThreadPool;
use rayon::iter::{IndexedParallelIterator as _, IntoParallelIterator as _, ParallelIterator as _};

/// The threads of [`with_threads`]; none are started where one is enough.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Threads<'a>(Option<&'a ThreadPool>);

impl Threads<'_> {
    /// Whether the caller's thread is the only one.
    pub(crate) fn is_one(self) -> bool {
        self.0.is_none()
    }

    /// Runs `work` on every job; the results are in the order of the jobs.
    ///
    /// A thread takes one job after another, so with more jobs than threads, one that the system
    /// holds up does fewer of them.
    pub(crate) fn map<J: Send, R: Send>(
        self,
        jobs: Vec<J>,
        work: impl Fn(J) -> R + Send + Sync,
    ) -> Vec<R> {
        match self.0 {
            Some(pool) if jobs.len() > 1 => {
                pool.install(|| jobs.into_par_iter().with_max_len(1).map(work).collect())
            }
            _ => jobs.into_iter().map(work).collect(),
        }
    }

    /// As [`Threads::map`], while the caller's thread does something else if there are others.
    pub(crate) fn map_beside<J: Send, R: Send, T>(
        self,
        jobs: Vec<J>,
        work: impl Fn(J) -> R + Send + Sync,
        beside: impl FnOnce() -> T,
    ) -> (Vec<R>, T) {
        let Some(pool) = self.0 else { return (self.map(jobs, work), beside()) };
        let mut results = Vec::new();
        let other = pool.in_place_scope(|scope| {
            scope.spawn(|_| results = self.map(jobs, work));
            beside()
        });
        (results, other)
    }
}

/// Calls `work` with `count` threads; with 1, the caller's own does everything.
///
/// All threads are joined in the end. `build_scoped` of rayon only waits until their closures have
/// returned, and a thread on its way out would still count as alive to a fork that follows.
///
/// # Errors
///
/// When the system refuses a thread.
pub(crate) fn with_threads<R>(count: usize, work: impl FnOnce(Threads<'_>) -> R) -> io::Result<R> {
    if count <= 1 {
        return Ok(work(Threads(None)));
    }
    let result = thread::scope(|scope| {
        let mut started = Vec::new();
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(count)
            .spawn_handler(|thread| {
                started.push(thread::Builder::new().spawn_scoped(scope, move || thread.run())?);
                Ok(())
            })
            .build();
        let result = pool.map(|pool| work(Threads(Some(&pool))));
        for thread in started {
            // Rayon has handed on a panic of a job to the caller.
            let _ = thread.join();
        }
        result
    });
    result.map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Barrier;

    fn all<R: Send>(count: usize, jobs: usize, work: impl Fn(usize) -> R + Send + Sync) -> Vec<R> {
        with_threads(count, |threads| threads.map((0..jobs).collect(), work)).unwrap()
    }

    #[test]
    fn results_come_in_the_order_of_the_jobs() {
        // The first jobs are the longest ones.
        let work =
            |job: usize| (job..1000).fold(job, |sum, number| std::hint::black_box(sum + number));
        for count in [1, 2, 3, 8] {
            for jobs in [0, 1, 2, 3, 1000] {
                let expected: Vec<_> = (0..jobs).map(work).collect();
                assert_eq!(all(count, jobs, work), expected, "{jobs} jobs on {count} threads");
            }
        }
    }

    #[test]
    fn the_caller_does_something_else_meanwhile() {
        for count in [1, 2, 3] {
            let barrier = Barrier::new(if count == 1 { 1 } else { 2 });
            let beside = || barrier.wait();
            let work = |job: usize| (job == 0).then(|| barrier.wait()).map_or(job, |_| 7);
            let (results, _) =
                with_threads(count, |threads| threads.map_beside(vec![0, 1], work, beside))
                    .unwrap();
            assert_eq!(results, [7, 1]);
        }
    }

    #[test]
    fn one_thread_is_this_one() {
        let this = thread::current().id();
        assert!(all(1, 100, |_| thread::current().id()).into_iter().all(|thread| thread == this));
    }

    #[test]
    fn as_many_threads_work_at_the_same_time_as_were_wanted() {
        for count in [2, 5] {
            let barrier = Barrier::new(count);
            all(count, count, |_| barrier.wait());
        }
    }

    #[test]
    fn a_panic_of_a_job_reaches_the_caller() {
        for count in [1, 2, 3] {
            let work = |job| assert_ne!(job, 50, "this panic belongs to the test");
            assert!(catch_unwind(AssertUnwindSafe(|| all(count, 100, work))).is_err(), "{count}");
        }
    }
}
