//! The bounded queue between log calls and the shipper; it keeps the order of messages.
//!
//! Never blocks a log call (unless configured to), never grows, never reads message content.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod batch;
mod confirm;
#[cfg(unix)]
mod directory;
mod entry;
#[cfg(unix)]
mod file;
mod flush;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
#[cfg_attr(not(unix), path = "no_mapping.rs")]
mod mapping;
mod memory;
mod open;
mod overflow;
mod reader;
mod recovery;
mod retention;
mod ring;
mod sync;
#[cfg(unix)]
mod sync_thread;
mod waiting;

use std::{
    collections::TryReserveError,
    path::Path,
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

pub use self::overflow::Overflow;
pub(crate) use self::reader::{Reader, Wake};
pub(crate) use self::{flush::Flush, waiting::deadline};
use self::{
    open::OpenedRing,
    ring::Producer,
    sync::{Condvar, Mutex, MutexGuard},
};
use crate::{
    Severity, Stats,
    reentrancy::is_muted,
    stats::{DropReason, Losses},
    stored::Cursor,
};

/// The writing side of the queue, shared by all threads that log.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    overflow: Overflow,
    /// Bytes up to which each severity may fill the ring.
    limits: [usize; 8],
    /// Whether messages need a check value, for the next process to validate.
    is_checked: bool,
    /// Recovered at the start, and lost in what was recovered.
    corrupted: u64,
    /// Wakes the sleeping reader. Not a descriptor: in a program that closes all descriptors and
    /// reuses their numbers, a log call would write to someone else's file.
    wake: Condvar,
    /// Wakes log calls that wait for room, and flushes.
    progress: Condvar,
}

#[derive(Debug)]
struct State {
    producer: Producer,
    /// Numbered messages that were taken.
    numbered: u64,
    counts: Counts,
    /// The reader's acknowledged position.
    acked: Cursor,
    /// Whether the reader sleeps and wants to be woken.
    is_parked: bool,
    /// Threads that wait on `progress`.
    waiters: u32,
    /// Flushes in progress: the reader should hurry.
    flushes: u32,
    /// Futures that wait for progress.
    wakers: Vec<flush::Waiting>,
    /// If connections should be closed once everything is sent: by when.
    hang_up: Option<Instant>,
    is_closed: bool,
    /// When the reader must end, once the queue is closed.
    end: Option<Instant>,
    has_reader: bool,
    /// Failed rounds over all servers while somebody waited for the end.
    failed_rounds: u64,
    /// Messages that are acknowledged, and pending until confirmed.
    unconfirmed: u64,
}

#[derive(Debug, Default)]
struct Counts {
    captured: u64,
    delivered: u64,
    pending: u64,
    /// Messages recovered from files of earlier processes.
    recovered: u64,
    losses: Losses,
}

/// Where messages are queued if they should outlive the process.
pub(crate) struct QueueFile<'a> {
    /// A file, or a directory with one file per process.
    pub(crate) path: &'a Path,
    /// The tag whose files in a directory are ours.
    pub(crate) tag: &'a str,
    /// How often the file is synced, and who hears of failures.
    pub(crate) sync: Option<(Duration, Tell)>,
}

/// Called with problems of the file.
pub(crate) type Tell = Box<dyn FnMut(&str) + Send>;

/// Creates a queue of `capacity` bytes, in a file if a path is given. If the file is unusable,
/// returns why, and the queue is in memory.
///
/// # Errors
///
/// If the allocation fails.
pub(crate) fn queue(
    capacity: usize,
    overflow: Overflow,
    place: Option<QueueFile<'_>>,
) -> Result<(Arc<Queue>, Reader, Option<String>), TryReserveError> {
    let opened = place.as_ref().map(|place| OpenedRing::at(place, capacity));
    let (OpenedRing { producer, consumer, adopted, damaged, report, left }, is_checked) =
        match opened {
            Some(Ok(opened)) => (opened, true),
            Some(Err(report)) => (OpenedRing::in_memory(capacity, Some(report))?, false),
            None => (OpenedRing::in_memory(capacity, None)?, false),
        };
    #[cfg(not(unix))]
    let _ = left;
    #[cfg(unix)]
    let (guard, report) = match place.map(|place| sync_thread::of(&producer, place)) {
        Some(Ok(guard)) => (guard, report),
        Some(Err(why)) => {
            (None, Some(report.map_or(why.clone(), |report| format!("{report}; {why}"))))
        }
        None => (None, report),
    };
    let state = State {
        producer,
        numbered: 0,
        counts: Counts {
            captured: adopted,
            pending: adopted,
            recovered: adopted,
            ..Counts::default()
        },
        acked: consumer.acked(),
        is_parked: false,
        waiters: 0,
        flushes: 0,
        wakers: Vec::new(),
        hang_up: None,
        is_closed: false,
        end: None,
        has_reader: true,
        failed_rounds: 0,
        unconfirmed: 0,
    };
    let limits = overflow.limits(consumer.capacity());
    let queue = Arc::new(Queue {
        state: Mutex::new(state),
        overflow,
        limits,
        is_checked,
        corrupted: damaged,
        wake: Condvar::new(),
        progress: Condvar::new(),
    });
    let reader = Reader::new(Arc::clone(&queue), consumer);
    #[cfg(unix)]
    if !left.is_empty() {
        let weak = Arc::downgrade(&queue);
        // If no thread can be started, the next start ships it.
        let _ = crate::threads::spawn("logship-adopt", move || directory::adopt_later(left, &weak));
    }
    #[cfg(unix)]
    let reader = reader.guarded(guard);
    Ok((queue, reader, report))
}

impl Queue {
    /// Queues a message, or counts why not. Returns whether the reader has to be woken.
    #[inline]
    #[must_use]
    pub(crate) fn push(&self, severity: Severity, bytes: &[u8]) -> bool {
        // Before the lock: it is the only step whose cost grows with the message.
        let check = if self.is_checked { entry::check(severity, bytes) } else { 0 };
        self.push_with(severity, bytes.len(), |producer, _| producer.push(severity, bytes, check))
    }

    /// The same for a message of at most this many bytes that contains a number. `number` writes
    /// it, given how many were taken before, under the lock, so that the numbers are in queue
    /// order.
    #[must_use]
    pub(crate) fn push_numbered<'a>(
        &self,
        severity: Severity,
        longest: usize,
        number: impl FnOnce(u64) -> &'a [u8],
    ) -> bool {
        self.push_with(severity, longest, |producer, numbered| {
            let bytes = number(*numbered);
            let check = if self.is_checked { entry::check(severity, bytes) } else { 0 };
            let is_taken = producer.push(severity, bytes, check);
            *numbered += u64::from(is_taken);
            is_taken
        })
    }

    #[inline]
    fn push_with(
        &self,
        severity: Severity,
        length: usize,
        push: impl FnOnce(&mut Producer, &mut u64) -> bool,
    ) -> bool {
        let mut state = self.lock();
        let mut drop_reason = self.drop_reason(&state, severity, length);
        // The shipper makes the room, so it must not wait for it.
        let limit = self.overflow.patience().filter(|_| !is_muted());
        if let (Some(DropReason::QueueFull), Some(limit)) = (drop_reason, limit) {
            (state, drop_reason) = self.wait_for_room(state, severity, length, limit);
        }
        // Not earlier: while a call waits for room, its record is not counted anywhere.
        state.counts.captured += 1;
        let State { producer, numbered, .. } = &mut *state;
        match drop_reason {
            None if push(producer, numbered) => {
                state.counts.pending += 1;
                std::mem::take(&mut state.is_parked)
            }
            drop_reason => {
                state.counts.losses.add(drop_reason.unwrap_or(DropReason::QueueFull), severity);
                false
            }
        }
    }

    /// Queues a report of the crate's own if there is room. It is not one of the application's
    /// records, so it is counted nowhere. Returns whether it was taken.
    pub(crate) fn push_own<'a>(
        &self,
        severity: Severity,
        longest: usize,
        is_numbered: bool,
        message: impl FnOnce(u64) -> &'a [u8],
    ) -> bool {
        let mut state = self.lock();
        if self.drop_reason(&state, severity, longest).is_some() {
            return false;
        }
        let bytes = message(state.numbered);
        let check = if self.is_checked { entry::check(severity, bytes) } else { 0 };
        let is_taken = state.producer.push_own(severity, bytes, check);
        state.numbered += u64::from(is_taken && is_numbered);
        is_taken
    }

    /// Counts a record that never became a message.
    pub(crate) fn count_dropped(&self, reason: DropReason, severity: Severity) {
        let mut state = self.lock();
        state.counts.captured += 1;
        state.counts.losses.add(reason, severity);
    }

    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    pub(crate) fn tell(&self, stats: &mut Stats) {
        let state = self.lock();
        stats.captured = state.counts.captured;
        stats.delivered = state.counts.delivered;
        stats.pending = state.counts.pending;
        stats.losses = state.counts.losses;
        stats.dropped = stats.losses.total();
        (stats.recovered, stats.corrupted) = (state.counts.recovered, self.corrupted);
        stats.queue_bytes = state.producer.used() as u64;
    }

    fn drop_reason(&self, state: &State, severity: Severity, length: usize) -> Option<DropReason> {
        let (producer, capacity) = (&state.producer, state.producer.capacity());
        if state.is_closed {
            Some(DropReason::Closed)
        } else if length > (capacity / 2 - entry::OVERHEAD).min(entry::MAX_MESSAGE_LEN) {
            // Wherever the head is, half of an empty ring is contiguous.
            Some(DropReason::TooLong)
        } else if producer.used() + producer.cost(length) > self.share(severity) {
            Some(DropReason::QueueFull)
        } else {
            None
        }
    }

    fn share(&self, severity: Severity) -> usize {
        self.limits.get(usize::from(severity.code())).copied().unwrap_or_default()
    }

    /// Nothing that runs under the lock panics; if it did, the counters would still be the best
    /// available.
    #[inline]
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether anyone waits for a flush or the end.
    fn flush_requested(&self) -> bool {
        self.flushes > 0 || self.is_closed || self.hang_up.is_some()
    }
}

#[cfg(all(test, logship_loom))]
mod loom_tests;
#[cfg(all(test, not(logship_loom)))]
mod tests;
