//! Pauses between attempts to connect.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// Pauses that double from 100 ms to 30 s, each with random jitter so that a thousand clients of
/// one server do not reconnect at the same instant.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    tries: u32,
    chance: RandomState,
}

impl Backoff {
    pub(super) fn next(&mut self) -> Duration {
        let whole = MIN_BACKOFF.saturating_mul(1 << self.tries.min(16)).min(MAX_BACKOFF);
        self.tries = self.tries.saturating_add(1);
        let thousandths = (self.chance.hash_one(self.tries) % 500) as u32;
        whole - whole * thousandths / 1000
    }

    pub(super) fn reset(&mut self) {
        *self = Backoff::default();
    }
}

const MIN_BACKOFF: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_half_a_minute_and_start_again() {
        let mut backoff = Backoff::default();
        let mut whole = MIN_BACKOFF;
        for _ in 0..100 {
            let pause = backoff.next();
            assert!(pause >= whole / 2 && pause <= whole, "{pause:?} of {whole:?}");
            whole = (whole * 2).min(MAX_BACKOFF);
        }
        backoff.reset();
        assert!(backoff.next() <= MIN_BACKOFF);
    }

    #[test]
    fn day_without_server_is_two_connects_a_minute() {
        let day = Duration::from_secs(24 * 60 * 60);
        let (mut backoff, mut after, mut tries) = (Backoff::default(), Duration::ZERO, 0);
        while after < day {
            after += backoff.next();
            tries += 1;
        }
        // About ten in the first minute.
        assert!((2880..=5760 + 10).contains(&tries), "{tries} tries");
        // A century's worth.
        backoff.tries = u32::MAX - 1;
        for _ in 0..3 {
            let pause = backoff.next();
            assert!(pause >= MAX_BACKOFF / 2 && pause <= MAX_BACKOFF, "{pause:?}");
        }
    }
}
