//! Waiting: for room, for flushes, and for the end of a queue.

use std::{
    sync::PoisonError,
    time::{Duration, Instant},
};

use super::{Queue, State, ring, sync::MutexGuard};
use crate::{Severity, stats::DropReason};

impl Queue {
    /// Waits until everything pushed before is acknowledged; false on timeout.
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

    /// Like [`flush`](Queue::flush), but gives up once no server could be reached at any of its
    /// addresses.
    pub(crate) fn flush_at_end(&self, timeout: Duration) -> bool {
        self.flush_until(deadline(timeout), true)
    }

    /// Has the connection closed as its protocol wants, once everything is sent; the next record
    /// opens another one. False on timeout.
    pub(crate) fn hang_up(&self, timeout: Duration) -> bool {
        let deadline = deadline(timeout);
        let mut state = self.lock();
        // A reader that has ended would never answer.
        state.hang_up = state.has_reader.then_some(deadline);
        state.is_parked = false;
        self.wake();
        while state.hang_up.is_some() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                state.hang_up = None;
                return false;
            }
            state = self.wait(state, left);
        }
        true
    }

    /// Makes the reader hurry from now on, as a flush does.
    pub(crate) fn urge(&self) {
        let mut state = self.lock();
        state.flushes += 1;
        state.is_parked = false;
        self.wake();
    }

    /// Closes the queue: the reader ships the rest, for `limit` at most, and ends.
    pub(crate) fn close(&self, limit: Duration) {
        let mut state = self.lock();
        let end = deadline(limit);
        state.is_closed = true;
        state.end = Some(state.end.map_or(end, |before| before.min(end)));
        state.is_parked = false;
        self.wake();
    }

    /// Waits until the reader of a closed queue has ended, and frees the memory or the file; false
    /// on timeout.
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

    /// Records that are pending, except those in a file for the next process.
    pub(crate) fn at_stake(&self) -> u64 {
        if self.is_checked {
            return 0;
        }
        let state = self.lock();
        state.counts.pending.saturating_sub(state.unconfirmed)
    }

    #[cold]
    pub(super) fn wait_for_room<'a>(
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

    pub(super) fn wait<'a>(
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
    pub(super) fn wait_for_wake<'a>(
        &'a self,
        state: MutexGuard<'a, State>,
        left: Duration,
    ) -> MutexGuard<'a, State> {
        self.wake.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
    }
}

/// When `limit` is over; a limit too long for the clock is a century.
pub(crate) fn deadline(limit: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(limit).unwrap_or_else(|| now + CENTURY)
}

pub(super) const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
