//! Messages as datagrams (RFC 5426 section 3.1).

use std::io;

#[cfg(target_os = "linux")]
use tokio::io::Interest;
use tokio::net::UdpSocket;

use super::{SendError, Timeouts, with_timeout};
use crate::{
    queue::{Batch, Cursor},
    resend::ResendBuffer,
};

/// An open datagram socket. What the kernel has taken counts as arrived: nobody answers.
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
        Datagrams { socket: Socket::Udp(socket), sent: 0, timeouts }
    }

    #[cfg(unix)]
    pub(super) fn unix(socket: tokio::net::UnixDatagram, timeouts: Timeouts) -> Self {
        Datagrams { socket: Socket::Unix(socket), sent: 0, timeouts }
    }

    pub(super) async fn send(&mut self, mut batch: Batch<'_>) -> Result<(), SendError> {
        let mut messages: Vec<&[u8]> = Vec::with_capacity(MOST);
        let mut ends = Vec::with_capacity(MOST);
        loop {
            messages.clear();
            ends.clear();
            for stored in batch.by_ref().take(MOST) {
                messages.push(stored.octets);
                ends.push(stored.end);
            }
            let mut taken = 0;
            while let Some(rest @ [_, ..]) = messages.get(taken..) {
                match with_timeout(self.timeouts.write, "a write", self.socket.send(rest)).await {
                    Ok(count) => taken += count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) if error.raw_os_error() == Some(libc::EMSGSIZE) => {
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

    /// Nobody answers, but the network may: a port where nobody listens, for one.
    pub(super) fn receive(&self) -> io::Result<()> {
        match &self.socket {
            Socket::Udp(socket) => socket.take_error()?.map_or(Ok(()), Err),
            #[cfg(unix)]
            Socket::Unix(_) => Ok(()),
        }
    }

    pub(super) fn resend_buffer(&self) -> ResendBuffer {
        match self.socket {
            Socket::Udp(_) => ResendBuffer::OF_DATAGRAMS,
            #[cfg(unix)]
            Socket::Unix(_) => ResendBuffer::NONE,
        }
    }

    pub(super) fn sent(&self) -> Cursor {
        self.sent
    }
}

impl Socket {
    /// Sends the first of these messages, at least one; returns how many.
    async fn send(&self, messages: &[&[u8]]) -> io::Result<usize> {
        match self {
            #[cfg(target_os = "linux")]
            Socket::Udp(socket) => {
                use std::os::fd::AsFd as _;
                let send = || super::sendmmsg::send(socket.as_fd(), messages);
                socket.async_io(Interest::WRITABLE, send).await
            }
            #[cfg(not(target_os = "linux"))]
            Socket::Udp(socket) => {
                socket.send(messages.first().copied().unwrap_or_default()).await.map(|_| 1)
            }
            #[cfg(target_os = "linux")]
            Socket::Unix(socket) => {
                use std::os::fd::AsFd as _;
                let send = || super::sendmmsg::send(socket.as_fd(), messages);
                socket.async_io(Interest::WRITABLE, send).await
            }
            #[cfg(all(unix, not(target_os = "linux")))]
            Socket::Unix(socket) => {
                socket.send(messages.first().copied().unwrap_or_default()).await.map(|_| 1)
            }
        }
    }
}

/// Whether it is for want of memory, or the queue of a network card is full.
fn is_shortage(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOBUFS | libc::ENOMEM))
}

/// Messages handed over at once.
#[cfg(target_os = "linux")]
const MOST: usize = super::sendmmsg::MOST;
#[cfg(not(target_os = "linux"))]
const MOST: usize = 64;
