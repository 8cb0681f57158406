//! Starting workers: everything that a new one is given, the same for the first and for every
//! replacement.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::process::{self, Process, Serve};
use super::worker_handle::WorkerHandle;
use crate::os::region::Region;
use crate::pool::error::PoolError;
use crate::pool::options::{StartMethod, Transport};
use crate::pool::protocol::code::{BuildId, CodePlace};
use crate::pool::protocol::frame::{Header, IN_RING, Kind, MAX_TASK_BYTES};
use crate::pool::protocol::start::Start;
use crate::pool::protocol::{ring, socket};

/// Descriptors that this process keeps a worker: its socket, its process, its rings.
const DESCRIPTORS_A_WORKER: u64 = 3;

/// Descriptors that the rest of the program is taken to need.
const OTHER_DESCRIPTORS: u64 = 24;

/// How to start a worker.
#[derive(Debug)]
pub(in crate::pool) struct Launcher {
    pub(in crate::pool) workers: usize,
    start_method: StartMethod,
    transport: Transport,
    serve: Serve,
    start_frame: Vec<u8>,
    regions: Vec<OwnedFd>,
}

/// What the context of a worker is made by and from.
#[derive(Debug)]
pub(in crate::pool) struct ContextPlan {
    pub(in crate::pool) create: CodePlace,
    pub(in crate::pool) args: Vec<u8>,
    pub(in crate::pool) regions: Vec<OwnedFd>,
}

impl Launcher {
    /// Puts together what every worker is given: the `Start` frame and the shared regions.
    pub(in crate::pool) fn new(
        workers: usize,
        start_method: StartMethod,
        transport: Transport,
        serve: Serve,
        plan: ContextPlan,
    ) -> Result<Self, PoolError> {
        let start = Start {
            build: BuildId::of_this_program(),
            create: plan.create,
            args: &plan.args,
            regions: u32::try_from(plan.regions.len()).unwrap_or(u32::MAX),
        };
        let body = postcard::to_stdvec(&start)
            .map_err(|source| PoolError::Encode { what: "the start frame", source })?;
        if body.len() > MAX_TASK_BYTES {
            return Err(PoolError::TooLong {
                what: "the context's arguments",
                bytes: body.len(),
                limit: MAX_TASK_BYTES,
            });
        }
        let flags = if transport == Transport::Shared { IN_RING } else { 0 };
        let body_len = u32::try_from(body.len()).expect("checked above");
        let header = Header { flags, body_len, ..Header::new(Kind::Start) };
        let mut start_frame = header.encode().to_vec();
        start_frame.extend_from_slice(&body);
        let regions = plan.regions;
        Ok(Self { workers, start_method, transport, serve, start_frame, regions })
    }

    /// Says beforehand what would fail at some worker in the middle. Raises this process's limit
    /// on descriptors as far as it may, if there are too few.
    pub(super) fn check_limits(&self) -> Result<(), PoolError> {
        self.check_threads()?;
        if self.needed_descriptors() > descriptor_limit() {
            raise_descriptor_limit();
        }
        if self.needed_descriptors() > descriptor_limit() {
            return Err(self.too_few_descriptors());
        }
        Ok(())
    }

    fn check_threads(&self) -> Result<(), PoolError> {
        if self.start_method == StartMethod::Fork {
            let threads = process::thread_count().map_err(|source| self.start_error(1, source))?;
            if threads > 1 {
                return Err(PoolError::ForkWithThreads { threads });
            }
        }
        Ok(())
    }

    /// Starts worker `number` (from 1; for the error only).
    pub(super) fn launch(&self, number: usize) -> Result<WorkerHandle, PoolError> {
        self.check_threads()?;
        self.try_launch().map_err(|source| self.start_error(number, source))
    }

    pub(super) fn start_error(&self, worker: usize, source: io::Error) -> PoolError {
        match Errno::from_io_error(&source) {
            Some(Errno::MFILE | Errno::NFILE) => self.too_few_descriptors(),
            _ => PoolError::Start { worker, workers: self.workers, source },
        }
    }

    fn needed_descriptors(&self) -> u64 {
        self.workers as u64 * DESCRIPTORS_A_WORKER + OTHER_DESCRIPTORS
    }

    fn too_few_descriptors(&self) -> PoolError {
        let (needed, limit) = (self.needed_descriptors(), descriptor_limit());
        PoolError::TooFewDescriptors { workers: self.workers, needed, limit }
    }

    fn try_launch(&self) -> io::Result<WorkerHandle> {
        let rings = match self.transport {
            Transport::Shared => Some(ring::new_region()?),
            Transport::Pipe => None,
        };
        let (socket, workers_end) = socket::pair()?;
        let process = match self.start_method {
            // By way of /proc, so that it is the same file even if another has taken its name.
            StartMethod::Spawn => Process::spawn(&PathBuf::from("/proc/self/exe"), workers_end)?,
            StartMethod::Fork => Process::fork(workers_end, self.serve)?,
        };
        let mut descriptors: Vec<BorrowedFd<'_>> = Vec::with_capacity(1 + self.regions.len());
        descriptors.extend(rings.as_ref().and_then(Region::descriptor));
        descriptors.extend(self.regions.iter().map(OwnedFd::as_fd));
        let unsent = match socket::send_with_descriptors(&socket, &self.start_frame, &descriptors) {
            Ok(sent) => self.start_frame[sent..].to_vec(),
            // It is dead already: found out, like every death, where its answers are read.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Vec::new(),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Vec::new(),
            Err(error) => return Err(error),
        };
        let rings = rings.map(ring::parent_ends).transpose()?;
        Ok(WorkerHandle::new(process, socket, rings, unsent))
    }
}

fn descriptor_limit() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Raises the soft limit to the hard one, which any process may. It is kept low by default only for
/// programs that use `select`.
fn raise_descriptor_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}
