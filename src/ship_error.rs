//! Errors of shipping: of a server, a record or the queue file, and remedies.

use std::{error, fmt, io, sync::Arc};

use crate::transport::failure;

/// A problem with shipping, for [`Builder::on_error`](crate::Builder::on_error).
///
/// Shipping continues after each: it delays or loses records, and never ends a program.
///
/// ```
/// use std::{sync::mpsc, time::Duration};
///
/// use logship::ErrorKind;
///
/// let (sender, errors) = mpsc::channel();
/// let syslog = logship::builder("app-tag")
///     .servers("tcp://127.0.0.1:9")
///     .on_error(move |error| drop(sender.send(error.clone())))
///     .build()?;
/// # use log::Log as _;
/// # let text = format_args!("a record");
/// # syslog.logger().log(&log::Record::builder().level(log::Level::Error).args(text).build());
/// // ... and a record later:
/// let error = errors.recv_timeout(Duration::from_secs(10)).unwrap();
/// assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
/// assert_eq!(error.server(), Some("tcp://127.0.0.1:9"));
/// # Ok::<(), logship::Error>(())
/// ```
#[derive(Clone)]
pub struct ShipError {
    kind: ErrorKind,
    server: Option<String>,
    message: String,
    source: Option<Arc<io::Error>>,
}

/// The kind of a [`ShipError`].
///
/// ```
/// assert_eq!(logship::ErrorKind::ConnectionRefused.to_string(), "connection refused");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The server's name does not exist.
    NameNotFound,
    /// The name servers do not answer.
    NameServer,
    /// Nobody listens at that port.
    ConnectionRefused,
    /// Nothing at that address answers.
    Unreachable,
    /// The server does not speak TLS, or does not answer a TLS handshake.
    NotTls,
    /// The server expects TLS on a port that was used without.
    SpeaksTls,
    /// The TLS handshake failed for another reason.
    TlsHandshake,
    /// The server's certificate has expired.
    CertificateExpired,
    /// The server's certificate is not valid yet.
    CertificateNotYetValid,
    /// The server's certificate is for another name.
    CertificateName,
    /// The server's certificate was issued by an authority that is not trusted here.
    CertificateAuthority,
    /// The server's certificate is not for servers.
    CertificateUsage,
    /// The server's certificate has another fingerprint.
    CertificateFingerprint,
    /// The server's certificate is rejected for another reason.
    Certificate,
    /// The server demands a client certificate, or rejects the one it was shown.
    ClientCertificate,
    /// The server does not speak RELP.
    NotRelp,
    /// The server refused a RELP session or message.
    RelpRefused,
    /// The server closed or reset the connection.
    Closed,
    /// The server accepts or acknowledges nothing for too long.
    Timeout,
    /// The server closes the connection on one record, which is dropped.
    RecordRefused,
    /// Records were acknowledged, and the connection ended before they were confirmed.
    Unconfirmed,
    /// The operating system has no buffers left.
    NoBufferSpace,
    /// The queue file could not be used, synced or recovered in full.
    QueueFile,
    /// A setting, a variable or a file that it names is invalid or has no effect.
    Config,
    /// Records were lost at the end of the process.
    Undelivered,
    /// Anything else.
    Other,
}

impl ShipError {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        ShipError { kind, server: None, message: message.into(), source: None }
    }

    /// A problem with a server: `what`, such as `cannot reach`, and the reason.
    pub(crate) fn of_server(what: &str, server: &str, error: io::Error) -> Self {
        ShipError {
            kind: failure::kind(&error),
            server: Some(server.to_owned()),
            message: format!("{what} {server}: {error}"),
            source: Some(Arc::new(error)),
        }
    }

    pub(crate) fn at(self, server: &str) -> Self {
        ShipError { server: Some(server.to_owned()), ..self }
    }

    /// The kind of problem, to match on.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The server as its URL names it, without options.
    #[must_use]
    pub fn server(&self) -> Option<&str> {
        self.server.as_deref()
    }

    /// The error of the operating system or the TLS library. Its text is part of this error's own.
    #[must_use]
    pub fn io_error(&self) -> Option<&io::Error> {
        self.source.as_deref()
    }

    /// What usually helps, as a sentence without its first capital and full stop.
    #[must_use]
    pub fn remedy(&self) -> Option<&'static str> {
        self.kind.remedy()
    }
}

impl ErrorKind {
    /// The kind in words, such as `connection refused`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            ErrorKind::NameNotFound => "name not found",
            ErrorKind::NameServer => "name servers do not answer",
            ErrorKind::ConnectionRefused => "connection refused",
            ErrorKind::Unreachable => "unreachable",
            ErrorKind::NotTls => "server does not speak TLS",
            ErrorKind::SpeaksTls => "server speaks TLS on this port",
            ErrorKind::TlsHandshake => "TLS handshake failed",
            ErrorKind::CertificateExpired => "certificate expired",
            ErrorKind::CertificateNotYetValid => "certificate not yet valid",
            ErrorKind::CertificateName => "certificate for another name",
            ErrorKind::CertificateAuthority => "certificate of an unknown authority",
            ErrorKind::CertificateUsage => "certificate not for servers",
            ErrorKind::CertificateFingerprint => "certificate with another fingerprint",
            ErrorKind::Certificate => "certificate rejected",
            ErrorKind::ClientCertificate => "client certificate missing or rejected",
            ErrorKind::NotRelp => "server does not speak RELP",
            ErrorKind::RelpRefused => "refused by the RELP server",
            ErrorKind::Closed => "connection closed",
            ErrorKind::Timeout => "timeout",
            ErrorKind::RecordRefused => "record refused",
            ErrorKind::Unconfirmed => "delivery not confirmed",
            ErrorKind::NoBufferSpace => "no buffer space",
            ErrorKind::QueueFile => "queue file",
            ErrorKind::Config => "configuration",
            ErrorKind::Undelivered => "records not delivered",
            ErrorKind::Other => "other",
        }
    }

    /// The remedy, as a sentence without its first capital and full stop.
    #[must_use]
    pub const fn remedy(self) -> Option<&'static str> {
        Some(match self {
            ErrorKind::NameNotFound => {
                "check the spelling, and the name servers in /etc/resolv.conf"
            }
            ErrorKind::NameServer => "check /etc/resolv.conf, or use the server's address",
            ErrorKind::ConnectionRefused => {
                "start the server, and check the port and that it listens for this protocol \
                 (rsyslog: imtcp, imudp, imrelp)"
            }
            ErrorKind::Unreachable => {
                "check the address, and the firewalls and routes on the way to that port"
            }
            ErrorKind::NotTls => {
                "use tcp:// instead of tls://, or the server's port for TLS (mostly 6514), or set up \
                 TLS on the server (rsyslog: imtcp with a stream driver)"
            }
            ErrorKind::SpeaksTls => {
                "use tls:// instead of tcp://, with ca_file=/path/ca.pem if the authority is your own"
            }
            ErrorKind::TlsHandshake => {
                "check the server's own log: it may demand a client certificate (cert_file=, \
                 key_file=), or share no TLS version or cipher"
            }
            ErrorKind::CertificateExpired => {
                "renew the server's certificate, and check this machine's clock"
            }
            ErrorKind::CertificateNotYetValid => "check the clocks of both machines",
            ErrorKind::CertificateName => {
                "use the host name that the certificate is for, or set server_name=NAME"
            }
            ErrorKind::CertificateAuthority => {
                "set ca_file=/path/ca.pem, the certificate of the authority that issued the server's; \
                 on a system without any authorities, install the package ca-certificates"
            }
            ErrorKind::CertificateUsage => {
                "have the server's certificate issued with the extended key usage serverAuth"
            }
            ErrorKind::CertificateFingerprint => {
                "if the certificate was renewed, set the fingerprint that the error shows"
            }
            ErrorKind::ClientCertificate => {
                "set cert_file=/path/client.pem and key_file=/path/client.key, issued by an \
                 authority that the server trusts"
            }
            ErrorKind::NotRelp => {
                "use tcp:// instead of relp://, or the server's port for RELP (rsyslog: imrelp)"
            }
            ErrorKind::Closed => {
                "check whether the server admits this machine (rsyslog: MaxSessions, \
                 $AllowedSender), whether its port speaks TLS, and its own log"
            }
            ErrorKind::Timeout => "check whether the server keeps up, and its own log",
            _ => return None,
        })
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for ShipError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for ShipError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShipError")
            .field("kind", &self.kind)
            .field("server", &self.server)
            .field("message", &self.message)
            .finish()
    }
}

impl error::Error for ShipError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        // The source's text is part of Display already, and would be repeated in a printed chain.
        self.source.as_ref().and_then(|source| source.source())
    }
}
