//! Resolution of a server's addresses.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _},
    sync::Arc,
    time::Duration,
};

use tokio::sync::{Semaphore, oneshot};

use super::shuffle::{chance, shuffled};
use crate::{
    ErrorKind, threads,
    transport::{
        Address,
        endpoint::{Endpoint, Location},
        failure::{failure, not_found},
    },
};

/// The thread pool for look-ups: one that hangs leaves room for another attempt.
#[derive(Clone, Debug)]
pub(super) struct LookUps(Arc<Semaphore>);

impl Default for LookUps {
    fn default() -> Self {
        LookUps(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

/// Resolves the name again on every connect, since it may have moved. The look-up runs on a thread
/// of its own, so that an unresponsive name server costs no more than `limit`.
pub(super) async fn addresses(
    endpoint: &Endpoint,
    limit: Duration,
    look_ups: &LookUps,
) -> io::Result<Vec<Address>> {
    match endpoint.info().location {
        Location::Path => return Ok(vec![Address::AsWritten]),
        Location::Host { .. } => {}
    }
    let found = tokio::time::timeout(limit, sockets(endpoint, limit, look_ups)).await;
    let addresses = found.map_err(|_| {
        let text = format!("no answer to a look-up of {:?} within {limit:?}", endpoint.host);
        failure(ErrorKind::NameServer, text)
    })??;
    if addresses.is_empty() {
        return Err(failure(
            ErrorKind::NameNotFound,
            format!("{:?} has no address", endpoint.host),
        ));
    }
    Ok(addresses.into_iter().map(Address::Socket).collect())
}

async fn sockets(
    endpoint: &Endpoint,
    limit: Duration,
    look_ups: &LookUps,
) -> io::Result<Vec<SocketAddr>> {
    #[cfg(feature = "dns-srv")]
    if endpoint.service.is_some() || endpoint.name_server.is_some() {
        return super::srv::sockets(endpoint, limit).await;
    }
    // Only the resolver behind `nameserver` has a timeout for each of its steps.
    let _ = limit;
    let found = look_up(endpoint.host.clone(), endpoint.port, look_ups).await;
    let explain = |error| not_found(&endpoint.host, &error);
    Ok(shuffled(found.map_err(explain)?, &mut chance()))
}

/// The addresses of `localhost`, even without a hosts file (RFC 6761 section 6.3).
fn loopback(host: &str, port: u16) -> Option<Vec<SocketAddr>> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().filter(|label| label.eq_ignore_ascii_case("localhost"));
    let addresses = [IpAddr::from(Ipv6Addr::LOCALHOST), IpAddr::from(Ipv4Addr::LOCALHOST)];
    last.map(|_| addresses.map(|address| SocketAddr::new(address, port)).into())
}

/// tokio's own look-up panics if no thread can be started.
async fn look_up(host: String, port: u16, look_ups: &LookUps) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let room = Arc::clone(&look_ups.0).acquire_owned().await.map_err(io::Error::other)?;
    let (answer, found) = oneshot::channel();
    threads::spawn("logship-dns", move || {
        let found = (host.as_str(), port).to_socket_addrs().map(Iterator::collect);
        let addresses = found.or_else(|error| loopback(&host, port).ok_or(error));
        drop(room);
        // The caller may have given up.
        let _ = answer.send(addresses);
    })?;
    found.await.map_err(io::Error::other)?
}

const AT_ONCE: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localhost_needs_no_hosts_file() {
        for host in ["localhost", "LocalHost.", "web.localhost"] {
            let addresses = loopback(host, 514).unwrap();
            assert!(addresses.iter().all(|address| address.ip().is_loopback()), "{host}");
            assert_eq!(addresses.len(), 2);
        }
        assert!(loopback("localhost.example.com", 514).is_none());
        assert!(loopback("localhosting", 514).is_none());
    }
}
