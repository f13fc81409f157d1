//! How is a TCP connection made? RFC 6587 section 3.3.

use std::{io, net::SocketAddr, time::Duration};

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

use super::{Limits, news::Connection};

pub(super) async fn connect(address: SocketAddr, limits: Limits) -> io::Result<TcpStream> {
    let stream = super::within(limits.connect, "a connect", TcpStream::connect(address)).await?;
    // Frames leave in batches already; the kernel must not hold the last one back.
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_AFTER);
    #[cfg(any(target_os = "linux", target_os = "macos", target_os = "freebsd"))]
    let keepalive = keepalive.with_interval(KEEPALIVE_EVERY).with_retries(KEEPALIVE_TRIES);
    SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
    Ok(stream)
}

impl Connection for TcpStream {
    fn socket(&self) -> SockRef<'_> {
        SockRef::from(self)
    }
}

/// A peer that vanished without a word is noticed after 25 s of silence.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(10);
#[cfg(any(target_os = "linux", target_os = "macos", target_os = "freebsd"))]
const KEEPALIVE_EVERY: Duration = Duration::from_secs(5);
#[cfg(any(target_os = "linux", target_os = "macos", target_os = "freebsd"))]
const KEEPALIVE_TRIES: u32 = 3;
