//! The shipper's side of the queue.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Counts, Queue, State, deadline, flush, retention::Retention, ring::Consumer};
use crate::{Severity, stats::DropReason, stored::Cursor};

/// The reading side of the queue, owned by the shipper's thread.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(super) queue: Arc<Queue>,
    pub(super) consumer: Consumer,
    pub(super) retained: Retention,
    /// Everything up to here was recovered from a file.
    pub(super) recovered_to: Cursor,
    /// Everything up to here is counted as delivered, or as released early.
    pub(super) confirmed: Cursor,
    /// Released before it was confirmed, by severity: its outcome is known when the connection's
    /// trial ends.
    pub(super) early: [u64; 8],
    /// A few at most.
    pub(super) skips: Vec<Skip>,
    pub(super) held: Option<Held>,
    /// Messages that are acknowledged and neither confirmed nor released early.
    pub(super) unconfirmed: u64,
    /// How often to look again before sleeping.
    naps_left: u32,
    /// Syncs the file as long as there is a reader.
    #[cfg(unix)]
    guard: Option<super::sync_thread::SyncThread>,
}

/// Why the reader woke up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// There are unsent messages.
    Messages,
    /// The timeout has passed.
    Nothing,
    /// Everything is sent, and the connection should be closed for now.
    HangUp,
    /// Everything is sent, and the last handle is gone.
    End,
}

/// A message of the ring that is not to be sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Skip {
    pub(super) end: Cursor,
    /// Already counted as dropped, or held back to be sent alone.
    pub(super) is_counted: bool,
}

/// A message that may be the reason why connections end.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) severity: Severity,
    pub(super) is_own: bool,
    pub(super) message: Vec<u8>,
    pub(super) end: Cursor,
}

impl Reader {
    pub(super) fn new(queue: Arc<Queue>, consumer: Consumer) -> Self {
        Reader {
            queue,
            recovered_to: consumer.head(),
            confirmed: consumer.freed(),
            consumer,
            retained: Retention::default(),
            early: [0; 8],
            skips: Vec::new(),
            held: None,
            unconfirmed: 0,
            naps_left: 0,
            #[cfg(unix)]
            guard: None,
        }
    }

    #[cfg(unix)]
    pub(super) fn guarded(mut self, guard: Option<super::sync_thread::SyncThread>) -> Self {
        self.guard = guard;
        self
    }

    /// Blocks the thread until there is something to do, for `patience` at most.
    ///
    /// While traffic flows it polls after short naps: waking a sleeping thread would cost the log
    /// call far more than the rest of its work. Only after a silence does it sleep until it is
    /// woken.
    pub(crate) fn work(&mut self, patience: Duration) -> Wake {
        let deadline = deadline(patience);
        while self.naps_left > 0 {
            let work = self.look(&self.queue.lock());
            if let Some(work) = work {
                return self.begin(work);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Wake::Nothing;
            }
            self.naps_left -= 1;
            std::thread::sleep(NAP_INTERVAL.min(left));
            if self.naps_left == 0 {
                return Wake::Nothing;
            }
        }
        let mut state = self.queue.lock();
        let mut work = self.look(&state);
        if work.is_none() {
            state.is_parked = true;
            let left = deadline.saturating_duration_since(Instant::now());
            state = self.queue.wait_for_wake(state, left);
            state.is_parked = false;
            work = self.look(&state);
        }
        drop(state);
        self.begin(work.unwrap_or(Wake::Nothing))
    }

    /// After traffic, nap instead of sleeping.
    fn begin(&mut self, work: Wake) -> Wake {
        if work == Wake::Messages {
            self.naps_left = NAPS;
        }
        work
    }

    fn look(&self, state: &State) -> Option<Wake> {
        if self.consumer.has_unsent() {
            Some(Wake::Messages)
        } else if state.is_closed {
            Some(Wake::End)
        } else if state.hang_up.is_some() {
            Some(Wake::HangUp)
        } else {
            None
        }
    }

    /// Sleeps between two connection attempts: until somebody starts to wait for a flush or the
    /// end, or, while somebody does, for a second at most.
    pub(crate) fn pause(&self, length: Duration) {
        let (is_urged, end) = {
            let state = self.queue.lock();
            (state.flush_requested(), state.end)
        };
        if is_urged {
            let left = end.map_or(URGED, |end| end.saturating_duration_since(Instant::now()));
            std::thread::sleep(length.min(URGED).min(left));
        } else {
            self.wait_to_be_urged(length);
        }
    }

    /// Whether anyone waits for a flush or the end.
    pub(crate) fn flush_requested(&self) -> bool {
        self.queue.lock().flush_requested()
    }

    /// Sleeps until somebody waits for a flush or the end, for `limit` at most.
    pub(super) fn wait_to_be_urged(&self, limit: Duration) {
        let deadline = deadline(limit);
        let mut state = self.queue.lock();
        while !state.flush_requested() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self.queue.wait_for_wake(state, left);
        }
    }

    /// The queue that this reads.
    pub(crate) fn queue(&self) -> Arc<Queue> {
        Arc::clone(&self.queue)
    }

    /// Whether there are messages that are unsent or not acknowledged.
    pub(crate) fn pending(&self) -> u64 {
        self.queue.lock().counts.pending
    }

    /// Whether something was sent that is not acknowledged.
    pub(crate) fn has_in_flight(&self) -> bool {
        self.consumer.sent() > self.consumer.acked()
    }

    /// Whether something is acknowledged whose delivery is not confirmed.
    pub(crate) fn has_unconfirmed(&self) -> bool {
        self.consumer.acked() > self.confirmed || self.early.iter().any(|count| *count > 0)
    }

    /// Whether more than half of the queue is in use: acknowledgements should make room soon.
    pub(crate) fn is_over_half_full(&self) -> bool {
        self.consumer.used() > self.consumer.capacity() as u64 / 2
    }

    /// Records that everything up to `to` was handed to the connection.
    pub(crate) fn sent(&mut self, to: Cursor) {
        self.consumer.advance_sent(to);
        self.pass_skips();
    }

    /// The position of the next unsent message.
    pub(crate) fn first_unsent(&self) -> Cursor {
        self.consumer.sent()
    }

    /// Everything before this is acknowledged on this connection.
    pub(crate) fn acked_to(&self) -> Cursor {
        self.consumer.acked()
    }

    /// Everything before this has left the queue.
    pub(crate) fn freed_to(&self) -> Cursor {
        self.consumer.freed()
    }

    /// The number of messages from the start of the queue to `to`, and where they end.
    pub(crate) fn ends_to(&self, from: Cursor, to: Cursor) -> impl Iterator<Item = Cursor> + '_ {
        self.consumer.between(from.max(self.consumer.freed()), to).map(|stored| stored.end)
    }

    /// Counts a failed round over all servers while somebody waited for the end.
    pub(crate) fn round_failed(&self) {
        let mut state = self.queue.lock();
        state.failed_rounds += 1;
        if state.waiters > 0 {
            self.queue.progress.notify_all();
        }
    }

    /// How long whoever asked for the connection to be closed waits for that.
    pub(crate) fn time_to_close(&self) -> Duration {
        let state = self.queue.lock();
        let end = state.end.max(state.hang_up);
        end.map_or(Duration::ZERO, |end| end.saturating_duration_since(Instant::now()))
    }

    /// Reports that the connection is closed, as requested.
    pub(crate) fn hung_up(&self) {
        let mut state = self.queue.lock();
        state.hang_up = None;
        if state.waiters > 0 {
            self.queue.progress.notify_all();
        }
    }

    /// Updates the counters, and wakes whoever waits for them.
    pub(super) fn enter(&mut self, write: impl FnOnce(&mut Counts)) {
        let mut state = self.queue.lock();
        write(&mut state.counts);
        state.unconfirmed = self.unconfirmed + self.early.iter().sum::<u64>();
        // A flush waits for the held message, too.
        let held = self.held.as_ref().map_or(Cursor::MAX, |held| held.end - 1);
        state.acked = self.consumer.acked().min(held);
        if state.waiters > 0 {
            self.queue.progress.notify_all();
        }
        let wakers = flush::take(&mut state);
        drop(state);
        flush::wake(wakers);
    }
}

impl Drop for Reader {
    /// Counts what is left, and what is logged from now on, as dropped: nobody ships it any more.
    /// In a file it is for the next process.
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        let lost = if self.consumer.is_durable() { 0 } else { Cursor::MAX };
        let from = self.confirmed.max(self.consumer.freed());
        for stored in self.consumer.between(from, lost) {
            if self.is_pending(&stored) {
                state.counts.losses.add(DropReason::Closed, stored.severity);
                state.counts.pending -= 1;
            }
        }
        for (severity, count) in Severity::ALL.into_iter().zip(self.early) {
            state.counts.losses.add_many(DropReason::Unconfirmed, severity, count);
            state.counts.pending -= count;
        }
        if let Some(held) = self.held.as_ref().filter(|held| !held.is_own) {
            state.counts.losses.add(DropReason::Closed, held.severity);
            state.counts.pending -= 1;
        }
        state.is_closed = true;
        state.has_reader = false;
        state.hang_up = None;
        self.queue.progress.notify_all();
        let wakers = flush::take(&mut state);
        drop(state);
        flush::wake(wakers);
    }
}

/// Long enough to gather a batch, short enough for a person who watches the server.
const NAP_INTERVAL: Duration = Duration::from_micros(500);
/// Naps before sleeping: 20 ms of silence.
#[cfg(not(logship_loom))]
const NAPS: u32 = 40;
/// A model has no clock.
#[cfg(logship_loom)]
const NAPS: u32 = 0;
/// The longest pause between two attempts while somebody waits for a flush.
const URGED: Duration = Duration::from_secs(1);
