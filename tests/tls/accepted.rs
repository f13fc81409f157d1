//! Servers that must be accepted, and what is known of them.

use std::{fs, path::Path};

use logship::{ConnectionInfo, TlsVersion};
use openssl::ssl::SslVersion;
use tempfile::TempDir;

use crate::{
    cases::NAME,
    certificates::{Pair, Usage, Wish, address, dns, p384, rsa},
    client::{Asked, Library, MARKER, PATIENCE, RECORDS, build, log},
    server::{Behaviour, Server, tls, tls_of, tls_with},
};

struct Good {
    name: &'static str,
    behaviour: Behaviour,
    asked: Asked,
    version: TlsVersion,
    fingerprint: String,
}

fn good(name: &'static str, pair: &Pair, asked: Asked) -> Good {
    let fingerprint = pair.fingerprint();
    Good { name, behaviour: tls(pair), asked, version: TlsVersion::Tls13, fingerprint }
}

fn all(directory: &Path) -> Vec<Good> {
    let ca = Wish::authority("the authority").self_signed();
    let ca_file = directory.join("ca.pem");
    fs::write(&ca_file, ca.pem()).unwrap();
    let named =
        |name| Asked { ca: Some(ca_file.clone()), server_name: Some(name), ..Asked::default() };
    let pinned = |pin: String| Asked { fingerprints: vec![pin], ..Asked::default() };
    let server = || Wish::server(&[NAME]);
    let bears = |names: Vec<Vec<u8>>| Wish::server(&[]).with(|w| w.names = Some(names));
    let pair = server().signed_by(&ca);
    let mut all = vec![
        good("the name", &pair, named(NAME)),
        good("the name in capitals", &pair, named("LOGS.Example.COM")),
        good("the name with its dot", &pair, named("logs.example.com.")),
        good(
            "the name in capitals there",
            &Wish::server(&["Logs.EXAMPLE.com"]).signed_by(&ca),
            named(NAME),
        ),
        good(
            "one of several names",
            &Wish::server(&["a.example", "b.example", NAME]).signed_by(&ca),
            named(NAME),
        ),
        good(
            "a wildcard for one label",
            &Wish::server(&["*.example.com"]).signed_by(&ca),
            named(NAME),
        ),
        good(
            "an international name",
            &Wish::server(&["xn--mnchen-3ya.example"]).signed_by(&ca),
            named("münchen.example"),
        ),
        good(
            "an address",
            &bears(vec![address(&[127, 0, 0, 1])]).signed_by(&ca),
            named("127.0.0.1"),
        ),
        good(
            "an address beside a name",
            &bears(vec![dns(b"x.example"), address(&[127, 0, 0, 1])]).signed_by(&ca),
            named("127.0.0.1"),
        ),
        good(
            "an IPv6 address",
            &bears(vec![address(&[[0; 15].as_slice(), &[1]].concat())]).signed_by(&ca),
            named("::1"),
        ),
        good(
            "the host of the URL",
            &bears(vec![address(&[127, 0, 0, 1])]).signed_by(&ca),
            Asked { server_name: None, ..named(NAME) },
        ),
        good(
            "one in the middle",
            &server().below(&Wish::authority("in the middle").below(&ca)),
            named(NAME),
        ),
        good(
            "two in the middle",
            &server().below(&Wish::authority("below").below(&Wish::authority("above").below(&ca))),
            named(NAME),
        ),
        good(
            "no usage at all",
            &server().with(|w| w.usage = Usage::None).signed_by(&ca),
            named(NAME),
        ),
        good("an RSA key", &server().with(|w| w.key = Some(rsa(2048))).signed_by(&ca), named(NAME)),
        good(
            "a key on P-384",
            &server().with(|w| w.key = Some(p384())).signed_by(&ca),
            named(NAME),
        ),
        good(
            "an Ed25519 key",
            &server()
                .with(|w| w.key = Some(openssl::pkey::PKey::generate_ed25519().unwrap()))
                .signed_by(&ca),
            named(NAME),
        ),
        good("1.3 asked for", &pair, Asked { min_version: Some("1.3"), ..named(NAME) }),
    ];
    all.push(Good {
        behaviour: tls_of(&pair, SslVersion::TLS1_2),
        version: TlsVersion::Tls12,
        ..good("TLS 1.2", &pair, named(NAME))
    });
    // RFC 9662 section 4: what every implementation has to offer.
    let rsa = server().with(|w| w.key = Some(rsa(2048))).signed_by(&ca);
    all.push(Good {
        behaviour: tls_with(&rsa, |context| {
            context.set_max_proto_version(Some(SslVersion::TLS1_2)).unwrap();
            context.set_cipher_list("ECDHE-RSA-AES128-GCM-SHA256").unwrap();
        }),
        version: TlsVersion::Tls12,
        ..good("the cipher that all have", &rsa, named(NAME))
    });
    let own = server().self_signed();
    let old = server().with(|w| w.valid = (-20, -10)).self_signed();
    let strange = Wish::server(&["other.example"]).with(|w| w.usage = Usage::Client).self_signed();
    let other = server().self_signed().fingerprint();
    all.extend([
        good("a fingerprint", &own, pinned(own.fingerprint())),
        good("a fingerprint by SHA-1", &own, pinned(own.sha1_fingerprint())),
        good("a fingerprint in small letters", &own, pinned(own.fingerprint().to_lowercase())),
        good(
            "the last of several",
            &own,
            Asked { fingerprints: vec![other, own.fingerprint()], ..Asked::default() },
        ),
        good("a fingerprint of what has expired", &old, pinned(old.fingerprint())),
        good("a fingerprint of another name", &strange, pinned(strange.fingerprint())),
        good("a fingerprint of an authority", &ca, pinned(ca.fingerprint())),
        good(
            "the path and the fingerprint",
            &pair,
            Asked { fingerprints: vec![pair.fingerprint()], ..named(NAME) },
        ),
        good("itself named as the authority", &own, {
            let file = directory.join("own.pem");
            fs::write(&file, own.pem()).unwrap();
            Asked { ca: Some(file), ..named(NAME) }
        }),
    ]);
    all
}

#[test]
fn accepted_server_gets_everything_and_is_reported() {
    let directory = TempDir::new().unwrap();
    for good in all(directory.path()) {
        for library in Library::BOTH {
            for is_url in [true, false] {
                assert_delivered(&good, library, is_url);
            }
        }
    }
}

fn assert_delivered(good: &Good, library: Library, is_url: bool) {
    let name = format!("{}, {library:?}, URL {is_url}", good.name);
    let server = Server::start(good.behaviour.clone());
    let (handle, troubles) = build(if is_url {
        logship::builder("app").servers(good.asked.url("tls", server.port, library))
    } else {
        good.asked.builder("tls", server.port, library)
    });
    log(&handle, RECORDS);
    assert!(handle.flush(PATIENCE), "{name}: {:?}", troubles.try_iter().collect::<Vec<_>>());
    let stats = handle.stats();
    assert_eq!((stats.captured, stats.dropped), (RECORDS, 0), "{name}");
    let Some(ConnectionInfo { server: at, tls: Some(security), .. }) = handle.connection() else {
        panic!("{name}: not connected");
    };
    assert_eq!(at, format!("tls://127.0.0.1:{}", server.port), "{name}");
    assert_eq!((security.version, security.is_verified), (Some(good.version), true), "{name}");
    assert_eq!(security.fingerprint, good.fingerprint, "{name}");
    assert!(security.subject.starts_with("CN="), "{name}: {security:?}");
    assert_eq!(security.own_fingerprint, None);
    drop(handle);
    assert_eq!(frames(&server.recorded().plain), RECORDS, "{name}");
    assert_eq!(troubles.try_iter().next(), None, "{name}");
}

/// Counts bytes, frame by frame: RFC 5425 section 4.3.
pub(crate) fn frames(mut plain: &[u8]) -> u64 {
    let mut count = 0;
    while let Some(at) = plain.iter().position(|byte| *byte == b' ') {
        let length: usize = std::str::from_utf8(&plain[..at]).unwrap().parse().unwrap();
        let frame = &plain[at + 1..at + 1 + length];
        assert!(String::from_utf8_lossy(frame).contains(&format!("{MARKER} {count}")));
        plain = &plain[at + 1 + length..];
        count += 1;
    }
    assert!(plain.is_empty());
    count
}

/// More than the socket takes at once, so that a library has to come back with the rest.
#[test]
fn flood_arrives_intact_with_either_library() {
    let pair = Wish::server(&[NAME]).self_signed();
    for library in Library::BOTH {
        let server = Server::tls(&pair);
        let asked = Asked { fingerprints: vec![pair.fingerprint()], ..Asked::default() };
        let url = asked.url("tls", server.port, library);
        let handle = logship::builder("app").servers(url).build().unwrap();
        let count = 20_000;
        log(&handle, count);
        assert!(handle.flush(PATIENCE), "{library:?}: {:?}", handle.stats());
        let stats = handle.stats();
        assert_eq!((stats.captured, stats.dropped), (count, 0), "{library:?}");
        drop(handle);
        assert_eq!(frames(&server.recorded().plain), count, "{library:?}");
    }
}

#[test]
fn accepting_invalid_certificates_is_reported() {
    let pair = Wish::server(&["other.example"]).with(|w| w.valid = (-20, -10)).self_signed();
    for library in Library::BOTH {
        let server = Server::tls(&pair);
        let url = Asked::default().url("tls", server.port, library);
        let url = format!("{url}&danger_accept_invalid_certs=true");
        let (handle, troubles) = build(logship::builder("app").servers(url));
        let told = troubles.try_iter().next().expect("it is told before anything is sent");
        assert!(told.contains("danger_accept_invalid_certs is set: whoever answers"), "{told}");
        log(&handle, RECORDS);
        assert!(handle.flush(PATIENCE), "{library:?}");
        let security = handle.connection().and_then(|to| to.tls).unwrap();
        assert!(!security.is_verified && security.fingerprint == pair.fingerprint());
        drop(handle);
        assert_eq!(frames(&server.recorded().plain), RECORDS, "{library:?}");
    }
}
