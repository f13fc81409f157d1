//! What is known of the current connection and its TLS session.

use crate::{TlsBackend, TlsVersion};

/// The current connection, see [`Handle::connection`](crate::Handle::connection).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionInfo {
    /// The server as its URL names it, such as `tls://logs.example.com:6514`, without options.
    pub server: String,
    /// What TLS has agreed on; none without TLS.
    pub security: Option<TlsInfo>,
}

/// The TLS session of a connection.
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
