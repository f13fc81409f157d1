//! A server, its last known addresses, and the race to connect to one of them.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{task::JoinSet, time::timeout};

use super::dns::{LookUps, addresses};
use crate::{
    ErrorKind,
    transport::{Address, Server, Transport, endpoint::Endpoint, failure::failure},
};

/// A server and what is known about its addresses.
#[derive(Debug)]
pub(crate) struct ServerEntry {
    pub(super) server: Server,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: Vec<Address>,
    /// The address of the current or last connection.
    current: Option<Address>,
    /// Addresses whose last connection ended on trial; they are tried last.
    failed: Vec<Address>,
}

impl From<Server> for ServerEntry {
    fn from(server: Server) -> Self {
        ServerEntry { server, state: Mutex::default() }
    }
}

impl ServerEntry {
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.server.endpoint
    }

    /// Connects to the first address that answers. Each gets a short head start before the next one
    /// is tried as well (RFC 8305 section 5).
    pub(super) async fn connect(
        self: &Arc<Self>,
        limit: Duration,
        look_ups: &LookUps,
    ) -> io::Result<Transport> {
        let mut waiting = self.addresses(limit, look_ups).await?.into_iter();
        let mut last = failure(ErrorKind::NameNotFound, "it has no address");
        let mut race = JoinSet::new();
        loop {
            let is_last = match waiting.next() {
                Some(address) => {
                    let entry = Arc::clone(self);
                    race.spawn(async move { (address, entry.server.connect(address).await) });
                    waiting.len() == 0
                }
                None => true,
            };
            let step = if is_last { Duration::MAX } else { ATTEMPT_DELAY };
            match timeout(step, race.join_next()).await {
                // Start the next one.
                Err(_) => {}
                Ok(Some(Ok((address, Ok(transport))))) => {
                    self.state().current = Some(address);
                    return Ok(transport);
                }
                Ok(Some(Ok((_, Err(error))))) => last = error,
                Ok(Some(Err(error))) => last = io::Error::other(error),
                Ok(None) => return Err(last),
            }
        }
    }

    pub(super) fn current_address(&self) -> Option<SocketAddr> {
        match self.state().current {
            Some(Address::Socket(address)) => Some(address),
            Some(Address::AsWritten) | None => None,
        }
    }

    /// Records that the last connection has proven itself, or has ended on trial.
    pub(super) fn note_outcome(&self, is_proven: bool) {
        let mut state = self.state();
        let Some(current) = state.current else { return };
        state.failed.retain(|failed| *failed != current);
        if !is_proven {
            state.failed.push(current);
        }
    }

    /// The current addresses; if the name cannot be resolved, the previous ones. Those that failed
    /// come last, the one that failed longest ago first among them.
    async fn addresses(&self, limit: Duration, look_ups: &LookUps) -> io::Result<Vec<Address>> {
        let found = addresses(&self.server.endpoint, limit, look_ups).await;
        let mut state = self.state();
        let mut addresses = match found {
            Ok(addresses) => addresses,
            Err(_) if !state.last.is_empty() => state.last.clone(),
            Err(error) => return Err(error),
        };
        state.last.clone_from(&addresses);
        state.failed.retain(|failed| addresses.contains(failed));
        let rank = |address: &Address| state.failed.iter().position(|failed| failed == address);
        addresses.sort_by_key(|address| rank(address).map_or(0, |position| position + 1));
        Ok(addresses)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// RFC 8305 section 8: the recommended Connection Attempt Delay.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
