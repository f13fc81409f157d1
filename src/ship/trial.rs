//! The trial of a new connection: how long it has to stay up to be trusted.

use std::time::{Duration, Instant};

/// Whether a connection has stayed up long enough to trust that what it took has arrived.
#[derive(Debug, Default)]
pub(super) struct Trial {
    /// When the first byte was acknowledged.
    since: Option<Instant>,
    pub(super) is_proven: bool,
}

impl Trial {
    pub(super) fn look(&mut self, has_acked: bool, length: Duration, is_stalled: bool) {
        if has_acked {
            self.since.get_or_insert_with(Instant::now);
        }
        let is_over = self.since.is_some_and(|since| since.elapsed() >= length);
        self.is_proven |= is_over && !is_stalled;
    }
}
