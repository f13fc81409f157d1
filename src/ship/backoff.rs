//! How long until the next try?

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// Pauses that double from a tenth of a second to half a minute, each shortened by chance so
/// that a thousand clients of one server do not come back at the same instant.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    tries: u32,
    chance: RandomState,
}

impl Backoff {
    pub(super) fn next(&mut self) -> Duration {
        let whole = FIRST.saturating_mul(1 << self.tries.min(16)).min(LONGEST);
        self.tries = self.tries.saturating_add(1);
        let thousandths = (self.chance.hash_one(self.tries) % 500) as u32;
        whole - whole * thousandths / 1000
    }

    pub(super) fn reset(&mut self) {
        *self = Backoff::default();
    }
}

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_half_a_minute_and_start_again() {
        let mut backoff = Backoff::default();
        let mut whole = FIRST;
        for _ in 0..100 {
            let pause = backoff.next();
            assert!(pause >= whole / 2 && pause <= whole, "{pause:?} of {whole:?}");
            whole = (whole * 2).min(LONGEST);
        }
        backoff.reset();
        assert!(backoff.next() <= FIRST);
    }
}
