//! A server to ship to, and the table of what each scheme can do.

use std::{fmt, net::SocketAddr, path::PathBuf};

use super::tls_options::TlsOptions;
use crate::resend::ResendBuffer;

/// A server to ship to, as its URL says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) scheme: Scheme,
    /// A name or an address without brackets, or the domain of a service; empty for a path.
    pub(crate) host: String,
    /// The service whose SRV records name host and port, such as `_syslog-tls._tcp` (RFC 2782).
    pub(crate) service: Option<String>,
    /// The name server to ask instead of the system.
    pub(crate) name_server: Option<SocketAddr>,
    pub(crate) port: u16,
    /// The path of the socket; empty for other schemes.
    pub(crate) path: PathBuf,
    pub(crate) framing: Framing,
    pub(crate) tls: TlsOptions,
    /// The size of the resend buffer, if the URL sets it.
    pub(crate) resend_buffer: Option<ResendBuffer>,
}

/// How messages are delimited on a stream (RFC 6587 section 3.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Framing {
    /// `MSG-LEN SP SYSLOG-MSG`, whatever the message contains.
    #[default]
    OctetCounting,
    /// A line end after each message.
    Lf,
}

/// The scheme of a URL: the transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Udp,
    Tcp,
    Tls,
    Relp,
    RelpTls,
    Unix,
}

/// A scheme's name, what its URL locates, and which options apply to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SchemeInfo {
    pub(crate) name: &'static str,
    /// A URL, for help texts.
    pub(crate) example: &'static str,
    pub(crate) location: Location,
    pub(crate) is_tls: bool,
    /// Whether a resend buffer is useful: RELP servers acknowledge each message, UDP ones none.
    pub(crate) keeps_sent: bool,
    /// Whether the framing can be chosen: RFC 5425 and RELP have their own.
    pub(crate) has_framing: bool,
    /// Whether `TCP_USER_TIMEOUT` applies.
    pub(crate) is_tcp: bool,
    /// Whether a message has to fit into an IP datagram.
    pub(crate) is_udp: bool,
}

/// What follows `://`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// A host to resolve, with a port or this default.
    Host { default_port: u16 },
    /// A path on this machine.
    Path,
}

impl Scheme {
    pub(crate) const ALL: &[Scheme] =
        &[Scheme::Udp, Scheme::Tcp, Scheme::Tls, Scheme::Relp, Scheme::RelpTls, Scheme::Unix];

    /// A new scheme is a row here, an entry in `ALL`, and an arm of `Server::connect`.
    ///
    /// Ports: RFC 5426 section 3.3, RFC 5425 section 4.1; TCP has none assigned (RFC 6587
    /// section 4), and 514 is what servers listen on.
    #[rustfmt::skip]
    pub(crate) const fn info(self) -> SchemeInfo {
        const NO: SchemeInfo = SchemeInfo {
            name: "", example: "", location: Location::Path,
            is_tls: false, keeps_sent: false, has_framing: false, is_tcp: false, is_udp: false,
        };
        match self {
            Scheme::Udp => SchemeInfo {
                name: "udp", example: "udp://host:514", location: port(514), is_udp: true, ..NO
            },
            Scheme::Tcp => SchemeInfo {
                name: "tcp", example: "tcp://host:514", location: port(514),
                keeps_sent: true, has_framing: true, is_tcp: true, ..NO
            },
            Scheme::Tls => SchemeInfo {
                name: "tls", example: "tls://host:6514", location: port(6514),
                is_tls: true, keeps_sent: true, is_tcp: true, ..NO
            },
            Scheme::Relp => SchemeInfo {
                name: "relp", example: "relp://host:2514", location: port(2514), is_tcp: true, ..NO
            },
            Scheme::RelpTls => SchemeInfo {
                name: "relp+tls", example: "relp+tls://host:2514", location: port(2514),
                is_tls: true, is_tcp: true, ..NO
            },
            Scheme::Unix => SchemeInfo {
                name: "unix", example: "unix:///dev/log", keeps_sent: true, has_framing: true, ..NO
            },
        }
    }
}

const fn port(default_port: u16) -> Location {
    Location::Host { default_port }
}

impl Endpoint {
    /// The name that the server's certificate must have.
    #[cfg(any(test, feature = "native-tls", feature = "rustls"))]
    pub(crate) fn server_name(&self) -> &str {
        // The zone of a link-local address is local to this machine.
        let host = self.host.split('%').next().unwrap_or_default();
        self.tls.server_name.as_deref().unwrap_or(host)
    }

    pub(crate) fn info(&self) -> SchemeInfo {
        self.scheme.info()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.scheme;
        match (self.info().location, &self.service) {
            (_, Some(service)) => write!(f, "srv://{service}.{}", self.host),
            (Location::Path, None) => write!(f, "{scheme}://{}", self.path.display()),
            (Location::Host { .. }, None) if self.host.contains(':') => {
                write!(f, "{scheme}://[{}]:{}", self.host, self.port)
            }
            (Location::Host { .. }, None) => write!(f, "{scheme}://{}:{}", self.host, self.port),
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.info().name)
    }
}
