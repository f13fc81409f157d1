//! How is a socket in the file system opened?

use std::io;

use socket2::SockRef;
use tokio::net::{UnixDatagram, UnixStream};

use super::{Limits, Transport, datagram::Datagrams, news::Connection, stream::Stream};
use crate::{endpoint::Endpoint, tail::Tail};

/// Datagrams, as `/dev/log` takes them; a stream where the socket is one.
pub(super) async fn connect(endpoint: &Endpoint, limits: Limits) -> io::Result<Transport> {
    let datagrams = UnixDatagram::unbound()?;
    match datagrams.connect(&endpoint.path) {
        Ok(()) => Ok(Transport::Datagrams(Datagrams::unix(datagrams, limits))),
        Err(error) if error.raw_os_error() == Some(libc::EPROTOTYPE) => {
            let connect = UnixStream::connect(&endpoint.path);
            let stream = super::within(limits.connect, "a connect", connect).await?;
            Ok(Transport::Unix(Stream::new(
                stream,
                endpoint.framing,
                endpoint.tail.unwrap_or(Tail::ADAPTIVE),
                limits,
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
