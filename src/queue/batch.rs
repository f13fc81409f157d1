//! Batches: the messages that are sent next.

use super::{Reader, ring::Messages};
use crate::stored::{Cursor, Stored};

/// The next messages to send, oldest first.
#[derive(Clone, Debug)]
pub(crate) struct Batch<'a> {
    messages: Messages<'a>,
    bytes_left: usize,
    /// End of the first message to skip.
    skip: Option<Cursor>,
    /// Messages that end after this are excluded.
    until: Cursor,
    /// A message sent out of order, before all others.
    first: Option<Stored<'a>>,
}

impl<'a> Iterator for Batch<'a> {
    type Item = Stored<'a>;

    fn next(&mut self) -> Option<Stored<'a>> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        if self.bytes_left == 0 {
            return None;
        }
        let stored = self.messages.next()?;
        if Some(stored.end) == self.skip || stored.end > self.until {
            self.bytes_left = 0;
            return None;
        }
        self.bytes_left = self.bytes_left.saturating_sub(stored.bytes.len());
        Some(stored)
    }
}

impl Reader {
    /// The next unsent messages: about `bytes` bytes of them, at least one message if there is one,
    /// and none that ends after `until`.
    pub(crate) fn batch(&self, bytes: usize, until: Cursor) -> Batch<'_> {
        let skip = self.skips.iter().map(|skip| skip.end).find(|end| *end > self.consumer.sent());
        let messages = self.consumer.unsent();
        Batch { messages, bytes_left: bytes.max(1), skip, until, first: None }
    }

    /// Whether a message is held back to be sent alone.
    pub(crate) fn is_holding(&self) -> bool {
        self.held.is_some()
    }

    /// Whether everything but the held message is sent and acknowledged.
    pub(crate) fn has_nothing_to_send(&self) -> bool {
        !self.consumer.has_unsent() && !self.has_in_flight()
    }

    /// The message held back to be sent alone.
    pub(crate) fn held(&self) -> Option<Batch<'_>> {
        let held = self.held.as_ref()?;
        let end = self.consumer.sent();
        let first =
            Stored { severity: held.severity, bytes: &held.message, is_own: held.is_own, end };
        let messages = self.consumer.between(end, end);
        Some(Batch { messages, bytes_left: 0, skip: None, until: 0, first: Some(first) })
    }
}
