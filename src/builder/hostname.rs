//! The default HOSTNAME (RFC 5424 section 6.2.4).

use std::{
    fs,
    net::{IpAddr, UdpSocket},
};

/// In the order that the RFC prefers: a fully qualified name, a host name, an address; empty if
/// there is none, which becomes NILVALUE. The network is not asked.
pub(crate) fn detect() -> String {
    let name = gethostname::gethostname().to_string_lossy().into_owned();
    let is_name = is_name(&name);
    if name.contains('.') && is_name {
        return name;
    }
    let hosts = fs::read_to_string("/etc/hosts").unwrap_or_default();
    if is_name {
        return qualified(&name, &hosts).unwrap_or(name);
    }
    address().unwrap_or_default()
}

/// Whether it names this host: the kernel's name is `(none)` until one is set.
fn is_name(name: &str) -> bool {
    let label = name.split('.').next().unwrap_or_default();
    !label.is_empty() && name != "(none)" && !label.eq_ignore_ascii_case("localhost")
}

/// The fully qualified name beside the short one in the hosts file.
fn qualified(name: &str, hosts: &str) -> Option<String> {
    let lines = hosts.lines().map(|line| line.split('#').next().unwrap_or_default());
    let mut names = lines.map(|line| line.split_whitespace().skip(1).collect::<Vec<_>>());
    let names = names.find(|names| names.iter().any(|other| other.eq_ignore_ascii_case(name)))?;
    let of_this_host = |long: &&&str| {
        let (label, domain) = long.split_once('.').unwrap_or((long, ""));
        label.eq_ignore_ascii_case(name) && !domain.is_empty()
    };
    names.iter().find(of_this_host).map(|long| (*long).to_owned())
}

/// The source address of traffic to the outside; nothing is sent.
fn address() -> Option<String> {
    let outside = [("0.0.0.0:0", "192.0.2.1:514"), ("[::]:0", "[2001:db8::1]:514")];
    outside.into_iter().find_map(|(here, there)| {
        let socket = UdpSocket::bind(here).ok()?;
        socket.connect(there).ok()?;
        Some(written(socket.local_addr().ok()?.ip()))
    })
}

/// Without a zone or brackets; an IPv4-mapped address in IPv4 form (RFC 5424 section 6.2.4).
fn written(address: IpAddr) -> String {
    address.to_canonical().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_file_knows_the_domain() {
        let hosts = "127.0.0.1 localhost\n127.0.1.1 web1.example.com web1 # this host\n";
        assert_eq!(qualified("web1", hosts).as_deref(), Some("web1.example.com"));
        assert_eq!(qualified("web", hosts), None);
        assert_eq!(qualified("localhost", hosts), None);
        assert_eq!(qualified("WEB1", hosts).as_deref(), Some("web1.example.com"));
        for (name, is) in [("(none)", false), ("localhost.localdomain", false), ("", false)] {
            assert_eq!(is_name(name), is, "{name}");
        }
        assert!(is_name("localhosting1"));
    }

    #[test]
    fn an_address_is_written_as_addresses_are() {
        for (address, text) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:0DB8:0:0:0:0:0:1", "2001:db8::1"),
        ] {
            assert_eq!(written(address.parse().unwrap()), text);
        }
    }

    #[test]
    fn there_is_always_a_name_or_an_address() {
        assert!(!detect().is_empty());
    }
}
