//! Resolution of a server's addresses.

use std::{
    fmt::Display,
    hash::{BuildHasher, RandomState},
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _},
    sync::Arc,
    time::Duration,
};

use tokio::sync::{Semaphore, oneshot};

use crate::{
    ErrorKind, threads,
    transport::{
        Address,
        endpoint::{Endpoint, Location},
        failure::failure,
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
    Ok(spread(found.map_err(explain)?, &mut chance()))
}

pub(super) fn not_found(host: &str, error: &dyn Display) -> io::Error {
    failure(ErrorKind::NameNotFound, format!("{host:?} was not found: {error}"))
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

/// Shuffles the addresses of each family: the system returns them in the same order to every
/// process, and all would use the first one. The family that the system prefers stays first.
pub(super) fn spread(
    addresses: Vec<SocketAddr>,
    chance: &mut impl FnMut(usize) -> usize,
) -> Vec<SocketAddr> {
    let first_is_v4 = addresses.first().is_some_and(SocketAddr::is_ipv4);
    let families = addresses.into_iter().partition(|address| address.is_ipv4() == first_is_v4);
    let (mut preferred, mut others): (Vec<_>, Vec<_>) = families;
    for family in [&mut preferred, &mut others] {
        for end in (1..family.len()).rev() {
            family.swap(end, chance(end + 1));
        }
    }
    preferred.append(&mut others);
    preferred
}

/// Random numbers below a limit.
pub(super) fn chance() -> impl FnMut(usize) -> usize {
    let state = RandomState::new();
    let mut count = 0_u64;
    move |limit| {
        count += 1;
        (state.hash_one(count) % limit.max(1) as u64) as usize
    }
}

const AT_ONCE: usize = 4;

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

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

    #[test]
    fn addresses_are_shuffled_evenly() {
        let all: Vec<SocketAddr> = ["[::1]:1", "10.0.0.1:1", "[::2]:1", "[::3]:1", "10.0.0.2:1"]
            .map(|address| address.parse().unwrap())
            .into();
        let mut firsts: HashMap<SocketAddr, usize> = HashMap::new();
        for _ in 0..3000 {
            let order = spread(all.clone(), &mut chance());
            assert!(order[..3].iter().all(SocketAddr::is_ipv6), "{order:?}");
            assert!(all.iter().all(|address| order.contains(address)));
            *firsts.entry(order[0]).or_default() += 1;
        }
        assert!(firsts.len() == 3 && firsts.values().all(|count| *count > 800), "{firsts:?}");
    }
}
