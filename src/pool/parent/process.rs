//! A child process as the pool holds it: started, watched, signalled, and never left behind.

use std::ffi::OsStr;
use std::io::{self, Write as _};
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, WaitIdStatus, pidfd_open, pidfd_send_signal,
};

use crate::pool::error::Death;
use crate::pool::protocol::start::{CANNOT_GO_ON, WORKER_ARGUMENT};

/// A worker's life in a forked copy of this process, whose parent and socket it is given. Returns
/// the status to end with.
pub(in crate::pool) type Serve = fn(Pid, OwnedFd) -> u8;

/// A child that is killed and waited for when dropped.
#[derive(Debug)]
pub(super) struct Process {
    pid: Pid,
    /// Readable once the process has ended; and unlike a pid it never means another process.
    descriptor: OwnedFd,
    ended: bool,
}

impl Process {
    /// Runs `program` as a worker whose end of the connection is `socket`.
    ///
    /// The socket is handed over as standard input, because everything else would need code
    /// between fork and exec; without it the standard library can use `posix_spawn`, whose cost
    /// does not grow with this process's memory.
    pub(super) fn spawn(program: &Path, socket: OwnedFd) -> io::Result<Self> {
        let mut command = Command::new(program);
        if let Some(name) = std::env::args_os().next() {
            command.arg0(name);
        }
        let child = command
            .args([OsStr::new(WORKER_ARGUMENT), OsStr::new(&std::process::id().to_string())])
            .stdin(Stdio::from(socket))
            .spawn()?;
        let pid = Pid::from_child(&child);
        Self::watch(pid)
    }

    /// Copies this process; the copy runs `serve` on `socket` and ends with the status it returns.
    /// The caller makes sure that there is only one thread.
    pub(super) fn fork(socket: OwnedFd, serve: Serve) -> io::Result<Self> {
        // What is buffered would be printed twice.
        io::stdout().flush()?;
        let parent = rustix::process::getpid();
        // Until the copy has reset its handlers, a signal to it would run the parent's, which write
        // to what both share.
        let blocked = SignalsBlocked::new();
        // SAFETY: one thread, so no lock is held by another that the copy would not have. The
        // copy never returns from `be_child`.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            0 => be_child(parent, socket, serve),
            pid => {
                drop((socket, blocked));
                Self::watch(Pid::from_raw(pid).expect("fork gives the parent a positive number"))
            }
        }
    }

    /// Takes charge of a child that this process has not waited for.
    fn watch(pid: Pid) -> io::Result<Self> {
        match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(descriptor) => Ok(Self { pid, descriptor, ended: false }),
            // It ended, and the system has reaped it (a program that ignores SIGCHLD): its number
            // may be another process's by now.
            Err(Errno::SRCH) => Err(Errno::SRCH.into()),
            Err(error) => {
                let _ = rustix::process::kill_process(pid, Signal::KILL);
                let _ = rustix::process::waitid(WaitId::Pid(pid), WaitIdOptions::EXITED);
                Err(error.into())
            }
        }
    }

    pub(super) fn id(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Readable once the process has ended.
    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }

    /// Sends a signal; to a process that has ended, nothing.
    pub(super) fn signal(&self, signal: Signal) {
        let _ = pidfd_send_signal(&self.descriptor, signal);
    }

    /// Waits at most so long for the end. Whether it came.
    pub(super) fn ends_within(&self, milliseconds: u32) -> bool {
        let timeout = Timespec {
            tv_sec: i64::from(milliseconds / 1000),
            tv_nsec: i64::from(milliseconds % 1000) * 1_000_000,
        };
        let mut waited = [PollFd::new(&self.descriptor, PollFlags::IN)];
        loop {
            match poll(&mut waited, Some(&timeout)) {
                Err(Errno::INTR) => {}
                Err(_) => return false,
                Ok(ready) => return ready > 0,
            }
        }
    }

    /// Waits for the end, and says how it came unless it was exit status 0.
    pub(super) fn wait(mut self) -> Option<Death> {
        match self.reap() {
            Ok(status) => match (status.terminating_signal(), status.exit_status()) {
                (Some(signal), _) => Some(Death::Signal(signal)),
                (None, Some(0)) => None,
                (None, status) => Some(Death::Exit(status.unwrap_or(-1))),
            },
            // The system reaped it (a program that ignores SIGCHLD): how it ended is lost.
            Err(_) => Some(Death::Exit(-1)),
        }
    }

    fn reap(&mut self) -> io::Result<WaitIdStatus> {
        loop {
            let id = WaitId::PidFd(self.descriptor.as_fd());
            match rustix::process::waitid(id, WaitIdOptions::EXITED) {
                Err(Errno::INTR) | Ok(None) => {}
                Err(error) => {
                    self.ended = true;
                    return Err(error.into());
                }
                Ok(Some(status)) => {
                    self.ended = true;
                    return Ok(status);
                }
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.ended {
            self.signal(Signal::KILL);
            let _ = self.reap();
        }
    }
}

/// Blocks all signals of this thread until it is dropped.
struct SignalsBlocked {
    before: libc::sigset_t,
}

impl SignalsBlocked {
    fn new() -> Self {
        // SAFETY: `sigset_t` is plain numbers; both sets are valid for the calls.
        unsafe {
            let mut all: libc::sigset_t = std::mem::zeroed();
            let mut before: libc::sigset_t = std::mem::zeroed();
            libc::sigfillset(&raw mut all);
            libc::sigprocmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
            Self { before }
        }
    }
}

impl Drop for SignalsBlocked {
    fn drop(&mut self) {
        // SAFETY: the set is the one that the kernel gave.
        unsafe {
            libc::sigprocmask(libc::SIG_SETMASK, &raw const self.before, std::ptr::null_mut());
        }
    }
}

/// The life of a forked copy.
fn be_child(parent: Pid, socket: OwnedFd, serve: Serve) -> ! {
    let run = AssertUnwindSafe(|| {
        reset_signals();
        Ok(serve(parent, keep_only(socket)?))
    });
    let status = match catch_unwind(run) {
        Ok(Ok(status)) => status,
        Ok(Err::<u8, io::Error>(_)) | Err(_) => CANNOT_GO_ON,
    };
    let _ = io::stdout().flush();
    // SAFETY: ends the process without running the parent's exit handlers a second time.
    unsafe { libc::_exit(i32::from(status)) }
}

/// Gives every signal its default handling, and then lets signals come: the parent's handlers would
/// write to what this process shares with the parent.
fn reset_signals() {
    for signal in 1..=libc::SIGRTMAX() {
        // SAFETY: sets defaults only; for numbers that allow none the call fails and does nothing.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    // SAFETY: as above; Rust programs expect an error instead of this signal.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    // SAFETY: an all-zero set is a valid empty set, and both pointers are valid for the call.
    unsafe {
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}

/// Closes every descriptor but standard output, standard error and the socket: other workers'
/// sockets would stay open here after the parent is gone, and so would files of the program.
fn keep_only(socket: OwnedFd) -> io::Result<OwnedFd> {
    const SOCKET: i32 = 3;
    // SAFETY: the copy's own descriptors; whatever Rust value held number 3 or a closed one lives
    // in a stack frame of the parent's that is never returned to, so nothing uses or drops it. The
    // number 3 is owned by the returned value alone.
    let kept = unsafe {
        if socket.as_raw_fd() != SOCKET && libc::dup2(socket.as_raw_fd(), SOCKET) < 0 {
            return Err(io::Error::last_os_error());
        }
        std::mem::forget(socket);
        if libc::syscall(libc::SYS_close_range, SOCKET + 1, u32::MAX, 0) != 0 {
            close_one_by_one(SOCKET)?;
        }
        OwnedFd::from_raw_fd(SOCKET)
    };
    rustix::io::fcntl_setfd(&kept, rustix::io::FdFlags::CLOEXEC)?;
    Ok(kept)
}

/// Closes all descriptors above `last`, where the system does not know `close_range` (before Linux
/// 5.9) or forbids it.
///
/// # Safety
///
/// Nothing in this process uses or drops one of them afterwards.
unsafe fn close_one_by_one(last: i32) -> io::Result<()> {
    let names = std::fs::read_dir("/proc/self/fd")?.map(|entry| Ok(entry?.file_name()));
    let names = names.collect::<io::Result<Vec<_>>>()?;
    for number in names.iter().filter_map(|name| name.to_str()?.parse::<i32>().ok()) {
        if number > last {
            // SAFETY: by the caller's promise. The directory's own descriptor is closed by now: to
            // close its number is an error without effect.
            unsafe { libc::close(number) };
        }
    }
    Ok(())
}

/// How many threads this process has.
pub(super) fn thread_count() -> io::Result<usize> {
    Ok(std::fs::read_dir("/proc/self/task")?.count())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a test does in a copy of this process: the status is 0 if it holds. Only calls that are
    /// safe beside other threads' locks.
    fn holds_in_a_copy(check: impl FnOnce() -> bool) -> bool {
        // SAFETY: the copy allocates, which glibc allows after a fork, and ends without returning.
        match unsafe { libc::fork() } {
            0 => {
                let status = i32::from(!check());
                // SAFETY: ends the copy.
                unsafe { libc::_exit(status) }
            }
            pid => Process::watch(Pid::from_raw(pid).unwrap()).unwrap().wait().is_none(),
        }
    }

    #[test]
    fn where_close_range_is_missing_descriptors_are_closed_one_by_one() {
        assert!(holds_in_a_copy(|| {
            let high = std::fs::File::open("/dev/null").map(std::os::fd::IntoRawFd::into_raw_fd);
            let Ok(high) = high else { return false };
            // SAFETY: the copy ends without using any of them.
            let closed = unsafe { close_one_by_one(2) };
            // SAFETY: asks for the flags of a number, open or not.
            closed.is_ok() && unsafe { libc::fcntl(high, libc::F_GETFD) } == -1
        }));
    }

    #[test]
    fn signals_wait_while_they_are_blocked() {
        fn blocked() -> bool {
            // SAFETY: reads the set of this thread.
            unsafe {
                let mut now: libc::sigset_t = std::mem::zeroed();
                libc::sigprocmask(libc::SIG_SETMASK, std::ptr::null(), &raw mut now);
                libc::sigismember(&raw const now, libc::SIGTERM) == 1
            }
        }
        let before = blocked();
        let guard = SignalsBlocked::new();
        assert!(blocked());
        drop(guard);
        assert_eq!(blocked(), before);
    }
}
