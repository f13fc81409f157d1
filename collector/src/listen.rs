//! Addresses and kinds of a collector's inputs.

use std::{
    fmt, fs, io,
    net::{SocketAddr, ToSocketAddrs},
    path::Path,
};

/// What to listen on. Port 0 stands for any free port.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Listen {
    /// Datagrams, RFC 5426.
    Udp(SocketAddr),
    /// Connections, RFC 6587; octet counting and LF both.
    Tcp(SocketAddr),
    /// Connections, RFC 5425.
    #[cfg(feature = "native-tls")]
    Tls(SocketAddr, Certificate),
    /// Datagrams on a unix socket at this path, as `/dev/log` is one.
    #[cfg(unix)]
    Unix(std::path::PathBuf),
}

impl Listen {
    /// Reads `udp://host:port`, `tcp://host:port`, `unix:///path` or
    /// `tls://host:port?cert_file=/path.pem&key_file=/path.pem`.
    ///
    /// The port has to be there. Paths are taken as they stand, without percent escapes.
    ///
    /// # Errors
    ///
    /// If the URL is none of these, the host has no address, or a file cannot be read.
    pub fn from_url(url: &str) -> io::Result<Self> {
        let (scheme, rest) =
            url.split_once("://").ok_or_else(|| invalid(url, "has no scheme such as tcp://"))?;
        match scheme {
            "udp" => Ok(Self::Udp(address(url, rest)?)),
            "tcp" => Ok(Self::Tcp(address(url, rest)?)),
            #[cfg(feature = "native-tls")]
            "tls" => {
                let (host, query) = rest.split_once('?').unwrap_or((rest, ""));
                let (mut cert, mut key) = (None, None);
                for pair in query.split('&') {
                    match pair.split_once('=') {
                        Some(("cert_file", path)) => cert = Some(path),
                        Some(("key_file", path)) => key = Some(path),
                        _ => {
                            return Err(invalid(
                                url,
                                "needs ?cert_file=/path.pem&key_file=/path.pem",
                            ));
                        }
                    }
                }
                let (Some(cert), Some(key)) = (cert, key) else {
                    return Err(invalid(url, "needs ?cert_file=/path.pem&key_file=/path.pem"));
                };
                Ok(Self::Tls(address(url, host)?, Certificate::from_files(cert, key)?))
            }
            #[cfg(not(feature = "native-tls"))]
            "tls" => Err(invalid(url, "needs logship's feature \"native-tls\"")),
            #[cfg(unix)]
            "unix" => Ok(Self::Unix(rest.into())),
            _ => Err(invalid(url, "has an unknown scheme")),
        }
    }
}

/// A server's certificate and its private key, both PEM.
#[derive(Clone)]
pub struct Certificate {
    /// The certificate, and after it those that lead to the authority, if any.
    pub cert_pem: String,
    /// The private key, PKCS #8 (`BEGIN PRIVATE KEY`).
    pub key_pem: String,
}

impl Certificate {
    /// Reads both from files.
    ///
    /// # Errors
    ///
    /// If one of them cannot be read; the message quotes its path.
    pub fn from_files(cert: impl AsRef<Path>, key: impl AsRef<Path>) -> io::Result<Self> {
        let read = |path: &Path| {
            fs::read_to_string(path).map_err(|error| because(&path.display(), &error))
        };
        Ok(Self { cert_pem: read(cert.as_ref())?, key_pem: read(key.as_ref())? })
    }
}

impl fmt::Debug for Certificate {
    /// Leaves the private key out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("cert_pem", &self.cert_pem).finish_non_exhaustive()
    }
}

fn address(url: &str, host: &str) -> io::Result<SocketAddr> {
    let host = host.trim_end_matches('/');
    let mut addresses = host.to_socket_addrs().map_err(|error| because(&url, &error))?;
    addresses.next().ok_or_else(|| invalid(url, "has no address"))
}

/// `error`, of the same kind, with what it is about in front.
pub(super) fn because(what: &dyn fmt::Display, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}

pub(super) fn invalid(url: &str, fault: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("{url} {fault}"))
}
