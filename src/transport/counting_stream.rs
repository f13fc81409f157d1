//! A byte counter beneath TLS.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::tcp_info;

/// A TCP connection that counts written bytes and keeps the first bytes of the peer.
#[derive(Debug)]
pub(crate) struct CountingStream {
    heard: FirstBytes,
    /// Whether there is more to keep.
    listens: bool,
    pub(super) tcp: TcpStream,
    pub(super) written: u64,
    /// The system's count of acknowledged bytes before anything was written.
    pub(super) acknowledged_before: Option<u64>,
}

impl CountingStream {
    pub(super) fn new(tcp: TcpStream) -> Self {
        let acknowledged_before = tcp_info::bytes(&SockRef::from(&tcp));
        CountingStream {
            heard: FirstBytes::default(),
            listens: true,
            tcp,
            written: 0,
            acknowledged_before,
        }
    }

    pub(super) fn heard(&self) -> FirstBytes {
        self.heard.clone()
    }
}

/// The first bytes of a peer, available after a failed handshake.
#[derive(Clone, Debug, Default)]
pub(super) struct FirstBytes(Arc<Mutex<Vec<u8>>>);

impl FirstBytes {
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether there is room for more.
    fn hear(&self, bytes: &[u8]) -> bool {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = BEGINNING - heard.len();
        heard.extend(bytes.iter().take(room));
        heard.len() < BEGINNING
    }
}

impl AsyncRead for CountingStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.tcp).poll_read(context, buffer);
        if self.listens {
            self.listens = self.heard.hear(buffer.filled().get(before..).unwrap_or_default());
        }
        outcome
    }
}

impl AsyncWrite for CountingStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.tcp).poll_write(context, bytes);
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

/// Fits a ServerHello with all of its extensions.
const BEGINNING: usize = 512;
