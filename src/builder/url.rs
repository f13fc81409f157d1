//! The parser of server URLs.

use std::{path::PathBuf, str::FromStr};

use super::srv_name;
use crate::{
    Error, Format, TextFields,
    resend::ResendBuffer,
    transport::{
        endpoint::{Endpoint, Framing, Location, Scheme},
        idn,
        tls_options::TlsOptions,
    },
    units,
};

/// A parsed URL: the server, and how records are written, which is the same for all servers.
#[derive(Debug)]
pub(crate) struct ServerUrl {
    pub(crate) endpoint: Endpoint,
    pub(crate) format: Option<Format>,
    /// What is repeated after the text.
    pub(crate) text_fields: Option<TextFields>,
}

/// Parses several URLs, separated by commas, in the order in which they are tried.
pub(crate) fn parse_list(urls: &str) -> Result<Vec<ServerUrl>, Error> {
    // A comma in a password would make an error quote one half of it as a server.
    if urls.split(',').any(|piece| piece.contains('@') && !piece.contains("://")) {
        let shown = without_secrets(urls);
        return Err(Error::new(format!("invalid server URLs {shown:?}: {NO_USER}")));
    }
    urls.split(',').map(|url| url.trim().parse()).collect()
}

/// The value on which all servers with the option agree: records are encoded before it is known
/// which server gets them.
///
/// # Errors
///
/// If two servers have different values.
pub(super) fn agreed<T: PartialEq>(
    servers: &[ServerUrl],
    name: &str,
    option: impl Fn(&ServerUrl) -> Option<T>,
) -> Result<Option<T>, Error> {
    let mut asked = servers.iter().filter(|server| option(server).is_some());
    let Some(first) = asked.next() else { return Ok(None) };
    match asked.find(|other| option(other) != option(first)) {
        Some(other) => Err(Error::new(format!(
            "invalid servers {} and {}: expected the same {name}, since records are written before \
             it is known which server gets them",
            first.endpoint, other.endpoint
        ))),
        None => Ok(option(first)),
    }
}

impl FromStr for ServerUrl {
    type Err = Error;

    fn from_str(url: &str) -> Result<Self, Error> {
        let shown = without_secrets(url);
        let bad = |rule: String| Error::new(format!("invalid server URL {shown:?}: {rule}"));
        let (name, rest) = url.split_once("://").ok_or_else(|| bad(shape()))?;
        let is_service = name.eq_ignore_ascii_case(SRV);
        let scheme = match Scheme::ALL.iter().find(|s| name.eq_ignore_ascii_case(s.info().name)) {
            Some(scheme) => *scheme,
            // The service name determines it below.
            None if is_service => Scheme::Tcp,
            None => {
                let name = name.to_ascii_lowercase();
                return Err(bad(format!("unknown scheme {name:?}, {}", shape())));
            }
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
        };
        match scheme.info().location {
            _ if is_service => {
                let (service, scheme, domain) = srv_name::parse(place).map_err(bad)?;
                endpoint.scheme = scheme;
                endpoint.service = Some(service);
                (endpoint.host, _) = authority(domain, 0).map_err(bad)?;
            }
            Location::Path => endpoint.path = path(place).map_err(bad)?,
            Location::Host { default_port } => {
                (endpoint.host, endpoint.port) = authority(place, default_port).map_err(bad)?;
            }
        }
        let mut server = ServerUrl { endpoint, format: None, text_fields: None };
        for option in options.split('&').filter(|option| !option.is_empty()) {
            server.set(option).map_err(bad)?;
        }
        server.endpoint.tls.check().map_err(bad)?;
        Ok(server)
    }
}

impl ServerUrl {
    fn set(&mut self, option: &str) -> Result<(), String> {
        let (name, value) = option
            .split_once('=')
            .ok_or_else(|| format!("invalid option {option:?}: expected name=value"))?;
        let value = percent_decoded(value)?;
        let scheme = self.endpoint.info();
        match name {
            "framing" if scheme.has_framing => match value.as_str() {
                "octet-counting" => self.endpoint.framing = Framing::OctetCounting,
                "lf" => self.endpoint.framing = Framing::Lf,
                _ => {
                    return Err(format!(
                        "invalid framing {value:?}: expected octet-counting or lf"
                    ));
                }
            },
            "resend_buffer" if scheme.keeps_sent => match units::bytes(&value) {
                Ok(bytes) => self.endpoint.resend_buffer = Some(ResendBuffer::of(bytes)),
                Err(error) => return Err(format!("resend_buffer: {error}")),
            },
            "nameserver" if scheme.location != Location::Path => {
                self.endpoint.name_server = Some(srv_name::name_server(&value)?);
            }
            "text_fields" => match value.parse() {
                Ok(fields) => self.text_fields = Some(fields),
                Err(error) => return Err(error.to_string()),
            },
            "format" => match value.parse() {
                Ok(format) => self.format = Some(format),
                Err(error) => return Err(error.to_string()),
            },
            name if scheme.is_tls && TlsOptions::NAMES.contains(&name) => {
                self.endpoint.tls.set(name, value)?
            }
            _ => {
                let names = self.option_names().join(", ");
                return Err(format!(
                    "unknown option {name:?} for {}://: expected {names}",
                    scheme.name
                ));
            }
        }
        Ok(())
    }

    /// The options that apply to this scheme.
    fn option_names(&self) -> Vec<&'static str> {
        let scheme = self.endpoint.info();
        let mut names = vec!["format", "text_fields"];
        names.extend((scheme.location != Location::Path).then_some("nameserver"));
        names.extend(scheme.keeps_sent.then_some("resend_buffer"));
        names.extend(scheme.has_framing.then_some("framing"));
        if scheme.is_tls {
            names.extend(TlsOptions::NAMES);
        }
        names
    }
}

fn path(place: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(percent_decoded(place)?);
    // Not `is_absolute`: on Windows the path lacks a drive, and the real error is another one.
    if path.has_root() {
        Ok(path)
    } else {
        Err("expected an absolute path, as in unix:///dev/log".to_owned())
    }
}

/// One or several URLs in a form that may be shown: what precedes an `@` may be a password.
pub(crate) fn without_secrets(urls: &str) -> String {
    let shown = |url: &str| match url.rsplit_once('@') {
        Some((before, host)) => {
            let scheme = before.split_once("://").map_or("", |(scheme, _)| scheme);
            format!("{scheme}://***@{host}")
        }
        None => url.to_owned(),
    };
    let mut shown_urls: Vec<String> = Vec::new();
    // A comma may be part of a password: a piece without a scheme belongs to the one before.
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

fn authority(place: &str, default_port: u16) -> Result<(String, u16), String> {
    if place.contains('@') {
        return Err(NO_USER.to_owned());
    }
    let place = place.strip_suffix('/').unwrap_or(place);
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or("the bracket is not closed")?;
            let port = port.strip_prefix(':').or(port.is_empty().then_some(""));
            return Ok((ipv6(host)?, port_of(port, default_port)?));
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
        return Err(format!("the host is missing, {}", shape()));
    }
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | ':');
    if !host.chars().all(is_name) {
        return Err(format!("invalid host {host:?}: expected a name or an address"));
    }
    Ok((idn::to_ascii(host)?, port_of(port, default_port)?))
}

/// An address, perhaps with the zone of a link-local one (RFC 4007 section 11): `fe80::1%eth0`, or
/// `%25` for the `%` as in RFC 6874.
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

fn port_of(port: Option<&str>, default_port: u16) -> Result<u16, String> {
    match port {
        Some("") => Ok(default_port),
        Some(digits) => match digits.parse() {
            Ok(0) | Err(_) => Err(format!("invalid port {digits:?}: expected 1 to 65535")),
            Ok(port) => Ok(port),
        },
        None => Err("expected nothing but a port after the bracket".to_owned()),
    }
}

fn percent_decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16));
        match (digit(), digit()) {
            (Some(high), Some(low)) => bytes.push((high * 16 + low) as u8),
            _ => {
                return Err(format!(
                    "invalid escape in {text:?}: expected two hexadecimal digits after %"
                ));
            }
        }
    }
    String::from_utf8(bytes).map_err(|_| format!("invalid value {text:?}: expected UTF-8"))
}

const NO_USER: &str = "a syslog server knows no user and no password";
const SRV: &str = "srv";
const SRV_EXAMPLE: &str = "srv://_syslog._tcp.domain";

/// The expected forms of a URL.
fn shape() -> String {
    let examples: Vec<_> = Scheme::ALL.iter().map(|scheme| scheme.info().example).collect();
    format!("expected {} or {SRV_EXAMPLE}", examples.join(", "))
}

#[cfg(test)]
#[path = "url_tests.rs"]
mod tests;
