//! The ring of bytes in which messages wait, with one producer and one consumer.
//!
//! ```text
//!       freed      acked           sent                    head
//! ........|:::::::::|###############|=======================|..........
//!   free    retained    in flight            unsent            free
//! ```
//!
//! Cursors count bytes from the start and never wrap; an offset in memory is the cursor modulo the
//! capacity. Each message is a word with its length and severity, its bytes, and padding to the
//! next word. None wraps: the end of the ring is skipped if a message does not fit there.

use std::collections::TryReserveError;

use super::{
    entry::{EntryHeader, HEADER_LEN, MAX_MESSAGE_LEN, mark, space},
    mapping::Mapping,
    memory::Memory,
    sync::{Arc, AtomicU64, Ordering},
};
use crate::{
    Severity,
    stored::{Cursor, Stored},
};

/// Makes a ring of `capacity` bytes, rounded up to whole pages.
///
/// # Errors
///
/// If the allocation fails.
pub(crate) fn ring(capacity: usize) -> Result<(Producer, Consumer), TryReserveError> {
    Ok(ring_in(Memory::new(rounded(capacity))?, 0, 0))
}

/// Creates a ring in a mapped file that holds intact messages from `freed` to `head`.
pub(super) fn ring_in_file(mapping: Mapping, freed: Cursor, head: Cursor) -> (Producer, Consumer) {
    ring_in(Memory::mapped(mapping), freed, head)
}

/// Bytes of a ring of `capacity`.
pub(super) const fn rounded(capacity: usize) -> usize {
    capacity.next_multiple_of(PAGE)
}

fn ring_in(memory: Memory, freed: Cursor, head: Cursor) -> (Producer, Consumer) {
    let (head_now, freed_now) = (AtomicU64::new(head), AtomicU64::new(freed));
    let shared = Arc::new(Shared { memory, head: head_now, freed: freed_now });
    let place = shared.memory.place(head);
    let producer = Producer { shared: Arc::clone(&shared), head, place };
    (producer, Consumer { shared, sent: freed, acked: freed, freed })
}

/// The writing half, behind the queue's lock.
#[derive(Debug)]
pub(crate) struct Producer {
    shared: Arc<Shared>,
    head: Cursor,
    /// The offset of `head`: dividing for it would cost more than the rest of a push.
    place: usize,
}

/// The reading half, on the shipper's thread.
#[derive(Debug)]
pub(crate) struct Consumer {
    shared: Arc<Shared>,
    sent: Cursor,
    /// Beyond `sent` while acknowledged messages are sent again.
    acked: Cursor,
    freed: Cursor,
}

impl Producer {
    pub(crate) fn capacity(&self) -> usize {
        self.shared.memory.capacity()
    }

    /// The file that holds it.
    pub(super) fn file(&self) -> Option<std::io::Result<std::fs::File>> {
        self.shared.memory.mapping.as_ref().map(Mapping::file)
    }

    /// Syncs it to disk, if it is in a file.
    #[cfg(unix)]
    pub(super) fn sync(&self) -> std::io::Result<()> {
        self.file().map_or(Ok(()), |file| file?.sync_data())
    }

    pub(crate) fn head(&self) -> Cursor {
        self.head
    }

    /// Bytes in use.
    pub(crate) fn used(&self) -> usize {
        (self.head - self.shared.freed.load(Ordering::Acquire)) as usize
    }

    /// Bytes that a message of `length` would occupy now.
    pub(crate) fn cost(&self, length: usize) -> usize {
        let needed = space(length);
        let rest = self.shared.memory.capacity() - self.place;
        if needed <= rest { needed } else { rest + needed }
    }

    /// Appends a message; false if the ring has no room for it, or is not this process's. `check`
    /// is the message's check value, or anything if the ring is not in a file.
    pub(crate) fn push(&mut self, severity: Severity, bytes: &[u8], check: u32) -> bool {
        self.append(severity, bytes, check, false)
    }

    /// The same for a report of the crate's own.
    pub(crate) fn push_own(&mut self, severity: Severity, bytes: &[u8], check: u32) -> bool {
        self.append(severity, bytes, check, true)
    }

    #[inline]
    fn append(&mut self, severity: Severity, bytes: &[u8], check: u32, is_own: bool) -> bool {
        let capacity = self.shared.memory.capacity();
        if self.used() + self.cost(bytes.len()) > capacity
            || bytes.len() > MAX_MESSAGE_LEN
            || !self.shared.memory.is_ours()
        {
            return false;
        }
        let needed = space(bytes.len());
        let rest = capacity - self.place;
        if needed > rest {
            self.shared.memory.set_word(self.place, EntryHeader::Skip);
            self.head += rest as u64;
            self.place = 0;
        }
        let (length, check) = (bytes.len(), check ^ mark(self.head));
        let word = EntryHeader::Message { severity, is_own, length, check };
        self.shared.memory.set_word(self.place, word);
        self.shared.memory.set_bytes(self.place + HEADER_LEN, bytes);
        self.head += needed as u64;
        self.place = next_place(self.place, needed, capacity);
        // The file first: what the reader frees must never be beyond the head in the file.
        if let Some(mapping) = &self.shared.memory.mapping {
            mapping.publish_head(self.head);
        }
        // Everything above is written before the reader can see the new head.
        self.shared.head.store(self.head, Ordering::Release);
        true
    }
}

impl Consumer {
    /// Whether the content outlives this process.
    pub(crate) fn is_durable(&self) -> bool {
        self.shared.memory.mapping.is_some()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.shared.memory.capacity()
    }

    pub(crate) fn sent(&self) -> Cursor {
        self.sent
    }

    pub(crate) fn acked(&self) -> Cursor {
        self.acked
    }

    pub(crate) fn freed(&self) -> Cursor {
        self.freed
    }

    /// Bytes in use.
    pub(crate) fn used(&self) -> u64 {
        self.shared.head.load(Ordering::Acquire) - self.freed
    }

    /// The end of the last message.
    pub(crate) fn head(&self) -> Cursor {
        self.shared.head.load(Ordering::Acquire)
    }

    /// Whether there are unsent messages.
    pub(crate) fn has_unsent(&self) -> bool {
        self.shared.head.load(Ordering::Acquire) != self.sent
    }

    /// The unsent messages, oldest first.
    pub(crate) fn unsent(&self) -> Messages<'_> {
        self.between(self.sent, self.shared.head.load(Ordering::Acquire))
    }

    /// The messages that would be sent again if the connection broke.
    pub(crate) fn to_be_resent(&self) -> Messages<'_> {
        self.between(self.freed, self.sent)
    }

    /// Records that everything up to `to` was handed to the connection.
    pub(crate) fn advance_sent(&mut self, to: Cursor) {
        let head = self.shared.head.load(Ordering::Acquire);
        self.sent = to.clamp(self.sent, head);
    }

    /// Records that everything up to `to` is acknowledged.
    pub(crate) fn advance_acked(&mut self, to: Cursor) {
        self.acked = to.min(self.sent).max(self.acked);
    }

    /// Frees the acknowledged messages up to `to`.
    pub(crate) fn free(&mut self, to: Cursor) {
        self.freed = to.min(self.acked).min(self.sent).max(self.freed);
        // The file first: nothing is overwritten that the next process would look for.
        if let Some(mapping) = &self.shared.memory.mapping {
            mapping.publish_freed(self.freed);
        }
        // The reader is done with these bytes before a writer can see that they are free.
        self.shared.freed.store(self.freed, Ordering::Release);
    }

    /// Everything retained is unsent and unacknowledged again.
    pub(crate) fn rewind(&mut self) {
        self.sent = self.freed;
        self.acked = self.freed;
    }

    /// The messages between two cursors, both of which are message boundaries.
    pub(crate) fn between(&self, from: Cursor, to: Cursor) -> Messages<'_> {
        let to = to.min(self.shared.head.load(Ordering::Acquire));
        Messages { shared: &self.shared, at: from, place: self.shared.memory.place(from), to }
    }
}

/// Messages of the ring, in order.
#[derive(Clone, Debug)]
pub(crate) struct Messages<'a> {
    shared: &'a Shared,
    at: Cursor,
    /// The offset of `at`.
    place: usize,
    to: Cursor,
}

impl<'a> Iterator for Messages<'a> {
    type Item = Stored<'a>;

    fn next(&mut self) -> Option<Stored<'a>> {
        if self.at >= self.to {
            return None;
        }
        let capacity = self.shared.memory.capacity();
        let (severity, is_own, length) = match self.shared.memory.word(self.place) {
            EntryHeader::Message { severity, is_own, length, .. } => (severity, is_own, length),
            EntryHeader::Skip => {
                self.at += (capacity - self.place) as u64;
                self.place = 0;
                return self.next();
            }
        };
        let bytes = self.shared.memory.bytes(self.place + HEADER_LEN, length);
        self.at += space(length) as u64;
        self.place = next_place(self.place, space(length), capacity);
        Some(Stored { severity, bytes, is_own, end: self.at })
    }
}

#[derive(Debug)]
struct Shared {
    memory: Memory,
    /// Written by the producer, read by the consumer.
    head: AtomicU64,
    /// Written by the consumer, read by the producer.
    freed: AtomicU64,
}

/// The offset at which the next message begins; no message crosses the end.
#[inline]
fn next_place(place: usize, taken: usize, capacity: usize) -> usize {
    let next = place + taken;
    if next == capacity { 0 } else { next }
}

#[cfg(not(logship_loom))]
const PAGE: usize = 4096;
/// Small enough for a model to wrap around.
#[cfg(logship_loom)]
const PAGE: usize = 64;

#[cfg(all(test, not(logship_loom)))]
#[path = "ring_tests.rs"]
mod tests;
