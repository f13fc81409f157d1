//! Messages over a byte stream.

use std::{
    io,
    time::{Duration, Instant},
};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{
    SendError, Session, Timeouts,
    connection::{Connection, ended, has_input, try_read},
    endpoint::Framing,
    framing,
    in_flight::InFlight,
    liveness::Liveness,
};
use crate::{
    connection_info::TlsInfo,
    resend::ResendBuffer,
    stored::{Cursor, Stored},
};

/// An open stream to a server.
#[derive(Debug)]
pub(crate) struct Stream {
    connection: Box<dyn Connection>,
    framing: Framing,
    liveness: Liveness,
    /// Frames to be written; reused for its capacity.
    frames: Vec<u8>,
    /// Where each message of the batch ends: in `frames`, and in the queue.
    ends: Vec<(usize, Cursor)>,
    in_flight: InFlight,
    /// Bytes written, before TLS adds its overhead.
    written: u64,
    resend_buffer: ResendBuffer,
    /// Until then a break means that the server refused us, and nothing has arrived.
    probation: Option<Instant>,
}

impl Stream {
    /// `connection` must be new: nothing was written to it.
    pub(super) fn new(
        connection: Box<dyn Connection>,
        framing: Framing,
        resend_buffer: ResendBuffer,
        timeouts: Timeouts,
    ) -> Self {
        Stream {
            in_flight: InFlight::new(connection.acknowledged_before()),
            connection,
            framing,
            liveness: Liveness::new(timeouts),
            frames: Vec::new(),
            ends: Vec::new(),
            written: 0,
            resend_buffer,
            probation: None,
        }
    }

    /// A server may refuse a client's certificate after writes have succeeded (TLS 1.3), so what is
    /// written counts as acknowledged only once the server has sent something, or has had time to
    /// refuse.
    pub(super) fn on_probation(mut self) -> Self {
        self.probation = Some(Instant::now() + PROBATION);
        self
    }

    async fn read(&mut self) -> io::Result<()> {
        let mut bytes = [0; 1024];
        match self.connection.read(&mut bytes).await? {
            0 => Err(ended()),
            _ => {
                self.probation = None;
                Ok(())
            }
        }
    }
}

impl Session for Stream {
    async fn send(&mut self, batch: impl Iterator<Item = Stored<'_>>) -> Result<(), SendError> {
        self.receive().await?;
        self.frames.clear();
        self.ends.clear();
        for stored in batch {
            framing::push(&mut self.frames, self.framing, stored.bytes);
            self.ends.push((self.frames.len(), stored.end));
        }
        let (mut written, mut messages) = (0, 0);
        while let Some(rest @ [_, ..]) = self.frames.get(written..) {
            written += self.liveness.write(&mut *self.connection, rest).await?;
            let whole = self.ends[messages..].iter().take_while(|(end, _)| *end <= written);
            if let Some((_, end)) = whole.inspect(|_| messages += 1).last() {
                let wire = self.connection.on_the_wire();
                self.in_flight.note_sent(wire.unwrap_or(self.written + written as u64), *end);
            }
        }
        self.written += written as u64;
        Ok(())
    }

    fn sent(&self) -> Cursor {
        self.in_flight.sent()
    }

    fn acked(&mut self) -> Cursor {
        let socket = self.connection.socket();
        let acked = self.in_flight.acked(&socket);
        self.liveness.note(&socket, self.in_flight.is_stalled());
        if self.is_accepted() { acked } else { 0 }
    }

    fn resend_buffer(&self) -> ResendBuffer {
        self.resend_buffer
    }

    /// A peer without room has not read what it buffered, however long ago it acknowledged it.
    fn is_stalled(&self) -> bool {
        self.in_flight.is_stalled()
    }

    fn tls(&self) -> Option<&TlsInfo> {
        self.connection.tls()
    }

    fn is_accepted(&mut self) -> bool {
        if self.probation.is_some_and(|end| end <= Instant::now()) {
            self.probation = None;
        }
        self.probation.is_none()
    }

    async fn close(mut self, limit: Duration) -> bool {
        let farewell = async {
            self.connection.shutdown().await?;
            // Most connections have shut down already; TLS only sends close_notify.
            let _ = self.connection.socket().shutdown(std::net::Shutdown::Write);
            loop {
                self.read().await?;
            }
        };
        let farewell: Result<io::Result<()>, _> = tokio::time::timeout(limit, farewell).await;
        farewell.is_ok_and(|end| end.is_err_and(|e| e.kind() == io::ErrorKind::UnexpectedEof))
    }

    /// Reads and discards what the server has sent: unread session tickets would turn our close
    /// into a reset, and the server would lose what it has not read yet. And if a peer has closed,
    /// the kernel would accept one more write, and lose it.
    async fn receive(&mut self) -> io::Result<()> {
        if !has_input(&*self.connection)? {
            return Ok(());
        }
        // The runtime must learn of it before it lets us read.
        tokio::task::yield_now().await;
        while try_read(&mut *self.connection, &mut [0; 1024]).await?.is_some() {
            self.probation = None;
        }
        Ok(())
    }
}

/// A round trip around the world, with a margin.
const PROBATION: Duration = Duration::from_millis(400);
