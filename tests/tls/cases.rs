//! Servers that must be rejected, and what the error says of each.

use std::{fs, path::Path};

use openssl::{hash::MessageDigest, ssl::SslVersion};

use crate::{
    certificates::{Pair, Usage, Wish, der, name_constraints, p256, rsa, tampered},
    client::Asked,
    names,
    server::{Behaviour, tls, tls_of},
};

pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) behaviour: Behaviour,
    pub(crate) asked: Asked,
    pub(crate) expected: Expected,
}

/// What is told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expected {
    Timeout,
    /// One of these.
    Words(&'static [&'static str]),
}

pub(crate) const NAME: &str = "logs.example.com";

pub(crate) fn cases(directory: &Path) -> Vec<Case> {
    let ca = Wish::authority("the authority").self_signed();
    let ca_file = directory.join("ca.pem");
    let old = Wish::authority("the old authority").with(|w| w.key = Some(rsa(2048))).self_signed();
    fs::write(&ca_file, [ca.pem(), old.pem()].concat()).unwrap();
    let asked = Asked { ca: Some(ca_file), server_name: Some(NAME), ..Asked::default() };
    let mut all = names::names(&ca, &asked);
    all.extend(names::addresses(&ca, &asked));
    all.extend(paths(&ca, &old, &asked));
    all.extend(usages(&ca, &asked));
    all.extend(fingerprints(&ca, &asked));
    all.extend(peers(&ca, &asked));
    all
}

pub(crate) const WRONG_NAME: Expected =
    Expected::Words(&["wrong name: \"logs.example.com\" was expected"]);
const UNKNOWN: Expected = Expected::Words(&["unknown authority: it is signed by CN="]);
const EXPIRED: Expected = Expected::Words(&["expired: "]);
const NOT_YET: Expected = Expected::Words(&["not yet valid: "]);
const USAGE: Expected = Expected::Words(&["wrong usage: it is not for servers"]);
const WRONG_PIN: Expected =
    Expected::Words(&["wrong fingerprint: it has none of those that are expected; the server \
                       showed CN=a server, sha-256:"]);
/// In the words of the two libraries; what matters is that it is the certificate that is refused.
pub(crate) const REFUSED: Expected = Expected::Words(&["the server's certificate is refused: "]);
const NO_HANDSHAKE: Expected =
    Expected::Words(&["the TLS handshake failed: ", "ended the TLS handshake without an answer"]);

pub(crate) fn case(name: &'static str, pair: &Pair, asked: &Asked, expected: Expected) -> Case {
    Case { name, behaviour: tls(pair), asked: asked.clone(), expected }
}

fn paths(ca: &Pair, old_ca: &Pair, asked: &Asked) -> Vec<Case> {
    let server = || Wish::server(&[NAME]);
    let stranger = Wish::authority("another authority").self_signed();
    let namesake = Wish::authority("the authority").self_signed();
    let middle = |change: fn(&mut Wish)| Wish::authority("in the middle").with(change).below(ca);
    let by_leaf = server().below(&Wish::server(&["other.example"]).below(ca));
    let depth = middle(|w| w.authority = Some(Some(0)));
    let too_deep = server().below(&Wish::authority("too deep").below(&depth));
    let plain = middle(|_| {});
    let mut unlinked = server().below(&plain);
    unlinked.above.clear();
    let mut wrong_middle = server().below(&plain);
    wrong_middle.above = vec![stranger.certificate.clone()];
    let old = |w: &mut Wish| w.valid = (-20, -10);
    let early = |w: &mut Wish| w.valid = (10, 20);
    let excludes = middle(|w| w.more = vec![name_constraints(0xa1, "example.com")]);
    let permits = middle(|w| w.more = vec![name_constraints(0xa0, "other.example")]);
    let with_ca = |certificate: Pair| {
        let mut certificate = certificate;
        certificate.above.push(stranger.certificate.clone());
        certificate
    };
    let of_system = Asked { ca: None, ..asked.clone() };
    vec![
        case("an unknown authority", &server().signed_by(&stranger), asked, UNKNOWN),
        case(
            "an unknown authority that is shown",
            &with_ca(server().signed_by(&stranger)),
            asked,
            UNKNOWN,
        ),
        case("an authority of the same name", &server().signed_by(&namesake), asked, REFUSED),
        case("no authority of the system", &server().signed_by(ca), &of_system, UNKNOWN),
        case("signed by itself", &server().self_signed(), asked, UNKNOWN),
        case(
            "an authority signed by itself",
            &server().with(|w| w.authority = Some(None)).self_signed(),
            asked,
            REFUSED,
        ),
        case("expired", &server().with(old).signed_by(ca), asked, EXPIRED),
        case("not yet valid", &server().with(early).signed_by(ca), asked, NOT_YET),
        case("expired above", &server().below(&middle(old)), asked, EXPIRED),
        case("not yet valid above", &server().below(&middle(early)), asked, NOT_YET),
        case("the one in the middle is missing", &unlinked, asked, UNKNOWN),
        case("another one in the middle", &wrong_middle, asked, UNKNOWN),
        case("signed by a server", &by_leaf, asked, REFUSED),
        case("a path too long", &too_deep, asked, REFUSED),
        case("a domain that is excluded", &server().below(&excludes), asked, REFUSED),
        case("a domain that is not permitted", &server().below(&permits), asked, REFUSED),
        case("a signature with one bit turned", &tampered(server().signed_by(ca)), asked, REFUSED),
        case(
            "a signature over MD5",
            &server().with(|w| w.digest = MessageDigest::md5()).signed_by(old_ca),
            asked,
            REFUSED,
        ),
        case(
            "a signature over SHA-1",
            &server().with(|w| w.digest = MessageDigest::sha1()).signed_by(old_ca),
            asked,
            REFUSED,
        ),
        case(
            "a key of 1024 bits",
            &server().with(|w| w.key = Some(rsa(1024))).signed_by(ca),
            asked,
            Expected::Words(&[
                "the server's certificate is refused: ",
                "the TLS handshake failed: ",
            ]),
        ),
    ]
}

fn usages(ca: &Pair, asked: &Asked) -> Vec<Case> {
    let server = || Wish::server(&[NAME]);
    let unknown = ("1.3.6.1.4.1.32473.1", true, der(0x05, &[]));
    let of_clients = Wish::authority("of clients").with(|w| w.usage = Usage::Client).below(ca);
    vec![
        case("a client", &server().with(|w| w.usage = Usage::Client).signed_by(ca), asked, USAGE),
        case("code", &server().with(|w| w.usage = Usage::CodeSigning).signed_by(ca), asked, USAGE),
        case("below an authority of clients", &server().below(&of_clients), asked, REFUSED),
        case(
            "an authority as a server",
            &server().with(|w| w.authority = Some(None)).signed_by(ca),
            asked,
            REFUSED,
        ),
        case(
            "an extension that nobody knows",
            &server().with(|w| w.more = vec![unknown]).signed_by(ca),
            asked,
            REFUSED,
        ),
    ]
}

fn fingerprints(ca: &Pair, asked: &Asked) -> Vec<Case> {
    let pair = Wish::server(&[NAME]).signed_by(ca);
    let middle = Wish::authority("in the middle").below(ca);
    let below = Wish::server(&[NAME]).below(&middle);
    let other = Wish::server(&[NAME]).signed_by(ca);
    // The key is the same, the certificate isn't.
    let key = p256();
    let renewed = || Wish::server(&[NAME]).with(|w| w.key = Some(key.clone())).signed_by(ca);
    let (before, after) = (renewed(), renewed());
    let stranger = Wish::authority("another authority").self_signed();
    let pins = |pins: &[String]| Asked { fingerprints: pins.to_vec(), ..Asked::default() };
    let both = |pins: &[String]| Asked { fingerprints: pins.to_vec(), ..asked.clone() };
    let mut nearly = pair.sha1_fingerprint();
    let last = if nearly.ends_with('0') { "1" } else { "0" };
    nearly.replace_range(nearly.len() - 1.., last);
    let all = [other.fingerprint(), before.fingerprint(), other.sha1_fingerprint()];
    vec![
        case("another fingerprint", &pair, &pins(&[other.fingerprint()]), WRONG_PIN),
        case("another fingerprint by SHA-1", &pair, &pins(&[other.sha1_fingerprint()]), WRONG_PIN),
        case("a fingerprint with one digit off", &pair, &pins(&[nearly]), WRONG_PIN),
        case("none of several fingerprints", &pair, &pins(&all), WRONG_PIN),
        case("the fingerprint of the authority", &below, &pins(&[ca.fingerprint()]), WRONG_PIN),
        case("the fingerprint in the middle", &below, &pins(&[middle.fingerprint()]), WRONG_PIN),
        case("renewed with the same key", &after, &pins(&[before.fingerprint()]), WRONG_PIN),
        case(
            "the right path, another fingerprint",
            &pair,
            &both(&[other.fingerprint()]),
            WRONG_PIN,
        ),
        {
            let strange = Wish::server(&[NAME]).signed_by(&stranger);
            let asked = both(&[strange.fingerprint()]);
            case("the right fingerprint, another authority", &strange, &asked, UNKNOWN)
        },
        {
            let elsewhere = Wish::server(&["other.example"]).signed_by(ca);
            case(
                "the right fingerprint, another name",
                &elsewhere,
                &both(&[elsewhere.fingerprint()]),
                WRONG_NAME,
            )
        },
    ]
}

fn peers(ca: &Pair, asked: &Asked) -> Vec<Case> {
    let pair = Wish::server(&[NAME]).signed_by(ca);
    let of_1_3 = Asked { min_version: Some("1.3"), ..asked.clone() };
    let no_tls = Expected::Words(&["the server speaks no TLS: it answered"]);
    let no_answer = Expected::Words(&["ended the TLS handshake without an answer"]);
    let peer = |name, behaviour, expected| Case { name, behaviour, asked: asked.clone(), expected };
    let hello = [&[22, 3, 3, 0, 122, 2, 0, 0, 118, 3, 3][..], &[7; 32]].concat();
    let garbage: Vec<u8> = (0..400_u32).map(|n| (n * 193 + 128) as u8).collect();
    vec![
        peer("a server that never answers", Behaviour::Silent, Expected::Timeout),
        peer(
            "a server that stops in the middle",
            Behaviour::Says(hello.clone()),
            Expected::Timeout,
        ),
        peer("a server that closes in the middle", Behaviour::SaysAndCloses(hello), NO_HANDSHAKE),
        peer("a server that closes", Behaviour::Closes, no_answer),
        peer("a server that resets", Behaviour::Resets, no_answer),
        peer("a mail server", Behaviour::Says(b"220 mail.example ESMTP\r\n".to_vec()), no_tls),
        peer(
            "a web server",
            Behaviour::SaysAndCloses(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
            no_tls,
        ),
        peer("a RELP server", Behaviour::Says(b"0 serverclose 0\n".to_vec()), no_tls),
        peer("bytes without sense", Behaviour::Says(garbage), no_tls),
        peer("an alert", Behaviour::SaysAndCloses(vec![21, 3, 3, 0, 2, 2, 40]), NO_HANDSHAKE),
        peer("a goodbye", Behaviour::SaysAndCloses(vec![21, 3, 3, 0, 2, 1, 0]), NO_HANDSHAKE),
        peer(
            "data before the handshake",
            Behaviour::SaysAndCloses(vec![23, 3, 3, 0, 2, 1, 0]),
            NO_HANDSHAKE,
        ),
        peer(
            "a record that is too long",
            Behaviour::SaysAndCloses([&[22, 3, 3, 255, 255][..], &[0; 300]].concat()),
            NO_HANDSHAKE,
        ),
        peer("TLS 1.0", tls_of(&pair, SslVersion::TLS1), NO_HANDSHAKE),
        peer("TLS 1.1", tls_of(&pair, SslVersion::TLS1_1), NO_HANDSHAKE),
        Case {
            name: "TLS 1.2 where 1.3 is asked for",
            behaviour: tls_of(&pair, SslVersion::TLS1_2),
            asked: of_1_3,
            expected: NO_HANDSHAKE,
        },
    ]
}
