//! Messages in flight, and which of them are acknowledged.

use std::collections::VecDeque;

use socket2::SockRef;

use super::tcp_info;
use crate::stored::Cursor;

/// Maps bytes on the wire to messages of the queue.
#[derive(Debug)]
pub(super) struct InFlight {
    /// After how many bytes on the wire everything up to a cursor is handed over.
    marks: VecDeque<(u64, Cursor)>,
    sent: Cursor,
    acked: Cursor,
    /// What the system had counted as acknowledged when no byte of ours was yet.
    base: Option<u64>,
    is_stalled: bool,
}

impl InFlight {
    /// `base` is what the system had counted before anything was written.
    pub(super) fn new(base: Option<u64>) -> Self {
        InFlight { marks: VecDeque::new(), sent: 0, acked: 0, base, is_stalled: false }
    }

    /// Everything up to `end` is on the wire, which took it to `wire` bytes.
    pub(super) fn note_sent(&mut self, wire: u64, end: Cursor) {
        self.sent = end;
        self.marks.push_back((wire, end));
    }

    pub(super) fn sent(&self) -> Cursor {
        self.sent
    }

    /// Everything before this is acknowledged, or was written where the system doesn't tell.
    pub(super) fn acked(&mut self, socket: &SockRef<'_>) -> Cursor {
        if self.marks.is_empty() {
            return self.acked;
        }
        let written = self.marks.back().map_or(0, |(wire, _)| *wire);
        let seen = tcp_info::query(socket, written);
        self.is_stalled = seen.is_some_and(|seen| seen.is_stalled);
        let acknowledged = match (self.base, seen) {
            (Some(base), Some(now)) => now.bytes.saturating_sub(base),
            (None, _) => u64::MAX,
            // It told before and doesn't now: what it said last holds.
            (Some(_), None) => 0,
        };
        while let Some((_, end)) = self.marks.front().filter(|(wire, _)| *wire <= acknowledged) {
            self.acked = *end;
            self.marks.pop_front();
        }
        self.acked
    }

    /// Whether the peer had no room when it was last asked what has arrived.
    pub(super) fn is_stalled(&self) -> bool {
        self.is_stalled
    }
}
