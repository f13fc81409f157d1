//! Who is connected to, who isn't, and what is told of it?

use std::{
    io,
    time::{Duration, Instant},
};

use openssl::ssl::SslVersion;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{
    Files, LIBRARIES, PATIENCE,
    certificates::{Pair, Usage, Wish, address, dns},
    connect, connector, recorded, refused, run,
    server::{Behaviour, Server, tls, tls_of},
};
use crate::{TlsBackend, TlsVersion, transport::tcp_info};

#[test]
fn accepted_server_gets_every_byte_and_a_close() {
    let files = Files::new();
    let pair = files.good();
    let pin = format!("&fingerprint={}", pair.fingerprint());
    for library in LIBRARIES {
        for (options, version) in [
            (files.ca(), SslVersion::TLS1_3),
            (pin.clone(), SslVersion::TLS1_2),
            (files.ca() + &pin, SslVersion::TLS1_3),
        ] {
            let server = Server::start(tls_of(&pair, version));
            let said = vec![b'x'; 300_000];
            run(async {
                let connector = connector(library, &options).unwrap();
                assert_eq!((connector.warning(), connector.take_notices()), (None, vec![]));
                let mut stream = connect(&connector, &server).await.unwrap();
                let security = stream.tls().unwrap().clone();
                assert_eq!((security.library, security.is_verified), (library, true));
                let is_new = version == SslVersion::TLS1_3;
                let version = if is_new { TlsVersion::Tls13 } else { TlsVersion::Tls12 };
                assert_eq!(security.version, Some(version));
                assert_eq!(security.subject, "CN=a server");
                assert_eq!(security.fingerprint, pair.fingerprint());
                assert_eq!(security.own_fingerprint, None);
                assert_eq!(
                    stream.acknowledged_before().is_some(),
                    cfg!(any(target_os = "linux", target_os = "macos"))
                );
                // Every byte of a write is with the socket when it is done.
                for part in said.chunks(70_000) {
                    stream.write_all(part).await.unwrap();
                }
                stream.flush().await.unwrap();
                let on_the_wire = stream.on_the_wire().unwrap();
                let all = recorded(&server, |r| r.raw.len() as u64 >= on_the_wire);
                assert_eq!(all.raw.len() as u64, on_the_wire, "{library:?}, {options}");
                assert_eq!(recorded(&server, |r| r.plain.len() == said.len()).plain, said);
                // All that the kernel has counted since then is what was written here; macOS' counts
                // only what has not arrived.
                if let Some(before) =
                    stream.acknowledged_before().filter(|_| cfg!(target_os = "linux"))
                {
                    let count = || tcp_info::bytes(&stream.socket()).unwrap() - before;
                    let begin = Instant::now();
                    while count() < on_the_wire && begin.elapsed() < PATIENCE {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                    assert_eq!(count(), on_the_wire, "{library:?}, {options}");
                }
                stream.shutdown().await.unwrap();
                let all = recorded(&server, |recorded| recorded.goodbyes == 1);
                assert_eq!((all.handshakes, all.goodbyes), (1, 1), "{library:?}, {options}");
            });
        }
    }
}

#[test]
fn server_alerts_and_silent_closes_are_read() {
    let files = Files::new();
    for library in LIBRARIES {
        let Behaviour::Tls(context) = tls(&files.good()) else { unreachable!() };
        let server = Server::start(Behaviour::Greets(context));
        run(async {
            let connector = connector(library, &files.ca()).unwrap();
            let mut stream = connect(&connector, &server).await.unwrap();
            let mut bytes = [0; 5];
            stream.read_exact(&mut bytes).await.unwrap();
            assert_eq!(&bytes, b"hello");
            server.hang_up();
            match stream.read(&mut bytes).await {
                Ok(count) => assert_eq!((count, library), (0, TlsBackend::NativeTls)),
                Err(error) => {
                    assert_eq!(error.to_string(), "the server closed the connection");
                    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
                }
            }
        });
    }
}

/// A server with this certificate gets nothing, through either library, and these words are told.
fn assert_refused(pair: &Pair, options: &str, words: &str) {
    for library in LIBRARIES {
        let (told, recorded) = refused(library, options, tls(pair));
        assert!(told.starts_with("the server's certificate is refused: "), "{told}");
        assert!(told.contains(words), "{library:?}: {told}");
        // What would have to be pasted into a list of pins.
        assert!(told.ends_with(&pair.fingerprint()), "{library:?}: {told}");
        assert!(recorded.plain.is_empty(), "{library:?}: {told}");
    }
}

fn assert_accepted(pair: &Pair, options: &str) {
    for library in LIBRARIES {
        let server = Server::tls(pair);
        run(async {
            let connector = connector(library, options).unwrap();
            let connected = connect(&connector, &server).await;
            assert!(connected.is_ok(), "{library:?}: {connected:?}");
        });
    }
}

#[test]
fn a_path_to_another_authority_is_refused() {
    let files = Files::new();
    let words =
        "unknown authority: it is signed by CN=a server, and no path from there leads to ca_file=";
    assert_refused(&Wish::server(&["logs.example.com"]).self_signed(), &files.ca(), words);
    let other = Wish::authority("another authority").self_signed();
    let pair = Wish::server(&["logs.example.com"]).below(&other);
    let words = "unknown authority: it is signed by CN=another authority, and no path";
    assert_refused(&pair, &files.ca(), words);
    assert_accepted(&files.good(), &files.ca());
}

#[test]
fn another_name_is_refused() {
    let files = Files::new();
    let other = Wish::server(&["other.example"]).signed_by(&files.ca);
    let words = "wrong name: \"logs.example.com\" was expected, and it is for other.example";
    assert_refused(&other, &files.ca(), words);
    assert_accepted(&files.good(), &files.ca());
    assert_refused(&files.good(), &(files.ca() + "&server_name=other.example"), "wrong name: ");
    assert_accepted(&other, &(files.ca() + "&server_name=other.example"));
}

#[test]
fn a_common_name_is_no_name() {
    let files = Files::new();
    let named = Wish::server(&[]).with(|w| w.common_name = "logs.example.com");
    let words = "wrong name: \"logs.example.com\" was expected, and it is for nothing";
    assert_refused(&named.with(|w| w.names = None).signed_by(&files.ca), &files.ca(), words);
}

#[test]
fn a_wildcard_is_one_whole_label_and_the_first() {
    let files = Files::new();
    assert_accepted(&Wish::server(&["*.example.com"]).signed_by(&files.ca), &files.ca());
    for name in ["*.com", "l*.example.com", "logs.*.com", "*.logs.example.com"] {
        assert_refused(&Wish::server(&[name]).signed_by(&files.ca), &files.ca(), "wrong name: ");
    }
}

#[test]
fn an_address_is_compared_with_addresses() {
    let files = Files::new();
    let options = files.ca() + "&server_name=127.0.0.1";
    let bears = |names: Vec<Vec<u8>>| {
        Wish::server(&[]).with(|w| w.names = Some(names)).signed_by(&files.ca)
    };
    assert_accepted(&bears(vec![address(&[127, 0, 0, 1])]), &options);
    assert_refused(&bears(vec![address(&[127, 0, 0, 2])]), &options, "wrong name: ");
    assert_refused(&bears(vec![dns(b"127.0.0.1")]), &options, "wrong name: ");
}

#[test]
fn what_has_expired_or_is_not_valid_yet_is_refused() {
    let files = Files::new();
    let server = || Wish::server(&["logs.example.com"]);
    let old = server().with(|w| w.valid = (-20, -10)).signed_by(&files.ca);
    assert_refused(&old, &files.ca(), "expired: it was valid until ");
    let early = server().with(|w| w.valid = (10, 20)).signed_by(&files.ca);
    assert_refused(&early, &files.ca(), "not yet valid: it is from ");
}

#[test]
fn a_clients_certificate_is_no_servers() {
    let files = Files::new();
    let usage = Wish::server(&["logs.example.com"]).with(|w| w.usage = Usage::Client);
    let words = "wrong usage: it is not for servers";
    assert_refused(&usage.signed_by(&files.ca), &files.ca(), words);
}

#[test]
fn a_fingerprint_is_enough_and_must_be_one_of_the_list() {
    let pair = Wish::server(&["other.example"]).with(|w| w.valid = (-20, -10)).self_signed();
    let other = Files::new().good().fingerprint();
    let words = "wrong fingerprint: it has none of those that are expected";
    assert_accepted(&pair, &format!("&fingerprint={}", pair.fingerprint()));
    assert_accepted(&pair, &format!("&fingerprint={}", pair.sha1_fingerprint()));
    assert_accepted(&pair, &format!("&fingerprint={other};{}", pair.fingerprint()));
    assert_refused(&pair, &format!("&fingerprint={other}"), words);
}

#[test]
fn fingerprint_beside_ca_is_required_too() {
    let files = Files::new();
    let (good, stranger) = (files.good(), Wish::server(&["logs.example.com"]).self_signed());
    let both = |pair: &Pair| format!("{}&fingerprint={}", files.ca(), pair.fingerprint());
    assert_accepted(&good, &both(&good));
    let words = "wrong fingerprint: it has none of those that are expected";
    assert_refused(&good, &both(&stranger), words);
    assert_refused(&stranger, &both(&stranger), "unknown authority: ");
}

/// One library asks the pins while it shakes hands, the other leaves that to be done right after.
#[test]
fn wrong_fingerprint_sends_nothing() {
    let files = Files::new();
    let good = files.good();
    let pin = Wish::server(&["x.example"]).self_signed().fingerprint();
    for options in [format!("&fingerprint={pin}"), format!("{}&fingerprint={pin}", files.ca())] {
        let server = |library| {
            let server = Server::tls(&good);
            run(async {
                let connector = connector(library, &options).unwrap();
                connect(&connector, &server).await.map(drop).unwrap_err();
            });
            let library = library == TlsBackend::NativeTls;
            recorded(&server, |recorded| !library || recorded.goodbyes == 1)
        };
        assert_eq!(server(TlsBackend::Rustls).handshakes, 0, "{options}");
        let left = server(TlsBackend::NativeTls);
        assert_eq!((left.handshakes, left.goodbyes), (1, 1), "{options}");
    }
}

#[test]
fn no_tls_and_too_old_tls_are_told_apart() {
    let files = Files::new();
    let old = tls_of(&files.good(), SslVersion::TLS1_2);
    let options = files.ca() + "&min_version=1.3";
    for library in LIBRARIES {
        let closes = Behaviour::SaysAndCloses(Vec::new());
        let (told, _) = refused(library, &files.ca(), closes);
        assert!(told.starts_with("the server ended the TLS handshake without an answer"), "{told}");
        let plain = Behaviour::SaysAndCloses(b"220 mail.example ESMTP\r\n".to_vec());
        let (told, _) = refused(library, &files.ca(), plain);
        assert!(told.contains("speaks no TLS: it answered \"220 m"), "{told}");
        let (told, recorded) = refused(library, &options, old.clone());
        assert!(told.starts_with("the TLS handshake failed: "), "{told}");
        assert_eq!(recorded.handshakes, 0, "{library:?}: {told}");
    }
}

#[test]
fn whoever_accepts_the_danger_is_warned_and_connected() {
    for library in LIBRARIES {
        let server = Server::tls(&Wish::server(&["other.example"]).self_signed());
        run(async {
            let connector = connector(library, "&danger_accept_invalid_certs=true").unwrap();
            let warning = connector.warning().unwrap();
            assert!(warning.contains("danger_accept_invalid_certs is set"), "{warning}");
            let stream = connect(&connector, &server).await.unwrap();
            assert!(!stream.tls().unwrap().is_verified);
        });
    }
}
