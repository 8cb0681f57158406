//! The worker's side: a loop that reads tasks, runs their job and answers, until its parent has
//! no more for it or is gone.
//!
//! It knows nothing of other workers, of retries or of how the parent shares tasks out.

use std::any::Any;
use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitCode;

use rustix::io::Errno;
use rustix::process::{Pid, Signal};
use serde::{Deserialize, Serialize};

use super::arena::{self, RingReader};
use super::error::TaskFailure;
use super::frame::{
    Frame, FrameError, Header, IN_ARENA, Items, Kind, PANICKED, Place, split_frame,
};
use super::job::{Entry, Registry, Segment, Tasks};
use super::outputs::{Outputs, Replies, send_report};
use super::{panics, socket};
use crate::os::region::Region;

/// The first argument of a process that is to be a worker; its parent's process id is the second.
pub(super) const WORKER_ARGUMENT: &str = "__pool-worker";

/// The exit status of a worker that cannot go on (`EX_SOFTWARE` of sysexits.h).
const CANNOT_GO_ON: u8 = 70;

/// Reads at once at most; more than a batch of small tasks.
const READ_BYTES: usize = 256 << 10;

/// What a worker is to be, in the body of its `Start` frame.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Start<'a> {
    pub(super) context: &'a str,
    /// The parent's numbers for jobs are places in this list.
    pub(super) jobs: Vec<&'a str>,
    pub(super) args: &'a [u8],
    /// Regions that come along, the arena not counted.
    pub(super) regions: u32,
}

/// Makes this process a worker if a pool started it as one, and works until the pool is done.
///
/// Every program that uses pools with the start method `spawn` calls this first thing in `main`,
/// before threads, files and output, and ends with the status it returns.
#[must_use]
pub fn serve_if_worker(registry: &Registry) -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != OsStr::new(WORKER_ARGUMENT) {
        return None;
    }
    let parent = arguments.next().and_then(|pid| pid.to_str()?.parse().ok());
    let status = match parent.and_then(Pid::from_raw).ok_or(Errno::INVAL).and_then(tie_to_parent) {
        Ok(()) => take_socket_from_stdin().map_or(CANNOT_GO_ON, |socket| serve(socket, registry)),
        Err(_) => CANNOT_GO_ON,
    };
    Some(ExitCode::from(status))
}

/// Makes the kernel end this process when its parent's thread ends.
pub(super) fn tie_to_parent(parent: Pid) -> rustix::io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // The parent may have ended before the line above.
    if rustix::process::getppid() == Some(parent) { Ok(()) } else { Err(Errno::SRCH) }
}

/// The socket comes as standard input, the one place where a new process finds a descriptor
/// without being told its number. Jobs and the programs that they start get an empty one instead.
fn take_socket_from_stdin() -> io::Result<OwnedFd> {
    let socket = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    rustix::stdio::dup2_stdin(std::fs::File::open("/dev/null")?)?;
    Ok(socket)
}

/// The worker's life. Returns the status to end with.
pub(super) fn serve(socket: OwnedFd, registry: &Registry) -> u8 {
    // A terminal sends SIGINT to all of its processes; what it means is for the parent to decide.
    // SAFETY: ignoring a signal runs no code of ours.
    unsafe { libc::signal(libc::SIGINT, libc::SIG_IGN) };
    panics::keep_messages_of_this_thread();
    let mut worker = Worker {
        inbox: Inbox { bytes: vec![0; READ_BYTES], start: 0, end: 0 },
        replies: Replies::new(socket),
        ring: None,
        entries: Vec::new(),
        context: Box::new(()),
    };
    match worker.start(registry).and_then(|started| if started { worker.work() } else { Ok(()) }) {
        Ok(()) => 0,
        Err(_) => CANNOT_GO_ON,
    }
}

/// Bytes read from the socket and not used yet.
struct Inbox {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Inbox {
    fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    fn consume(&mut self, count: usize) {
        self.start += count;
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Room after the unread bytes: enough for the rest of a frame that has begun.
    fn room(&mut self) -> &mut [u8] {
        if self.bytes.len() - self.end < READ_BYTES / 2 {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            if self.bytes.len() - self.end < READ_BYTES / 2 {
                self.bytes.resize(self.bytes.len() * 2, 0);
            }
        }
        &mut self.bytes[self.end..]
    }
}

struct Worker {
    inbox: Inbox,
    replies: Replies,
    ring: Option<RingReader>,
    entries: Vec<Entry>,
    context: Box<dyn Any>,
}

impl Worker {
    /// Makes the context. `false` when there is nothing to live for.
    fn start(&mut self, registry: &Registry) -> io::Result<bool> {
        let mut descriptors = Vec::new();
        let (header, used) = loop {
            if let Some(frame) = split_frame(self.inbox.unread()).map_err(invalid)? {
                break (frame.header, frame.len);
            }
            let socket = self.replies.socket().as_fd();
            let room = self.inbox.bytes.len() - self.inbox.end;
            if room == 0 {
                let more = self.inbox.bytes.len();
                self.inbox.bytes.resize(2 * more, 0);
            }
            let into = &mut self.inbox.bytes[self.inbox.end..];
            match socket::receive_with_descriptors(socket, into, &mut descriptors)? {
                0 => return Ok(false),
                received => self.inbox.end += received,
            }
        };
        if header.kind != Kind::Start {
            return Err(invalid(FrameError::Unexpected));
        }
        let mut regions = descriptors.into_iter().map(Region::adopt);
        if header.has(IN_ARENA) {
            let arena = regions.next().ok_or(io::ErrorKind::InvalidData)??;
            let (writer, reader) = arena::worker_ends(arena)?;
            self.replies.use_arena(writer);
            self.ring = Some(reader);
        }
        let regions = regions.collect::<io::Result<Vec<_>>>()?;
        let body = &self.inbox.unread()[used - header.body_len as usize..used];
        let made = make_context(registry, body, regions);
        self.inbox.consume(used);
        match made {
            Ok((entries, context)) => {
                (self.entries, self.context) = (entries, context);
                self.replies.send_control(Kind::Ready, 0, &[]);
                Ok(!self.replies.gone())
            }
            Err(failure) => {
                let panicked = matches!(failure, TaskFailure::Panicked(_));
                let mut message = failure.to_string();
                message.truncate(message.floor_char_boundary(READ_BYTES / 4));
                let flags = if panicked { PANICKED } else { 0 };
                self.replies.send_control(Kind::StartFailed, flags, message.as_bytes());
                Ok(false)
            }
        }
    }

    /// Works until the parent says stop or is gone.
    fn work(&mut self) -> io::Result<()> {
        loop {
            match self.run_what_is_there()? {
                Next::More => {}
                Next::Read => {
                    let room = self.inbox.room();
                    match socket::receive(self.replies.socket(), room)? {
                        socket::Received::Bytes(received) => self.inbox.end += received,
                        socket::Received::Nothing | socket::Received::End => return Ok(()),
                    }
                }
                Next::Stop => {
                    // Dropped first, so that what it uses at the end is in the report.
                    self.context = Box::new(());
                    return send_report(&mut self.replies);
                }
            }
            if self.replies.gone() {
                return Ok(());
            }
        }
    }

    /// Runs all complete frames of tasks in the inbox that are for the same job.
    fn run_what_is_there(&mut self) -> io::Result<Next> {
        let mut segments = Vec::new();
        let mut used = 0;
        let mut job = None;
        let mut last_place = None;
        let mut stop = false;
        while let Some(Frame { header, body, len }) =
            split_frame(&self.inbox.unread()[used..]).map_err(invalid)?
        {
            if header.kind == Kind::Stop {
                stop = segments.is_empty();
                break;
            }
            if header.kind != Kind::Tasks || header.count == 0 {
                return Err(invalid(FrameError::Unexpected));
            }
            if *job.get_or_insert(header.job) != header.job {
                break;
            }
            let body = body_of(&header, body, self.ring.as_ref(), &mut last_place)?;
            segments.push(Segment { first: header.first, count: header.count, body });
            used += len;
        }
        let Some(job) = job else { return Ok(if stop { Next::Stop } else { Next::Read }) };
        let entry = *self.entries.get(job as usize).ok_or(io::ErrorKind::InvalidData)?;
        run_all(entry, self.context.as_mut(), segments, &mut self.replies);
        if let (Some(ring), Some(place)) = (&mut self.ring, last_place) {
            ring.release(place);
        }
        self.inbox.consume(used);
        Ok(Next::More)
    }
}

/// What the worker is to do next.
enum Next {
    More,
    Read,
    Stop,
}

fn body_of<'a>(
    header: &Header,
    body: &'a [u8],
    ring: Option<&'a RingReader>,
    last_place: &mut Option<Place>,
) -> io::Result<&'a [u8]> {
    if !header.has(IN_ARENA) {
        return Ok(body);
    }
    let place = Place::decode(body).map_err(invalid)?;
    *last_place = Some(place);
    let ring = ring.ok_or_else(|| invalid(FrameError::Place))?;
    // SAFETY: the parent is this very program; it writes the bytes before it tells their place,
    // and not again before `run_what_is_there` releases them, when no slice of them is left.
    unsafe { ring.look(place) }.map_err(invalid)
}

fn make_context(
    registry: &Registry,
    body: &[u8],
    regions: Vec<Region>,
) -> Result<(Vec<Entry>, Box<dyn Any>), TaskFailure> {
    let start: Start<'_> = postcard::from_bytes(body)
        .map_err(|error| TaskFailure::Failed(format!("its start frame: {error}")))?;
    if regions.len() != start.regions as usize {
        return Err(TaskFailure::Failed("not all shared regions arrived".to_owned()));
    }
    let known = registry.jobs_with(start.context);
    let entries = start.jobs.iter().map(|&name| {
        known.iter().find(|entry| entry.job == name).copied().ok_or_else(|| {
            TaskFailure::Failed(format!("job `{name}` is not in the worker's registry"))
        })
    });
    let entries = entries.collect::<Result<Vec<_>, _>>()?;
    let first = entries
        .first()
        .ok_or_else(|| TaskFailure::Failed(format!("no job for context `{}`", start.context)))?;
    let context = (first.create)(start.args, regions)?;
    Ok((entries, context))
}

/// Runs the job until every task of the segments is answered. A task that fails is answered by its
/// failure, and the job is called again with those after it.
fn run_all(
    entry: Entry,
    context: &mut dyn Any,
    mut segments: Vec<Segment<'_>>,
    replies: &mut Replies,
) {
    replies.start_clock();
    while !segments.is_empty() && !replies.gone() {
        let tasks = Tasks::new(&segments);
        let given = tasks.len() as u64;
        let mut outputs = Outputs::new(replies, &segments);
        let result = (entry.run)(context, tasks, &mut outputs);
        let finished = outputs.finished();
        if finished == given {
            // A failure after the last task is nobody's.
            outputs.end();
            return;
        }
        outputs.fail_task(&result.err().unwrap_or_else(|| {
            TaskFailure::Failed(format!("job `{}` returned without finishing it", entry.job))
        }));
        skip(&mut segments, finished + 1);
    }
}

/// Takes the first `count` tasks off.
fn skip(segments: &mut Vec<Segment<'_>>, mut count: u64) {
    while count > 0 {
        let segment = &mut segments[0];
        if count >= u64::from(segment.count) {
            count -= u64::from(segment.count);
            segments.remove(0);
            continue;
        }
        let mut items = Items::new(segment.body);
        let skipped = u32::try_from(count).expect("less than a segment's count");
        for _ in 0..skipped {
            items.next();
        }
        let (first, left) = (segment.first + count, segment.count - skipped);
        *segment = Segment { first, count: left, body: items.rest() };
        return;
    }
}

fn invalid(error: FrameError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
