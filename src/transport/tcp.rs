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
    // Frames leave in batches already; the kernel must not delay the last one.
    stream.set_nodelay(true)?;
    set_keepalive(&SockRef::from(&stream), timeouts.user_timeout)?;
    // What our kernel buffers goes to the server's kernel as soon as that has room, read or not. On
    // a system without the option, more of it may be lost.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT);
    Ok(stream)
}

/// Two batches: one in transit, and one behind it.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT: u32 = 128 << 10;

impl Connection for TcpStream {
    fn socket(&self) -> SockRef<'_> {
        SockRef::from(self)
    }
}
