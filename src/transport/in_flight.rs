//! Messages in flight, and which of them are acknowledged.

use std::collections::VecDeque;

use socket2::SockRef;

use super::tcp_info;
use crate::stored::Cursor;

/// Maps bytes on the wire to messages of the queue.
#[derive(Debug)]
pub(super) struct InFlight {
    /// For each sent cursor, the number of bytes on the wire up to it.
    marks: VecDeque<(u64, Cursor)>,
    sent: Cursor,
    acked: Cursor,
    /// The system's count of acknowledged bytes before the first byte of ours.
    base: Option<u64>,
    is_stalled: bool,
}

impl InFlight {
    /// `base` is the system's count before anything was written.
    pub(super) fn new(base: Option<u64>) -> Self {
        InFlight { marks: VecDeque::new(), sent: 0, acked: 0, base, is_stalled: false }
    }

    /// Records that everything up to `end` is on the wire, which took `wire` bytes in all.
    pub(super) fn note_sent(&mut self, wire: u64, end: Cursor) {
        self.sent = end;
        self.marks.push_back((wire, end));
    }

    pub(super) fn sent(&self) -> Cursor {
        self.sent
    }

    /// Everything before this is acknowledged, or written on systems that do not report
    /// acknowledgements.
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
            // The system reported it earlier and no longer does: the last answer holds.
            (Some(_), None) => 0,
        };
        while let Some((_, end)) = self.marks.front().filter(|(wire, _)| *wire <= acknowledged) {
            self.acked = *end;
            self.marks.pop_front();
        }
        self.acked
    }

    /// Whether the peer's window was closed at the last look.
    pub(super) fn is_stalled(&self) -> bool {
        self.is_stalled
    }
}
