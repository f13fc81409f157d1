//! Information about the current connection and its TLS session.

use std::net::SocketAddr;

use crate::{TlsBackend, TlsVersion};

/// The current connection, see [`Handle::connection`](crate::Handle::connection).
///
/// ```
/// let syslog = logship::builder("app-tag").servers("udp://127.0.0.1:514").build()?;
/// match syslog.connection() {
///     Some(connection) => println!("shipping to {}", connection.server),
///     None => println!("not connected"),
/// }
/// # Ok::<(), logship::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionInfo {
    /// The server as its URL names it, such as `tls://logs.example.com:6514`, without options.
    pub server: String,
    /// The server's address; none for a Unix socket.
    pub address: Option<SocketAddr>,
    /// The software that a RELP server names, such as `rsyslog,8.2302.0,librelp,1.11.0`; none for
    /// other transports.
    pub software: Option<String>,
    /// The TLS session; none without TLS.
    pub tls: Option<TlsInfo>,
}

/// The TLS session of a connection.
///
/// ```
/// let syslog = logship::builder("app-tag").servers("udp://127.0.0.1:514").build()?;
/// if let Some(tls) = syslog.connection().and_then(|connection| connection.tls) {
///     println!("{} showed {}", tls.subject, tls.fingerprint);
/// }
/// # Ok::<(), logship::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsInfo {
    /// The library in use.
    pub library: TlsBackend,
    /// The negotiated version; none if it could not be determined.
    pub version: Option<TlsVersion>,
    /// The subject of the server's certificate, such as `CN=logs.example.com`.
    pub subject: String,
    /// The fingerprint of the server's certificate, as `sha-256:AB:CD:…` (RFC 5425 section 4.2.2).
    pub fingerprint: String,
    /// The fingerprint of the client certificate, if there is one, for the server's list.
    pub own_fingerprint: Option<String>,
    /// False if `danger_accept_invalid_certs=true` accepted any server.
    pub is_verified: bool,
}
