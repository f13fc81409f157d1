//! Acknowledged messages that stay in the ring until their delivery is confirmed.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::Cursor;

/// When which part of the ring was acknowledged, as marks some milliseconds apart.
#[derive(Debug, Default)]
pub(super) struct Retention {
    marks: VecDeque<(Instant, Cursor)>,
}

impl Retention {
    /// Records that everything before `end` is acknowledged now. Marks are at least
    /// [`MARK_INTERVAL`] or `spacing` bytes apart.
    pub(super) fn note(&mut self, end: Cursor, now: Instant, spacing: u64) {
        // The last mark moves on until the one before it is far enough away.
        let last = self.marks.len().checked_sub(1);
        let before = last.and_then(|last| self.marks.get(last.checked_sub(1)?));
        let is_near = before.is_some_and(|(since, mark)| {
            now.saturating_duration_since(*since) < MARK_INTERVAL
                && end.saturating_sub(*mark) < spacing
        });
        if self.marks.len() >= MAX_MARKS {
            self.thin_out();
        }
        match self.marks.back_mut() {
            Some((_, to)) if *to >= end => {}
            Some(mark) if is_near => *mark = (now, end),
            _ => self.marks.push_back((now, end)),
        }
    }

    /// The position up to which everything was acknowledged at least `age` ago.
    pub(super) fn older_than(&self, age: Duration, now: Instant) -> Option<Cursor> {
        let is_old = |(since, _): &&(Instant, Cursor)| now.saturating_duration_since(*since) >= age;
        self.marks.iter().take_while(is_old).last().map(|(_, end)| *end)
    }

    /// The last mark at or before `to`.
    pub(super) fn last_before(&self, to: Cursor) -> Option<Cursor> {
        self.marks.iter().take_while(|(_, end)| *end <= to).last().map(|(_, end)| *end)
    }

    /// Removes every other mark of the older half: what it stood for is released a little later.
    fn thin_out(&mut self) {
        let mut index = 0;
        self.marks.retain(|_| {
            index += 1;
            index > MAX_MARKS / 2 || index % 2 == 0
        });
    }

    /// Removes the marks up to `to`.
    pub(super) fn forget_to(&mut self, to: Cursor) {
        while self.marks.front().is_some_and(|(_, end)| *end <= to) {
            self.marks.pop_front();
        }
    }

    /// The connection has ended: nothing is acknowledged any more.
    pub(super) fn clear(&mut self) {
        self.marks.clear();
    }
}

const MARK_INTERVAL: Duration = Duration::from_millis(20);
const MAX_MARKS: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_old_enough_is_known_to_within_a_mark() {
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let mut retention = Retention::default();
        for n in 1..=100 {
            retention.note(n * 10, after(n * 5), 1 << 20);
        }
        assert!(retention.marks.len() <= 60, "{}", retention.marks.len());
        let age = Duration::from_millis(200);
        let old = retention.older_than(age, after(500)).unwrap();
        // 300 ms in, 600 was acknowledged; a mark may hide the last 20 ms of it, and claims no more.
        assert!((550..=600).contains(&old), "{old}");
        retention.forget_to(old);
        assert_eq!(retention.older_than(age, after(500)), None);
        for n in 0..100_000 {
            retention.note(2_000 + n, after(10_000 + 30 * n), 1 << 20);
        }
        assert!(retention.marks.len() <= MAX_MARKS);
        assert_eq!(retention.last_before(102_000), Some(101_999));
        retention.clear();
        assert_eq!(retention.older_than(Duration::ZERO, after(9_999)), None);
    }
}
