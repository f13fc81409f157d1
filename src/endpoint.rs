//! A server's URL, taken apart.

use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr};

use crate::{
    Error, Format, TextFields,
    resend::ResendBuffer,
    service::{self, Service},
    transport::idn,
    transport::tls_options::TlsOptions,
    units,
};

/// A server to ship to, as its URL says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) scheme: Scheme,
    /// A name or an address without brackets, the domain of a service; empty for a socket in the
    /// file system.
    pub(crate) host: String,
    /// The service whose SRV records name host and port.
    pub(crate) service: Option<Service>,
    /// Who is asked for names, instead of the system.
    pub(crate) name_server: Option<SocketAddr>,
    pub(crate) port: u16,
    /// The socket in the file system; empty for the others.
    pub(crate) path: PathBuf,
    pub(crate) framing: Framing,
    pub(crate) tls: TlsOptions,
    /// What is kept of what has arrived, where the URL says.
    pub(crate) resend_buffer: Option<ResendBuffer>,
    /// How records are written, where the URL says.
    pub(crate) format: Option<Format>,
    /// What the URL puts behind the text.
    pub(crate) text_fields: Option<TextFields>,
}

/// The way octets travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Udp,
    Tcp,
    Tls,
    Relp,
    RelpTls,
    Unix,
}

/// How messages are told apart on a stream (RFC 6587 section 3.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Framing {
    /// `MSG-LEN SP SYSLOG-MSG`, whatever the message holds.
    #[default]
    OctetCounting,
    /// A line end after each message.
    Lf,
}

impl Endpoint {
    /// The name that the server's certificate must bear.
    pub(crate) fn server_name(&self) -> &str {
        // The zone of a link-local address is of this machine only.
        let host = self.host.split('%').next().unwrap_or_default();
        self.tls.server_name.as_deref().unwrap_or(host)
    }
}

/// Several URLs, separated by commas, in the order in which they are tried.
pub(crate) fn parse_list(urls: &str) -> Result<Vec<Endpoint>, Error> {
    // A comma in a password would leave one half of it to be quoted as a server.
    if urls.split(',').any(|piece| piece.contains('@') && !piece.contains("://")) {
        let shown = without_secrets(urls);
        return Err(Error::new(format!("invalid server URLs {shown:?}: {NO_USER}")));
    }
    urls.split(',').map(|url| url.trim().parse()).collect()
}

impl FromStr for Endpoint {
    type Err = Error;

    fn from_str(url: &str) -> Result<Self, Error> {
        let shown = without_secrets(url);
        let bad = |rule: String| Error::new(format!("invalid server URL {shown:?}: {rule}"));
        let (scheme, rest) = url.split_once("://").ok_or_else(|| bad(SHAPE.to_owned()))?;
        let is_service = scheme.eq_ignore_ascii_case("srv");
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "udp" => Scheme::Udp,
            "tcp" => Scheme::Tcp,
            "tls" => Scheme::Tls,
            "relp" => Scheme::Relp,
            "relp+tls" => Scheme::RelpTls,
            "unix" => Scheme::Unix,
            // What the name of the service says takes its place below.
            "srv" => Scheme::Tcp,
            other => return Err(bad(format!("unknown scheme {other:?}, {SHAPE}"))),
        };
        let (place, options) = rest.split_once('?').unwrap_or((rest, ""));
        let mut endpoint = Endpoint {
            scheme,
            host: String::new(),
            service: None,
            name_server: None,
            port: 0,
            path: PathBuf::new(),
            framing: Framing::default(),
            tls: TlsOptions::default(),
            resend_buffer: None,
            format: None,
            text_fields: None,
        };
        match scheme {
            _ if is_service => {
                let (service, scheme, domain) = service::parse(place).map_err(bad)?;
                endpoint.scheme = scheme;
                endpoint.service = Some(service);
                (endpoint.host, _) = authority(domain, scheme).map_err(bad)?;
            }
            Scheme::Unix => endpoint.path = path(place).map_err(bad)?,
            Scheme::Udp | Scheme::Tcp | Scheme::Tls | Scheme::Relp | Scheme::RelpTls => {
                (endpoint.host, endpoint.port) = authority(place, scheme).map_err(bad)?;
            }
        }
        for option in options.split('&').filter(|option| !option.is_empty()) {
            endpoint.set(option).map_err(bad)?;
        }
        endpoint.tls.check().map_err(bad)?;
        Ok(endpoint)
    }
}

impl Endpoint {
    fn set(&mut self, option: &str) -> Result<(), String> {
        let (name, value) = option
            .split_once('=')
            .ok_or_else(|| format!("invalid option {option:?}: expected name=value"))?;
        let value = percent_decoded(value)?;
        let is_stream = matches!(self.scheme, Scheme::Tcp | Scheme::Unix);
        let is_tls = self.scheme.is_tls();
        match name {
            "framing" if is_stream => match value.as_str() {
                "octet-counting" => self.framing = Framing::OctetCounting,
                "lf" => self.framing = Framing::Lf,
                _ => {
                    return Err(format!(
                        "invalid framing {value:?}: expected octet-counting or lf"
                    ));
                }
            },
            "resend_buffer" if self.scheme.keeps_sent() => match units::bytes(&value) {
                Ok(octets) => self.resend_buffer = Some(ResendBuffer::of(octets)),
                Err(error) => return Err(format!("resend_buffer: {error}")),
            },
            "nameserver" if self.scheme != Scheme::Unix => {
                self.name_server = Some(service::name_server(&value)?);
            }
            "text_fields" => match value.parse() {
                Ok(fields) => self.text_fields = Some(fields),
                Err(error) => return Err(error.to_string()),
            },
            "format" => match value.parse() {
                Ok(format) => self.format = Some(format),
                Err(error) => return Err(error.to_string()),
            },
            name if is_tls && TlsOptions::NAMES.contains(&name) => self.tls.set(name, value)?,
            _ => return Err(format!("unknown option {name:?} for {}://: {OPTIONS}", self.scheme)),
        }
        Ok(())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.scheme, &self.service) {
            (_, Some(service)) => write!(f, "srv://{}.{}", service.name, self.host),
            (Scheme::Unix, _) => write!(f, "unix://{}", self.path.display()),
            (scheme, _) if self.host.contains(':') => {
                write!(f, "{scheme}://[{}]:{}", self.host, self.port)
            }
            (scheme, _) => write!(f, "{scheme}://{}:{}", self.host, self.port),
        }
    }
}

impl Scheme {
    pub(crate) fn is_tls(self) -> bool {
        matches!(self, Scheme::Tls | Scheme::RelpTls)
    }

    /// Whether a resend buffer is of use: RELP servers answer for each message, UDP ones for none.
    pub(crate) fn keeps_sent(self) -> bool {
        matches!(self, Scheme::Tcp | Scheme::Tls | Scheme::Unix)
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scheme::Udp => "udp",
            Scheme::Tcp => "tcp",
            Scheme::Tls => "tls",
            Scheme::Relp => "relp",
            Scheme::RelpTls => "relp+tls",
            Scheme::Unix => "unix",
        })
    }
}

fn path(place: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(percent_decoded(place)?);
    // Not `is_absolute`: on Windows a drive is missing, and what is wrong there is something else.
    if path.has_root() {
        Ok(path)
    } else {
        Err("expected an absolute path, as in unix:///dev/log".to_owned())
    }
}

/// A URL, or several, as they may be shown: what stands before an `@` may be a password.
pub(crate) fn without_secrets(urls: &str) -> String {
    let shown = |url: &str| match url.rsplit_once('@') {
        Some((before, host)) => {
            let scheme = before.split_once("://").map_or("", |(scheme, _)| scheme);
            format!("{scheme}://***@{host}")
        }
        None => url.to_owned(),
    };
    let mut shown_urls: Vec<String> = Vec::new();
    // A comma may stand in a password: what has no scheme belongs to the piece before it.
    let mut whole = String::new();
    for piece in urls.split(',') {
        if !whole.is_empty() && piece.contains("://") {
            shown_urls.push(shown(&std::mem::take(&mut whole)));
        } else if !whole.is_empty() {
            whole.push(',');
        }
        whole.push_str(piece);
    }
    shown_urls.push(shown(&whole));
    shown_urls.join(",")
}

fn authority(place: &str, scheme: Scheme) -> Result<(String, u16), String> {
    if place.contains('@') {
        return Err(NO_USER.to_owned());
    }
    let place = place.strip_suffix('/').unwrap_or(place);
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or("the bracket is not closed")?;
            let port = port.strip_prefix(':').or(port.is_empty().then_some(""));
            return Ok((ipv6(host)?, port_of(port, scheme)?));
        }
        None if place.parse::<std::net::Ipv6Addr>().is_ok() => {
            return Err(format!("an IPv6 address needs brackets: expected [{place}]"));
        }
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, Some("")),
        },
    };
    if host.is_empty() {
        return Err(format!("the host is missing, {SHAPE}"));
    }
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | ':');
    if !host.chars().all(is_name) {
        return Err(format!("invalid host {host:?}: expected a name or an address"));
    }
    Ok((idn::to_ascii(host)?, port_of(port, scheme)?))
}

/// An address, perhaps with the zone of a link-local one (RFC 4007 section 11): `fe80::1%eth0`, or
/// `%25` for the `%` as RFC 6874 wants it in a URL.
fn ipv6(host: &str) -> Result<String, String> {
    let invalid = || format!("invalid host {host:?}: expected an IPv6 address in the brackets");
    let (address, zone) = host.split_once('%').unwrap_or((host, ""));
    let zone = zone.strip_prefix("25").filter(|zone| !zone.is_empty()).unwrap_or(zone);
    address.parse::<std::net::Ipv6Addr>().map_err(|_| invalid())?;
    let is_zone = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    match zone {
        "" if host.contains('%') => Err(invalid()),
        "" => Ok(host.to_owned()),
        zone if zone.chars().all(is_zone) => Ok(format!("{address}%{zone}")),
        _ => Err(invalid()),
    }
}

fn port_of(port: Option<&str>, scheme: Scheme) -> Result<u16, String> {
    match port {
        Some("") => Ok(default_port(scheme)),
        Some(digits) => match digits.parse() {
            Ok(0) | Err(_) => Err(format!("invalid port {digits:?}: expected 1 to 65535")),
            Ok(port) => Ok(port),
        },
        None => Err("expected nothing but a port after the bracket".to_owned()),
    }
}

/// RFC 5426 section 3.3, RFC 5425 section 4.1; TCP has none assigned (RFC 6587 section 4), and
/// 514 is what servers listen on.
fn default_port(scheme: Scheme) -> u16 {
    match scheme {
        Scheme::Udp | Scheme::Tcp | Scheme::Unix => 514,
        Scheme::Tls => 6514,
        Scheme::Relp | Scheme::RelpTls => 2514,
    }
}

fn percent_decoded(text: &str) -> Result<String, String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        if octet != b'%' {
            octets.push(octet);
            continue;
        }
        let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16));
        match (digit(), digit()) {
            (Some(high), Some(low)) => octets.push((high * 16 + low) as u8),
            _ => {
                return Err(format!(
                    "invalid escape in {text:?}: expected two hexadecimal digits after %"
                ));
            }
        }
    }
    String::from_utf8(octets).map_err(|_| format!("invalid value {text:?}: expected UTF-8"))
}

const NO_USER: &str = "a syslog server knows no user and no password";
const SHAPE: &str = "expected udp://host:514, tcp://host:514, tls://host:6514, \
                     relp://host:2514, relp+tls://host:2514, srv://_syslog._tcp.domain or \
                     unix:///dev/log";
const OPTIONS: &str = "expected format, text_fields, nameserver (not unix), resend_buffer (tcp, tls, \
                       unix), framing (tcp, unix), or ca_file, cert_file, key_file, server_name, \
                       fingerprint, min_version, tls_backend, danger_accept_invalid_certs (tls, \
                       relp+tls)";

#[cfg(test)]
#[path = "endpoint_tests.rs"]
mod tests;
