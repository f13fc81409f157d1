//! Message → messages in order: who waits, and who is turned away?
//!
//! Never: blocks a log call (unless the user chose so), grows, reads what it holds.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(unix)]
mod file;
#[cfg(unix)]
mod folder;
mod found;
#[cfg(all(fuzzing, feature = "collector"))]
pub(crate) mod fuzzing;
#[cfg(unix)]
mod guard;
mod kept;
#[cfg_attr(not(unix), path = "no_mapping.rs")]
mod mapping;
mod memory;
mod opened;
mod overflow;
mod reader;
mod ring;
mod sync;
mod word;

use std::{
    collections::TryReserveError,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

pub use self::overflow::Overflow;
use self::{
    opened::Opened,
    ring::Tail,
    sync::{Condvar, Mutex, MutexGuard, Notify},
};
pub(crate) use self::{
    reader::{Batch, Reader, Work},
    ring::Cursor,
};
use crate::{
    Severity, Stats,
    muted::muted,
    stats::{DropReason, Losses},
};

/// The writing side of the queue, shared by all threads that log.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    overflow: Overflow,
    /// Octets up to which each severity may fill the ring.
    shares: [usize; 8],
    /// Whether the next process will ask if a message is as it was written.
    is_checked: bool,
    /// Found at the start, and lost in what was found.
    inheritance: (u64, u64),
    /// Wakes the reader when it has gone to sleep.
    wake: Notify,
    /// Wakes log calls that wait for room, and flushes.
    progress: Condvar,
}

#[derive(Debug)]
struct State {
    tail: Tail,
    books: Books,
    /// Where the reader's `arrived` stands.
    arrived: Cursor,
    /// The reader sleeps and wants to be woken.
    is_parked: bool,
    /// Threads that wait on `progress`.
    waiters: u32,
    /// Flushes under way: the reader should not take its time.
    flushes: u32,
    /// Connections should be closed once everything is sent.
    hang_up: bool,
    is_closed: bool,
    has_reader: bool,
}

#[derive(Debug, Default)]
struct Books {
    captured: u64,
    delivered: u64,
    waiting: u64,
    losses: Losses,
}

/// Where messages wait so that they outlive the process.
pub(crate) struct Place<'a> {
    /// A file, or a folder with a file for each process.
    pub(crate) path: &'a Path,
    /// Whose files of a folder are ours.
    pub(crate) tag: &'a str,
    /// How often the file goes to the disk, and whom to tell where it can't.
    pub(crate) sync: Option<(Duration, Tell)>,
}

/// Whom to tell of what is wrong with the file.
pub(crate) type Tell = Box<dyn FnMut(&str) + Send>;

/// Makes a queue of `capacity` octets, in a file if there is a place, and says what went wrong
/// with that: the queue is in memory then.
///
/// # Errors
///
/// Where there is not so much memory.
pub(crate) fn queue(
    capacity: usize,
    overflow: Overflow,
    place: Option<Place<'_>>,
) -> Result<(Arc<Queue>, Reader, Option<String>), TryReserveError> {
    let opened = place.as_ref().map(|place| Opened::at(place, capacity));
    let (Opened { tail, front, adopted, damaged, report }, is_checked) = match opened {
        Some(Ok(opened)) => (opened, true),
        Some(Err(report)) => (Opened::in_memory(capacity, Some(report))?, false),
        None => (Opened::in_memory(capacity, None)?, false),
    };
    #[cfg(unix)]
    let (guard, report) = match place.map(|place| guard::of(&tail, place)) {
        Some(Ok(guard)) => (guard, report),
        Some(Err(why)) => {
            (None, Some(report.map_or(why.clone(), |report| format!("{report}; {why}"))))
        }
        None => (None, report),
    };
    let state = State {
        tail,
        books: Books { captured: adopted, waiting: adopted, ..Books::default() },
        arrived: front.arrived(),
        is_parked: false,
        waiters: 0,
        flushes: 0,
        hang_up: false,
        is_closed: false,
        has_reader: true,
    };
    let shares = overflow.shares(front.capacity());
    let queue = Arc::new(Queue {
        state: Mutex::new(state),
        overflow,
        shares,
        is_checked,
        inheritance: (adopted, damaged),
        wake: Notify::new(),
        progress: Condvar::new(),
    });
    let reader = Reader::new(Arc::clone(&queue), front);
    #[cfg(unix)]
    let reader = reader.guarded(guard);
    Ok((queue, reader, report))
}

impl Queue {
    /// Takes a message, or counts why not. Returns whether the reader has to be woken.
    #[inline]
    #[must_use]
    pub(crate) fn push(&self, severity: Severity, octets: &[u8]) -> bool {
        // Before the lock: it is the only thing here that takes longer for a longer message.
        let check = if self.is_checked { word::check(severity, octets) } else { 0 };
        let mut state = self.lock();
        let mut refusal = self.refusal(&state, severity, octets.len());
        if let (Some(DropReason::QueueFull), Some(limit)) = (refusal, self.overflow.patience()) {
            (state, refusal) = self.wait_for_room(state, severity, octets.len(), limit);
        }
        // Not before: while a call waits for room, its record is in none of the books.
        state.books.captured += 1;
        match refusal {
            None if state.tail.push(severity, octets, check) => {
                state.books.waiting += 1;
                std::mem::take(&mut state.is_parked)
            }
            refusal => {
                state.books.losses.add(refusal.unwrap_or(DropReason::QueueFull), severity);
                false
            }
        }
    }

    /// Counts a record that never became a message.
    pub(crate) fn count_dropped(&self, reason: DropReason, severity: Severity) {
        let mut state = self.lock();
        state.books.captured += 1;
        state.books.losses.add(reason, severity);
    }

    pub(crate) fn wake(&self) {
        // It panics where a program has closed all its files, and with them the reader's bell. The
        // reader looks by itself after a while.
        let _ = catch_unwind(AssertUnwindSafe(|| muted(|| self.wake.notify_one())));
    }

    /// Waits until everything pushed before has arrived; false if `timeout` came first.
    pub(crate) fn flush(&self, timeout: Duration) -> bool {
        let deadline = deadline(timeout);
        let mut state = self.lock();
        let goal = state.tail.head();
        if state.arrived >= goal {
            return true;
        }
        state.flushes += 1;
        state.is_parked = false;
        self.wake();
        while state.arrived < goal {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || !state.has_reader {
                break;
            }
            state = self.wait(state, left);
        }
        state.flushes -= 1;
        state.arrived >= goal
    }

    /// Flushes, then has the connection closed as its protocol wants; the next record opens
    /// another one.
    pub(crate) fn flush_and_hang_up(&self, timeout: Duration) -> bool {
        let deadline = deadline(timeout);
        let is_flushed = self.flush(timeout);
        let mut state = self.lock();
        // A reader that has ended would never answer.
        state.hang_up = state.has_reader;
        state.is_parked = false;
        self.wake();
        while state.hang_up {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                state.hang_up = false;
                return false;
            }
            state = self.wait(state, left);
        }
        is_flushed
    }

    /// No handle is left: the reader ships what there is and ends.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.wake();
    }

    pub(crate) fn tell(&self, stats: &mut Stats) {
        let state = self.lock();
        stats.captured = state.books.captured;
        stats.delivered = state.books.delivered;
        stats.waiting = state.books.waiting;
        stats.losses = state.books.losses;
        (stats.adopted, stats.damaged) = self.inheritance;
        stats.queued_octets = state.tail.used() as u64;
    }

    fn refusal(&self, state: &State, severity: Severity, length: usize) -> Option<DropReason> {
        let (tail, capacity) = (&state.tail, state.tail.capacity());
        if state.is_closed {
            Some(DropReason::Closed)
        } else if length > (capacity / 2 - word::OVERHEAD).min(word::LONGEST) {
            // Wherever the head stands, half of an empty ring is always in one piece.
            Some(DropReason::TooLong)
        } else if tail.used() + tail.cost(length) > self.share(severity) {
            Some(DropReason::QueueFull)
        } else {
            None
        }
    }

    fn share(&self, severity: Severity) -> usize {
        self.shares.get(usize::from(severity.code())).copied().unwrap_or_default()
    }

    #[cold]
    fn wait_for_room<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        severity: Severity,
        length: usize,
        limit: Duration,
    ) -> (MutexGuard<'a, State>, Option<DropReason>) {
        let deadline = deadline(limit);
        loop {
            if std::mem::take(&mut state.is_parked) {
                self.wake();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let refusal = self.refusal(&state, severity, length);
            if refusal != Some(DropReason::QueueFull) || left.is_zero() {
                return (state, refusal);
            }
            state = self.wait(state, left);
        }
    }

    fn wait<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        left: Duration,
    ) -> MutexGuard<'a, State> {
        state.waiters += 1;
        let mut state =
            self.progress.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        state.waiters -= 1;
        state
    }

    /// Nothing that runs under the lock panics; were it to, the books are still the best there is.
    #[inline]
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When `limit` is over; one too long for the clock is over in a century.
pub(crate) fn deadline(limit: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(limit).unwrap_or_else(|| now + CENTURY)
}

const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

#[cfg(all(test, logship_loom))]
mod models;
#[cfg(all(test, not(logship_loom)))]
mod tests;
