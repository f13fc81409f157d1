//! What is read of certificates, keys and files?

use std::time::SystemTime;

use openssl::pkey::PKey;
use rustls_pki_types::{PrivateKeyDer, pem::PemObject as _};

use super::{
    super::{certificate, pkcs8, reject},
    certificates::{Pair, Wish, address, dns, email, p256, p384, rsa},
};
use crate::transport::tls_options::TlsOptions;

fn der(pair: &Pair) -> Vec<u8> {
    pair.certificate.to_der().unwrap()
}

fn bears(names: Vec<Vec<u8>>) -> Vec<u8> {
    der(&Wish::server(&[]).with(|w| w.names = Some(names)).self_signed())
}

#[test]
fn certificate_is_described() {
    let ca = Wish::authority("the authority").self_signed();
    let pair = der(&Wish::server(&["a.example", "b.example"]).signed_by(&ca));
    assert_eq!(certificate::subject(&pair), "CN=a server");
    assert_eq!(certificate::issuer(&pair), "CN=the authority");
    assert_eq!(certificate::names(&pair), "a.example, b.example");
    let (from, until) = certificate::validity(&pair).unwrap();
    let days = |time: SystemTime| {
        let now = SystemTime::now();
        time.duration_since(now).unwrap_or_else(|e| e.duration()).as_secs_f64() / 86_400.0
    };
    assert!((days(from.to_system_time()) - 2.0).abs() < 0.1);
    assert!((days(until.to_system_time()) - 1_000.0).abs() < 0.1);
    for other in [b"".as_slice(), b"no certificate"] {
        assert_eq!(certificate::subject(other), "(not readable)");
        assert_eq!(certificate::issuer(other), "(not readable)");
        assert_eq!(certificate::names(other), "nothing");
        assert!(certificate::validity(other).is_none());
        assert!(!certificate::has_dns_names(other) && !certificate::has_addresses(other));
    }
}

#[test]
fn names_and_addresses_are_told_apart() {
    let name = bears(vec![email("root@a.example"), dns(b"a.example")]);
    let four = bears(vec![address(&[127, 0, 0, 1])]);
    let six = bears(vec![address(&[[0; 15].as_slice(), &[1]].concat())]);
    assert!(certificate::has_dns_names(&name) && !certificate::has_addresses(&name));
    for address in [&four, &six] {
        assert!(!certificate::has_dns_names(address) && certificate::has_addresses(address));
    }
    assert_eq!(certificate::names(&name), "a.example");
    assert_eq!(
        (certificate::names(&four), certificate::names(&six)),
        ("127.0.0.1".into(), "::1".into())
    );
    let many = |count: usize| {
        let all = (0..count).map(|n| dns(format!("{n}.example").as_bytes())).collect();
        certificate::names(&bears(all))
    };
    assert!(many(8).ends_with(", 7.example"), "{}", many(8));
    assert!(many(9).ends_with(", 7.example, 1 more"), "{}", many(9));
    assert!(many(30).ends_with(", 7.example, 22 more"), "{}", many(30));
}

/// What a stranger wrote goes to a terminal.
#[test]
fn a_strangers_words_are_readable_and_bounded() {
    let subject = |name: &str| {
        let mut owner = openssl::x509::X509NameBuilder::new().unwrap();
        owner.append_entry_by_nid(openssl::nid::Nid::ORGANIZATIONNAME, name).unwrap();
        let owner = owner.build();
        let mut made = openssl::x509::X509Builder::new().unwrap();
        let key = p256();
        let pair = Wish::server(&["a.example"]).self_signed();
        made.set_version(2).unwrap();
        made.set_serial_number(pair.certificate.serial_number()).unwrap();
        made.set_subject_name(&owner).unwrap();
        made.set_issuer_name(&owner).unwrap();
        made.set_not_before(pair.certificate.not_before()).unwrap();
        made.set_not_after(pair.certificate.not_after()).unwrap();
        made.set_pubkey(&key).unwrap();
        made.sign(&key, openssl::hash::MessageDigest::sha256()).unwrap();
        certificate::subject(&made.build().to_der().unwrap())
    };
    assert_eq!(subject("Größe & Söhne ~"), "O=Größe & Söhne ~");
    assert_eq!(subject("a\u{1b}[31m\n\u{7f}\u{85}\u{202e}b"), "O=a\\1b[31m\\0a\\7f??b");
    let odd = bears(vec![dns(b"a\x1b]b\x7f~\n.example")]);
    assert_eq!(certificate::names(&odd), "a?]b?~?.example");
    let wide = |count: usize| {
        let all = dns(&[vec![b'x'; count], b".example".to_vec()].concat());
        certificate::names(&bears(vec![all]))
    };
    assert_eq!(wide(247), "x".repeat(247) + ".example");
    assert_eq!(wide(248), "x".repeat(248) + ".exampl...");
}

#[test]
fn a_key_of_any_form_becomes_the_same_key() {
    for key in [p256(), p384(), rsa(2048)] {
        let same = |pem: Vec<u8>| {
            let read = PrivateKeyDer::from_pem_slice(&pem).unwrap();
            let bytes = pkcs8::bytes(&read).unwrap();
            let found = PKey::private_key_from_pkcs8(&bytes).unwrap();
            assert!(found.public_eq(&key), "{}", String::from_utf8_lossy(&pem));
            pkcs8::algorithm(&bytes).unwrap().to_string()
        };
        let is_rsa = key.rsa().is_ok();
        let old_form = match key.ec_key() {
            Ok(key) => key.private_key_to_pem().unwrap(),
            Err(_) => key.rsa().unwrap().private_key_to_pem().unwrap(),
        };
        let expected = if is_rsa { "1.2.840.113549.1.1.1" } else { "1.2.840.10045.2.1" };
        assert_eq!(same(key.private_key_to_pem_pkcs8().unwrap()), expected);
        assert_eq!(same(old_form), expected);
        let pair = Wish::server(&["a"]).with(|w| w.key = Some(key.clone())).self_signed();
        assert_eq!(certificate::algorithm(&der(&pair)).unwrap().to_string(), expected);
    }
    assert!(certificate::algorithm(b"no certificate").is_none());
}

/// A library says that something has expired, and it may be what signed the server's certificate.
#[test]
fn expired_certificate_of_several_is_named() {
    let told = |why: &reject::RejectReason, valid: (i64, i64)| {
        let pair = Wish::server(&["a.example"]).with(|w| w.valid = valid).self_signed();
        let options = TlsOptions::default();
        reject::of_certificate(why, Some(&der(&pair)), "a.example", &options).to_string()
    };
    let expired = &reject::RejectReason::Expired;
    assert!(told(expired, (-20, -10)).contains("expired: it was valid until "));
    assert!(told(expired, (-20, 10)).contains("expired: one of the authorities above it is;"));
    let early = &reject::RejectReason::NotYetValid;
    assert!(told(early, (10, 20)).contains("not yet valid: it is from "));
    assert!(
        told(early, (-10, 20)).contains("not yet valid: one of the authorities above it isn't;")
    );
    let nothing = reject::of_certificate(expired, None, "a.example", &TlsOptions::default());
    assert!(nothing.to_string().ends_with("one of the authorities above it is"));
    let nobody = reject::of_certificate(
        &reject::RejectReason::UnknownAuthority,
        None,
        "a",
        &TlsOptions::default(),
    );
    let words =
        "signed by another, and no path from there leads to an authority that the system trusts";
    assert!(nobody.to_string().contains(words), "{nobody}");
}
