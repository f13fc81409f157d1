//! UDP sockets (RFC 5426 section 3).

use std::{io, net::SocketAddr};

use tokio::net::UdpSocket;

use super::{Timeouts, datagram::Datagrams};

/// A socket that is connected, so that the kernel reports a port where nobody listens.
pub(super) async fn connect(address: SocketAddr, timeouts: Timeouts) -> io::Result<Datagrams> {
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => ([0, 0, 0, 0], 0).into(),
        SocketAddr::V6(_) => ([0_u16; 8], 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(address).await?;
    Ok(Datagrams::udp(socket, timeouts))
}
