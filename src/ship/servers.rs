//! Which server is next?

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::task::JoinHandle;

use super::{Known, Trouble, backoff::Backoff, resolve::LookUps};
use crate::transport::Transport;

/// The servers in the order of preference, and where we are.
pub(crate) struct Servers {
    all: Vec<Arc<Known>>,
    current: usize,
    limit: Duration,
    look_ups: LookUps,
    pub(super) backoff: Backoff,
    way_back: Option<JoinHandle<Option<(usize, Transport)>>>,
    asked_last: Instant,
}

impl Servers {
    /// `limit` is for each look-up of a name.
    pub(crate) fn new(all: Vec<Arc<Known>>, limit: Duration) -> Self {
        let (backoff, asked_last) = (Backoff::default(), Instant::now());
        let look_ups = LookUps::default();
        Servers { all, current: 0, limit, look_ups, backoff, way_back: None, asked_last }
    }

    /// The server that is, or was last, connected to.
    pub(super) fn current(&self) -> String {
        self.all
            .get(self.current)
            .map(|known| known.server.endpoint.to_string())
            .unwrap_or_default()
    }

    /// Tries each address of each server, in order; none if no one answers.
    pub(super) async fn connect(&mut self, trouble: &mut Trouble) -> Option<Transport> {
        for (index, known) in self.all.iter().enumerate() {
            let outcome = known.connect(self.limit, &self.look_ups).await;
            for notice in known.server.take_notices() {
                trouble.tell(format_args!("{notice}"));
            }
            match outcome {
                Ok(transport) => {
                    self.current = index;
                    self.asked_last = Instant::now();
                    self.way_back = None;
                    return Some(transport);
                }
                Err(error) => {
                    let endpoint = &known.server.endpoint;
                    trouble.tell(format_args!("can't reach {endpoint}: {error}"));
                }
            }
        }
        None
    }

    /// From time to time asks, beside the work, whether a server that is preferred to the
    /// current one is back; gives the way to it when it is.
    pub(super) async fn return_to_first(&mut self) -> Option<Transport> {
        if let Some(asked) = self.way_back.take_if(|asked| asked.is_finished()) {
            let (index, transport) = asked.await.ok().flatten()?;
            self.current = index;
            return Some(transport);
        }
        let is_due = self.asked_last.elapsed() >= RETURN_EVERY;
        if self.current > 0 && self.way_back.is_none() && is_due {
            self.asked_last = Instant::now();
            let preferred: Vec<_> = self.all.iter().take(self.current).cloned().collect();
            let (limit, look_ups) = (self.limit, self.look_ups.clone());
            self.way_back = Some(tokio::spawn(async move {
                for (index, known) in preferred.iter().enumerate() {
                    if let Ok(transport) = known.connect(limit, &look_ups).await {
                        return Some((index, transport));
                    }
                }
                None
            }));
        }
        None
    }

    /// The runtime is another one.
    pub(super) fn start_again(&mut self) {
        self.way_back = None;
    }
}

/// How often to ask whether a preferred server is back.
const RETURN_EVERY: Duration = Duration::from_secs(10);
