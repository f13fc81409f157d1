//! Descriptions of certificates, for error messages only.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[cfg(feature = "native-tls")]
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::{
    Certificate,
    der::Decode as _,
    ext::pkix::{SubjectAltName, name::GeneralName},
    time::Time,
};

/// The subject as in RFC 4514, such as `CN=logs.example.com`.
pub(super) fn subject(der: &[u8]) -> String {
    let subject = Certificate::from_der(der).map(|all| all.tbs_certificate().subject().to_string());
    readable(&subject.unwrap_or_else(|_| "(not readable)".to_owned()))
}

pub(super) fn issuer(der: &[u8]) -> String {
    let issuer = Certificate::from_der(der).map(|all| all.tbs_certificate().issuer().to_string());
    readable(&issuer.unwrap_or_else(|_| "(not readable)".to_owned()))
}

/// The names and addresses that it is for, up to the limit of what is shown.
pub(super) fn names(der: &[u8]) -> String {
    let all = alternatives(der);
    let mut names: Vec<String> = all.iter().filter_map(told).take(NAMES).collect();
    if all.len() > NAMES {
        names.push(format!("{} more", all.len() - NAMES));
    }
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

pub(super) fn has_dns_names(der: &[u8]) -> bool {
    alternatives(der).iter().any(|name| matches!(name, GeneralName::DnsName(_)))
}

pub(super) fn has_addresses(der: &[u8]) -> bool {
    alternatives(der).iter().any(|name| matches!(name, GeneralName::IpAddress(_)))
}

/// Its validity period, if that can be read.
pub(super) fn validity(der: &[u8]) -> Option<(Time, Time)> {
    let certificate = Certificate::from_der(der).ok()?;
    let validity = certificate.tbs_certificate().validity();
    Some((validity.not_before, validity.not_after))
}

/// The type of its key.
#[cfg(feature = "native-tls")]
pub(super) fn algorithm(der: &[u8]) -> Option<ObjectIdentifier> {
    let certificate = Certificate::from_der(der).ok()?;
    Some(certificate.tbs_certificate().subject_public_key_info().algorithm.oid)
}

fn alternatives(der: &[u8]) -> Vec<GeneralName> {
    let read = |all: Certificate| all.tbs_certificate().get_extension::<SubjectAltName>().ok();
    let extension = Certificate::from_der(der).ok().and_then(read).flatten();
    extension.map(|(_, names)| names.0).unwrap_or_default()
}

fn told(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(readable(name.as_str())),
        GeneralName::IpAddress(bytes) => {
            let bytes = bytes.as_bytes();
            let four = <[u8; 4]>::try_from(bytes).map(|o| IpAddr::from(Ipv4Addr::from(o)));
            let sixteen = <[u8; 16]>::try_from(bytes).map(|o| IpAddr::from(Ipv6Addr::from(o)));
            four.or(sixteen).map(|address| address.to_string()).ok()
        }
        _ => None,
    }
}

/// Untrusted text, made safe for a terminal.
fn readable(text: &str) -> String {
    let whole = text.chars().count();
    let shown = text.chars().take(LONGEST);
    let mut shown: String =
        shown
            .map(|c| {
                if c.is_ascii_control() || c as u32 > 0x7f && !c.is_alphanumeric() {
                    '?'
                } else {
                    c
                }
            })
            .collect();
    if whole > LONGEST {
        shown.push_str("...");
    }
    shown
}

/// A certificate may have thousands.
const NAMES: usize = 8;
const LONGEST: usize = 255;
