//! At which addresses is a server to be found, right now?

use std::{io, time::Duration};

use crate::{
    endpoint::{Endpoint, Scheme},
    transport::Address,
};

/// Asks anew each time: the name may have moved. It runs on a thread of the runtime's pool, so
/// that a name server that never answers costs no more than `limit`.
pub(super) async fn addresses(endpoint: &Endpoint, limit: Duration) -> io::Result<Vec<Address>> {
    match endpoint.scheme {
        #[cfg(unix)]
        Scheme::Unix => return Ok(vec![Address::Path]),
        _ => {}
    }
    let lookup = tokio::net::lookup_host((endpoint.host.as_str(), endpoint.port));
    let found = tokio::time::timeout(limit, lookup).await.map_err(|_| {
        let text = format!("no answer to a look-up of {:?} within {limit:?}", endpoint.host);
        io::Error::new(io::ErrorKind::TimedOut, text)
    })?;
    let explain = |e| io::Error::other(format!("{:?} was not found: {e}", endpoint.host));
    let addresses: Vec<_> = found.map_err(explain)?.map(Address::Socket).collect();
    if addresses.is_empty() {
        return Err(io::Error::other(format!("{:?} has no address", endpoint.host)));
    }
    Ok(addresses)
}
