//! The ways in which a worker can go wrong, and values that make it do so at a chosen moment.

use std::os::fd::BorrowedFd;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wordhash::pool::Death;
use wordhash::pool::frame::{Header, Kind};

/// What a worker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum How {
    Err,
    Panic,
    Exit3,
    Abort,
    Sigkill,
    Sigsegv,
    Sigstop,
    ClosedSocket,
    GarbageFrame,
    GiantFrame,
}

impl How {
    pub(crate) const ALL: [Self; 10] = [
        Self::Err,
        Self::Panic,
        Self::Exit3,
        Self::Abort,
        Self::Sigkill,
        Self::Sigsegv,
        Self::Sigstop,
        Self::ClosedSocket,
        Self::GarbageFrame,
        Self::GiantFrame,
    ];

    /// The death that the parent should see; `None` for what a worker survives.
    pub(crate) fn death(self) -> Option<Death> {
        Some(match self {
            Self::Err | Self::Panic | Self::Sigstop => return None,
            Self::Exit3 => Death::Exit(3),
            Self::Abort => Death::Signal(libc::SIGABRT),
            Self::Sigkill => Death::Signal(libc::SIGKILL),
            Self::Sigsegv => Death::Signal(libc::SIGSEGV),
            Self::ClosedSocket => Death::ClosedSocket,
            Self::GarbageFrame => Death::Garbage("not a frame".to_owned()),
            Self::GiantFrame => Death::Garbage(
                "a frame that says it is 4294967295 bytes long (at most 131072)".to_owned(),
            ),
        })
    }

    /// Does it.
    pub(crate) fn commit(self) -> Result<(), String> {
        match self {
            Self::Err => Err("as asked".to_owned()),
            Self::Panic => panic!("as asked"),
            Self::Exit3 => std::process::exit(3),
            Self::Abort => std::process::abort(),
            Self::Sigkill => raise(libc::SIGKILL),
            Self::Sigsegv => raise(libc::SIGSEGV),
            Self::Sigstop => raise(libc::SIGSTOP),
            Self::ClosedSocket => {
                rustix::net::shutdown(socket(), rustix::net::Shutdown::Both).unwrap();
                sleep_for_ever()
            }
            Self::GarbageFrame => send(&[0xAA; 64]),
            Self::GiantFrame => {
                send(&Header { body_len: u32::MAX, count: 1, ..Header::new(Kind::Done) }.encode())
            }
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "one arm of `commit` like the others")]
fn raise(signal: i32) -> Result<(), String> {
    // SAFETY: the default handling runs no code of ours. (Rust's own handler of SIGSEGV would
    // take the signal for a fault and return.)
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
    Ok(())
}

/// Puts bytes on the worker's socket.
pub(crate) fn send_raw(bytes: &[u8]) {
    rustix::io::write(socket(), bytes).unwrap();
}

fn send(bytes: &[u8]) -> Result<(), String> {
    send_raw(bytes);
    sleep_for_ever()
}

pub(crate) fn sleep_for_ever() -> ! {
    loop {
        std::thread::park();
    }
}

/// The worker's socket: the only one that it has.
fn socket() -> BorrowedFd<'static> {
    let is_socket = |number: &i32| {
        std::fs::read_link(format!("/proc/self/fd/{number}"))
            .is_ok_and(|path| path.to_string_lossy().starts_with("socket:"))
    };
    let number = (3..100).find(is_socket).expect("a worker has a socket");
    // SAFETY: the worker keeps it open to its end.
    unsafe { BorrowedFd::borrow_raw(number) }
}

/// Commits when it is read, which only a worker does.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct OnRead(pub(crate) Option<How>);

impl<'de> Deserialize<'de> for OnRead {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let how = Option::<How>::deserialize(deserializer)?;
        how.map_or(Ok(()), How::commit).map_err(serde::de::Error::custom)?;
        Ok(Self(how))
    }
}

/// Commits when it is written, which only a worker does.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct OnWrite(pub(crate) Option<How>);

impl Serialize for OnWrite {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.map_or(Ok(()), How::commit).map_err(serde::ser::Error::custom)?;
        self.0.serialize(serializer)
    }
}
