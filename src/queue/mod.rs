//! Messages in order: the bounded queue between log calls and the shipper.
//!
//! Never: blocks a log call (unless the user chose so), grows, reads what it holds.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

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

use std::{
    collections::TryReserveError,
    path::Path,
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

pub(crate) use self::flush::Flush;
pub use self::overflow::Overflow;
pub(crate) use self::reader::{Reader, Wake};
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
    /// Octets up to which each severity may fill the ring.
    limits: [usize; 8],
    /// Whether the next process will ask if a message is as it was written.
    is_checked: bool,
    /// Found at the start, and lost in what was found.
    recovered: (u64, u64),
    /// Wakes the reader when it has gone to sleep. It is no descriptor: a program that closes all
    /// it has, and gives the numbers to others, is written into by no log call.
    wake: Condvar,
    /// Wakes log calls that wait for room, and flushes.
    progress: Condvar,
}

#[derive(Debug)]
struct State {
    producer: Producer,
    /// Messages with a number that were taken.
    numbered: u64,
    counts: Counts,
    /// Where the reader's `arrived` stands.
    acked: Cursor,
    /// The reader sleeps and wants to be woken.
    is_parked: bool,
    /// Threads that wait on `progress`.
    waiters: u32,
    /// Flushes under way: the reader should not take its time.
    flushes: u32,
    /// Futures that wait for progress.
    wakers: Vec<flush::Waiting>,
    /// Connections should be closed once everything is sent.
    hang_up: bool,
    is_closed: bool,
    /// When the reader ends, once the queue is closed.
    end: Option<Instant>,
    has_reader: bool,
    /// Tries to reach any server that failed while somebody waited for the end.
    failed_rounds: u64,
    /// Messages that are acknowledged, and pending until that is confirmed.
    unconfirmed: u64,
}

#[derive(Debug, Default)]
struct Counts {
    captured: u64,
    delivered: u64,
    pending: u64,
    losses: Losses,
}

/// Where messages wait so that they outlive the process.
pub(crate) struct QueueFile<'a> {
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
    place: Option<QueueFile<'_>>,
) -> Result<(Arc<Queue>, Reader, Option<String>), TryReserveError> {
    let opened = place.as_ref().map(|place| OpenedRing::at(place, capacity));
    let (OpenedRing { producer, consumer, adopted, damaged, report }, is_checked) = match opened {
        Some(Ok(opened)) => (opened, true),
        Some(Err(report)) => (OpenedRing::in_memory(capacity, Some(report))?, false),
        None => (OpenedRing::in_memory(capacity, None)?, false),
    };
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
        counts: Counts { captured: adopted, pending: adopted, ..Counts::default() },
        acked: consumer.acked(),
        is_parked: false,
        waiters: 0,
        flushes: 0,
        wakers: Vec::new(),
        hang_up: false,
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
        recovered: (adopted, damaged),
        wake: Condvar::new(),
        progress: Condvar::new(),
    });
    let reader = Reader::new(Arc::clone(&queue), consumer);
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
        let check = if self.is_checked { entry::check(severity, octets) } else { 0 };
        self.push_with(severity, octets.len(), |producer, _| producer.push(severity, octets, check))
    }

    /// The same for a message of at most so many octets that has a number: `number` writes it, told how
    /// many have been taken before. Under the lock, so that their order in the queue is theirs.
    #[must_use]
    pub(crate) fn push_numbered<'a>(
        &self,
        severity: Severity,
        longest: usize,
        number: impl FnOnce(u64) -> &'a [u8],
    ) -> bool {
        self.push_with(severity, longest, |producer, numbered| {
            let octets = number(*numbered);
            let check = if self.is_checked { entry::check(severity, octets) } else { 0 };
            let is_taken = producer.push(severity, octets, check);
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
        // The shipper is the one who makes room: it must not wait for it.
        let limit = self.overflow.patience().filter(|_| !is_muted());
        if let (Some(DropReason::QueueFull), Some(limit)) = (drop_reason, limit) {
            (state, drop_reason) = self.wait_for_room(state, severity, length, limit);
        }
        // Not before: while a call waits for room, its record is in none of the books.
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

    /// Takes a message of the crate's own if there is room: it is none of the application's, so it is
    /// not counted otherwise. Returns whether it was taken.
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
        let octets = message(state.numbered);
        let check = if self.is_checked { entry::check(severity, octets) } else { 0 };
        let is_taken = state.producer.push(severity, octets, check);
        if is_taken {
            state.numbered += u64::from(is_numbered);
            state.counts.captured += 1;
            state.counts.pending += 1;
        }
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

    /// Waits until everything pushed before is acknowledged; false if `timeout` came first.
    pub(crate) fn flush(&self, timeout: Duration) -> bool {
        self.flush_until(deadline(timeout), false)
    }

    fn flush_until(&self, deadline: Instant, ends_with_a_round: bool) -> bool {
        let mut state = self.lock();
        let goal = state.producer.head();
        if state.acked >= goal {
            return true;
        }
        let rounds = state.failed_rounds;
        state.flushes += 1;
        state.is_parked = false;
        self.wake();
        while state.acked < goal {
            let left = deadline.saturating_duration_since(Instant::now());
            let is_given_up = ends_with_a_round && state.failed_rounds > rounds;
            if left.is_zero() || is_given_up || !state.has_reader {
                break;
            }
            state = self.wait(state, left);
        }
        state.flushes -= 1;
        state.acked >= goal
    }

    /// As [`flush`](Queue::flush), but it gives up once no server could be reached at any of its
    /// addresses.
    pub(crate) fn flush_at_end(&self, timeout: Duration) -> bool {
        self.flush_until(deadline(timeout), true)
    }

    /// Has the connection closed as its protocol wants, once everything is sent; the next record opens
    /// another one. False if `timeout` came first.
    pub(crate) fn hang_up(&self, timeout: Duration) -> bool {
        let deadline = deadline(timeout);
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
        true
    }

    /// Has the reader hurry from now on, as a flush does.
    pub(crate) fn urge(&self) {
        let mut state = self.lock();
        state.flushes += 1;
        state.is_parked = false;
        self.wake();
    }

    /// Nothing is taken any more: the reader ships what there is, for `limit` at most, and ends.
    pub(crate) fn close(&self, limit: Duration) {
        let mut state = self.lock();
        let end = deadline(limit);
        state.is_closed = true;
        state.end = Some(state.end.map_or(end, |before| before.min(end)));
        state.is_parked = false;
        self.wake();
    }

    /// Waits until the reader of a closed queue has ended, and gives up the memory or the file; false if
    /// `timeout` came first.
    pub(crate) fn wait_for_end(&self, timeout: Duration) -> bool {
        let deadline = deadline(timeout);
        let mut state = self.lock();
        while state.has_reader {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.wait(state, left);
        }
        if let Ok((empty, _)) = ring::ring(1) {
            state.producer = empty;
        }
        true
    }

    /// Whether the time of a closed queue is up.
    pub(crate) fn is_over(&self) -> bool {
        let state = self.lock();
        state.is_closed && state.end.is_none_or(|end| end <= Instant::now())
    }

    /// Records that wait, or are under way; none of those that wait in a file for the next process.
    pub(crate) fn at_stake(&self) -> u64 {
        if self.is_checked {
            return 0;
        }
        let state = self.lock();
        state.counts.pending.saturating_sub(state.unconfirmed)
    }

    pub(crate) fn tell(&self, stats: &mut Stats) {
        let state = self.lock();
        stats.captured = state.counts.captured;
        stats.delivered = state.counts.delivered;
        stats.pending = state.counts.pending;
        stats.losses = state.counts.losses;
        stats.dropped = stats.losses.total();
        (stats.recovered, stats.corrupted) = self.recovered;
        stats.queue_bytes = state.producer.used() as u64;
    }

    fn drop_reason(&self, state: &State, severity: Severity, length: usize) -> Option<DropReason> {
        let (producer, capacity) = (&state.producer, state.producer.capacity());
        if state.is_closed {
            Some(DropReason::Closed)
        } else if length > (capacity / 2 - entry::OVERHEAD).min(entry::MAX_MESSAGE_LEN) {
            // Wherever the head stands, half of an empty ring is always in one piece.
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
            let drop_reason = self.drop_reason(&state, severity, length);
            if drop_reason != Some(DropReason::QueueFull) || left.is_zero() {
                return (state, drop_reason);
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

    /// Waits for [`wake`](Queue::wake), for the reader.
    fn wait_for_wake<'a>(
        &'a self,
        state: MutexGuard<'a, State>,
        left: Duration,
    ) -> MutexGuard<'a, State> {
        self.wake.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Nothing that runs under the lock panics; were it to, the books are still the best there is.
    #[inline]
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether someone waits for a flush or the end.
    fn flush_requested(&self) -> bool {
        self.flushes > 0 || self.is_closed || self.hang_up
    }
}

/// When `limit` is over; one too long for the clock is over in a century.
pub(crate) fn deadline(limit: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(limit).unwrap_or_else(|| now + CENTURY)
}

const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

#[cfg(all(test, logship_loom))]
mod loom_tests;
#[cfg(all(test, not(logship_loom)))]
mod tests;
