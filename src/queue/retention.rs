//! From where on is what has arrived kept?

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::Cursor;
use crate::resend::ResendBuffer;

/// When what had arrived; a few marks for each tail, however many messages it holds.
#[derive(Debug, Default)]
pub(super) struct Retention {
    /// What has not arrived again on this connection has no time yet.
    marks: VecDeque<(Option<Instant>, Cursor)>,
}

impl Retention {
    /// Notes that the message that ends at `end` has arrived now.
    pub(super) fn note(&mut self, end: Cursor, tail: ResendBuffer, now: Instant) {
        // A mark moves on until the one before it is far enough away.
        let last = self.marks.len().checked_sub(1);
        let before = last.and_then(|last| self.marks.get(last.checked_sub(1)?));
        let is_near = before.is_some_and(|(since, mark)| {
            let is_now = since.is_some_and(|since| now.saturating_duration_since(since) < APART);
            end - mark < tail.octets / MARKS && is_now
        });
        match self.marks.back_mut() {
            Some(mark) if is_near => *mark = (Some(now), end),
            _ => self.marks.push_back((Some(now), end)),
        }
    }

    /// Everything before this need not be kept any more, now that all up to `arrived` has arrived on
    /// this connection.
    pub(super) fn release(
        &mut self,
        acked: Cursor,
        tail: ResendBuffer,
        now: Instant,
    ) -> Option<Cursor> {
        let again = self.marks.iter_mut().take_while(|(_, end)| *end <= acked);
        again.for_each(|(since, _)| *since = since.or(Some(now)));
        self.pop_while(|(since, end)| {
            let is_old =
                |since| tail.age.is_some_and(|age| now.saturating_duration_since(since) >= age);
            since.is_some_and(|since| acked.saturating_sub(end) >= tail.octets || is_old(since))
        })
    }

    /// The connection has ended: its end may have taken what it had. What is kept has to arrive
    /// again, however long ago it did so first.
    pub(super) fn begin_again(&mut self) {
        self.marks.iter_mut().for_each(|(since, _)| *since = None);
    }

    /// Keeps no more than so many octets before `arrived`.
    pub(super) fn shorten(&mut self, acked: Cursor, octets: u64) -> Option<Cursor> {
        self.pop_while(|(_, end)| acked - end >= octets)
    }

    fn pop_while(&mut self, is_over: impl Fn((Option<Instant>, Cursor)) -> bool) -> Option<Cursor> {
        let mut released = None;
        while let Some(mark) = self.marks.front().filter(|mark| is_over(**mark)) {
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
        let tail = ResendBuffer { octets: 100, age: Some(Duration::from_millis(50)) };
        let mut freed = Retention::default();
        for n in 1..=10 {
            freed.note(n * 30, tail, start);
        }
        assert_eq!(freed.release(300, tail, start), Some(180));
        assert_eq!(freed.release(300, tail, start), None);
        freed.note(330, tail, after(40));
        assert_eq!(freed.release(330, tail, after(40)), Some(210));
        assert_eq!(freed.release(330, tail, after(60)), Some(300));
        assert_eq!(freed.release(330, tail, after(90)), Some(330));
        assert_eq!(freed.release(330, tail, after(90)), None);
    }

    #[test]
    fn what_is_sent_again_is_kept_until_it_has_arrived_again() {
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let tail = ResendBuffer { octets: 100, age: Some(Duration::from_millis(50)) };
        let mut freed = Retention::default();
        for n in 1..=3 {
            freed.note(n * 30, tail, start);
        }
        freed.begin_again();
        assert_eq!(freed.release(0, tail, after(80)), None);
        assert_eq!(freed.release(60, tail, after(90)), None);
        assert_eq!(freed.release(60, tail, after(140)), Some(60));
        freed.begin_again();
        assert_eq!(freed.release(0, tail, after(900)), None);
        assert_eq!(freed.shorten(90, 1), None);
        assert_eq!(freed.shorten(90, 0), Some(90));
    }

    #[test]
    fn many_small_messages_make_few_marks() {
        let tail = ResendBuffer { octets: 16_000, age: None };
        let mut freed = Retention::default();
        let now = Instant::now();
        for n in 1..=10_000 {
            freed.note(n * 100, tail, now);
            let released = freed.release(n * 100, tail, now);
            assert!(released.is_none_or(|released| released + 16_000 <= n * 100));
            assert!(freed.marks.len() < 40, "{}", freed.marks.len());
        }
        assert!(freed.release(1_000_000, tail, now).is_none());
    }

    #[test]
    fn without_a_tail_nothing_is_kept() {
        let mut freed = Retention::default();
        freed.note(30, ResendBuffer::NONE, Instant::now());
        assert_eq!(freed.release(30, ResendBuffer::NONE, Instant::now()), Some(30));
        assert_eq!(freed.release(30, ResendBuffer::NONE, Instant::now()), None);
    }
}
