//! The interface of a connection, and reading from it without waiting.

use std::{
    fmt,
    future::poll_fn,
    io::{self, ErrorKind},
    mem::MaybeUninit,
    pin::Pin,
    task::Poll,
};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{failure::failure, tcp_info};
use crate::{ErrorKind as Kind, connection_info::TlsInfo};

/// A byte stream in both directions over a socket.
pub(crate) trait Connection: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug {
    fn socket(&self) -> SockRef<'_>;

    /// Bytes written to the socket, if they differ from the bytes written here.
    fn on_the_wire(&self) -> Option<u64> {
        None
    }

    /// The system's count of acknowledged bytes before anything was written to the socket.
    fn acknowledged_before(&self) -> Option<u64> {
        tcp_info::bytes(&self.socket())
    }

    /// The negotiated TLS parameters; none without TLS.
    fn tls(&self) -> Option<&TlsInfo> {
        None
    }
}

/// Whether there is something to read.
///
/// # Errors
///
/// If the peer has closed: the kernel would accept one more write, and lose it.
pub(super) fn has_input(connection: &dyn Connection) -> io::Result<bool> {
    match connection.socket().peek(&mut [MaybeUninit::uninit()]) {
        Ok(0) => Err(ended()),
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Reads what is available; none if that is nothing.
///
/// # Errors
///
/// If the connection has ended or broken.
pub(super) async fn try_read(
    connection: &mut dyn Connection,
    bytes: &mut [u8],
) -> io::Result<Option<usize>> {
    let mut buffer = ReadBuf::new(bytes);
    let read =
        poll_fn(|context| Poll::Ready(Pin::new(&mut *connection).poll_read(context, &mut buffer)));
    match read.await {
        Poll::Pending => Ok(None),
        Poll::Ready(Err(error)) => Err(error),
        Poll::Ready(Ok(())) if buffer.filled().is_empty() => Err(ended()),
        Poll::Ready(Ok(())) => Ok(Some(buffer.filled().len())),
    }
}

pub(super) fn ended() -> io::Error {
    failure(Kind::Closed, "the server closed the connection")
}
