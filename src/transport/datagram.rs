//! How do messages travel as datagrams, one in each? RFC 5426 section 3.1.

use std::io;

use tokio::net::UdpSocket;

use super::Fault;
use crate::{
    queue::{Batch, Cursor},
    tail::Tail,
};

/// An open datagram socket. What the kernel has taken counts as arrived: nobody answers.
#[derive(Debug)]
pub(crate) struct Datagrams {
    socket: Socket,
    sent: Cursor,
}

#[derive(Debug)]
enum Socket {
    Udp(UdpSocket),
    #[cfg(unix)]
    Unix(tokio::net::UnixDatagram),
}

impl Datagrams {
    pub(super) fn udp(socket: UdpSocket) -> Self {
        Datagrams { socket: Socket::Udp(socket), sent: 0 }
    }

    #[cfg(unix)]
    pub(super) fn unix(socket: tokio::net::UnixDatagram) -> Self {
        Datagrams { socket: Socket::Unix(socket), sent: 0 }
    }

    pub(super) async fn deliver(&mut self, batch: Batch<'_>) -> Result<(), Fault> {
        for stored in batch {
            let outcome = match &self.socket {
                Socket::Udp(socket) => match socket.try_send(stored.octets) {
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                        socket.send(stored.octets).await
                    }
                    outcome => outcome,
                },
                #[cfg(unix)]
                Socket::Unix(socket) => match socket.try_send(stored.octets) {
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                        socket.send(stored.octets).await
                    }
                    outcome => outcome,
                },
            };
            match outcome {
                Ok(_) => self.sent = stored.end,
                Err(error) if error.raw_os_error() == Some(libc::EMSGSIZE) => {
                    return Err(Fault::TooLong);
                }
                Err(error) => return Err(Fault::Broken(error)),
            }
        }
        Ok(())
    }

    /// Nobody answers, but the network may: a port where nobody listens, for one.
    pub(super) async fn listen(&mut self) -> io::Result<()> {
        let mut octets = [0; 16];
        match &self.socket {
            Socket::Udp(socket) => socket.recv(&mut octets).await.map(|_| ()),
            #[cfg(unix)]
            Socket::Unix(_) => std::future::pending().await,
        }
    }

    pub(super) fn tail(&self) -> Tail {
        match self.socket {
            Socket::Udp(_) => Tail::OF_DATAGRAMS,
            #[cfg(unix)]
            Socket::Unix(_) => Tail::NONE,
        }
    }

    pub(super) fn sent(&self) -> Cursor {
        self.sent
    }
}
