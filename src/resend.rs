//! How much of what has arrived at the next hop is kept, to be sent again should the way break?

use std::time::Duration;

/// What the peer's kernel has acknowledged may still be lost with the peer: the end of it is kept
/// for a while, and sent again on the next connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ResendBuffer {
    /// Octets of messages, at most.
    pub(crate) octets: u64,
    /// How long, at most; as long as the connection lasts where there is no limit.
    pub(crate) age: Option<Duration>,
}

impl ResendBuffer {
    pub(crate) const NONE: ResendBuffer = ResendBuffer { octets: 0, age: None };

    /// For streams, unless set otherwise: a server that is well has read its socket within a
    /// second, so that an end after a silence makes no copies.
    pub(crate) const ADAPTIVE: ResendBuffer =
        ResendBuffer { octets: 1 << 20, age: Some(Duration::from_secs(1)) };

    /// For UDP: as long as the answer takes that nobody listens there.
    pub(crate) const OF_DATAGRAMS: ResendBuffer =
        ResendBuffer { octets: 64 << 10, age: Some(Duration::from_millis(100)) };

    /// The same in a queue of `capacity` octets: what nobody asked for by number takes little of it.
    pub(crate) fn within(self, capacity: usize) -> Self {
        let octets = match self.age {
            Some(_) => self.octets.min(capacity as u64 / 8),
            None => self.octets,
        };
        ResendBuffer { octets, ..self }
    }

    /// The same, however old.
    pub(crate) fn without_end(self) -> Self {
        ResendBuffer { age: self.age.map(|_| Duration::MAX), ..self }
    }

    /// Half of it, so many times.
    pub(crate) fn shortened(self, times: u32) -> Self {
        ResendBuffer { octets: self.octets.checked_shr(times).unwrap_or(0), ..self }
    }

    pub(crate) fn of(octets: usize) -> Self {
        ResendBuffer { octets: octets as u64, age: None }
    }
}
