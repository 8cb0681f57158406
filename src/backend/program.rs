//! Other programs as a way to run: started, waited for and timed.
//!
//! A program runs in a process group of its own, with standard input from the null device. What it
//! writes is read and thrown away, without a limit on its length: a program that waits for its
//! reader would be timed wrong. When it has ended, or was ended, its whole group is: nothing that it
//! left behind goes on beside the next run.
//!
//! The module does not know what the program is for, nor how its command came about.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process_group, pidfd_open, waitid,
};
use sha2::{Digest as _, Sha512};

use crate::bench::clock::Clock;
use crate::os::child::{ChildUsage, reap};
use crate::os::interrupt::Interrupt;
use crate::sha512::Digest;

/// A command line, ready to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The program and its arguments; not empty.
    pub command: Vec<OsString>,
    /// A run that takes longer is ended, and has failed.
    pub timeout: Option<Duration>,
    /// Whether what it writes is compared.
    pub compares_output: bool,
}

/// What one run of a program was like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramRun {
    /// From before the start until it was reaped.
    pub total: Duration,
    /// How it ended.
    pub status: ExitStatus,
    /// What it and the descendants that it waited for used.
    pub usage: ChildUsage,
    /// The SHA-512 of all that it wrote to standard output; `None` where it is not compared.
    pub output: Option<Digest>,
    /// The end of what it wrote to standard error, as far as it is text.
    pub said: String,
}

/// Why a program could not be run to its end.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// It could not be started.
    #[error("cannot start {command:?}: {error}")]
    Start {
        /// The program.
        command: OsString,
        /// What the system says.
        error: io::Error,
    },
    /// It could not be waited for.
    #[error("cannot wait for {command:?}: {error}")]
    Wait {
        /// The program.
        command: OsString,
        /// What the system says.
        error: io::Error,
    },
    /// It took longer than it may.
    #[error("{command:?} took longer than {timeout:?} (--timeout) and was ended{said}", said = quoted(said))]
    TimedOut {
        /// The program.
        command: OsString,
        /// What it was allowed.
        timeout: Duration,
        /// The end of what it wrote to standard error.
        said: String,
    },
    /// A signal asked this program for the end.
    #[error("interrupted by signal {signal}")]
    Interrupted {
        /// The signal's number.
        signal: i32,
    },
}

/// So much of what a program writes to standard error is kept for messages.
const KEPT_BYTES: usize = 512;
/// A program that was asked to end and does not is killed after this time.
const GRACE: Duration = Duration::from_secs(1);
/// Where the system gives no descriptor for a process, it is looked at this often.
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// So much is read at once.
const READ_BYTES: usize = 64 << 10;

impl Program {
    /// Runs the program to its end; how that was is for the caller to judge.
    ///
    /// # Errors
    ///
    /// See [`ProgramError`]. No process of the program's group is left, whatever happens.
    pub fn run(
        &self,
        clock: &dyn Clock,
        interrupt: &Interrupt,
    ) -> Result<ProgramRun, ProgramError> {
        let name = || self.command[0].clone();
        let begun = clock.now();
        let child = self.start().map_err(|error| ProgramError::Start { command: name(), error })?;
        let mut running = Running::new(child, self.compares_output)
            .map_err(|error| ProgramError::Wait { command: name(), error })?;
        let waited = running.wait(clock, begun, self.timeout, interrupt);
        let ended = match waited {
            Ok(Waited::Ended(status, usage)) => {
                let total = clock.now().saturating_sub(begun);
                running.drain();
                Ok((total, status, usage))
            }
            Ok(Waited::Interrupted(signal)) => Err(ProgramError::Interrupted { signal }),
            Ok(Waited::TimedOut(timeout)) => {
                running.drain();
                Err(ProgramError::TimedOut { command: name(), timeout, said: running.said() })
            }
            Err(error) => Err(ProgramError::Wait { command: name(), error }),
        };
        running.end_group();
        let said = running.said();
        ended.map(|(total, status, usage)| ProgramRun {
            total,
            status,
            usage,
            output: running.output.map(|sha| sha.finalize().into()),
            said,
        })
    }

    fn start(&self) -> io::Result<Child> {
        Command::new(&self.command[0])
            .args(&self.command[1..])
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    }
}

/// How a run is told of in a message: its status or signal, and what it said.
#[must_use]
pub fn how_it_failed(run: &ProgramRun) -> String {
    let how = match (run.status.code(), run.status.signal()) {
        (Some(code), _) => format!("status {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "an unknown status".to_owned(),
    };
    format!("{how}{}", quoted(&run.said))
}

fn quoted(said: &str) -> String {
    let last = said.trim_end().lines().next_back().unwrap_or_default();
    if last.is_empty() { String::new() } else { format!(", saying {last:?}") }
}

/// Why waiting has an end.
enum Waited {
    Ended(ExitStatus, ChildUsage),
    TimedOut(Duration),
    Interrupted(i32),
}

/// A program on its way, and what it writes.
struct Running {
    pid: u32,
    /// Readable when the program has ended; `None` where the system gives none.
    descriptor: Option<OwnedFd>,
    /// Standard output and standard error; `None` once they are closed.
    pipes: [Option<OwnedFd>; 2],
    output: Option<Sha512>,
    kept: Vec<u8>,
    buffer: Vec<u8>,
    is_reaped: bool,
}

impl Running {
    fn new(mut child: Child, compares_output: bool) -> io::Result<Self> {
        let pid = child.id();
        let pipes =
            [child.stdout.take().map(OwnedFd::from), child.stderr.take().map(OwnedFd::from)];
        for pipe in pipes.iter().flatten() {
            rustix::io::ioctl_fionbio(pipe, true)?;
        }
        let descriptor = raw_pid(pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        Ok(Self {
            pid,
            descriptor,
            pipes,
            output: compares_output.then(Sha512::new),
            kept: Vec::new(),
            buffer: vec![0; READ_BYTES],
            is_reaped: false,
        })
    }

    /// Reads what the program writes until it ends, the time is up, or a signal asks for the end.
    fn wait(
        &mut self,
        clock: &dyn Clock,
        begun: Duration,
        timeout: Option<Duration>,
        interrupt: &Interrupt,
    ) -> io::Result<Waited> {
        loop {
            let spent = clock.now().saturating_sub(begun);
            let left = timeout.map(|timeout| timeout.saturating_sub(spent));
            if self.sleep(left, Some(interrupt))? {
                return self.reaped();
            }
            if let Some(signal) = interrupt.pending() {
                return Ok(Waited::Interrupted(signal));
            }
            if let (Some(timeout), Some(Duration::ZERO)) = (timeout, left) {
                return Ok(Waited::TimedOut(timeout));
            }
        }
    }

    fn reaped(&mut self) -> io::Result<Waited> {
        let reaped = reap(self.pid, true)?;
        self.is_reaped = true;
        let (status, usage) = reaped.ok_or(io::ErrorKind::NotFound)?;
        Ok(Waited::Ended(status, usage))
    }

    /// Sleeps until there is something to do, and reads what there is; `true` when the program has
    /// ended.
    fn sleep(&mut self, left: Option<Duration>, interrupt: Option<&Interrupt>) -> io::Result<bool> {
        let stop = interrupt.map(Interrupt::descriptor);
        let mut waited: Vec<PollFd<'_>> = Vec::with_capacity(4);
        let descriptors = self.descriptor.iter().chain(self.pipes.iter().flatten());
        waited.extend(descriptors.map(|descriptor| PollFd::new(descriptor, PollFlags::IN)));
        waited.extend(stop.iter().map(|stop| PollFd::new(stop, PollFlags::IN)));
        let left = match (left, &self.descriptor) {
            (left, Some(_)) => left,
            (left, None) => Some(left.map_or(LOOK_EVERY, |left| left.min(LOOK_EVERY))),
        };
        let timeout = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(&mut waited, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let has_ended = if self.descriptor.is_some() {
            !waited[0].revents().is_empty()
        } else {
            // Looks without reaping: the caller does that.
            let id = WaitId::Pid(raw_pid(self.pid).ok_or(Errno::SRCH)?);
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
            waitid(id, options)?.is_some()
        };
        drop(waited);
        if !has_ended {
            self.read();
        }
        Ok(has_ended)
    }

    /// Reads once from each pipe what it holds.
    fn read(&mut self) {
        for stream in 0..self.pipes.len() {
            let Some(pipe) = &self.pipes[stream] else { continue };
            match rustix::io::read(pipe.as_fd(), &mut self.buffer[..]) {
                Ok(0) => self.pipes[stream] = None,
                Ok(count) => self.take(stream, count),
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(_) => self.pipes[stream] = None,
            }
        }
    }

    fn take(&mut self, stream: usize, count: usize) {
        let bytes = &self.buffer[..count];
        if stream == 0 {
            if let Some(output) = &mut self.output {
                output.update(bytes);
            }
            return;
        }
        self.kept.extend_from_slice(&bytes[count.saturating_sub(KEPT_BYTES)..]);
        let surplus = self.kept.len().saturating_sub(KEPT_BYTES);
        self.kept.drain(..surplus);
    }

    /// Reads what the program had written when it ended: no more than the pipes hold, since what it
    /// left behind may go on writing.
    fn drain(&mut self) {
        const MOST_PIPE_BYTES: usize = 1 << 20;
        for _ in 0..=MOST_PIPE_BYTES / READ_BYTES {
            self.read();
        }
    }

    fn said(&self) -> String {
        String::from_utf8_lossy(&self.kept).into_owned()
    }

    /// Ends all that is left of the program: first by request, then by force. The program itself is
    /// reaped; the system adopts and reaps what it left behind.
    fn end_group(&mut self) {
        if !self.is_reaped {
            self.signal(Signal::TERM);
            let mut left = GRACE;
            while !left.is_zero() {
                let step = left.min(Duration::from_millis(10));
                match self.sleep(Some(step), None) {
                    Ok(false) => left -= step,
                    Ok(true) | Err(_) => break,
                }
            }
        }
        self.signal(Signal::KILL);
        if !self.is_reaped {
            // After SIGKILL it ends, unless the kernel itself is stuck; then it is left to it.
            self.is_reaped = reap(self.pid, true).is_ok();
        }
    }

    fn signal(&self, signal: Signal) {
        // A group without a process is what this is for.
        if let Some(pid) = raw_pid(self.pid) {
            let _ = kill_process_group(pid, signal);
        }
    }
}

fn raw_pid(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

#[cfg(test)]
mod tests;
