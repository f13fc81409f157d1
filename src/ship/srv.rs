//! SRV look-ups and the order of their targets (RFC 2782).

use std::{io, net::SocketAddr, time::Duration};

use hickory_resolver::{
    TokioResolver,
    config::{NameServerConfig, ResolverConfig},
    net::runtime::TokioRuntimeProvider,
    proto::rr::{Name, RData, rdata::SRV},
    system_conf::read_system_conf,
};

use super::shuffle::{chance, shuffled};
use crate::{
    ErrorKind,
    transport::{
        endpoint::Endpoint,
        failure::{failure, not_found},
    },
};

/// The addresses of an endpoint that names a service or a name server.
pub(super) async fn sockets(endpoint: &Endpoint, limit: Duration) -> io::Result<Vec<SocketAddr>> {
    let resolver = resolver(endpoint.name_server, limit)?;
    let Some(service) = &endpoint.service else {
        return hosts(&resolver, &endpoint.host, endpoint.port).await;
    };
    let name = format!("{service}.{}", endpoint.host);
    let found = resolver.srv_lookup(absolute(&name)?).await;
    let found = found.map_err(|e| {
        failure(ErrorKind::NameNotFound, format!("{name:?} has no SRV record: {e}"))
    })?;
    let targets = found.answers().iter().filter_map(|record| match &record.data {
        RData::SRV(target) => Some(target.clone()),
        _ => None,
    });
    let targets: Vec<SRV> = targets.collect();
    if targets.iter().all(|target| target.target.is_root()) {
        let domain = &endpoint.host;
        let text = format!("{domain:?} says that it has no {service}");
        return Err(failure(ErrorKind::NameNotFound, text));
    }
    let mut addresses = Vec::new();
    let mut last = None;
    for target in in_order(targets, &mut chance()) {
        match hosts(&resolver, &target.target.to_utf8(), target.port).await {
            Ok(found) => addresses.extend(found),
            Err(error) => last = Some(error),
        }
    }
    match last {
        Some(error) if addresses.is_empty() => Err(error),
        _ => Ok(addresses),
    }
}

async fn hosts(resolver: &TokioResolver, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let found = resolver.lookup_ip(absolute(host)?).await;
    let found = found.map_err(|error| not_found(host, &error))?;
    let found = found.iter().map(|address| SocketAddr::new(address, port));
    Ok(shuffled(found.collect(), &mut chance()))
}

/// Reads the system's configuration anew each time, as the system's own resolver does, and caches
/// no answer beyond one connect.
fn resolver(server: Option<SocketAddr>, limit: Duration) -> io::Result<TokioResolver> {
    let explain =
        |e| failure(ErrorKind::NameServer, format!("the system names no name server: {e}"));
    let (config, mut options) = match server {
        Some(server) => {
            let mut name_server = NameServerConfig::udp_and_tcp(server.ip());
            name_server.connections.iter_mut().for_each(|way| way.port = server.port());
            (ResolverConfig::from_parts(None, vec![], vec![name_server]), Default::default())
        }
        None => read_system_conf().map_err(explain)?,
    };
    options.cache_size = 0;
    // An unresponsive server leaves time to ask again, or to ask another.
    options.timeout = options.timeout.min(limit / TRIES);
    let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    builder.with_options(options).build().map_err(io::Error::other)
}

/// A fully qualified name, to which no search list applies.
fn absolute(name: &str) -> io::Result<Name> {
    let mut name = Name::from_utf8(name).map_err(io::Error::other)?;
    name.set_fqdn(true);
    Ok(name)
}

/// Lowest priority value first; among equals random, in proportion to their weights, those of
/// weight 0 almost never first.
fn in_order(mut targets: Vec<SRV>, chance: &mut impl FnMut(usize) -> usize) -> Vec<SRV> {
    targets.retain(|target| !target.target.is_root());
    targets.sort_by_key(|target| (target.priority, target.weight));
    let mut ordered = Vec::with_capacity(targets.len());
    while let Some(first) = targets.first() {
        let priority = first.priority;
        let equals = targets.iter().take_while(|target| target.priority == priority);
        let sum: usize = equals.map(|target| usize::from(target.weight)).sum();
        let drawn = chance(sum + 1);
        let mut running = 0;
        let chosen = targets.iter().position(|target| {
            running += usize::from(target.weight);
            running >= drawn
        });
        ordered.push(targets.remove(chosen.unwrap_or_default()));
    }
    ordered
}

const TRIES: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn order(targets: &[(u16, u16)], drawn: &[usize]) -> Vec<(u16, u16)> {
        let host = || Name::from_utf8("host.example.").unwrap();
        let targets =
            targets.iter().map(|(priority, weight)| SRV::new(*priority, *weight, 514, host()));
        let mut drawn = drawn.iter();
        let ordered = in_order(targets.collect(), &mut |_| *drawn.next().unwrap());
        ordered.iter().map(|target| (target.priority, target.weight)).collect()
    }

    #[test]
    fn srv_priority_precedes_weight() {
        let targets = [(20, 5), (10, 60), (10, 0), (10, 40)];
        assert_eq!(order(&targets, &[0, 0, 0, 0]), [(10, 0), (10, 40), (10, 60), (20, 5)]);
        assert_eq!(order(&targets, &[41, 1, 0, 0]), [(10, 60), (10, 40), (10, 0), (20, 5)]);
        assert_eq!(order(&targets, &[100, 40, 0, 5]), [(10, 60), (10, 40), (10, 0), (20, 5)]);
    }

    #[test]
    fn the_first_is_each_in_proportion_to_its_weight() {
        let host = Name::from_utf8("host.example.").unwrap();
        let targets = [70, 30].map(|weight| SRV::new(1, weight, 514, host.clone()));
        let heavy =
            (0..4000).filter(|_| in_order(targets.to_vec(), &mut chance())[0].weight == 70).count();
        assert!((2600..3000).contains(&heavy), "{heavy} of 4000");
    }
}
