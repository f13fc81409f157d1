//! Entry points of queue files for the fuzz targets.
#![allow(missing_docs, clippy::panic)]

use std::{path::Path, sync::Arc};

use super::{
    Cursor, Overflow, Queue, QueueFile, Reader, queue,
    recovery::{Header, PAGE, RingImage, validate},
};
use crate::{Severity, Stats, resend::ResendBuffer};

/// A queue in a file.
#[derive(Debug)]
pub struct Ring {
    queue: Arc<Queue>,
    reader: Reader,
    /// What was reported about the file.
    pub report: Option<String>,
}

impl Ring {
    pub fn open(path: &Path, capacity: usize) -> Self {
        let place = QueueFile { path, tag: "fuzz", sync: None };
        let made = queue(capacity, Overflow::DropNewest, Some(place));
        let Ok((queue, reader, report)) = made else { panic!("no memory for {capacity} bytes") };
        Ring { queue, reader, report }
    }

    /// Pushes a message; false if it was dropped.
    pub fn push(&mut self, bytes: &[u8]) -> bool {
        let before = self.stats().pending;
        let _ = self.queue.push(Severity::Error, bytes);
        self.stats().pending > before
    }

    /// The unsent messages, oldest first.
    pub fn pending(&self) -> Vec<Vec<u8>> {
        self.reader.batch(usize::MAX, Cursor::MAX).map(|stored| stored.bytes.to_vec()).collect()
    }

    /// Acknowledges this many messages.
    pub fn ship(&mut self, count: usize) {
        let end =
            self.reader.batch(usize::MAX, Cursor::MAX).take(count).last().map(|stored| stored.end);
        self.reader.sent(end.unwrap_or_default());
        self.reader.acked(end.unwrap_or_default(), ResendBuffer::NONE, true);
    }

    pub fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        self.queue.tell(&mut stats);
        stats
    }
}

/// The messages found in the bytes of a file, if it is a queue file at all.
pub fn salvaged(file: &[u8]) -> Option<Vec<Vec<u8>>> {
    let header = Header::read(file.get(..PAGE)?)?;
    let capacity = header.capacity;
    let ring = file.get(PAGE..)?;
    let ring = usize::try_from(capacity).ok().and_then(|all| ring.get(..all)).unwrap_or(ring);
    let found = RingImage::new(ring, capacity);
    let there = |place: u64, length: usize| {
        let place = usize::try_from(place).ok()?;
        ring.get(place..place.checked_add(length)?)
    };
    let read = |place: u64, bytes: &mut [u8]| match there(place, bytes.len()) {
        Some(there) => {
            bytes.copy_from_slice(there);
            Ok(())
        }
        None => Err(()),
    };
    let mut all = Vec::new();
    for (freed, head) in header.ranges() {
        let sound = validate(capacity, freed, head, read).ok().flatten();
        let mut messages = Vec::new();
        let gaps = found.salvage(freed, head, |_, bytes, _| messages.push(bytes.to_vec()));
        let is_sound = gaps == 0 && sound == Some(messages.len() as u64);
        assert!(sound.is_none() || is_sound, "{sound:?}, {gaps} gaps, {}", messages.len());
        all.append(&mut messages);
    }
    Some(all)
}
