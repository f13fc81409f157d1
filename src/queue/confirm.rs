//! Acknowledgement, confirmation, release and resending of messages in the ring.

use std::time::Instant;

use super::{
    Cursor,
    reader::{Held, Reader, Skip},
};
use crate::{Severity, resend::ResendBuffer, stats::DropReason, stored::Stored};

impl Reader {
    /// Records that everything up to `to` is acknowledged, counts what is confirmed by now, and
    /// frees what need not be retained. `is_proven` says whether the connection has stayed up long
    /// enough to confirm anything.
    pub(crate) fn acked(&mut self, to: Cursor, keep: ResendBuffer, is_proven: bool) {
        let keep = keep.within(self.consumer.capacity());
        let now = Instant::now();
        let bytes = if is_proven { keep.bytes } else { self.room_on_trial(keep.bytes) };
        let before = self.consumer.acked();
        self.consumer.advance_acked(to);
        self.pass_skips();
        let acked = self.consumer.acked();
        self.unconfirmed += self.count_from(before, acked, |_| {});
        for stored in self.consumer.between(before, acked) {
            self.retained.note(stored.end, now, bytes / 16);
        }
        let old = self.retained.older_than(keep.confirm_after, now).filter(|_| is_proven);
        if let Some(old) = old {
            self.confirm(old);
        }
        // Without a resend buffer the acknowledgement is trusted.
        if keep.bytes == 0 && keep.is_ageless {
            self.confirm(acked);
        }
        // The peer has since taken more than the kernels on the way buffer, so the server has read
        // this.
        if let Some(read) = self.retained.last_before(acked.saturating_sub(CONFIRM_BYTES)) {
            self.confirm(read);
        }
        let over = acked.saturating_sub(bytes);
        let aged = old.filter(|_| !keep.is_ageless).unwrap_or(0);
        let free_to = self.retained.last_before(over).unwrap_or(0).max(aged);
        if free_to > self.consumer.freed() {
            if free_to > self.confirmed {
                if is_proven { self.confirm(free_to) } else { self.release_early(free_to) }
            }
            self.free(free_to);
        }
        if acked > before || free_to > 0 {
            self.publish();
        }
    }

    /// Counts everything the connection took as delivered: it has proven itself, or was closed
    /// cleanly.
    pub(crate) fn confirm_all(&mut self) {
        self.confirm(self.consumer.acked());
        self.confirm_early();
    }

    /// Counts what was released early on a connection that has since proven itself as delivered.
    pub(crate) fn confirm_early(&mut self) {
        let count = std::mem::take(&mut self.early).iter().sum::<u64>();
        self.enter(|counts| {
            counts.delivered += count;
            counts.pending -= count;
        });
    }

    /// The connection ended on trial: what it took and the queue had no room to retain may be lost.
    /// Returns the number of such records.
    pub(crate) fn give_up_early(&mut self) -> u64 {
        let early = std::mem::take(&mut self.early);
        self.enter(|counts| {
            for (severity, count) in Severity::ALL.into_iter().zip(early) {
                counts.losses.add_many(DropReason::Unconfirmed, severity, count);
                counts.pending -= count;
            }
        });
        early.iter().sum()
    }

    /// Marks everything still in the queue as unsent; returns how many messages had been sent.
    pub(crate) fn rewind(&mut self) -> u64 {
        let count = self.consumer.to_be_resent().count() as u64;
        self.retained.clear();
        self.unconfirmed = 0;
        self.consumer.rewind();
        self.pass_skips();
        self.publish();
        count
    }

    /// Frees what is confirmed, so that it is not sent again.
    pub(crate) fn release_confirmed(&mut self) {
        self.free(self.confirmed.min(self.consumer.acked()));
    }

    fn free(&mut self, to: Cursor) {
        self.consumer.free(to);
        self.retained.forget_to(to);
        self.skips.retain(|skip| skip.end > to);
    }

    /// Drops the next unsent message.
    pub(crate) fn drop_next(&mut self, reason: DropReason) {
        let Some(first) = self.consumer.unsent().next() else { return };
        let (severity, end, is_record) = (first.severity, first.end, self.is_record(&first));
        self.skips.push(Skip { end, is_counted: true });
        self.pass_skips();
        self.enter(|counts| {
            if is_record {
                counts.losses.add(reason, severity);
                counts.pending -= 1;
            }
        });
    }

    /// Skips the message that ends at `end`, and holds it back to be sent alone.
    pub(crate) fn hold(&mut self, end: Cursor) {
        let Some(suspect) = self
            .consumer
            .between(self.consumer.freed(), Cursor::MAX)
            .find(|stored| stored.end == end)
        else {
            return;
        };
        let (severity, is_own) = (suspect.severity, !self.is_record(&suspect));
        let held = Held { severity, is_own, message: suspect.bytes.to_vec(), end };
        if self.held.is_none() && !self.skips.iter().any(|skip| skip.end == end) {
            self.held = Some(held);
            self.skips.push(Skip { end, is_counted: false });
            self.skips.sort_unstable_by_key(|skip| skip.end);
            self.pass_skips();
        }
    }

    /// Returns the held message to its place, if it has not left the queue.
    pub(crate) fn put_back(&mut self) {
        let before = self.skips.len();
        self.skips.retain(|skip| skip.is_counted || skip.end <= self.confirmed);
        let is_back = self.skips.len() < before;
        if is_back {
            self.held = None;
        }
    }

    /// Counts the held message as delivered, or as dropped for this reason.
    pub(crate) fn settle_held(&mut self, drop: Option<DropReason>) {
        let Some(held) = self.held.take() else { return };
        self.skips.iter_mut().for_each(|skip| skip.is_counted = true);
        self.enter(|counts| {
            if held.is_own {
                return;
            }
            match drop {
                None => counts.delivered += 1,
                Some(reason) => counts.losses.add(reason, held.severity),
            }
            counts.pending -= 1;
        });
    }

    /// Bytes to retain on trial: everything that may be unread, up to half of the queue less what
    /// is unsent.
    fn room_on_trial(&self, bytes: u64) -> u64 {
        if bytes == 0 {
            return 0;
        }
        let waiting = self.consumer.used() - (self.consumer.sent() - self.consumer.freed());
        let half = self.consumer.capacity() as u64 / 2;
        bytes.max(half.saturating_sub(waiting).min(CONFIRM_BYTES))
    }

    /// Counts everything up to `to` as delivered.
    fn confirm(&mut self, to: Cursor) {
        let count = self.count_to(to, |_| {});
        self.confirmed = self.confirmed.max(to);
        self.unconfirmed = self.unconfirmed.saturating_sub(count);
        if count > 0 {
            self.enter(|counts| {
                counts.delivered += count;
                counts.pending -= count;
            });
        }
    }

    /// Releases everything up to `to` before it is confirmed; it is counted when the connection's
    /// trial ends.
    fn release_early(&mut self, to: Cursor) {
        let mut early = [0; 8];
        let count = self.count_to(to, |severity| {
            if let Some(count) = early.get_mut(usize::from(severity.code())) {
                *count += 1;
            }
        });
        self.unconfirmed = self.unconfirmed.saturating_sub(count);
        self.early.iter_mut().zip(early).for_each(|(sum, count)| *sum += count);
        self.confirmed = self.confirmed.max(to);
    }

    /// The number of sent messages between the confirmed position and `to`.
    fn count_to(&self, to: Cursor, each: impl FnMut(Severity)) -> u64 {
        self.count_from(self.confirmed, to, each)
    }

    /// The same, counting only messages after `from`.
    fn count_from(&self, from: Cursor, to: Cursor, mut each: impl FnMut(Severity)) -> u64 {
        let from = from.max(self.confirmed).max(self.consumer.freed());
        let mut count = 0;
        for stored in self.consumer.between(from, to) {
            if self.is_pending(&stored) {
                each(stored.severity);
                count += 1;
            }
        }
        count
    }

    /// Whether this is a record whose outcome is not counted yet, nor held back.
    pub(super) fn is_pending(&self, stored: &Stored<'_>) -> bool {
        self.is_record(stored) && !self.skips.iter().any(|skip| skip.end == stored.end)
    }

    /// Whether this is counted as a record. Reports of an earlier process are: they were recovered
    /// with its records.
    fn is_record(&self, stored: &Stored<'_>) -> bool {
        !stored.is_own || stored.end <= self.recovered_to
    }

    /// Advances past messages that are to be skipped.
    pub(super) fn pass_skips(&mut self) {
        if self.skips.is_empty() {
            return;
        }
        loop {
            let next = self.consumer.unsent().next().map(|stored| stored.end);
            let Some(end) = next.filter(|end| self.skips.iter().any(|skip| skip.end == *end))
            else {
                break;
            };
            self.consumer.advance_sent(end);
        }
        loop {
            let (acked, sent) = (self.consumer.acked(), self.consumer.sent());
            let next = self.consumer.between(acked, sent).next().map(|stored| stored.end);
            let Some(end) = next.filter(|end| self.skips.iter().any(|skip| skip.end == *end))
            else {
                break;
            };
            self.consumer.advance_acked(end);
        }
    }

    /// Publishes the acknowledged position to waiting flushes.
    fn publish(&mut self) {
        self.enter(|_| {});
    }
}

/// More than the kernels on the way through two proxies buffer: on a default Linux the maximum of
/// `net.ipv4.tcp_rmem` is 6 MiB, on each hop, and that of `net.ipv4.tcp_wmem` 4 MiB, in each proxy.
const CONFIRM_BYTES: u64 = 32 << 20;
