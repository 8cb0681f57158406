//! Starting workers: everything that a new one is given, the same for the first and for every
//! replacement.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

use super::arena;
use super::error::PoolError;
use super::frame::{Header, IN_ARENA, Kind, MAX_TASK_BYTES};
use super::job::{Entry, Registry};
use super::member::Member;
use super::options::{StartMethod, Transport};
use super::process::{self, Process};
use super::socket;
use super::worker::{self, Start};

/// Descriptors that this process keeps a worker: its socket, its process, its arena.
const DESCRIPTORS_A_WORKER: u64 = 3;

/// Descriptors that the rest of the program is taken to need.
const OTHER_DESCRIPTORS: u64 = 24;

/// How to start a worker.
#[derive(Debug)]
pub(super) struct Launcher {
    pub(super) registry: Registry,
    pub(super) start_method: StartMethod,
    pub(super) transport: Transport,
    pub(super) program: PathBuf,
    pub(super) workers: usize,
    start_frame: Vec<u8>,
    regions: Vec<OwnedFd>,
}

impl Launcher {
    /// Puts together what every worker is given: the `Start` frame and the shared regions.
    pub(super) fn new(
        registry: Registry,
        context: &str,
        jobs: &[Entry],
        args: &[u8],
        regions: Vec<OwnedFd>,
    ) -> Result<Self, PoolError> {
        let start = Start {
            context,
            jobs: jobs.iter().map(|entry| entry.job).collect(),
            args,
            regions: u32::try_from(regions.len()).unwrap_or(u32::MAX),
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
        let body_len = u32::try_from(body.len()).expect("checked above");
        let mut start_frame = Header { body_len, ..Header::new(Kind::Start) }.encode().to_vec();
        start_frame.extend_from_slice(&body);
        Ok(Self {
            registry,
            start_method: StartMethod::default(),
            transport: Transport::default(),
            program: PathBuf::from("/proc/self/exe"),
            workers: 1,
            start_frame,
            regions,
        })
    }

    /// Says beforehand what would fail at some worker in the middle.
    pub(super) fn check_limits(&self) -> Result<(), PoolError> {
        self.check_threads()?;
        match self.too_few_descriptors() {
            PoolError::TooFewDescriptors { needed, limit, .. } if needed <= limit => Ok(()),
            error => Err(error),
        }
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
    pub(super) fn launch(&self, number: usize) -> Result<Member, PoolError> {
        self.check_threads()?;
        self.try_launch().map_err(|source| self.start_error(number, source))
    }

    fn start_error(&self, worker: usize, source: io::Error) -> PoolError {
        match Errno::from_io_error(&source) {
            Some(Errno::MFILE | Errno::NFILE) => self.too_few_descriptors(),
            _ => PoolError::Start { worker, workers: self.workers, source },
        }
    }

    fn too_few_descriptors(&self) -> PoolError {
        let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        let needed = self.workers as u64 * DESCRIPTORS_A_WORKER + OTHER_DESCRIPTORS;
        PoolError::TooFewDescriptors { workers: self.workers, needed, limit }
    }

    fn try_launch(&self) -> io::Result<Member> {
        let arena = match self.transport {
            Transport::Shared => Some(arena::new_region()?),
            Transport::Pipe => None,
        };
        let (socket, workers_end) = socket::pair()?;
        let process = match self.start_method {
            StartMethod::Spawn => Process::spawn(&self.program, workers_end)?,
            StartMethod::Fork => {
                Process::fork(workers_end, |socket| worker::serve(socket, &self.registry))?
            }
        };
        let mut frame = self.start_frame.clone();
        let mut descriptors: Vec<BorrowedFd<'_>> = Vec::with_capacity(1 + self.regions.len());
        if let Some(arena) = &arena {
            let head = frame.first_chunk().expect("a frame has a header");
            let header = Header::decode(head).map_err(io::Error::other)?;
            let flagged = Header { flags: IN_ARENA, ..header }.encode();
            frame[..flagged.len()].copy_from_slice(&flagged);
            descriptors.extend(arena.descriptor());
        }
        descriptors.extend(self.regions.iter().map(OwnedFd::as_fd));
        match socket::send_with_descriptors(&socket, &frame, &descriptors) {
            Ok(sent) => drop(frame.drain(..sent)),
            // It is dead already: found out, like every death, where its answers are read.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => frame.clear(),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => frame.clear(),
            Err(error) => return Err(error),
        }
        let rings = arena.map(arena::parent_ends).transpose()?;
        Ok(Member::new(process, socket, rings, frame))
    }
}
