//! The ClientHello on the wire (RFC 9662 sections 4 and 6, RFC 8446 section 4.1.2).

use std::time::{Duration, Instant};

use openssl::ssl::{SslOptions, SslVersion};

use crate::{
    cases::NAME,
    certificates::{Pair, Wish},
    client::{Asked, Library, PATIENCE, RECORDS, build, log},
    server::{Behaviour, Server, tls_with},
};

/// What is asked of a server, as far as it is looked at here.
#[derive(Debug, PartialEq)]
struct Hello {
    suites: Vec<u16>,
    /// Kinds, each with its content.
    extensions: Vec<(u16, Vec<u8>)>,
}

impl Hello {
    fn extension(&self, kind: u16) -> Option<&[u8]> {
        self.extensions.iter().find(|(found, _)| *found == kind).map(|(_, content)| &content[..])
    }

    /// Versions in the order of preference; where there are none, TLS 1.2 is all that is offered.
    fn versions(&self) -> Vec<u16> {
        self.extension(SUPPORTED_VERSIONS).map(|content| numbers(&content[1..])).unwrap_or_default()
    }
}

#[test]
fn the_cipher_that_all_have_is_offered() {
    for library in Library::BOTH {
        let hello = hello_to_anyone(library, None);
        assert!(hello.suites.contains(&ECDHE_RSA_AES_128_GCM_SHA256), "{library:?}: {hello:x?}");
    }
}

#[test]
fn forward_secret_ciphers_are_offered_first() {
    for library in Library::BOTH {
        let hello = hello_to_anyone(library, None);
        let last = hello.suites.iter().rposition(|suite| has_forward_secrecy(*suite));
        let (with, without) = hello.suites.split_at(last.expect("some have it") + 1);
        assert!(with.iter().all(|suite| has_forward_secrecy(*suite)), "{library:?}: {hello:x?}");
        assert!(!with.contains(&RSA_AES_128_CBC_SHA), "{library:?}: {hello:x?}");
        // One library has it for servers from long ago, the other never had it.
        let is_there = without.contains(&RSA_AES_128_CBC_SHA);
        assert!(!is_there || library == Library::System, "{hello:x?}");
    }
}

#[test]
fn tls_1_3_is_offered_first_and_nothing_too_old() {
    for library in Library::BOTH {
        assert_eq!(hello_to_anyone(library, None).versions(), [TLS_1_3, TLS_1_2], "{library:?}");
        assert_eq!(hello_to_anyone(library, Some("1.3")).versions(), [TLS_1_3], "{library:?}");
    }
}

/// The server invites to both by its tickets.
#[test]
fn no_connection_resumes_another_or_sends_early_data() {
    let pair = Wish::server(&[NAME]).self_signed();
    for library in Library::BOTH {
        for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
            let server = Server::start(inviting(&pair, version));
            let asked = Asked { fingerprints: vec![pair.fingerprint()], ..Asked::default() };
            let url = format!("{}&resend_buffer=0", asked.url("tls", server.port, library));
            let (handle, troubles) = build(logship::builder("app").servers(url));
            let what = format!("{library:?}, {version:?}");
            for connections in 1..=3 {
                log(&handle, RECORDS);
                assert!(handle.flush(PATIENCE), "{what}: {:?}", troubles.try_iter().next());
                assert_eq!(server.recorded().connections, connections, "{what}");
                server.hang_up();
                // The end has to be noticed before more is written.
                let begin = Instant::now();
                while handle.connection().is_some() && begin.elapsed() < PATIENCE {
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
            drop(handle);
            let recorded = server.recorded();
            let hellos = hellos(&recorded.raw);
            assert_eq!(hellos.len(), recorded.connections, "{what}");
            for hello in hellos {
                for kind in [PRE_SHARED_KEY, EARLY_DATA] {
                    assert_eq!(hello.extension(kind), None, "{what}");
                }
                let ticket = hello.extension(SESSION_TICKET).unwrap_or_default();
                assert!(ticket.is_empty(), "{what}: {ticket:x?}");
            }
        }
    }
}

/// A server that gives tickets, for early data too, to whoever comes.
fn inviting(pair: &Pair, version: SslVersion) -> Behaviour {
    tls_with(pair, |context| {
        context.clear_options(SslOptions::NO_TICKET);
        context.set_min_proto_version(Some(version)).unwrap();
        context.set_max_proto_version(Some(version)).unwrap();
        context.set_max_early_data(16 << 10).unwrap();
    })
}

/// What a client says first to a server that doesn't answer.
fn hello_to_anyone(library: Library, min_version: Option<&'static str>) -> Hello {
    let server = Server::start(Behaviour::Silent);
    let pins = vec![Wish::server(&[NAME]).self_signed().fingerprint()];
    let asked = Asked { fingerprints: pins, min_version, ..Asked::default() };
    let (handle, _troubles) = build(asked.builder("tls", server.port, library));
    log(&handle, 1);
    let begin = Instant::now();
    loop {
        if let Some(hello) = hellos(&server.recorded().raw).pop() {
            return hello;
        }
        assert!(begin.elapsed() < PATIENCE, "{library:?}: {:?}", server.recorded());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The ClientHellos among TLS records, which may be those of several connections.
fn hellos(mut raw: &[u8]) -> Vec<Hello> {
    let mut hellos = Vec::new();
    while let Some((head, rest)) = raw.split_at_checked(5) {
        let length = usize::from(number(&head[3..]));
        let Some((content, rest)) = rest.split_at_checked(length) else { break };
        // The version of a first record is an old one (RFC 8446 section 5.1). What comes later with
        // the same type is encrypted.
        if head[..3] == [HANDSHAKE, 3, 1] && content[0] == CLIENT_HELLO {
            hellos.push(hello(content));
        }
        raw = rest;
    }
    hellos
}

fn hello(handshake: &[u8]) -> Hello {
    // Type and length, version, random.
    let mut rest = &handshake[4 + 2 + 32..];
    take(&mut rest, 1);
    let suites = numbers(take(&mut rest, 2));
    take(&mut rest, 1);
    let mut rest = take(&mut rest, 2);
    let mut extensions = Vec::new();
    while let Some((kind, after)) = rest.split_at_checked(2) {
        rest = after;
        extensions.push((number(kind), take(&mut rest, 2).to_vec()));
    }
    Hello { suites, extensions }
}

/// What stands behind its length, which takes so many bytes.
fn take<'a>(rest: &mut &'a [u8], width: usize) -> &'a [u8] {
    let (length, after) = rest.split_at(width);
    let length = length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
    let (taken, after) = after.split_at(length);
    *rest = after;
    taken
}

fn numbers(bytes: &[u8]) -> Vec<u16> {
    bytes.chunks_exact(2).map(number).collect()
}

fn number(bytes: &[u8]) -> u16 {
    u16::from_be_bytes([bytes[0], bytes[1]])
}

/// Those of TLS 1.3, and of the older ones those whose keys are agreed on for once: (EC)DHE.
fn has_forward_secrecy(suite: u16) -> bool {
    let with_dhe = [0x0033, 0x0039, 0x0067, 0x006b, 0x009e, 0x009f];
    let with_ecdhe = [0xc009, 0xc00a, 0xc013, 0xc014];
    matches!(suite, 0x1301..=0x1305 | 0xc023..=0xc030 | 0xc0ac..=0xc0af | 0xcca8..=0xccaa)
        || with_dhe.contains(&suite)
        || with_ecdhe.contains(&suite)
}

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const ECDHE_RSA_AES_128_GCM_SHA256: u16 = 0xc02f;
const RSA_AES_128_CBC_SHA: u16 = 0x002f;
const TLS_1_2: u16 = 0x0303;
const TLS_1_3: u16 = 0x0304;
const SESSION_TICKET: u16 = 35;
const PRE_SHARED_KEY: u16 = 41;
const EARLY_DATA: u16 = 42;
const SUPPORTED_VERSIONS: u16 = 43;
