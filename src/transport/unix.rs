//! Unix sockets.

use std::io;

use socket2::SockRef;
use tokio::net::{UnixDatagram, UnixStream};

use super::{
    Timeouts, Transport, connection::Connection, datagram::Datagrams, endpoint::Endpoint,
    stream::Stream,
};
use crate::{ErrorKind, resend::ResendBuffer};

/// Datagrams, as `/dev/log` takes them; a stream if the socket is one.
pub(super) async fn connect(endpoint: &Endpoint, timeouts: Timeouts) -> io::Result<Transport> {
    let datagrams = UnixDatagram::unbound()?;
    match datagrams.connect(&endpoint.path) {
        Ok(()) => Ok(Transport::Datagrams(Datagrams::unix(datagrams, timeouts))),
        Err(error) if error.raw_os_error() == Some(libc::EPROTOTYPE) => {
            let connect = UnixStream::connect(&endpoint.path);
            let stream =
                super::with_timeout(timeouts.connect, ErrorKind::Unreachable, "a connect", connect)
                    .await?;
            Ok(Transport::Stream(Stream::new(
                Box::new(stream),
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
