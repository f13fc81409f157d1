//! Service names of SRV records (RFC 2782).

use std::net::{IpAddr, SocketAddr};

use crate::transport::endpoint::Scheme;

/// Splits `_syslog._tcp.example.com` into service, transport and domain.
///
/// IANA has registered syslog for UDP, syslog-tls, and syslog-conn for TCP; `_syslog._tcp` is what
/// people write. RELP has no registered name.
pub(super) fn parse(place: &str) -> Result<(String, Scheme, &str), String> {
    let place = place.strip_suffix('/').unwrap_or(place);
    if place.contains(':') {
        return Err("a service has no port, its SRV records name it".to_owned());
    }
    let mut dots = place.match_indices('.');
    let end = dots.nth(1).map_or(place.len(), |(at, _)| at);
    let (name, domain) = place.split_at(end);
    let scheme = match name.to_ascii_lowercase().as_str() {
        "_syslog._udp" => Scheme::Udp,
        "_syslog._tcp" | "_syslog-conn._tcp" => Scheme::Tcp,
        "_syslog-tls._tcp" => Scheme::Tls,
        "_relp._tcp" => Scheme::Relp,
        "_relp-tls._tcp" => Scheme::RelpTls,
        _ => return Err(format!("unknown service {name:?}: {SERVICES}")),
    };
    match domain.strip_prefix('.') {
        Some(domain) if !domain.is_empty() => Ok((name.to_owned(), scheme, domain)),
        _ => Err("the domain of the service is missing".to_owned()),
    }
}

/// The address of a name server; its port defaults to 53.
pub(super) fn name_server(text: &str) -> Result<SocketAddr, String> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = text.parse().or_else(|_| bare.parse().map(|ip: IpAddr| (ip, 53).into()));
    address.map_err(|_| {
        format!("invalid nameserver {text:?}: expected an address, such as 127.0.0.1:53")
    })
}

const SERVICES: &str = "expected _syslog._udp, _syslog._tcp, _syslog-tls._tcp, _relp._tcp or \
                        _relp-tls._tcp before the domain";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_says_how_it_is_spoken_to() {
        let (service, scheme, domain) = parse("_syslog-tls._tcp.example.com").unwrap();
        assert_eq!((service.as_str(), scheme), ("_syslog-tls._tcp", Scheme::Tls));
        assert_eq!(domain, "example.com");
        for (bad, rule) in [
            ("logs.example.com", "unknown service"),
            ("_http._tcp.example.com", "unknown service"),
            ("_syslog._tcp", "domain"),
            ("_syslog._tcp.example.com:514", "port"),
        ] {
            let error = parse(bad).unwrap_err();
            assert!(error.contains(rule), "{error}");
        }
    }

    #[test]
    fn a_name_server_is_an_address() {
        assert_eq!(name_server("10.0.0.1").unwrap(), "10.0.0.1:53".parse().unwrap());
        assert_eq!(name_server("[::1]:5353").unwrap(), "[::1]:5353".parse().unwrap());
        assert_eq!(name_server("::1").unwrap(), "[::1]:53".parse().unwrap());
        assert!(name_server("ns.example.com").unwrap_err().contains("ns.example.com"));
    }
}
