//! Tests of server URLs: what is understood, and what errors say.

use super::*;
use crate::Format;

#[test]
fn an_error_shows_no_password() {
    for url in ["tcp://user:hush@h", "tls://hush@h:1", "tcp://u:hu/sh@h", "u:hush@h"] {
        let error = url.parse::<ServerUrl>().unwrap_err().to_string();
        assert!(!error.contains("hush") && error.contains("***@h"), "{error}");
    }
    let error = parse_list("tcp://u:hush,hush@h").unwrap_err().to_string();
    assert!(!error.contains("hush"), "{error}");
    assert_eq!(without_secrets("tcp://a:1, tcp://u:p@b"), "tcp://a:1, tcp://***@b");
    assert_eq!(without_secrets("tcp://u:hu,sh@b,tcp://a"), "tcp://***@b,tcp://a");
    assert_eq!(without_secrets("unix:///dev/log"), "unix:///dev/log");
}

#[test]
fn each_scheme_has_its_port() {
    for (url, shown) in [
        ("udp://logs", "udp://logs:514"),
        ("tcp://logs.example.com:601/", "tcp://logs.example.com:601"),
        ("TLS://[::1]", "tls://[::1]:6514"),
        ("tcp://[fe80::1%25eth0]:1", "tcp://[fe80::1%eth0]:1"),
        ("tcp://[fe80::1%eth0]", "tcp://[fe80::1%eth0]:514"),
        ("unix:///dev/log", "unix:///dev/log"),
        ("srv://_syslog-tls._tcp.example.com", "srv://_syslog-tls._tcp.example.com"),
    ] {
        assert_eq!(url.parse::<ServerUrl>().unwrap().endpoint.to_string(), shown);
    }
}

#[test]
fn options_are_read() {
    let url = "tls://h?ca_file=/etc/ca%20x.pem&server_name=logs&danger_accept_invalid_certs=false";
    let endpoint = url.parse::<ServerUrl>().unwrap().endpoint;
    assert_eq!(endpoint.tls.ca, Some("/etc/ca x.pem".into()));
    assert_eq!(endpoint.server_name(), "logs");
    assert!(!endpoint.tls.danger_accept_invalid_certs);
    let old: ServerUrl = "udp://h?format=rfc3164".parse().unwrap();
    assert_eq!(old.format, Some(Format::Rfc3164));
    assert_eq!("tcp://h?framing=lf".parse::<ServerUrl>().unwrap().endpoint.framing, Framing::Lf);
    assert_eq!(parse_list("tcp://a, tcp://b").unwrap().len(), 2);
}

#[test]
fn a_bad_url_is_quoted_and_the_rule_named() {
    for (url, rule) in [
        ("", "expected"),
        ("logs.example.com:514", "expected"),
        ("http://h", "unknown scheme"),
        ("tcp://", "host is missing"),
        ("tcp://h:0", "port"),
        ("tcp://h:70000", "port"),
        ("tcp://h:x", "port"),
        ("tcp://a b", "invalid host"),
        ("tcp://[::1", "bracket"),
        ("tcp://[x]:1", "IPv6"),
        ("udp://::1", "[::1]"),
        ("tcp://[fe80::1%]", "IPv6"),
        ("tcp://[fe80::1%a/b]", "IPv6"),
        ("tcp://[::1]x", "bracket"),
        ("unix://dev/log", "absolute"),
        ("tcp://h?framing=crlf", "framing"),
        ("tcp://h?format=xml", "invalid format"),
        ("tcp://h?ca_file=/x", "unknown option"),
        ("tls://h?framing=lf", "unknown option"),
        ("tls://h?cert_file=/x", "key"),
        ("tls://h?key_file=/x", "cert"),
        ("tls://h?danger_accept_invalid_certs=yes", "true or false"),
        ("tcp://h?framing", "value"),
        ("tls://h?ca_file=%zz", "hexadecimal"),
    ] {
        let error = url.parse::<ServerUrl>().unwrap_err().to_string();
        assert!(error.contains(&format!("{url:?}")) && error.contains(rule), "{error}");
    }
}

#[test]
fn a_certificate_bears_no_zone() {
    let endpoint = "tls://[fe80::1%25eth0]".parse::<ServerUrl>().unwrap().endpoint;
    assert_eq!((endpoint.server_name(), &*endpoint.host), ("fe80::1", "fe80::1%eth0"));
}
