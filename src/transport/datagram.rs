//! Messages as datagrams (RFC 5426 section 3.1).

use std::{io, time::Duration};

use socket2::SockRef;
#[cfg(any(target_os = "linux", target_os = "android"))]
use tokio::io::Interest;
use tokio::net::UdpSocket;

use super::{SendError, Session, Timeouts, failure::is_shortage, with_timeout};
use crate::{
    ErrorKind,
    resend::ResendBuffer,
    stored::{Cursor, Stored},
};

/// An open datagram socket. What the kernel has accepted counts as acknowledged, since servers do
/// not answer.
#[derive(Debug)]
pub(crate) struct Datagrams {
    socket: Socket,
    sent: Cursor,
    timeouts: Timeouts,
}

#[derive(Debug)]
enum Socket {
    Udp(UdpSocket),
    #[cfg(unix)]
    Unix(tokio::net::UnixDatagram),
}

impl Datagrams {
    pub(super) fn udp(socket: UdpSocket, timeouts: Timeouts) -> Self {
        make_room(&SockRef::from(&socket));
        Datagrams { socket: Socket::Udp(socket), sent: 0, timeouts }
    }

    #[cfg(unix)]
    pub(super) fn unix(socket: tokio::net::UnixDatagram, timeouts: Timeouts) -> Self {
        make_room(&SockRef::from(&socket));
        Datagrams { socket: Socket::Unix(socket), sent: 0, timeouts }
    }
}

impl Session for Datagrams {
    async fn send(&mut self, mut batch: impl Iterator<Item = Stored<'_>>) -> Result<(), SendError> {
        let mut messages: Vec<&[u8]> = Vec::with_capacity(MOST);
        let mut ends = Vec::with_capacity(MOST);
        loop {
            messages.clear();
            ends.clear();
            for stored in batch.by_ref().take(MOST) {
                messages.push(stored.bytes);
                ends.push(stored.end);
            }
            let mut taken = 0;
            while let Some(rest @ [_, ..]) = messages.get(taken..) {
                match with_timeout(
                    self.timeouts.write,
                    ErrorKind::Timeout,
                    "a write",
                    self.socket.send(rest),
                )
                .await
                {
                    Ok(count) => taken += count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) if error.raw_os_error() == Some(TOO_LONG) => {
                        return Err(SendError::TooLong);
                    }
                    Err(error) if is_shortage(&error) => return Err(SendError::Busy(error)),
                    Err(error) => return Err(SendError::Broken(error)),
                }
                self.sent =
                    taken.checked_sub(1).and_then(|i| ends.get(i)).map_or(self.sent, |e| *e);
            }
            if messages.is_empty() {
                return Ok(());
            }
        }
    }

    /// Servers do not answer, but the network may: ICMP reports a closed port.
    async fn receive(&mut self) -> io::Result<()> {
        match &self.socket {
            Socket::Udp(socket) => socket.take_error()?.map_or(Ok(()), Err),
            #[cfg(unix)]
            Socket::Unix(_) => Ok(()),
        }
    }

    fn resend_buffer(&self) -> ResendBuffer {
        match self.socket {
            Socket::Udp(_) => ResendBuffer::OF_DATAGRAMS,
            #[cfg(unix)]
            Socket::Unix(_) => ResendBuffer::NONE,
        }
    }

    fn sent(&self) -> Cursor {
        self.sent
    }

    async fn close(self, _limit: Duration) -> bool {
        true
    }
}

impl Socket {
    /// Sends the first of these messages, at least one; returns how many.
    async fn send(&self, messages: &[&[u8]]) -> io::Result<usize> {
        match self {
            #[cfg(any(target_os = "linux", target_os = "android"))]
            Socket::Udp(socket) => {
                use std::os::fd::AsFd as _;
                let send = || super::sendmmsg::send(socket.as_fd(), messages);
                socket.async_io(Interest::WRITABLE, send).await
            }
            #[cfg(not(any(target_os = "linux", target_os = "android")))]
            Socket::Udp(socket) => {
                socket.send(messages.first().copied().unwrap_or_default()).await.map(|_| 1)
            }
            #[cfg(any(target_os = "linux", target_os = "android"))]
            Socket::Unix(socket) => {
                use std::os::fd::AsFd as _;
                let send = || super::sendmmsg::send(socket.as_fd(), messages);
                socket.async_io(Interest::WRITABLE, send).await
            }
            #[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
            Socket::Unix(socket) => {
                socket.send(messages.first().copied().unwrap_or_default()).await.map(|_| 1)
            }
        }
    }
}

/// On macOS a datagram cannot be longer than the socket's buffer, which is 9,216 bytes for UDP and
/// 2,048 for Unix sockets; on other systems the buffer is never that small.
fn make_room(socket: &SockRef<'_>) {
    if cfg!(target_os = "macos") {
        // If it is refused, long messages are dropped as too long.
        let _ = socket.set_send_buffer_size(LONGEST);
    }
}

/// Bytes of the longest datagram, with its header.
const LONGEST: usize = 1 << 16;

#[cfg(not(windows))]
const TOO_LONG: i32 = libc::EMSGSIZE;
/// `WSAEMSGSIZE`: Windows sockets have their own error numbers, not the C library's.
#[cfg(windows)]
const TOO_LONG: i32 = 10040;

/// Messages per system call.
#[cfg(any(target_os = "linux", target_os = "android"))]
const MOST: usize = super::sendmmsg::MOST;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const MOST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_that_is_too_long_is_known_by_its_error() {
        let receiver = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        sender.connect(receiver.local_addr().unwrap()).unwrap();
        let error = sender.send(&vec![0; 70_000]).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(TOO_LONG), "{error}");
        assert!(!is_shortage(&error));
    }
}
