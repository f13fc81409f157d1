//! Who must not get anything, and what is told of each?

use std::{fs, path::Path};

use openssl::{hash::MessageDigest, ssl::SslVersion};

use crate::{
    certificates::{
        Pair, Usage, Wish, address, der, dns, email, name_constraints, p256, rsa, tampered, uri,
    },
    client::Asked,
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

pub(crate) fn cases(folder: &Path) -> Vec<Case> {
    let ca = Wish::authority("the authority").self_signed();
    let ca_file = folder.join("ca.pem");
    let old = Wish::authority("the old authority").with(|w| w.key = Some(rsa(2048))).self_signed();
    fs::write(&ca_file, [ca.pem(), old.pem()].concat()).unwrap();
    let asked = Asked { ca: Some(ca_file), server_name: Some(NAME), ..Asked::default() };
    let mut all = names(&ca, &asked);
    all.extend(addresses(&ca, &asked));
    all.extend(paths(&ca, &old, &asked));
    all.extend(usages(&ca, &asked));
    all.extend(fingerprints(&ca, &asked));
    all.extend(peers(&ca, &asked));
    all
}

const WRONG_NAME: Expected = Expected::Words(&["wrong name: \"logs.example.com\" was expected"]);
const UNKNOWN: Expected = Expected::Words(&["unknown authority: it is signed by CN="]);
const EXPIRED: Expected = Expected::Words(&["expired: "]);
const NOT_YET: Expected = Expected::Words(&["not yet valid: "]);
const USAGE: Expected = Expected::Words(&["wrong usage: it is not for servers"]);
const WRONG_PIN: Expected =
    Expected::Words(&["wrong fingerprint: it has none of those that are expected; the server \
                       showed CN=a server, sha-256:"]);
/// In the words of the two libraries; what matters is that it is the certificate that is refused.
const REFUSED: Expected = Expected::Words(&["the server's certificate is refused: "]);
const NO_HANDSHAKE: Expected =
    Expected::Words(&["the TLS handshake failed: ", "ended the TLS handshake without an answer"]);

fn case(name: &'static str, pair: &Pair, asked: &Asked, expected: Expected) -> Case {
    Case { name, behaviour: tls(pair), asked: asked.clone(), expected }
}

fn names(ca: &Pair, asked: &Asked) -> Vec<Case> {
    let mut all = Vec::new();
    let texts: [(&'static str, &[u8]); 27] = [
        ("another name", b"other.example"),
        ("the domain above", b"example.com"),
        ("a name below", b"a.logs.example.com"),
        ("a longer label", b"xlogs.example.com"),
        ("a shorter label", b"ogs.example.com"),
        ("the name with a domain behind it", b"logs.example.com.evil.example"),
        ("the name without its end", b"logs.example"),
        ("a wildcard alone", b"*"),
        ("a wildcard for two labels", b"*.com"),
        ("wildcards for two labels", b"*.*.com"),
        ("a wildcard below", b"*.logs.example.com"),
        ("a part of a label, at its end", b"l*.example.com"),
        ("a part of a label, at its begin", b"*s.example.com"),
        ("a part of a label, in its middle", b"l*s.example.com"),
        ("a wildcard beside a whole label", b"*logs.example.com"),
        ("two wildcards in a label", b"**.example.com"),
        ("a wildcard in the middle", b"logs.*.com"),
        ("a wildcard at the end", b"logs.example.*"),
        ("a wildcard in ASCII compatible encoding", b"xn--*.example.com"),
        ("a NUL and another domain", b"logs.example.com\0.evil.example"),
        ("a NUL at the end", b"logs.example.com\0"),
        ("a dot before", b".logs.example.com"),
        ("a dot and the domain", b".example.com"),
        ("no octet", b""),
        ("a blank before", b" logs.example.com"),
        ("a blank behind", b"logs.example.com "),
        ("two names in one", b"logs.example.com,other.example"),
    ];
    for (name, text) in texts {
        let pair = Wish::server(&[]).with(|w| w.names = Some(vec![dns(text)])).signed_by(ca);
        // Some of these are no names at all, and one library refuses the whole certificate.
        let expected = match text {
            [] | [.., 0 | b' '] | [b' ' | b'.', ..] => REFUSED,
            text if text.contains(&0) || text.contains(&b',') => REFUSED,
            _ => WRONG_NAME,
        };
        all.push(case(name, &pair, asked, expected));
    }
    let common = |names: Option<Vec<Vec<u8>>>| {
        let wish = Wish::server(&[]).with(|w| w.common_name = NAME);
        wish.with(|w| w.names = names).signed_by(ca)
    };
    for (name, names) in [
        ("only a common name", None),
        ("the common name beside another name", Some(vec![dns(b"other.example")])),
        ("the common name beside an address", Some(vec![address(&[127, 0, 0, 1])])),
        ("the common name beside a mailbox", Some(vec![email("root@logs.example.com")])),
        ("the name in a mailbox", Some(vec![email("logs.example.com")])),
        ("the name in a URI", Some(vec![uri("https://logs.example.com/")])),
        ("the common name beside no name", Some(Vec::new())),
    ] {
        let expected = if names.as_ref().is_some_and(Vec::is_empty) { REFUSED } else { WRONG_NAME };
        all.push(case(name, &common(names), asked, expected));
    }
    let mut other = |name, expected: &'static str, bears: &[u8], words| {
        let pair = Wish::server(&[]).with(|w| w.names = Some(vec![dns(bears)])).signed_by(ca);
        all.push(case(name, &pair, &Asked { server_name: Some(expected), ..asked.clone() }, words));
    };
    let wrong = Expected::Words(&["wrong name: "]);
    other("a wildcard for a domain under the root", "example.com", b"*.com", wrong);
    other("a wildcard without a label for it", "example.com", b"*.example.com", wrong);
    other("a wildcard for more labels", "a.b.example.com", b"*.example.com", wrong);
    other(
        "an international name as it is written",
        "münchen.example",
        "münchen.example".as_bytes(),
        REFUSED,
    );
    other("another international name", "münchen.example", b"xn--mnchen-3yb.example", wrong);
    other("a part of an encoded label", "münchen.example", b"xn--m*.example", wrong);
    all
}

fn addresses(ca: &Pair, asked: &Asked) -> Vec<Case> {
    let mapped: Vec<u8> = [[0; 10].as_slice(), &[255, 255, 127, 0, 0, 1]].concat();
    let sixteen = |last| [[0; 15].as_slice(), &[last]].concat();
    let wrong = Expected::Words(&["wrong name: "]);
    [
        ("another address", "127.0.0.1", address(&[127, 0, 0, 2]), wrong),
        ("an address as a DNS name", "127.0.0.1", dns(b"127.0.0.1"), wrong),
        ("a wildcard for an address", "127.0.0.1", dns(b"*.0.0.1"), wrong),
        ("an address in another form", "127.0.0.1", address(&mapped), wrong),
        ("five octets", "127.0.0.1", address(&[127, 0, 0, 1, 0]), REFUSED),
        ("a network", "127.0.0.1", address(&[127, 0, 0, 1, 255, 255, 255, 255]), REFUSED),
        ("another IPv6 address", "::1", address(&sixteen(2)), wrong),
        ("an IPv6 address as a DNS name", "::1", dns(b"::1"), REFUSED),
        ("a name where an address is expected", "127.0.0.1", dns(b"localhost"), wrong),
        ("an address where a name is expected", "localhost", address(&[127, 0, 0, 1]), wrong),
    ]
    .into_iter()
    .map(|(name, expected_name, bears, words)| {
        let wish = Wish::server(&[]).with(|w| w.names = Some(vec![bears]));
        let wish = wish.with(|w| w.common_name = "127.0.0.1");
        let asked = Asked { server_name: Some(expected_name), ..asked.clone() };
        case(name, &wish.signed_by(ca), &asked, words)
    })
    .collect()
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
        peer("octets without sense", Behaviour::Says(garbage), no_tls),
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
