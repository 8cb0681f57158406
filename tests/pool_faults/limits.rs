//! Too few file descriptors, processes or too little memory: one clear error, nothing left.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use wordhash::pool::{Pool, PoolError, StartMethod, Transport};

use crate::Case;

fn build(transport: Transport, method: StartMethod, workers: usize) -> Result<Pool, PoolError> {
    Pool::builder().workers(workers).transport(transport).start_method(method).build()
}

/// Runs `start` with a limit on a resource, which is lifted again after it.
fn with_limit<T>(resource: Resource, limit: u64, start: impl FnOnce() -> T) -> T {
    let before = getrlimit(resource);
    setrlimit(resource, Rlimit { current: Some(limit), maximum: before.maximum }).unwrap();
    let started = start();
    setrlimit(resource, before).unwrap();
    started
}

fn address_space_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = status.split(' ').next().unwrap().parse().unwrap();
    pages * 4096
}

fn too_few_descriptors_by_the_limit(transport: Transport, method: StartMethod) {
    // For good: a limit that was lowered cannot be raised by everybody.
    setrlimit(Resource::Nofile, Rlimit { current: Some(60), maximum: Some(60) }).unwrap();
    let error = build(transport, method, 20).unwrap_err();
    let PoolError::TooFewDescriptors { workers, needed, limit } = error else { panic!("{error}") };
    assert_eq!((workers, limit), (20, 60));
    assert!(needed > limit);
}

fn the_limit_on_descriptors_is_raised_as_far_as_it_goes(transport: Transport, method: StartMethod) {
    setrlimit(Resource::Nofile, Rlimit { current: Some(60), maximum: Some(200) }).unwrap();
    drop(build(transport, method, 20).unwrap());
    assert_eq!(getrlimit(Resource::Nofile).current, Some(200));
}

/// The limit looks high enough, but the program has used it up.
fn too_few_descriptors_left(transport: Transport, method: StartMethod) {
    let limit = 60;
    for free in 0..9 {
        let open = std::fs::read_dir("/proc/self/fd").unwrap().count() as u64 - 1;
        let files: Vec<_> = (open..limit - free).map(|_| tempfile::tempfile().unwrap()).collect();
        let built = with_limit(Resource::Nofile, limit, || build(transport, method, 3));
        drop(files);
        match built {
            Err(PoolError::TooFewDescriptors { .. }) => {}
            // Two a worker, but numbers above the limit that were inherited do not count.
            Ok(_) if free >= 4 => {}
            Ok(_) => panic!("three workers on {free} descriptors"),
            Err(error) => panic!("{free} free: {error}"),
        }
    }
}

fn too_little_memory(method: StartMethod) {
    let limit = address_space_bytes() + (2 << 20);
    let build = || build(Transport::Shared, method, 4);
    let error = with_limit(Resource::As, limit, build).unwrap_err();
    let PoolError::Start { workers: 4, source, .. } = error else { panic!("{error}") };
    assert_eq!(source.raw_os_error(), Some(libc::ENOMEM));
}

fn too_few_processes(transport: Transport) {
    // The limit does not hold for root, so the case goes on as somebody else.
    // SAFETY: one thread, and nothing in this process depends on who it is.
    assert_eq!(unsafe { libc::setresuid(65_534, 65_534, 65_534) }, 0);
    let build = || build(transport, StartMethod::Fork, 3);
    let error = with_limit(Resource::Nproc, 0, build).unwrap_err();
    let PoolError::Start { worker, source, .. } = error else { panic!("{error}") };
    assert_eq!((worker, source.raw_os_error()), (1, Some(libc::EAGAIN)));
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for transport in Transport::ALL {
        for method in StartMethod::ALL {
            cases.push(Case::new(
                format!("limits::descriptors_by_the_limit::{transport}::{method}"),
                move || too_few_descriptors_by_the_limit(transport, method),
            ));
            cases.push(Case::new(
                format!("limits::descriptors_raised::{transport}::{method}"),
                move || the_limit_on_descriptors_is_raised_as_far_as_it_goes(transport, method),
            ));
            cases.push(Case::new(
                format!("limits::descriptors_left::{transport}::{method}"),
                move || too_few_descriptors_left(transport, method),
            ));
        }
        if rustix::process::geteuid().is_root() {
            cases.push(Case::new(format!("limits::processes::{transport}"), move || {
                too_few_processes(transport);
            }));
        }
    }
    for method in StartMethod::ALL {
        cases.push(Case::new(format!("limits::memory::{method}"), move || {
            too_little_memory(method);
        }));
    }
    cases.push(Case::new("fork_is_refused_beside_other_threads".to_owned(), || {
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || stopped.recv().is_err());
        let error = build(Transport::Pipe, StartMethod::Fork, 2).unwrap_err();
        assert!(matches!(error, PoolError::ForkWithThreads { threads: 2 }), "{error}");
        drop(stop);
        assert!(thread.join().unwrap());
    }));
    cases.push(Case::new("two_forked_pools_stand_side_by_side".to_owned(), || {
        let build = || build(Transport::Shared, StartMethod::Fork, 2).unwrap();
        let (first, second) = (build(), build());
        for pool in [&first, &second] {
            let count: u32 =
                pool.map(crate::endings::primes, [(0, 50), (50, 100)]).map(Result::unwrap).sum();
            assert_eq!(count, 25);
        }
        // The second pool's workers must not hold the first one's sockets open.
        assert_eq!(first.shutdown().len(), 2);
        assert_eq!(second.shutdown().len(), 2);
    }));
    cases
}
