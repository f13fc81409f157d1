//! Which server is next?

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::task::JoinHandle;

use super::{ErrorReporter, ServerEntry, backoff::Backoff, dns::LookUps};
use crate::{stats::Counters, transport::Transport};

/// The servers in the order of preference, and where we are.
pub(crate) struct Servers {
    all: Vec<Arc<ServerEntry>>,
    /// Until when each comes after the others.
    penalized_until: Vec<Option<Instant>>,
    current: usize,
    limit: Duration,
    look_ups: LookUps,
    pub(super) backoff: Backoff,
    failback: Option<JoinHandle<Option<(usize, Transport)>>>,
    asked_last: Instant,
}

impl Servers {
    /// `limit` is for each look-up of a name.
    pub(crate) fn new(all: Vec<Arc<ServerEntry>>, limit: Duration) -> Self {
        let (backoff, asked_last) = (Backoff::default(), Instant::now());
        let look_ups = LookUps::default();
        let penalized_until = vec![None; all.len()];
        Servers {
            all,
            penalized_until,
            current: 0,
            limit,
            look_ups,
            backoff,
            failback: None,
            asked_last,
        }
    }

    /// The server that is, or was last, connected to.
    pub(super) fn current(&self) -> String {
        self.all
            .get(self.current)
            .map(|known| known.server.endpoint.to_string())
            .unwrap_or_default()
    }

    /// The current one takes connections and nothing more: for a while the others come first.
    pub(super) fn penalize_current(&mut self) {
        if let Some(until) = self.penalized_until.get_mut(self.current) {
            *until = Some(Instant::now() + PENALTY);
        }
    }

    /// Tries each address of each server, in order; none if no one answers.
    pub(super) async fn connect(
        &mut self,
        trouble: &mut ErrorReporter,
        counters: &Counters,
    ) -> Option<Transport> {
        let mut order: Vec<_> = self.all.iter().enumerate().collect();
        order.sort_by_key(|(index, _)| self.is_penalized(*index));
        for (index, known) in order {
            let endpoint = &known.server.endpoint;
            counters.set_state(format!("{endpoint} has not answered the connect"));
            let outcome = known.connect(self.limit, &self.look_ups).await;
            for notice in known.server.take_notices() {
                trouble.tell(format_args!("{notice}"));
            }
            match outcome {
                Ok(transport) => {
                    self.current = index;
                    self.asked_last = Instant::now();
                    self.failback = None;
                    return Some(transport);
                }
                Err(error) => {
                    counters.set_state(format!("can't reach {endpoint}: {error}"));
                    trouble.tell(format_args!("can't reach {endpoint}: {error}"));
                }
            }
        }
        None
    }

    /// From time to time asks, beside the work, whether a server that is preferred to the
    /// current one is back; gives the way to it when it is.
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
        let until = self.penalized_until.get(index).copied().flatten();
        until.is_some_and(|until| Instant::now() < until)
    }

    /// Whether a connect is under way beside the work.
    pub(super) fn is_connecting(&self) -> bool {
        self.failback.as_ref().is_some_and(|connect| !connect.is_finished())
    }
}

/// How often to ask whether a preferred server is back.
const FAILBACK_INTERVAL: Duration = Duration::from_secs(10);
/// Each try with a server that stalls costs as long as a write may take.
const PENALTY: Duration = Duration::from_secs(300);
