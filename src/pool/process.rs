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

use super::error::Death;
use super::worker::{WORKER_ARGUMENT, tie_to_parent};

/// A child that is killed and waited for when dropped.
#[derive(Debug)]
pub(super) struct Process {
    pid: Pid,
    /// Readable once the process has ended; and unlike a pid it never means another process.
    descriptor: OwnedFd,
    ended: bool,
}

impl Process {
    /// Runs `program` as a worker whose end of the line is `socket`.
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
    pub(super) fn fork(socket: OwnedFd, serve: impl FnOnce(OwnedFd) -> u8) -> io::Result<Self> {
        // What is buffered would be printed twice.
        io::stdout().flush()?;
        let parent = rustix::process::getpid();
        // SAFETY: one thread, so no lock is held by another that the copy would not have. The
        // copy never returns from `be_child`.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            0 => be_child(parent, socket, serve),
            pid => {
                drop(socket);
                Self::watch(Pid::from_raw(pid).expect("fork gives the parent a positive number"))
            }
        }
    }

    /// Takes charge of a child that nobody has waited for.
    fn watch(pid: Pid) -> io::Result<Self> {
        match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(descriptor) => Ok(Self { pid, descriptor, ended: false }),
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
            // Somebody else waited for it (a program that ignores SIGCHLD): how it ended is lost.
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

/// The life of a forked copy.
fn be_child(parent: Pid, socket: OwnedFd, serve: impl FnOnce(OwnedFd) -> u8) -> ! {
    let run = AssertUnwindSafe(|| {
        tie_to_parent(parent)?;
        reset_signals();
        Ok(serve(keep_only(socket)?))
    });
    let status = match catch_unwind(run) {
        Ok(Ok(status)) => status,
        Ok(Err::<u8, io::Error>(_)) | Err(_) => 70,
    };
    let _ = io::stdout().flush();
    // SAFETY: ends the process without running the parent's exit handlers a second time.
    unsafe { libc::_exit(i32::from(status)) }
}

/// Gives every signal its default handling: the parent's handlers would write to what this
/// process shares with the parent.
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
    // in a stack frame of the parent's that is never returned to, so nobody uses or drops it. The
    // number 3 is owned by the returned value alone.
    let kept = unsafe {
        if socket.as_raw_fd() != SOCKET && libc::dup2(socket.as_raw_fd(), SOCKET) < 0 {
            return Err(io::Error::last_os_error());
        }
        std::mem::forget(socket);
        libc::syscall(libc::SYS_close_range, SOCKET + 1, u32::MAX, 0);
        OwnedFd::from_raw_fd(SOCKET)
    };
    rustix::io::fcntl_setfd(&kept, rustix::io::FdFlags::CLOEXEC)?;
    let null = std::fs::File::open("/dev/null")?;
    rustix::stdio::dup2_stdin(null)?;
    Ok(kept)
}

/// How many threads this process has.
pub(super) fn thread_count() -> io::Result<usize> {
    Ok(std::fs::read_dir("/proc/self/task")?.count())
}
