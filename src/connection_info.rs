//! What is known of the current connection and its TLS session.

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
    /// Which of the server's addresses; none for a socket in the file system.
    pub address: Option<SocketAddr>,
    /// What a RELP server says it is, such as `rsyslog,8.2302.0,librelp,1.11.0`; none for others.
    pub software: Option<String>,
    /// What TLS has agreed on; none without TLS.
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
    /// Which library speaks it.
    pub library: TlsBackend,
    /// The version that was agreed on; none if it could not be told.
    pub version: Option<TlsVersion>,
    /// The owner named by the server's certificate, such as `CN=logs.example.com`.
    pub subject: String,
    /// The fingerprint of the server's certificate, as `sha-256:AB:CD:…` (RFC 5425 section 4.2.2).
    pub fingerprint: String,
    /// The fingerprint of the client certificate, if there is one, for the server's list.
    pub own_fingerprint: Option<String>,
    /// False if `danger_accept_invalid_certs=true` accepted any server.
    pub is_verified: bool,
}
