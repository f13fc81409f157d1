//! Many datagrams in one system call.
#![allow(unsafe_code)]

use std::{
    array, io, mem,
    os::fd::{AsRawFd as _, BorrowedFd},
    ptr,
};

/// Sends messages over a connected socket, one datagram each; returns how many of the first
/// [`MOST`] the kernel accepted.
///
/// # Errors
///
/// If it accepted none.
pub(super) fn send(socket: BorrowedFd<'_>, messages: &[&[u8]]) -> io::Result<usize> {
    let count = messages.len().min(MOST);
    let mut parts: [libc::iovec; MOST] = array::from_fn(|index| {
        let bytes: &[u8] = messages.get(index).copied().unwrap_or_default();
        libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() }
    });
    let mut headers = parts.each_mut().map(|part| {
        // SAFETY: `mmsghdr` is made of integers and pointers, for which zeroes are valid: no name,
        // no control data, no flags.
        let mut header: libc::mmsghdr = unsafe { mem::zeroed() };
        header.msg_hdr.msg_iov = ptr::from_mut(part);
        header.msg_hdr.msg_iovlen = 1 as _;
        header
    });
    // SAFETY: the first `count` headers each point to one part of `parts`, and that to the bytes
    // of a message; all three outlive the call. The kernel only reads the bytes, and writes
    // `msg_len`. The descriptor is open as long as `socket` is borrowed.
    let taken = unsafe {
        libc::sendmmsg(
            socket.as_raw_fd(),
            headers.as_mut_ptr(),
            count as libc::c_uint,
            libc::MSG_NOSIGNAL as _,
        )
    };
    usize::try_from(taken).map_err(|_| io::Error::last_os_error())
}

/// Datagrams per call; more gain nothing.
pub(super) const MOST: usize = 64;

#[cfg(test)]
mod tests {
    use std::{net::UdpSocket, os::fd::AsFd as _};

    use super::*;

    #[test]
    fn each_message_is_a_datagram_of_its_own() {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        sender.connect(receiver.local_addr().unwrap()).unwrap();
        let messages: Vec<Vec<u8>> = (0..100_u8).map(|n| vec![n; usize::from(n)]).collect();
        let all: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        let mut sent = 0;
        while sent < all.len() {
            let taken = send(sender.as_fd(), &all[sent..]).unwrap();
            assert!((1..=MOST).contains(&taken));
            for message in &messages[sent..sent + taken] {
                let mut bytes = [0; 256];
                let length = receiver.recv(&mut bytes).unwrap();
                assert_eq!(&bytes[..length], message);
            }
            sent += taken;
        }
    }

    #[test]
    fn oversized_header_is_an_error_only_at_the_start() {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        sender.connect(receiver.local_addr().unwrap()).unwrap();
        let long = vec![0; 70_000];
        assert_eq!(send(sender.as_fd(), &[b"one", &long, b"two"]).unwrap(), 1);
        let error = send(sender.as_fd(), &[&long, b"two"]).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EMSGSIZE));
    }
}
