//! The servers in order of preference, and which one comes next.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::task::JoinHandle;

use super::{ErrorReporter, ServerEntry, backoff::Backoff, dns::LookUps};
use crate::{ErrorKind, ShipError, stats::Counters, transport::Transport};

/// The servers in order of preference, and the current one.
pub(crate) struct Servers {
    all: Vec<Arc<ServerEntry>>,
    penalties: Vec<Penalty>,
    current: usize,
    limit: Duration,
    look_ups: LookUps,
    pub(super) backoff: Backoff,
    failback: Option<JoinHandle<Option<(usize, Transport)>>>,
    asked_last: Instant,
}

impl Servers {
    /// `limit` applies to each look-up of a name.
    pub(crate) fn new(all: Vec<Arc<ServerEntry>>, limit: Duration) -> Self {
        let (backoff, asked_last) = (Backoff::default(), Instant::now());
        let look_ups = LookUps::default();
        let penalties = vec![Penalty::default(); all.len()];
        Servers { all, penalties, current: 0, limit, look_ups, backoff, failback: None, asked_last }
    }

    /// The server of the current or last connection.
    pub(super) fn current(&self) -> String {
        self.all
            .get(self.current)
            .map(|known| known.server.endpoint.to_string())
            .unwrap_or_default()
    }

    pub(super) fn current_address(&self) -> Option<SocketAddr> {
        self.all.get(self.current)?.current_address()
    }

    /// Records that the current connection has proven itself.
    pub(super) fn on_proven(&mut self) {
        self.backoff.reset();
        if let Some(penalty) = self.penalties.get_mut(self.current) {
            *penalty = Penalty::default();
        }
        self.note_outcome(true);
    }

    /// Records that the current connection has ended on trial, or stalled: for a while the other
    /// servers come first, for twice as long each time.
    pub(super) fn penalize_current(&mut self, has_stalled: bool) {
        if let Some(penalty) = self.penalties.get_mut(self.current) {
            let length = (penalty.length * 2).clamp(MIN_PENALTY, MAX_PENALTY);
            penalty.length = if has_stalled { MAX_PENALTY } else { length };
            penalty.until = Some(Instant::now() + penalty.length);
        }
        self.note_outcome(false);
    }

    fn note_outcome(&self, is_proven: bool) {
        if let Some(entry) = self.all.get(self.current) {
            entry.note_outcome(is_proven);
        }
    }

    /// Tries each address of each server, in order; none if nobody answers.
    pub(super) async fn connect(
        &mut self,
        errors: &mut ErrorReporter,
        counters: &Counters,
    ) -> Option<Transport> {
        let mut order: Vec<_> = self.all.iter().enumerate().collect();
        order.sort_by_key(|(index, _)| self.penalized_until(*index));
        for (index, known) in order {
            let endpoint = &known.server.endpoint;
            counters.set_state(format!("{endpoint} has not answered the connect"));
            let outcome = known.connect(self.limit, &self.look_ups).await;
            for notice in known.server.take_notices() {
                errors.report(ShipError::new(ErrorKind::Config, notice).at(&endpoint.to_string()));
            }
            match outcome {
                Ok(transport) => {
                    self.current = index;
                    self.asked_last = Instant::now();
                    self.failback = None;
                    return Some(transport);
                }
                Err(error) => {
                    counters.set_state(format!("cannot reach {endpoint}: {error}"));
                    errors.unreachable(&endpoint.to_string(), error);
                }
            }
        }
        None
    }

    /// Checks from time to time, during other work, whether a server preferred to the current one
    /// is back; returns the connection to it.
    pub(super) async fn try_failback(&mut self) -> Option<Transport> {
        if let Some(asked) = self.failback.take_if(|asked| asked.is_finished()) {
            let (index, transport) = asked.await.ok().flatten()?;
            self.current = index;
            return Some(transport);
        }
        let is_due = self.asked_last.elapsed() >= FAILBACK_INTERVAL;
        if self.current > 0 && self.failback.is_none() && is_due {
            self.asked_last = Instant::now();
            let preferred = self.all.iter().cloned().enumerate().take(self.current);
            let preferred: Vec<_> =
                preferred.filter(|(index, _)| !self.is_penalized(*index)).collect();
            let (limit, look_ups) = (self.limit, self.look_ups.clone());
            self.failback = Some(tokio::spawn(async move {
                for (index, known) in &preferred {
                    if let Ok(transport) = known.connect(limit, &look_ups).await {
                        return Some((*index, transport));
                    }
                }
                None
            }));
        }
        None
    }

    fn is_penalized(&self, index: usize) -> bool {
        self.penalized_until(index).is_some()
    }

    fn penalized_until(&self, index: usize) -> Option<Instant> {
        self.penalties.get(index)?.until.filter(|until| Instant::now() < *until)
    }

    /// Whether a connection to a preferred server is being opened.
    pub(super) fn is_connecting(&self) -> bool {
        self.failback.is_some()
    }
}

/// How long a failed server comes after the others.
#[derive(Clone, Copy, Debug, Default)]
struct Penalty {
    until: Option<Instant>,
    length: Duration,
}

/// How often to check whether a preferred server is back.
const FAILBACK_INTERVAL: Duration = Duration::from_secs(10);
const MIN_PENALTY: Duration = Duration::from_secs(10);
/// Each attempt with a server that stalls costs as long as a write may take.
const MAX_PENALTY: Duration = Duration::from_secs(300);
