//! What a server has to prove (RFC 5425 sections 4.2.1 and 5).

use std::net::IpAddr;

use rustls_pki_types::CertificateDer;

use super::{RejectReason, certificate};
use crate::{transport::fingerprint::Fingerprint, transport::tls_options::TlsOptions};

/// Leaving a setting out never extends trust: trusting anyone has an explicit variant.
pub(super) enum Trust {
    /// A chain to a configured authority, or to one of the system's, with the right name; and one
    /// of the fingerprints, if there are any.
    Authorities { named: Option<Vec<CertificateDer<'static>>>, pins: Vec<Fingerprint> },
    /// One of the fingerprints, which suffices: chain, name and dates are not checked.
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

    /// The checks that the libraries lack; to be made on every connection before anything is sent.
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
        // What is not a certificate, or has no name, is rejected before its fingerprint counts.
        assert!(matches!(authorities.check(b"abc", "a"), Err(RejectReason::NoName)));
        assert!(matches!(authorities.check(b"abc", "127.0.0.1"), Err(RejectReason::NoName)));
        assert!(!Trust::Anyone.asks_for_something() && Trust::Anyone.check(b"", "a").is_ok());
    }
}
