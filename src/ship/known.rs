//! Where was a server the last time that its name was found?

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use super::dns::{LookUps, addresses};
use crate::transport::{Address, Server, Transport};

/// A server, and its last addresses.
#[derive(Debug)]
pub(crate) struct ServerEntry {
    pub(super) server: Server,
    /// Never waited for: a child may be forked while it is locked.
    last: Mutex<Vec<Address>>,
}

impl From<Server> for ServerEntry {
    fn from(server: Server) -> Self {
        ServerEntry { server, last: Mutex::default() }
    }
}

impl ServerEntry {
    /// Connects to the first of its addresses that answers.
    pub(super) async fn connect(
        self: &Arc<Self>,
        limit: Duration,
        look_ups: &LookUps,
    ) -> io::Result<Transport> {
        let mut last = io::Error::other("it has no address");
        for address in self.addresses(limit, look_ups).await? {
            match self.server.connect(address).await {
                Ok(transport) => return Ok(transport),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Where it is now; where nobody answers, or the name isn't found, where it was.
    async fn addresses(&self, limit: Duration, look_ups: &LookUps) -> io::Result<Vec<Address>> {
        let found = addresses(&self.server.endpoint, limit, look_ups).await;
        let Ok(mut last) = self.last.try_lock() else { return found };
        match found {
            Ok(addresses) => {
                last.clone_from(&addresses);
                Ok(addresses)
            }
            Err(_) if !last.is_empty() => Ok(last.clone()),
            Err(error) => Err(error),
        }
    }
}
