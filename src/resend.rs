//! What a connection keeps of acknowledged messages, and when their delivery is confirmed.

use std::time::Duration;

/// A server may die, or be a proxy without a backend, with what its kernel has acknowledged: so a
/// message is delivered once its connection has stayed up for `confirm_after` since then, and until
/// then it is kept to be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ResendBuffer {
    /// Bytes that are kept of a connection that has proven itself.
    pub(crate) bytes: u64,
    /// Whether the bytes are kept however long ago they were acknowledged.
    pub(crate) is_ageless: bool,
    pub(crate) confirm_after: Duration,
}

impl ResendBuffer {
    /// For what the server itself has answered for.
    pub(crate) const NONE: ResendBuffer =
        ResendBuffer { bytes: 0, is_ageless: false, confirm_after: Duration::ZERO };
    /// For streams, unless set otherwise.
    pub(crate) const OF_STREAMS: ResendBuffer =
        ResendBuffer { bytes: 1 << 20, is_ageless: false, confirm_after: CONFIRM_AFTER };
    /// For UDP: as long as the answer takes that nobody listens there.
    pub(crate) const OF_DATAGRAMS: ResendBuffer =
        ResendBuffer { bytes: 64 << 10, is_ageless: false, confirm_after: Duration::from_secs(1) };

    /// For streams, as it was set.
    pub(crate) fn of(bytes: usize) -> Self {
        ResendBuffer { bytes: bytes as u64, is_ageless: true, confirm_after: CONFIRM_AFTER }
    }

    /// The same in a queue of `capacity` bytes: what nobody asked for by number takes an eighth of it
    /// at most.
    pub(crate) fn within(self, capacity: usize) -> Self {
        let bytes = match self.is_ageless {
            true => self.bytes,
            false => self.bytes.min(capacity as u64 / 8),
        };
        ResendBuffer { bytes, ..self }
    }
}

/// Longer than a proxy takes to find out that it has no backend (HAProxy: three tries, a second
/// apart), and than a busy server lags behind its kernel.
const CONFIRM_AFTER: Duration = Duration::from_secs(10);
