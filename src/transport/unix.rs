//! Unix sockets.

use std::io;

use socket2::SockRef;
use tokio::net::{UnixDatagram, UnixStream};

use super::{Timeouts, Transport, connection::Connection, datagram::Datagrams, stream::Stream};
use crate::{endpoint::Endpoint, resend::ResendBuffer};

/// Datagrams, as `/dev/log` takes them; a stream where the socket is one.
pub(super) async fn connect(endpoint: &Endpoint, timeouts: Timeouts) -> io::Result<Transport> {
    let datagrams = UnixDatagram::unbound()?;
    match datagrams.connect(&endpoint.path) {
        Ok(()) => Ok(Transport::Datagrams(Datagrams::unix(datagrams, timeouts))),
        Err(error) if error.raw_os_error() == Some(libc::EPROTOTYPE) => {
            let connect = UnixStream::connect(&endpoint.path);
            let stream = super::with_timeout(timeouts.connect, "a connect", connect).await?;
            Ok(Transport::Unix(Stream::new(
                stream,
                endpoint.framing,
                endpoint.resend_buffer.unwrap_or(ResendBuffer::OF_STREAMS),
                timeouts,
            )))
        }
        Err(error) => Err(error),
    }
}

impl Connection for UnixStream {
    fn socket(&self) -> SockRef<'_> {
        SockRef::from(self)
    }
}
