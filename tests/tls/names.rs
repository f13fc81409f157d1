//! Names that a certificate must not have.

use crate::{
    cases::{Case, Expected, NAME, REFUSED, WRONG_NAME, case},
    certificates::{Pair, Wish, address, dns, email, uri},
    client::Asked,
};

pub(crate) fn names(ca: &Pair, asked: &Asked) -> Vec<Case> {
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
        ("no byte", b""),
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

pub(crate) fn addresses(ca: &Pair, asked: &Asked) -> Vec<Case> {
    let mapped: Vec<u8> = [[0; 10].as_slice(), &[255, 255, 127, 0, 0, 1]].concat();
    let sixteen = |last| [[0; 15].as_slice(), &[last]].concat();
    let wrong = Expected::Words(&["wrong name: "]);
    [
        ("another address", "127.0.0.1", address(&[127, 0, 0, 2]), wrong),
        ("an address as a DNS name", "127.0.0.1", dns(b"127.0.0.1"), wrong),
        ("a wildcard for an address", "127.0.0.1", dns(b"*.0.0.1"), wrong),
        ("an address in another form", "127.0.0.1", address(&mapped), wrong),
        ("five bytes", "127.0.0.1", address(&[127, 0, 0, 1, 0]), REFUSED),
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
