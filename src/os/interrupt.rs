//! A request to stop, as a flag to look at and a descriptor to wait on.
//!
//! Where nobody is able to look or to wait (a write to a pipe that nobody reads, a library's loop),
//! and nothing would be lost, a program lets the signal end it on the spot:
//! [`Interrupt::end_at_once`].
//!
//! Whoever works for long looks at [`Interrupt::pending`] now and then; whoever sleeps in `poll`
//! also waits for [`Interrupt::descriptor`], which stays readable once the request was made. The
//! module does not know what stops, or how: it turns SIGINT and SIGTERM into that request and
//! nothing more.

use std::io::{self, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};

/// The signals that ask a program to end.
const SIGNALS: [i32; 2] = [SIGINT, SIGTERM];

/// A request to stop that can be made once and is never taken back.
#[derive(Debug)]
pub struct Interrupt {
    signal: Arc<AtomicUsize>,
    end_at_once: Arc<AtomicBool>,
    held_off: Arc<AtomicBool>,
    readable_when_pending: UnixStream,
    request: UnixStream,
}

impl Interrupt {
    /// An interrupt that only [`Interrupt::raise`] makes.
    ///
    /// # Errors
    ///
    /// When the system has no descriptors left.
    pub fn manual() -> io::Result<Arc<Self>> {
        let (readable_when_pending, request) = UnixStream::pair()?;
        request.set_nonblocking(true)?;
        Ok(Arc::new(Self {
            signal: Arc::default(),
            end_at_once: Arc::default(),
            held_off: Arc::default(),
            readable_when_pending,
            request,
        }))
    }

    /// An interrupt that SIGINT and SIGTERM make, from now to the end of the process. A second
    /// signal ends the process on the spot: whoever sends one has waited long enough.
    ///
    /// SIGXFSZ, which comes with a write that exceeds the size a file may have, does not end the
    /// process from now on either: the write fails, and that is an error like that of a full disk.
    ///
    /// # Errors
    ///
    /// When the system has no descriptors left or refuses the handlers.
    pub fn on_signals() -> io::Result<Arc<Self>> {
        let interrupt = Self::manual()?;
        for signal in SIGNALS {
            let number = signal.unsigned_abs() as usize;
            let (noted, held_off) =
                (Arc::clone(&interrupt.signal), Arc::clone(&interrupt.held_off));
            let end_at_once = Arc::clone(&interrupt.end_at_once);
            // signal-hook's own conditional shutdown has one condition; this takes two.
            let act = move || {
                if end_at_once.swap(true, Ordering::SeqCst) && !held_off.load(Ordering::SeqCst) {
                    signal_hook::low_level::exit(128 + signal);
                }
                noted.store(number, Ordering::SeqCst);
            };
            // SAFETY: a signal handler may only do what is async-signal-safe. This one loads and
            // stores atomics and calls `_exit`: no allocation, no lock, no panic.
            unsafe { signal_hook::low_level::register(signal, act) }?;
            signal_hook::low_level::pipe::register(signal, interrupt.request.try_clone()?)?;
        }
        signal_hook::flag::register(SIGXFSZ, Arc::default())?;
        Ok(interrupt)
    }

    /// Whether the next signal ends the process on the spot, with the status 128 + its number,
    /// instead of making a request. Until told so, it does not.
    pub fn end_at_once(&self, at_once: bool) {
        self.end_at_once.store(at_once, Ordering::SeqCst);
    }

    /// Does something short that must not be cut in two: signals that come meanwhile make a
    /// request, even where they would have ended the process on the spot.
    pub fn hold_off<T>(&self, work: impl FnOnce() -> T) -> T {
        self.held_off.store(true, Ordering::SeqCst);
        let done = work();
        self.held_off.store(false, Ordering::SeqCst);
        done
    }

    /// Makes the request, as if `signal` had come.
    pub fn raise(&self, signal: i32) {
        self.signal.store(signal.unsigned_abs() as usize, Ordering::SeqCst);
        // Full means that the other end is readable already, which is all that is wanted.
        let _ = (&self.request).write(&[1]);
    }

    /// The signal that asked for the end, once one did.
    #[must_use]
    pub fn pending(&self) -> Option<i32> {
        match self.signal.load(Ordering::SeqCst) {
            0 => None,
            signal => i32::try_from(signal).ok(),
        }
    }

    /// Readable from the moment of the request on. Nobody may read from it.
    #[must_use]
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.readable_when_pending.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    fn is_readable(interrupt: &Interrupt) -> bool {
        let descriptor = interrupt.descriptor();
        let mut waited = [PollFd::new(&descriptor, PollFlags::IN)];
        poll(&mut waited, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap() == 1
    }

    #[test]
    fn a_request_is_seen_by_lookers_and_by_sleepers_and_stays() {
        let interrupt = Interrupt::manual().unwrap();
        assert_eq!((interrupt.pending(), is_readable(&interrupt)), (None, false));
        interrupt.raise(SIGTERM);
        for _ in 0..2 {
            assert_eq!((interrupt.pending(), is_readable(&interrupt)), (Some(SIGTERM), true));
        }
    }
}
