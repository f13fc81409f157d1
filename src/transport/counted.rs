//! How many octets has TLS made of what it was given?

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::acknowledged;

/// A TCP connection that counts what is written to it.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(super) tcp: TcpStream,
    pub(super) written: u64,
    /// What the system counted as acknowledged before anything was written.
    pub(super) acknowledged_before: Option<u64>,
}

impl Counted {
    pub(super) fn new(tcp: TcpStream) -> Self {
        let acknowledged_before = acknowledged::octets(&SockRef::from(&tcp));
        Counted { tcp, written: 0, acknowledged_before }
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(context, buffer)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.tcp).poll_write(context, octets);
        if let Poll::Ready(Ok(written)) = outcome {
            self.written += written as u64;
        }
        outcome
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}
