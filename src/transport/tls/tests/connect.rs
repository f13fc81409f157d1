//! Who is connected to, who isn't, and what is told of it?

use std::{
    fs,
    future::Future,
    io,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::{Duration, Instant},
};

use openssl::ssl::SslVersion;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{
    super::{Connector, TlsStream},
    certificates::{Pair, Usage, Wish, address, dns, p256, rsa},
    server::{Behaviour, Recorded, Server, tls, tls_of, tls_with},
};
use crate::{
    TlsLibrary,
    endpoint::parse_list,
    transport::{Limits, acknowledged, news::Connection as _},
};

const LIBRARIES: [TlsLibrary; 2] = [TlsLibrary::System, TlsLibrary::Rustls];
const PATIENCE: Duration = Duration::from_secs(30);
const LIMITS: Limits = Limits { connect: PATIENCE, write: PATIENCE, silence: Duration::ZERO };

fn run<T>(work: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(work)
}

fn connector(library: TlsLibrary, options: &str) -> Result<Connector, crate::Error> {
    let library = if library == TlsLibrary::System { "system" } else { "rustls" };
    let url = format!("tls://logs.example.com?tls_library={library}{options}");
    Connector::new(&parse_list(&url).unwrap()[0])
}

async fn connect(connector: &Connector, server: &Server) -> io::Result<TlsStream> {
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port));
    connector.connect(at, LIMITS).await
}

/// What is told of a server that is not connected to.
fn refused(library: TlsLibrary, options: &str, behaviour: Behaviour) -> (String, Recorded) {
    let server = Server::start(behaviour);
    let error = run(async {
        let connector = connector(library, options).unwrap();
        connect(&connector, &server).await.map(drop).unwrap_err()
    });
    (error.to_string(), server.recorded())
}

/// What a server has recorded, once that is so much.
fn recorded(server: &Server, is_all: impl Fn(&Recorded) -> bool) -> Recorded {
    let begin = Instant::now();
    while !is_all(&server.recorded()) && begin.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(1));
    }
    server.recorded()
}

struct Files {
    folder: TempDir,
    ca: Pair,
}

impl Files {
    fn new() -> Files {
        let files = Files {
            folder: TempDir::new().unwrap(),
            ca: Wish::authority("the authority").self_signed(),
        };
        files.put("ca.pem", files.ca.pem());
        files
    }

    fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.folder.path().join(name), content).unwrap();
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn ca(&self) -> String {
        format!("&ca={}/ca.pem", self.path().display())
    }

    fn good(&self) -> Pair {
        Wish::server(&["logs.example.com"]).signed_by(&self.ca)
    }
}

#[test]
fn a_good_server_gets_each_octet_and_a_goodbye() {
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
                let security = stream.security().unwrap().clone();
                assert_eq!((security.library, security.is_verified), (library, true));
                let is_new = version == SslVersion::TLS1_3;
                assert_eq!(security.version, if is_new { "TLSv1.3" } else { "TLSv1.2" });
                assert_eq!(security.subject, "CN=a server");
                assert_eq!(security.fingerprint, pair.fingerprint());
                assert_eq!(security.own_fingerprint, None);
                assert_eq!(stream.acknowledged_before().is_some(), cfg!(target_os = "linux"));
                // Every octet of a write is with the socket when it is done.
                for part in said.chunks(70_000) {
                    stream.write_all(part).await.unwrap();
                }
                stream.flush().await.unwrap();
                let on_the_wire = stream.on_the_wire().unwrap();
                let all = recorded(&server, |r| r.raw.len() as u64 >= on_the_wire);
                assert_eq!(all.raw.len() as u64, on_the_wire, "{library:?}, {options}");
                assert_eq!(recorded(&server, |r| r.plain.len() == said.len()).plain, said);
                // All that the kernel has counted since then is what was written here.
                if let Some(before) = stream.acknowledged_before() {
                    let count = || acknowledged::octets(&stream.socket()).unwrap() - before;
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
fn what_a_server_says_is_read_and_that_it_ended_without_a_word_too() {
    let files = Files::new();
    for library in LIBRARIES {
        let Behaviour::Tls(context) = tls(&files.good()) else { unreachable!() };
        let server = Server::start(Behaviour::Greets(context));
        run(async {
            let connector = connector(library, &files.ca()).unwrap();
            let mut stream = connect(&connector, &server).await.unwrap();
            let mut octets = [0; 5];
            stream.read_exact(&mut octets).await.unwrap();
            assert_eq!(&octets, b"hello");
            server.hang_up();
            match stream.read(&mut octets).await {
                Ok(count) => assert_eq!((count, library), (0, TlsLibrary::System)),
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
        "unknown authority: it is signed by CN=a server, and no path from there leads to ca=";
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
fn a_fingerprint_beside_an_authority_is_asked_for_as_well() {
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
fn a_server_with_another_pin_is_left_before_the_handshake_ends_or_with_a_goodbye() {
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
            let library = library == TlsLibrary::System;
            recorded(&server, |recorded| !library || recorded.goodbyes == 1)
        };
        assert_eq!(server(TlsLibrary::Rustls).handshakes, 0, "{options}");
        let left = server(TlsLibrary::System);
        assert_eq!((left.handshakes, left.goodbyes), (1, 1), "{options}");
    }
}

#[test]
fn who_speaks_no_tls_or_none_that_is_new_enough_is_told_apart() {
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
            assert!(!stream.security().unwrap().is_verified);
        });
    }
}

#[test]
fn our_own_certificate_is_shown_with_a_key_of_its_kind() {
    let files = Files::new();
    let good = files.good();
    let ca = files.ca.certificate.clone();
    let options =
        format!("{0}&cert={1}/own.pem&key={1}/own.key", files.ca(), files.path().display());
    for key in [p256(), rsa(2048)] {
        let wish = Wish::server(&["client.example"]).with(|w| w.usage = Usage::Client);
        let own = wish.with(|w| w.key = Some(key.clone())).signed_by(&files.ca);
        files.put("own.pem", own.pem());
        let old_form = match key.ec_key() {
            Ok(key) => key.private_key_to_pem().unwrap(),
            Err(_) => key.rsa().unwrap().private_key_to_pem().unwrap(),
        };
        for pem in [old_form, key.private_key_to_pem_pkcs8().unwrap()] {
            files.put("own.key", pem);
            for library in LIBRARIES {
                let server = Server::start(tls_with(&good, |context| {
                    use openssl::{ssl::SslVerifyMode, x509::store::X509StoreBuilder};
                    let mut store = X509StoreBuilder::new().unwrap();
                    store.add_cert(ca.clone()).unwrap();
                    context.set_verify_cert_store(store.build()).unwrap();
                    context.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
                }));
                run(async {
                    let connector = connector(library, &options).unwrap();
                    let stream = connect(&connector, &server).await.unwrap();
                    let told = stream.security().unwrap().own_fingerprint.clone();
                    assert_eq!(told, Some(own.fingerprint()));
                });
                assert_eq!(recorded(&server, |r| r.handshakes == 1).handshakes, 1, "{library:?}");
            }
        }
        for (other, words) in [(p256(), "the key is not that of"), (rsa(2048), "the key is not")] {
            files.put("own.key", other.private_key_to_pem_pkcs8().unwrap());
            for library in LIBRARIES {
                let error = connector(library, &options).map(drop).unwrap_err().to_string();
                assert!(error.contains(words) && error.contains("cert="), "{library:?}: {error}");
                assert!(error.contains("key=") && error.contains("ca="), "{library:?}: {error}");
            }
        }
    }
}

#[test]
fn a_key_that_is_encrypted_is_told_apart_from_none() {
    let files = Files::new();
    let own = files.good();
    files.put("own.pem", own.pem());
    let options = format!("&cert={0}/own.pem&key={0}/own.key", files.path().display());
    let cipher = openssl::symm::Cipher::aes_256_cbc();
    let encrypted = own.key.private_key_to_pem_pkcs8_passphrase(cipher, b"x").unwrap();
    for (content, words) in [
        (encrypted, "the key is encrypted, and nobody is there to type the password"),
        (b"no key at all".to_vec(), "own.key: holds no PEM key: expected PKCS #8"),
    ] {
        files.put("own.key", content);
        for library in LIBRARIES {
            let error = connector(library, &options).map(drop).unwrap_err().to_string();
            assert!(error.contains(words), "{library:?}: {error}");
        }
    }
}

#[test]
fn changed_files_are_taken_up_and_those_of_no_use_are_told_of_once() {
    for library in LIBRARIES {
        let files = Files::new();
        let first = files.good();
        let next = Files::new();
        let server = Server::tls(&first);
        run(async {
            let connector = connector(library, &files.ca()).unwrap();
            let notices = async |what: &str| {
                connect(&connector, &server).await.map(drop).expect(what);
                connector.take_notices().join("\n")
            };
            assert_eq!(notices("nothing has changed").await, "");
            for _ in 0..2 {
                files.put("ca.pem", "no certificate");
                let told = notices("the old one stays").await;
                assert!(told.contains("what they held before stays: "), "{library:?}: {told}");
                assert!(told.contains("ca.pem"), "{told}");
                assert_eq!(notices("told once").await, "");
                fs::remove_file(files.path().join("ca.pem")).unwrap();
                let told = notices("the old one stays").await;
                assert!(told.contains("ca.pem"), "{library:?}: {told}");
                assert_eq!(notices("told once").await, "");
                files.put("ca.pem", files.ca.pem());
                assert_eq!(notices("all is well again").await, "");
            }
            server.behave(tls(&next.good()));
            connect(&connector, &server).await.map(drop).unwrap_err();
            files.put("ca.pem", next.ca.pem());
            assert_eq!(notices("the new one is taken up").await, "");
            let shown = format!("{connector:?}");
            assert!(shown.contains("tls://logs.example.com"), "{shown}");
        });
    }
}
