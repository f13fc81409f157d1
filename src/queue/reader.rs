//! The shipper's side of the queue.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Counts, Queue, State, deadline, flush,
    retention::Retention,
    ring::{Consumer, Cursor, Messages, Stored},
};
use crate::{resend::ResendBuffer, stats::DropReason};

/// The reading side of the queue; there is one, on the shipper's thread.
#[derive(Debug)]
pub(crate) struct Reader {
    queue: Arc<Queue>,
    consumer: Consumer,
    freed: Retention,
    /// How often to look again before sleeping.
    naps_left: u32,
    /// Syncs the file as long as there is a reader.
    #[cfg(unix)]
    guard: Option<super::sync_thread::SyncThread>,
}

/// What the reader was woken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// Messages wait to be sent.
    Messages,
    /// The time is up that was given to wait.
    Nothing,
    /// Everything is sent, and the connection should be closed for now.
    HangUp,
    /// Everything is sent, and nobody is left to log.
    End,
}

/// Some messages to send, the oldest first.
#[derive(Clone, Debug)]
pub(crate) struct Batch<'a> {
    messages: Messages<'a>,
    octets_left: usize,
}

impl<'a> Iterator for Batch<'a> {
    type Item = Stored<'a>;

    fn next(&mut self) -> Option<Stored<'a>> {
        if self.octets_left == 0 {
            return None;
        }
        let stored = self.messages.next()?;
        self.octets_left = self.octets_left.saturating_sub(stored.octets.len());
        Some(stored)
    }
}

impl Reader {
    pub(super) fn new(queue: Arc<Queue>, consumer: Consumer) -> Self {
        Reader {
            queue,
            consumer,
            freed: Retention::default(),
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

    /// Waits for something to do, for `patience` at most. It blocks the thread.
    ///
    /// While traffic flows it looks again after a short nap: waking a sleeping thread would cost
    /// the caller of a log macro far more than the rest of its work. Only after a silence it
    /// sleeps until it is woken.
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

    /// After traffic there are naps.
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
        } else if state.hang_up {
            Some(Wake::HangUp)
        } else {
            None
        }
    }

    /// Sleeps between two tries: until somebody begins to wait for a flush or the end, and while
    /// somebody does, for a second at most.
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

    /// Whether someone waits for a flush or the end.
    pub(crate) fn flush_requested(&self) -> bool {
        self.queue.lock().flush_requested()
    }

    /// Waits until someone waits for a flush or the end, for `limit` at most.
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

    /// Messages that wait, or are not known to have arrived.
    pub(crate) fn pending(&self) -> u64 {
        self.queue.lock().counts.pending
    }

    /// Messages that wait to be sent: about `octets` of them, at least one if there is one.
    pub(crate) fn batch(&self, octets: usize) -> Batch<'_> {
        Batch { messages: self.consumer.unsent(), octets_left: octets.max(1) }
    }

    /// Whether something was sent of which it isn't known that it arrived.
    pub(crate) fn has_in_flight(&self) -> bool {
        self.consumer.sent() > self.consumer.acked()
    }

    /// Whether most of the queue is taken: what has arrived should make room soon.
    pub(crate) fn is_over_half_full(&self) -> bool {
        self.consumer.used() > self.consumer.capacity() as u64 / 2
    }

    /// Notes that the connection has everything up to `to`.
    pub(crate) fn sent(&mut self, to: Cursor) {
        self.consumer.advance_sent(to);
    }

    /// Where what is sent next begins.
    pub(crate) fn first_unsent(&self) -> Cursor {
        self.consumer.sent()
    }

    /// Everything before this is known to have arrived.
    pub(crate) fn acked_to(&self) -> Cursor {
        self.consumer.acked()
    }

    /// Notes that everything up to `to` has arrived, and frees what need not be kept.
    pub(crate) fn acked(&mut self, to: Cursor, tail: ResendBuffer) {
        let tail = tail.within(self.consumer.capacity());
        let (mut count, now) = (0, Instant::now());
        for stored in self.consumer.not_acked(to.min(self.consumer.sent())) {
            count += 1;
            self.freed.note(stored.end, tail, now);
        }
        self.consumer.advance_acked(to);
        let released = self.freed.release(to.min(self.consumer.acked()), tail, now);
        if let Some(released) = released {
            self.consumer.free(released);
        }
        if count > 0 || released.is_some() {
            self.enter(|counts| {
                counts.delivered += count;
                counts.pending -= count;
            });
        }
    }

    /// Puts what isn't known to have arrived back in line, and the tail of what has; returns how
    /// many messages that are.
    pub(crate) fn rewind(&mut self) -> u64 {
        let count = self.consumer.to_be_resent().count() as u64;
        self.freed.begin_again();
        self.consumer.rewind();
        count
    }

    /// Keeps no more of what has arrived than this.
    pub(crate) fn shorten(&mut self, tail: ResendBuffer) {
        let octets = tail.within(self.consumer.capacity()).octets;
        if let Some(released) = self.freed.shorten(self.consumer.acked(), octets) {
            self.consumer.skip_to(released);
        }
    }

    /// What has arrived is safe: it will not be sent again.
    pub(crate) fn release_resend_buffer(&mut self) {
        self.freed.forget();
        self.consumer.skip_acked();
    }

    /// Gives up the first message that isn't known to have arrived.
    pub(crate) fn set_aside(&mut self, reason: DropReason) {
        self.release_resend_buffer();
        let Some(first) = self.consumer.not_acked(Cursor::MAX).next() else { return };
        let (severity, end) = (first.severity, first.end);
        self.consumer.advance_sent(end);
        self.consumer.advance_acked(end);
        self.consumer.free(end);
        self.enter(|counts| {
            counts.losses.add(reason, severity);
            counts.pending -= 1;
        });
    }

    /// The connection is closed, as was asked for.
    pub(crate) fn hung_up(&self) {
        let mut state = self.queue.lock();
        state.hang_up = false;
        if state.waiters > 0 {
            self.queue.progress.notify_all();
        }
    }

    /// Writes into the books, and lets go on whoever waits for what is written.
    fn enter(&mut self, write: impl FnOnce(&mut Counts)) {
        let mut state = self.queue.lock();
        write(&mut state.counts);
        state.acked = self.consumer.acked();
        if state.waiters > 0 {
            self.queue.progress.notify_all();
        }
        let wakers = flush::take(&mut state);
        drop(state);
        flush::wake(wakers);
    }
}

impl Drop for Reader {
    /// What is left, and what is logged from now on, has nobody to ship it: it is counted. In a
    /// file it waits for the next process.
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        let lost = if self.consumer.is_durable() { 0 } else { Cursor::MAX };
        for stored in self.consumer.not_acked(lost) {
            state.counts.losses.add(DropReason::Closed, stored.severity);
            state.counts.pending -= 1;
        }
        state.is_closed = true;
        state.has_reader = false;
        state.hang_up = false;
        self.queue.progress.notify_all();
        let wakers = flush::take(&mut state);
        drop(state);
        flush::wake(wakers);
    }
}

/// Long enough to gather a batch, short enough for a person who watches the other end.
const NAP_INTERVAL: Duration = Duration::from_micros(500);
/// Naps before sleeping: 20 ms of silence.
#[cfg(not(logship_loom))]
const NAPS: u32 = 40;
/// A model has no clock.
#[cfg(logship_loom)]
const NAPS: u32 = 0;
/// The longest pause between two tries while someone waits for a flush.
const URGED: Duration = Duration::from_secs(1);
