//! Stand-in for TLS where no library is built in.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Timeouts, connection::Connection};
use crate::{Error, endpoint::Endpoint};

/// There is none.
#[derive(Debug)]
pub(super) enum Connector {}

/// There is none.
#[derive(Debug)]
pub(crate) enum TlsStream {}

impl Connector {
    pub(super) fn new(endpoint: &Endpoint) -> Result<Self, Error> {
        Err(Error::new(format!(
            "cannot use {endpoint}: expected the feature \"native-tls\" or \"rustls\" of logship"
        )))
    }

    pub(super) fn warning(&self) -> Option<String> {
        match *self {}
    }

    pub(super) fn take_notices(&self) -> Vec<String> {
        match *self {}
    }

    pub(super) async fn connect(&self, _: SocketAddr, _: Timeouts) -> io::Result<TlsStream> {
        match *self {}
    }
}

impl Connection for TlsStream {
    fn socket(&self) -> SockRef<'_> {
        match *self {}
    }
}

impl AsyncRead for TlsStream {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match *self {}
    }
}

impl AsyncWrite for TlsStream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        match *self {}
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match *self {}
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match *self {}
    }
}
