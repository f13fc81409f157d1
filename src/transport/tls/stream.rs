//! A TLS stream of either backend.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Session;
use crate::{
    connection_info::TlsInfo,
    transport::{connection::Connection, counting_stream::CountingStream},
};

/// A TLS connection to a server that has passed all checks.
#[derive(Debug)]
pub(crate) struct TlsStream {
    session: Session,
    tls: TlsInfo,
}

impl TlsStream {
    pub(super) fn new(session: Session, tls: TlsInfo) -> Self {
        TlsStream { session, tls }
    }

    fn counted(&self) -> &CountingStream {
        match &self.session {
            #[cfg(feature = "native-tls")]
            Session::Native(session) => session.get_ref().get_ref().get_ref(),
            #[cfg(feature = "rustls")]
            Session::Rustls(session) => session.stream.get_ref().0,
        }
    }
}

impl Connection for TlsStream {
    fn socket(&self) -> SockRef<'_> {
        SockRef::from(&self.counted().tcp)
    }

    fn on_the_wire(&self) -> Option<u64> {
        Some(self.counted().written)
    }

    fn acknowledged_before(&self) -> Option<u64> {
        self.counted().acknowledged_before
    }

    fn tls(&self) -> Option<&TlsInfo> {
        Some(&self.tls)
    }
}

impl AsyncRead for TlsStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.session {
            #[cfg(feature = "native-tls")]
            Session::Native(session) => Pin::new(session).poll_read(context, buffer),
            #[cfg(feature = "rustls")]
            Session::Rustls(session) => Pin::new(session).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for TlsStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.session {
            #[cfg(feature = "native-tls")]
            Session::Native(session) => Pin::new(session).poll_write(context, bytes),
            #[cfg(feature = "rustls")]
            Session::Rustls(session) => Pin::new(session).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.session {
            #[cfg(feature = "native-tls")]
            Session::Native(session) => Pin::new(session).poll_flush(context),
            #[cfg(feature = "rustls")]
            Session::Rustls(session) => Pin::new(session).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.session {
            #[cfg(feature = "native-tls")]
            Session::Native(session) => Pin::new(session).poll_shutdown(context),
            #[cfg(feature = "rustls")]
            Session::Rustls(session) => Pin::new(session).poll_shutdown(context),
        }
    }
}
