//! I/O errors with a kind of `ErrorKind`.

use std::{
    error, fmt,
    io::{self, ErrorKind as Io},
};

use crate::ErrorKind;

/// The inner error of an `io::Error` of this crate.
#[derive(Debug)]
struct Failure {
    kind: ErrorKind,
    message: String,
}

/// An I/O error of this kind.
pub(crate) fn failure(kind: ErrorKind, message: impl Into<String>) -> io::Error {
    let class = match kind {
        ErrorKind::NameServer | ErrorKind::Unreachable | ErrorKind::Timeout => Io::TimedOut,
        ErrorKind::Closed => Io::UnexpectedEof,
        ErrorKind::ConnectionRefused => Io::ConnectionRefused,
        ErrorKind::NotRelp => Io::InvalidData,
        ErrorKind::CertificateExpired
        | ErrorKind::CertificateNotYetValid
        | ErrorKind::CertificateName
        | ErrorKind::CertificateAuthority
        | ErrorKind::CertificateUsage
        | ErrorKind::CertificateFingerprint
        | ErrorKind::Certificate => Io::PermissionDenied,
        _ => Io::Other,
    };
    io::Error::new(class, Failure { kind, message: message.into() })
}

/// The error of a name that cannot be resolved.
pub(crate) fn not_found(host: &str, error: &dyn fmt::Display) -> io::Error {
    failure(ErrorKind::NameNotFound, format!("{host:?} was not found: {error}"))
}

/// The kind of this error.
pub(crate) fn kind(error: &io::Error) -> ErrorKind {
    if let Some(failure) = error.get_ref().and_then(|inner| inner.downcast_ref::<Failure>()) {
        return failure.kind;
    }
    match error.kind() {
        Io::ConnectionRefused => ErrorKind::ConnectionRefused,
        Io::NotFound => ErrorKind::ConnectionRefused,
        Io::HostUnreachable | Io::NetworkUnreachable | Io::NetworkDown => ErrorKind::Unreachable,
        Io::TimedOut => ErrorKind::Timeout,
        _ if is_client_alert(error) => ErrorKind::ClientCertificate,
        Io::UnexpectedEof | Io::ConnectionReset | Io::ConnectionAborted | Io::BrokenPipe => {
            ErrorKind::Closed
        }
        _ if is_shortage(error) => ErrorKind::NoBufferSpace,
        _ => ErrorKind::Other,
    }
}

/// Whether the system is short of memory, or a network card's queue is full.
pub(super) fn is_shortage(error: &io::Error) -> bool {
    error.raw_os_error().is_some_and(|code| SHORTAGES.contains(&code))
}

#[cfg(not(windows))]
const SHORTAGES: [i32; 2] = [libc::ENOBUFS, libc::ENOMEM];
/// `WSAENOBUFS`: Windows sockets have their own error numbers, not the C library's.
#[cfg(windows)]
const SHORTAGES: [i32; 1] = [10055];

/// Whether the server ended the TLS session because of our certificate, or the lack of one. With
/// TLS 1.3 that happens after the handshake, and both libraries report it as text only.
pub(crate) fn is_client_alert(error: &io::Error) -> bool {
    let text = error.to_string().to_ascii_lowercase().replace([' ', '_'], "");
    text.contains("alert")
        && ["certificate", "unknownca", "accessdenied"].iter().any(|sign| text.contains(sign))
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl error::Error for Failure {}
