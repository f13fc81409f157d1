//! What is there to ship, and what of it is done?

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Books, Queue,
    kept::Kept,
    ring::{Cursor, Front, Messages, Stored},
};
use crate::{stats::DropReason, tail::Tail};

/// The reading side of the queue; there is one, on the shipper's thread.
#[derive(Debug)]
pub(crate) struct Reader {
    queue: Arc<Queue>,
    front: Front,
    kept: Kept,
    /// Syncs the file as long as there is a reader.
    #[cfg(unix)]
    guard: Option<super::guard::Guard>,
}

/// What the reader was woken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
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
    pub(super) fn new(queue: Arc<Queue>, front: Front) -> Self {
        Reader {
            queue,
            front,
            kept: Kept::default(),
            #[cfg(unix)]
            guard: None,
        }
    }

    #[cfg(unix)]
    pub(super) fn guarded(mut self, guard: Option<super::guard::Guard>) -> Self {
        self.guard = guard;
        self
    }

    /// Waits for something to do, for `patience` at most.
    ///
    /// While traffic flows it looks again after a short nap: waking a sleeping thread would cost
    /// the caller of a log macro far more than the rest of its work. Only after a silence it
    /// sleeps until it is woken.
    pub(crate) async fn work(&mut self, patience: Option<Duration>) -> Work {
        let naps = patience.map_or(NAPS, |p| (p.as_micros() / NAP.as_micros()).min(NAPS));
        for _ in 0..naps {
            if let Some(work) = self.look(false) {
                return work;
            }
            // The whole thread may sleep: it has nothing else to do that can't wait so long, and
            // a timer of the runtime would be twice as late.
            std::thread::sleep(NAP);
            tokio::task::yield_now().await;
        }
        if naps < NAPS {
            return self.look(false).unwrap_or(Work::Nothing);
        }
        if let Some(work) = self.look(true) {
            return work;
        }
        let woken = self.queue.wake.notified();
        match patience {
            None => woken.await,
            // Time being up is an answer too.
            Some(limit) => drop(tokio::time::timeout(limit, woken).await),
        }
        self.look(false).unwrap_or(Work::Nothing)
    }

    fn look(&self, park: bool) -> Option<Work> {
        if self.front.has_unsent() {
            return Some(Work::Messages);
        }
        let mut state = self.queue.lock();
        if self.front.has_unsent() {
            Some(Work::Messages)
        } else if state.is_closed {
            Some(Work::End)
        } else if state.hang_up {
            Some(Work::HangUp)
        } else {
            state.is_parked = park;
            None
        }
    }

    /// Sleeps between two tries, less long where someone waits for a flush or the end.
    pub(crate) async fn pause(&self, length: Duration) {
        if self.is_urged() {
            return tokio::time::sleep(length.min(URGED)).await;
        }
        tokio::select! {
            () = tokio::time::sleep(length) => {}
            () = self.urged() => {}
        }
    }

    /// Whether someone waits for a flush or the end.
    pub(crate) fn is_urged(&self) -> bool {
        let state = self.queue.lock();
        state.flushes > 0 || state.is_closed || state.hang_up
    }

    /// Waits until someone waits for a flush or the end.
    pub(super) async fn urged(&self) {
        while !self.is_urged() {
            self.queue.wake.notified().await;
        }
    }

    /// Messages that wait to be sent: about `octets` of them, at least one if there is one.
    pub(crate) fn batch(&self, octets: usize) -> Batch<'_> {
        Batch { messages: self.front.unsent(), octets_left: octets.max(1) }
    }

    /// Whether something was sent of which it isn't known that it arrived.
    pub(crate) fn is_unsettled(&self) -> bool {
        self.front.sent() > self.front.arrived()
    }

    /// Whether most of the queue is taken: what has arrived should make room soon.
    pub(crate) fn is_crowded(&self) -> bool {
        self.front.used() > self.front.capacity() as u64 / 2
    }

    /// Whether no handle is left.
    pub(crate) fn is_closed(&self) -> bool {
        self.queue.lock().is_closed
    }

    /// Notes that the connection has everything up to `to`.
    pub(crate) fn sent(&mut self, to: Cursor) {
        self.front.advance_sent(to);
    }

    /// Where what is sent next begins.
    pub(crate) fn first_unsent(&self) -> Cursor {
        self.front.sent()
    }

    /// Everything before this is known to have arrived.
    pub(crate) fn first_not_arrived(&self) -> Cursor {
        self.front.arrived()
    }

    /// Notes that everything up to `to` has arrived, and frees what need not be kept.
    pub(crate) fn arrived(&mut self, to: Cursor, tail: Tail) {
        let tail = tail.within(self.front.capacity());
        let (mut count, now) = (0, Instant::now());
        for stored in self.front.not_arrived(to.min(self.front.sent())) {
            count += 1;
            self.kept.note(stored.end, tail, now);
        }
        self.front.advance_arrived(to);
        let released = self.kept.release(to.min(self.front.arrived()), tail, now);
        if let Some(released) = released {
            self.front.free(released);
        }
        if count > 0 || released.is_some() {
            self.enter(|books| {
                books.delivered += count;
                books.waiting -= count;
            });
        }
    }

    /// Puts what isn't known to have arrived back in line, and the tail of what has; returns how
    /// many messages that are.
    pub(crate) fn rewind(&mut self) -> u64 {
        let count = self.front.to_be_resent().count() as u64;
        self.kept.begin_again();
        self.front.rewind();
        count
    }

    /// Keeps no more of what has arrived than this.
    pub(crate) fn shorten(&mut self, tail: Tail) {
        let octets = tail.within(self.front.capacity()).octets;
        if let Some(released) = self.kept.shorten(self.front.arrived(), octets) {
            self.front.skip_to(released);
        }
    }

    /// What has arrived is safe: it will not be sent again.
    pub(crate) fn forget_tail(&mut self) {
        self.kept.forget();
        self.front.skip_arrived();
    }

    /// Gives up the first message that isn't known to have arrived.
    pub(crate) fn set_aside(&mut self, reason: DropReason) {
        self.forget_tail();
        let Some(first) = self.front.not_arrived(Cursor::MAX).next() else { return };
        let (severity, end) = (first.severity, first.end);
        self.front.advance_sent(end);
        self.front.advance_arrived(end);
        self.front.free(end);
        self.enter(|books| {
            books.losses.add(reason, severity);
            books.waiting -= 1;
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
    fn enter(&mut self, write: impl FnOnce(&mut Books)) {
        let mut state = self.queue.lock();
        write(&mut state.books);
        state.arrived = self.front.arrived();
        if state.waiters > 0 {
            self.queue.progress.notify_all();
        }
    }
}

impl Drop for Reader {
    /// What is left, and what is logged from now on, has nobody to ship it: it is counted. In a
    /// file it waits for the next process.
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        let lost = if self.front.is_durable() { 0 } else { Cursor::MAX };
        for stored in self.front.not_arrived(lost) {
            state.books.losses.add(DropReason::Closed, stored.severity);
            state.books.waiting -= 1;
        }
        state.is_closed = true;
        state.has_reader = false;
        state.hang_up = false;
        self.queue.progress.notify_all();
    }
}

/// Long enough to gather a batch, short enough for a person who watches the other end.
const NAP: Duration = Duration::from_micros(500);
/// Naps before sleeping: 20 ms of silence.
#[cfg(not(logship_loom))]
const NAPS: u128 = 40;
/// A model has no clock.
#[cfg(logship_loom)]
const NAPS: u128 = 0;
/// The longest pause between two tries while someone waits for a flush.
const URGED: Duration = Duration::from_millis(100);
