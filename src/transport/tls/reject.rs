//! Error texts for rejected servers.

use std::{io, time::SystemTime};

use super::certificate;
use crate::{
    ErrorKind,
    transport::{
        failure::{failure, is_client_alert},
        fingerprint::Fingerprint,
        tls_options::TlsOptions,
    },
};

/// Why a server's certificate was rejected.
#[derive(Debug)]
pub(super) enum RejectReason {
    /// It is for other names.
    Name,
    /// It has no name, except perhaps a common name.
    NoName,
    Expired,
    NotYetValid,
    UnknownAuthority,
    /// It is not a server certificate.
    Usage,
    /// It has none of the fingerprints.
    Pin,
    /// The library's reason.
    Other(String),
}

/// Why a handshake failed.
pub(super) enum HandshakeError {
    /// The certificate was rejected; it is included if the library reports it.
    Certificate(RejectReason, Option<Vec<u8>>),
    Handshake(io::Error),
}

impl RejectReason {
    fn kind(&self) -> ErrorKind {
        match self {
            RejectReason::Name | RejectReason::NoName => ErrorKind::CertificateName,
            RejectReason::Expired => ErrorKind::CertificateExpired,
            RejectReason::NotYetValid => ErrorKind::CertificateNotYetValid,
            RejectReason::UnknownAuthority => ErrorKind::CertificateAuthority,
            RejectReason::Usage => ErrorKind::CertificateUsage,
            RejectReason::Pin => ErrorKind::CertificateFingerprint,
            RejectReason::Other(_) => ErrorKind::Certificate,
        }
    }
}

pub(super) fn of_certificate(
    why: &RejectReason,
    shown: Option<&[u8]>,
    name: &str,
    options: &TlsOptions,
) -> io::Error {
    let dates = shown.and_then(certificate::validity);
    let names = || shown.map_or_else(|| "others".to_owned(), certificate::names);
    let reason = match why {
        RejectReason::Name => {
            format!("wrong name: {name:?} was expected, and it is for {}", names())
        }
        RejectReason::NoName => format!(
            "wrong name: {name:?} was expected, and it is for {}; the common name is not looked at \
             (RFC 9525 section 6.3)",
            names()
        ),
        RejectReason::Expired => match dates.map(|(_, end)| end) {
            Some(end) if end.to_system_time() < SystemTime::now() => {
                format!("expired: it was valid until {}", end.to_date_time())
            }
            _ => "expired: one of the authorities above it is".to_owned(),
        },
        RejectReason::NotYetValid => match dates.map(|(begin, _)| begin) {
            Some(begin) if begin.to_system_time() > SystemTime::now() => {
                format!("not yet valid: it is from {} on", begin.to_date_time())
            }
            _ => "not yet valid: one of the authorities above it isn't".to_owned(),
        },
        RejectReason::UnknownAuthority => format!(
            "unknown authority: it is signed by {}, and no path from there leads to {}",
            shown.map_or_else(|| "another".to_owned(), certificate::issuer),
            match &options.ca {
                Some(ca) => format!("ca_file={}", ca.display()),
                None => "an authority that the system trusts".to_owned(),
            }
        ),
        RejectReason::Usage => "wrong usage: it is not for servers".to_owned(),
        RejectReason::Pin => "wrong fingerprint: it has none of those that are expected".to_owned(),
        RejectReason::Other(words) => words.clone(),
    };
    let shown = shown.map(|shown| {
        let fingerprint = Fingerprint::sha256(shown);
        format!("; the server showed {}, {fingerprint}", certificate::subject(shown))
    });
    let shown = shown.unwrap_or_default();
    failure(why.kind(), format!("the server's certificate is refused: {reason}{shown}"))
}

/// The handshake ended before the server showed a certificate, or the server rejected us.
pub(super) fn of_handshake(error: &io::Error, heard: &[u8]) -> io::Error {
    match heard.first() {
        None => failure(
            ErrorKind::Closed,
            format!("the server ended the TLS handshake without an answer: {error}"),
        ),
        // The content types of TLS records, RFC 8446 section 5.1.
        Some(20..=23) => {
            let kind = match is_client_alert(error) {
                true => ErrorKind::ClientCertificate,
                false => ErrorKind::TlsHandshake,
            };
            failure(kind, format!("the TLS handshake failed: {error}"))
        }
        Some(_) => {
            let shown =
                String::from_utf8_lossy(heard.get(..heard.len().min(40)).unwrap_or_default());
            failure(ErrorKind::NotTls, format!("the server speaks no TLS: it answered {shown:?}"))
        }
    }
}
