//! From where on is what has arrived kept?

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::Cursor;
use crate::tail::Tail;

/// When what had arrived; a few marks for each tail, however many messages it holds.
#[derive(Debug, Default)]
pub(super) struct Kept {
    marks: VecDeque<(Instant, Cursor)>,
}

impl Kept {
    /// Notes that the message that ends at `end` has arrived now.
    pub(super) fn note(&mut self, end: Cursor, tail: Tail, now: Instant) {
        // A mark moves on until the one before it is far enough away.
        let last = self.marks.len().checked_sub(1);
        let before = last.and_then(|last| self.marks.get(last.checked_sub(1)?));
        let is_near = before.is_some_and(|(since, mark)| {
            end - mark < tail.octets / MARKS && now.saturating_duration_since(*since) < APART
        });
        match self.marks.back_mut() {
            Some(mark) if is_near => *mark = (now, end),
            _ => self.marks.push_back((now, end)),
        }
    }

    /// Everything before this need not be kept any more, now that all up to `arrived` has arrived.
    pub(super) fn release(&mut self, arrived: Cursor, tail: Tail, now: Instant) -> Option<Cursor> {
        let is_over = |&(since, end): &(Instant, Cursor)| {
            arrived - end >= tail.octets
                || tail.age.is_some_and(|age| now.saturating_duration_since(since) >= age)
        };
        let mut released = None;
        while let Some(mark) = self.marks.front().filter(|mark| is_over(mark)) {
            released = Some(mark.1);
            self.marks.pop_front();
        }
        released
    }

    pub(super) fn forget(&mut self) {
        self.marks.clear();
    }
}

const MARKS: u64 = 16;
/// Marks are this far apart in time, where the octets between them are few.
const APART: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_and_age_both_limit_what_is_kept() {
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let tail = Tail { octets: 100, age: Some(Duration::from_millis(50)) };
        let mut kept = Kept::default();
        for n in 1..=10 {
            kept.note(n * 30, tail, start);
        }
        assert_eq!(kept.release(300, tail, start), Some(180));
        assert_eq!(kept.release(300, tail, start), None);
        kept.note(330, tail, after(40));
        assert_eq!(kept.release(330, tail, after(40)), Some(210));
        assert_eq!(kept.release(330, tail, after(60)), Some(300));
        assert_eq!(kept.release(330, tail, after(90)), Some(330));
        assert_eq!(kept.release(330, tail, after(90)), None);
    }

    #[test]
    fn many_small_messages_make_few_marks() {
        let tail = Tail { octets: 16_000, age: None };
        let mut kept = Kept::default();
        let now = Instant::now();
        for n in 1..=10_000 {
            kept.note(n * 100, tail, now);
            let released = kept.release(n * 100, tail, now);
            assert!(released.is_none_or(|released| released + 16_000 <= n * 100));
            assert!(kept.marks.len() < 40, "{}", kept.marks.len());
        }
        assert!(kept.release(1_000_000, tail, now).is_none());
    }

    #[test]
    fn without_a_tail_nothing_is_kept() {
        let mut kept = Kept::default();
        kept.note(30, Tail::NONE, Instant::now());
        assert_eq!(kept.release(30, Tail::NONE, Instant::now()), Some(30));
        assert_eq!(kept.release(30, Tail::NONE, Instant::now()), None);
    }
}
