//! What the shipper asks of an open connection, whatever its transport.

use std::{io, time::Duration};

use crate::{
    connection_info::TlsInfo,
    resend::ResendBuffer,
    stored::{Cursor, Stored},
};

/// An open connection. The answers that are given here are those of a transport without
/// acknowledgements.
pub(crate) trait Session {
    /// Hands all messages over, in order. After an error, [`sent`](Session::sent) tells how far it
    /// came.
    async fn send(&mut self, batch: impl Iterator<Item = Stored<'_>>) -> Result<(), SendError>;

    /// Everything before this was handed over in full.
    fn sent(&self) -> Cursor;

    /// Everything before this is acknowledged.
    fn acked(&mut self) -> Cursor {
        self.sent()
    }

    /// How much of what is acknowledged should be kept for the next connection.
    fn resend_buffer(&self) -> ResendBuffer {
        ResendBuffer::NONE
    }

    /// Whether the peer has no room for what it is sent.
    fn is_stalled(&self) -> bool {
        false
    }

    /// What TLS has agreed on with the server; none without TLS.
    fn tls(&self) -> Option<&TlsInfo> {
        None
    }

    /// What the server says it is, if its protocol has a word for it.
    fn software(&self) -> Option<&str> {
        None
    }

    /// Whether a break right after a message may be the server's answer to that message, and not
    /// to us.
    fn is_accepted(&mut self) -> bool {
        true
    }

    /// Reads what the server has said so far, without waiting.
    ///
    /// # Errors
    ///
    /// If the connection has ended.
    async fn receive(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Closes the connection as its protocol wants it, within `limit`. True if the server has read
    /// everything to the end.
    async fn close(self, limit: Duration) -> bool;
}

/// Why a batch was not delivered in full.
#[derive(Debug)]
pub(crate) enum SendError {
    /// The connection has ended.
    Broken(io::Error),
    /// The next message is longer than the transport can carry; the others can go on.
    TooLong,
    /// The system has no room for it at the moment; the connection is as good as before.
    Busy(io::Error),
}

impl From<io::Error> for SendError {
    fn from(error: io::Error) -> Self {
        SendError::Broken(error)
    }
}
