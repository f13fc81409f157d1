//! What a server has to prove (RFC 5425 sections 4.2.1 and 5).

use std::net::IpAddr;

use rustls_pki_types::CertificateDer;

use super::{RejectReason, certificate};
use crate::{transport::fingerprint::Fingerprint, transport::tls_options::TlsOptions};

/// Nothing is trusted by leaving something out: the one way to trust anyone has a name.
pub(super) enum Trust {
    /// A path to one of the named authorities, or to one of the system's, with the right name;
    /// and one of the fingerprints, if there are any.
    Authorities { named: Option<Vec<CertificateDer<'static>>>, pins: Vec<Fingerprint> },
    /// One of the fingerprints, which says it all: no path, no name, no dates.
    Pinned(Vec<Fingerprint>),
    /// `danger_accept_invalid_certs=true`.
    Anyone,
}

impl Trust {
    pub(super) fn new(options: &TlsOptions, named: Option<Vec<CertificateDer<'static>>>) -> Self {
        let pins = options.fingerprints.clone();
        if options.danger_accept_invalid_certs {
            Trust::Anyone
        } else if named.is_none() && !pins.is_empty() {
            Trust::Pinned(pins)
        } else {
            Trust::Authorities { named, pins }
        }
    }

    pub(super) fn asks_for_something(&self) -> bool {
        !matches!(self, Trust::Anyone)
    }

    /// What no library looks at; to be asked of every connection before anything is sent.
    pub(super) fn check(&self, shown: &[u8], name: &str) -> Result<(), RejectReason> {
        match self {
            Trust::Anyone => Ok(()),
            Trust::Pinned(pins) => check_pins(pins, shown),
            Trust::Authorities { pins, .. } => {
                // OpenSSL falls back to the common name, which RFC 9525 section 6.3 forbids.
                let has_name = match name.parse::<IpAddr>() {
                    Ok(_) => certificate::has_addresses(shown),
                    Err(_) => certificate::has_dns_names(shown),
                };
                if !has_name {
                    return Err(RejectReason::NoName);
                }
                if pins.is_empty() { Ok(()) } else { check_pins(pins, shown) }
            }
        }
    }
}

fn check_pins(pins: &[Fingerprint], shown: &[u8]) -> Result<(), RejectReason> {
    if pins.iter().any(|pin| pin.is_of(shown)) { Ok(()) } else { Err(RejectReason::Pin) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_danger_asks_for_nothing() {
        let pins = || vec![Fingerprint::sha256(b"other"), Fingerprint::sha256(b"abc")];
        let pinned = Trust::Pinned(pins());
        assert!(pinned.asks_for_something() && pinned.check(b"abc", "a").is_ok());
        assert!(matches!(pinned.check(b"abd", "a"), Err(RejectReason::Pin)));
        let authorities = Trust::Authorities { named: None, pins: pins() };
        assert!(authorities.asks_for_something());
        // What no certificate is, or none with a name, is refused before its fingerprint counts.
        assert!(matches!(authorities.check(b"abc", "a"), Err(RejectReason::NoName)));
        assert!(matches!(authorities.check(b"abc", "127.0.0.1"), Err(RejectReason::NoName)));
        assert!(!Trust::Anyone.asks_for_something() && Trust::Anyone.check(b"", "a").is_ok());
    }
}
