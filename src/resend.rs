//! The resend buffer of a connection, and when delivery is confirmed.

use std::time::Duration;

/// A server may die, or be a proxy without a backend, with records that its kernel has
/// acknowledged. So a message is delivered once its connection has stayed up for `confirm_after`
/// since the acknowledgement; until then it is kept, to be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ResendBuffer {
    /// Bytes that are kept of a connection that has proven itself.
    pub(crate) bytes: u64,
    /// Whether they are kept however long ago they were acknowledged.
    pub(crate) is_ageless: bool,
    pub(crate) confirm_after: Duration,
}

impl ResendBuffer {
    /// For messages that the server itself has acknowledged.
    pub(crate) const NONE: ResendBuffer =
        ResendBuffer { bytes: 0, is_ageless: false, confirm_after: Duration::ZERO };
    /// For streams by default.
    pub(crate) const OF_STREAMS: ResendBuffer =
        ResendBuffer { bytes: 1 << 20, is_ageless: false, confirm_after: CONFIRM_AFTER };
    /// For UDP: as long as the report of a closed port takes.
    pub(crate) const OF_DATAGRAMS: ResendBuffer =
        ResendBuffer { bytes: 64 << 10, is_ageless: false, confirm_after: Duration::from_secs(1) };

    /// For streams with a configured size.
    pub(crate) fn of(bytes: usize) -> Self {
        ResendBuffer { bytes: bytes as u64, is_ageless: true, confirm_after: CONFIRM_AFTER }
    }

    /// The same, limited by a queue of `capacity` bytes; the default takes an eighth of it at most.
    pub(crate) fn within(self, capacity: usize) -> Self {
        let bytes = match self.is_ageless {
            true => self.bytes,
            false => self.bytes.min(capacity as u64 / 8),
        };
        ResendBuffer { bytes, ..self }
    }
}

/// Longer than a proxy takes to find out that it has no backend (HAProxy: three attempts, a second
/// apart), and than a busy server lags behind its kernel.
const CONFIRM_AFTER: Duration = Duration::from_secs(10);
