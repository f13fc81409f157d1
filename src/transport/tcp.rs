//! TCP connections (RFC 6587 section 3.3).

use std::{io, net::SocketAddr};

use socket2::SockRef;
use tokio::net::TcpStream;

use super::{Timeouts, connection::Connection, liveness::set_keepalive};
use crate::ErrorKind;

pub(super) async fn connect(address: SocketAddr, timeouts: Timeouts) -> io::Result<TcpStream> {
    let stream = super::with_timeout(
        timeouts.connect,
        ErrorKind::Unreachable,
        "a connect",
        TcpStream::connect(address),
    )
    .await?;
    // Frames leave in batches already; the kernel must not hold the last one back.
    stream.set_nodelay(true)?;
    set_keepalive(&SockRef::from(&stream), timeouts.user_timeout)?;
    // What our kernel holds goes to the server's as soon as that has room, read or not. Where a system
    // doesn't know the option, only more of it may.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT);
    Ok(stream)
}

/// Two batches: one that leaves, and one behind it.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT: u32 = 128 << 10;

impl Connection for TcpStream {
    fn socket(&self) -> SockRef<'_> {
        SockRef::from(self)
    }
}
