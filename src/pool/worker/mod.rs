//! The worker's side: a loop that reads tasks, runs their function and answers, until its parent
//! has no more for it or is gone.
//!
//! It knows nothing of other workers, of retries or of how the parent shares tasks out, and uses
//! nothing of the parent's side.

use std::any::Any;
use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::process::{Pid, Signal};

use super::error::TaskFailure;
use super::protocol::code::{BuildId, CodePlace};
use super::protocol::frame::{
    Frame, FrameError, Header, IN_RING, Items, Kind, PANICKED, Place, split_frame,
};
use super::protocol::ring::{self, RingReader};
use super::protocol::socket;
use super::protocol::start::{CANNOT_GO_ON, Start, WORKER_ARGUMENT, set_initialised};
use crate::os::region::Region;

pub(super) mod call;
pub(super) mod outputs;
mod panics;
mod replies;
pub(super) mod tasks;

use call::{Create, Run};
use outputs::Outputs;
use replies::{Replies, send_report};
use tasks::{Segment, Tasks};

/// Reads at once at most; more than a batch of small tasks.
const READ_BYTES: usize = 256 << 10;

/// The longest message that says why a worker could not start.
const MAX_MESSAGE: usize = READ_BYTES / 4;

/// How readily the kernel ends a worker when memory runs out: before its parent, which shares the
/// large regions with it and can replace it. The scale ends at 1000.
const OOM_SCORE: &str = "500";

/// Lets this program have worker processes. Call it first thing in `main`, before threads, files
/// and output.
///
/// In a process that a pool started as a worker it works until the pool is done and then ends the
/// process: it does not return. In any other it returns at once.
///
/// ```no_run
/// wordhash::pool::init();
/// println!("only in the program that the user started");
/// ```
pub fn init() {
    set_initialised();
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_none_or(|argument| argument != OsStr::new(WORKER_ARGUMENT)) {
        return;
    }
    let parent = arguments.next().and_then(|pid| pid.to_str()?.parse().ok());
    let status = match parent.and_then(Pid::from_raw).ok_or(Errno::INVAL).and_then(tie_to_parent) {
        // The socket comes as standard input, the one place where a new process finds a descriptor
        // without being told its number.
        Ok(()) => {
            rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3).map_or(CANNOT_GO_ON, serve)
        }
        Err(_) => CANNOT_GO_ON,
    };
    #[expect(clippy::exit, reason = "this process is a worker, and its work is done")]
    std::process::exit(status.into());
}

/// Makes the kernel end this process when its parent's thread ends.
fn tie_to_parent(parent: Pid) -> rustix::io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // The parent may have ended before the line above.
    if rustix::process::getppid() == Some(parent) { Ok(()) } else { Err(Errno::SRCH) }
}

/// The worker's life in a copy of the parent. Returns the status to end with.
pub(super) fn serve_forked(parent: Pid, socket: OwnedFd) -> u8 {
    match tie_to_parent(parent) {
        Ok(()) => serve(socket),
        Err(_) => CANNOT_GO_ON,
    }
}

/// The worker's life. Returns the status to end with.
fn serve(socket: OwnedFd) -> u8 {
    // A terminal sends SIGINT to all of its processes; what it means is for the parent to decide.
    // SAFETY: ignoring a signal runs no code of ours.
    unsafe { libc::signal(libc::SIGINT, libc::SIG_IGN) };
    // Where the kernel does not allow it, the worker is as likely to be ended as its parent.
    let _ = std::fs::write("/proc/self/oom_score_adj", OOM_SCORE);
    panics::keep_messages_of_this_thread();
    let mut worker = Worker {
        inbox: Inbox { bytes: vec![0; READ_BYTES], start: 0, end: 0 },
        replies: Replies::new(socket),
        ring: None,
        context: Box::new(()),
    };
    match worker.start().and_then(|started| if started { worker.work() } else { Ok(()) }) {
        Ok(()) => 0,
        Err(_) => CANNOT_GO_ON,
    }
}

/// Jobs and the programs that they start get an empty standard input.
fn empty_stdin() -> io::Result<()> {
    let null = std::fs::File::open("/dev/null")
        .map_err(|error| io::Error::new(error.kind(), format!("cannot open /dev/null: {error}")))?;
    Ok(rustix::stdio::dup2_stdin(null)?)
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
    context: Box<dyn Any>,
}

impl Worker {
    /// Makes the context. Returns `false` if the worker should exit: the parent is gone, or was
    /// told why there is no context.
    fn start(&mut self) -> io::Result<bool> {
        let mut descriptors = Vec::new();
        let Some((header, used)) = self.read_start(&mut descriptors)? else { return Ok(false) };
        let made = self.make_context(&header, used, descriptors);
        self.inbox.consume(used);
        match made {
            Ok(context) => {
                self.context = context;
                self.replies.send_control(Kind::Ready, 0, &[]);
                Ok(!self.replies.gone())
            }
            Err(failure) => {
                let panicked = matches!(failure, TaskFailure::Panicked(_));
                let mut message = failure.to_string();
                message.truncate(message.floor_char_boundary(MAX_MESSAGE));
                let flags = if panicked { PANICKED } else { 0 };
                self.replies.send_control(Kind::StartFailed, flags, message.as_bytes());
                Ok(false)
            }
        }
    }

    /// Reads the first frame, which stays in the inbox, and the descriptors that come with it.
    fn read_start(
        &mut self,
        descriptors: &mut Vec<OwnedFd>,
    ) -> io::Result<Option<(Header, usize)>> {
        loop {
            if let Some(frame) = split_frame(self.inbox.unread()).map_err(invalid)? {
                if frame.header.kind != Kind::Start {
                    return Err(invalid(FrameError::Unexpected));
                }
                return Ok(Some((frame.header, frame.len)));
            }
            if self.inbox.bytes.len() == self.inbox.end {
                self.inbox.bytes.resize(2 * self.inbox.end, 0);
            }
            let socket = self.replies.socket().as_fd();
            let into = &mut self.inbox.bytes[self.inbox.end..];
            match socket::receive_with_descriptors(socket, into, descriptors)? {
                0 => return Ok(None),
                received => self.inbox.end += received,
            }
        }
    }

    fn make_context(
        &mut self,
        header: &Header,
        used: usize,
        descriptors: Vec<OwnedFd>,
    ) -> Result<Box<dyn Any>, TaskFailure> {
        let failed = |error: io::Error| TaskFailure::Failed(error.to_string());
        empty_stdin().map_err(failed)?;
        let mut regions = descriptors.into_iter().map(Region::adopt);
        if header.has(IN_RING) {
            let missing = || TaskFailure::Failed("the rings did not arrive".to_owned());
            let memory = regions.next().ok_or_else(missing)?;
            let (writer, reader) = memory.and_then(ring::worker_ends).map_err(failed)?;
            self.replies.use_ring(writer);
            self.ring = Some(reader);
        }
        let regions = regions.collect::<io::Result<Vec<_>>>().map_err(failed)?;
        let body = &self.inbox.unread()[used - header.body_len as usize..used];
        let start: Start<'_> = postcard::from_bytes(body)
            .map_err(|error| TaskFailure::Failed(format!("its start frame: {error}")))?;
        if start.build != BuildId::of_this_program() {
            let message = "it runs another build of the program than its parent";
            return Err(TaskFailure::Failed(message.to_owned()));
        }
        if regions.len() != start.regions as usize {
            return Err(TaskFailure::Failed("not all shared regions arrived".to_owned()));
        }
        let create = start.create.address().ok_or_else(no_such_function)?;
        // SAFETY: the parent runs the same build (checked above) and made this place of a function
        // of this type.
        let create = unsafe { std::mem::transmute::<*const (), Create>(create) };
        create(start.args, regions)
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

    /// Runs all complete frames of tasks in the inbox that are for the same function.
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
        let run = CodePlace(job).address().ok_or(io::ErrorKind::InvalidData)?;
        // SAFETY: the parent runs the same build (checked at the start) and made this place of a
        // function of this type.
        let run = unsafe { std::mem::transmute::<*const (), Run>(run) };
        run_all(run, self.context.as_mut(), segments, &mut self.replies);
        if let (Some(ring), Some(place)) = (&mut self.ring, last_place) {
            ring.release(place);
        }
        self.inbox.consume(used);
        Ok(Next::More)
    }
}

/// What the worker does next.
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
    if !header.has(IN_RING) {
        return Ok(body);
    }
    let place = Place::decode(body).map_err(invalid)?;
    *last_place = Some(place);
    let ring = ring.ok_or_else(|| invalid(FrameError::Place))?;
    // SAFETY: the parent is this very program; it writes the bytes before it tells their place,
    // and not again before `run_what_is_there` releases them, when no slice of them is left.
    unsafe { ring.look(place) }.map_err(invalid)
}

fn no_such_function() -> TaskFailure {
    TaskFailure::Failed("the function for the context is not in the program".to_owned())
}

/// Runs the function until every task of the segments is answered. A task that fails is answered by
/// its failure, and the function is called again with those after it.
fn run_all(run: Run, context: &mut dyn Any, mut segments: Vec<Segment<'_>>, replies: &mut Replies) {
    replies.start_clock();
    while !segments.is_empty() && !replies.gone() {
        let tasks = Tasks::new(&segments);
        let given = tasks.len() as u64;
        let mut outputs = Outputs::new(replies, &segments);
        let result = run(context, tasks, &mut outputs);
        let finished = outputs.finished();
        if finished == given {
            // A failure after the last task belongs to no task.
            outputs.end();
            return;
        }
        outputs.fail_task(&result.err().unwrap_or_else(|| {
            TaskFailure::Failed("the job returned without finishing it".to_owned())
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
