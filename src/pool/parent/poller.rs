//! One descriptor that is readable when there is something to do for a pool: an answer, a worker
//! that ended, room in a socket, a request to stop, a deadline.
//!
//! It knows workers by [`Key`] only.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

/// The most events of one wait. What is left is reported by the next one.
const EVENTS: usize = 64;

/// A worker's place in the scheduler's table, and which of the place's workers it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) slot: u32,
    pub(super) generation: u32,
}

/// Which of a worker's two descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Socket { readable: bool, writable: bool },
    Process,
}

/// What a wait found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) workers: Vec<(Key, Source)>,
    /// A deadline passed.
    pub(super) deadline: bool,
}

const TIMER: u64 = u64::MAX;
const INTERRUPT: u64 = u64::MAX - 1;
/// Marks a process among the keys of sockets.
const PROCESS: u64 = 1 << 63;

impl Key {
    /// Generations are below this, so that no key is one of the numbers above.
    pub(super) const GENERATIONS: u32 = (1 << 31) - 1;

    fn socket(self) -> u64 {
        (u64::from(self.generation) << 32) | u64::from(self.slot)
    }

    fn process(self) -> u64 {
        self.socket() | PROCESS
    }

    fn of(data: u64) -> Self {
        let [slot, generation] = [data, (data & !PROCESS) >> 32];
        let low = |number: u64| u32::try_from(number & 0xFFFF_FFFF).expect("32 bits");
        Self { slot: low(slot), generation: low(generation) }
    }
}

#[derive(Debug)]
pub(super) struct Poller {
    epoll: Rc<OwnedFd>,
    timer: OwnedFd,
    /// When the timer is set to go off.
    armed: Option<Instant>,
}

impl Poller {
    pub(super) fn new(interrupt: Option<impl AsFd>) -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        epoll::add(&epoll, &timer, EventData::new_u64(TIMER), EventFlags::IN)?;
        if let Some(interrupt) = interrupt {
            epoll::add(&epoll, interrupt, EventData::new_u64(INTERRUPT), EventFlags::IN)?;
        }
        Ok(Self { epoll: Rc::new(epoll), timer, armed: None })
    }

    /// The descriptor that is readable when there is something to do.
    pub(super) fn descriptor(&self) -> Rc<OwnedFd> {
        Rc::clone(&self.epoll)
    }

    /// Watches a new worker's answers and its end.
    pub(super) fn add(&self, key: Key, socket: impl AsFd, process: impl AsFd) -> io::Result<()> {
        epoll::add(&*self.epoll, process, EventData::new_u64(key.process()), EventFlags::IN)?;
        epoll::add(&*self.epoll, socket, EventData::new_u64(key.socket()), EventFlags::IN)?;
        Ok(())
    }

    /// Waits for room in the socket too, or no more.
    pub(super) fn watch_room(&self, key: Key, socket: impl AsFd, room: bool) {
        let flags = if room { EventFlags::IN | EventFlags::OUT } else { EventFlags::IN };
        // It fails only for a descriptor that is not in the set: then nothing is waited for.
        let _ = epoll::modify(&*self.epoll, socket, EventData::new_u64(key.socket()), flags);
    }

    /// Watches a descriptor no more. Closing it would not do: a forked worker may hold a copy.
    pub(super) fn remove(&self, descriptor: impl AsFd) {
        let _ = epoll::delete(&*self.epoll, descriptor);
    }

    /// Makes the descriptor readable at this time at the latest.
    pub(super) fn wake_at(&mut self, deadline: Instant) -> io::Result<()> {
        if self.armed.is_some_and(|armed| armed <= deadline) {
            return Ok(());
        }
        // Zero would switch the timer off.
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_nanos(1));
        let it_value =
            Timespec::try_from(left).unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 });
        let once = Itimerspec { it_interval: Timespec::default(), it_value };
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &once)?;
        self.armed = Some(deadline);
        Ok(())
    }

    /// Waits for something to happen, at most this long if a time is given, and puts it into
    /// `found`, whose memory is used again.
    pub(super) fn wait(&mut self, timeout: Option<Duration>, found: &mut Found) -> io::Result<()> {
        found.workers.clear();
        found.deadline = false;
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        let mut events = [MaybeUninit::<Event>::uninit(); EVENTS];
        let events = match epoll::wait(&*self.epoll, &mut events, timeout.as_ref()) {
            // A signal's handler ran: the caller looks at the interrupt next.
            Err(Errno::INTR) => return Ok(()),
            waited => waited?.0,
        };
        for event in events {
            match event.data.u64() {
                TIMER => {
                    let mut expirations = [0; 8];
                    let _ = rustix::io::read(&self.timer, &mut expirations);
                    self.armed = None;
                    found.deadline = true;
                }
                INTERRUPT => {}
                data if data & PROCESS != 0 => found.workers.push((Key::of(data), Source::Process)),
                data => {
                    let ends = EventFlags::IN | EventFlags::HUP | EventFlags::ERR;
                    let flags = event.flags;
                    let (readable, writable) =
                        (flags.intersects(ends), flags.contains(EventFlags::OUT));
                    found.workers.push((Key::of(data), Source::Socket { readable, writable }));
                }
            }
        }
        Ok(())
    }
}
