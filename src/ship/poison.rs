//! The search for a poison message, which makes the server close the connection every time.
//!
//! That connections end proves nothing about a message. So the search only narrows down which
//! message was the last before they did, holds it back, and continues with the next. Once a
//! connection has proven itself without it, it is sent alone; only if that ends the connection at
//! once is it dropped.

use std::time::{Duration, Instant};

use crate::{queue::Reader, stored::Cursor};

/// What connections that ended on trial have shown so far.
#[derive(Debug)]
pub(super) struct PoisonSearch {
    /// Where the queue began when they ended.
    at: Cursor,
    failures: u32,
    /// Failures in a row that start a search.
    threshold: u32,
    step: Step,
    /// How often in a row a connection has ended when the suspect was sent alone.
    strikes: u32,
}

#[derive(Debug, Default)]
enum Step {
    #[default]
    Idle,
    /// A connection survived everything up to `good` and ended when everything up to `bad` was
    /// sent. Now everything up to `limit` is tried, and has been acknowledged `since`.
    Narrow { good: Cursor, bad: Cursor, limit: Cursor, since: Option<Instant> },
    /// The suspect is held back while everything else is sent.
    Without,
    /// The suspect was sent alone.
    Alone { since: Instant },
}

/// What the shipper has to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    GoOn,
    /// Send the held message now.
    SendHeld,
    /// The held message was delivered.
    Acquitted,
}

impl Default for PoisonSearch {
    fn default() -> Self {
        PoisonSearch { at: 0, failures: 0, threshold: MIN_FAILURES, step: Step::Idle, strikes: 0 }
    }
}

impl PoisonSearch {
    /// Messages that end after this must not be sent now.
    pub(super) fn limit(&self) -> Cursor {
        match self.step {
            Step::Narrow { limit, .. } => limit,
            _ => Cursor::MAX,
        }
    }

    /// Whether a connection that ends now is part of the search.
    pub(super) fn is_active(&self) -> bool {
        !matches!(self.step, Step::Idle)
    }

    /// To be called when a connection has ended, before the reader is rewound. Returns whether the
    /// held message is to be dropped.
    pub(super) fn on_end(&mut self, reader: &mut Reader, is_proven: bool) -> bool {
        if let Step::Alone { since } = self.step {
            // The server may have been stopped at that very moment: it has to happen again.
            self.strikes = if since.elapsed() < SURVIVAL_TIME { self.strikes + 1 } else { 0 };
            let is_poison = self.strikes >= MAX_STRIKES;
            self.step = if is_poison { Step::Idle } else { Step::Without };
            return is_poison;
        }
        if is_proven {
            return false;
        }
        let (begin, sent) = (reader.freed_to(), reader.first_unsent());
        if self.at != begin {
            (self.at, self.failures, self.threshold) = (begin, 0, MIN_FAILURES);
        }
        self.failures += 1;
        match self.step {
            Step::Idle if self.failures >= self.threshold && sent > begin => {
                self.narrow(reader, begin, sent);
            }
            Step::Narrow { good, bad, limit, .. } => self.narrow(reader, good, bad.min(limit)),
            // Connections end without the suspect as well: it was not the cause, or not alone.
            Step::Without => self.give_up(reader),
            Step::Idle | Step::Alone { .. } => {}
        }
        false
    }

    /// To be called while a connection is up.
    pub(super) fn on_alive(&mut self, reader: &mut Reader, is_proven: bool) -> Verdict {
        match &mut self.step {
            Step::Idle => Verdict::GoOn,
            Step::Narrow { .. } if is_proven => {
                self.step = Step::Idle;
                Verdict::GoOn
            }
            Step::Narrow { good, bad, limit, since } => {
                if reader.acked_to() < *limit {
                    return Verdict::GoOn;
                }
                let since = since.get_or_insert_with(Instant::now);
                if since.elapsed() >= SURVIVAL_TIME {
                    *good = *limit;
                    let (good, bad) = (*good, *bad);
                    self.narrow(reader, good, bad);
                }
                Verdict::GoOn
            }
            Step::Without if is_proven => {
                self.step = Step::Alone { since: Instant::now() };
                Verdict::SendHeld
            }
            Step::Without => Verdict::GoOn,
            Step::Alone { since } if since.elapsed() >= ACQUITTAL_TIME => {
                self.step = Step::Idle;
                Verdict::Acquitted
            }
            Step::Alone { .. } => Verdict::GoOn,
        }
    }

    /// When to check again.
    pub(super) fn next_look(&self) -> Option<Duration> {
        self.is_active().then_some(SURVIVAL_TIME / 4)
    }

    fn narrow(&mut self, reader: &mut Reader, good: Cursor, bad: Cursor) {
        let ends: Vec<_> = reader.ends_to(good, bad).collect();
        match ends.as_slice() {
            [] => self.give_up(reader),
            [suspect] => {
                reader.hold(*suspect);
                self.strikes = 0;
                self.step = Step::Without;
            }
            ends => {
                let limit = ends.get(ends.len() / 2 - 1).copied().unwrap_or(bad);
                self.step = Step::Narrow { good, bad, limit, since: None };
            }
        }
    }

    fn give_up(&mut self, reader: &mut Reader) {
        reader.put_back();
        // What has left the queue can only be sent alone.
        self.step = if reader.held().is_some() { Step::Without } else { Step::Idle };
        self.failures = 0;
        self.threshold = self.threshold.saturating_mul(2);
    }
}

const MIN_FAILURES: u32 = 3;
const MAX_STRIKES: u32 = 2;
/// A server that rejects a message closes within this time.
const SURVIVAL_TIME: Duration = Duration::from_secs(1);
/// A message sent alone counts as delivered after this time.
const ACQUITTAL_TIME: Duration = Duration::from_secs(10);
