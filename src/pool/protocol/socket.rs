//! The socket between a parent and one worker: bytes, and descriptors beside them.
//!
//! It knows nothing of frames. The parent's end does not block, the worker's end does.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::cmsg_space;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
};

/// The most descriptors that can go with one message; the kernel's limit is 253.
pub(in crate::pool) const MAX_DESCRIPTORS: usize = 250;

/// Makes a connected pair: the parent's end, which does not block, and the worker's.
pub(in crate::pool) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let (parent, worker) = rustix::net::socketpair(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    rustix::io::ioctl_fionbio(&parent, true)?;
    Ok((parent, worker))
}

/// Sends what the socket takes now; 0 when it is full.
pub(in crate::pool) fn send_some(socket: impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    loop {
        match rustix::net::send(&socket, bytes, SendFlags::NOSIGNAL) {
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Ok(0),
            result => return Ok(result?),
        }
    }
}

/// Sends everything, for as long as that takes.
pub(in crate::pool) fn send_all(socket: impl AsFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match send_some(&socket, bytes)? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            sent => bytes = &bytes[sent..],
        }
    }
    Ok(())
}

/// What came of trying to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pool) enum Received {
    /// So many bytes.
    Bytes(usize),
    /// Nothing now.
    Nothing,
    /// The other end is closed.
    End,
}

/// Reads what is there into `into`, which has room for some.
pub(in crate::pool) fn receive(socket: impl AsFd, into: &mut [u8]) -> io::Result<Received> {
    loop {
        match rustix::net::recv(&socket, &mut *into, RecvFlags::empty()) {
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Ok(Received::Nothing),
            // Reset: the other end was closed with bytes of ours unread.
            Err(Errno::CONNRESET) | Ok((_, 0)) => return Ok(Received::End),
            Err(error) => return Err(error.into()),
            Ok((_, received)) => return Ok(Received::Bytes(received)),
        }
    }
}

/// Sends what the socket takes now, and with its first byte the descriptors.
pub(in crate::pool) fn send_with_descriptors(
    socket: impl AsFd,
    bytes: &[u8],
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "too many shared regions"));
    }
    loop {
        let bytes = [IoSlice::new(bytes)];
        match rustix::net::sendmsg(&socket, &bytes, &mut control, SendFlags::NOSIGNAL) {
            Err(Errno::INTR) => {}
            result => return Ok(result?),
        }
    }
}

/// Reads bytes, and adds the descriptors that came along to `descriptors`. 0 at the end.
pub(in crate::pool) fn receive_with_descriptors(
    socket: impl AsFd,
    into: &mut [u8],
    descriptors: &mut Vec<OwnedFd>,
) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = loop {
        let mut into = [IoSliceMut::new(into)];
        match rustix::net::recvmsg(&socket, &mut into, &mut control, RecvFlags::CMSG_CLOEXEC) {
            Err(Errno::INTR) => {}
            result => break result?.bytes,
        }
    };
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            descriptors.extend(received);
        }
    }
    Ok(received)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_arrive_with_the_bytes_they_were_sent_with() {
        let (parent, worker) = pair().unwrap();
        let (left, right) = pair().unwrap();
        let sent = send_with_descriptors(&parent, b"take it", &[left.as_fd()]).unwrap();
        assert_eq!(sent, 7);
        let (mut bytes, mut descriptors) = ([0; 16], Vec::new());
        let received = receive_with_descriptors(&worker, &mut bytes, &mut descriptors).unwrap();
        assert_eq!(&bytes[..received], b"take it");
        send_all(&descriptors[0], b"through it").unwrap();
        assert_eq!(receive(&right, &mut bytes).unwrap(), Received::Bytes(10));
    }

    #[test]
    fn a_full_socket_takes_nothing_and_says_so() {
        let (parent, worker) = pair().unwrap();
        let block = vec![0; 1 << 16];
        while send_some(&parent, &block).unwrap() > 0 {}
        assert_eq!(send_some(&parent, &block).unwrap(), 0);
        drop(worker);
        assert!(send_some(&parent, &block).is_err());
    }

    #[test]
    fn nothing_and_the_end_are_told_apart() {
        let (parent, worker) = pair().unwrap();
        assert_eq!(receive(&parent, &mut [0; 8]).unwrap(), Received::Nothing);
        drop(worker);
        assert_eq!(receive(&parent, &mut [0; 8]).unwrap(), Received::End);
    }
}
