//! TLS files that are invalid, or change while the program runs.

use std::{fs, path::Path};

use logship::{Handle, TlsBackend};
use openssl::{
    pkey::{PKey, Private},
    ssl::SslVerifyMode,
    symm::Cipher,
    x509::store::X509StoreBuilder,
};
use tempfile::TempDir;

use crate::{
    accepted::frames,
    cases::NAME,
    certificates::{Pair, Usage, Wish, p256, p384, rsa},
    client::{Asked, Library, PATIENCE, build, log},
    server::{Behaviour, Server, tls, tls_with},
};

fn client_of(ca: &Pair, key: PKey<Private>) -> Pair {
    let wish = Wish::server(&["client.example"]).with(|w| w.usage = Usage::Client);
    wish.with(|w| w.key = Some(key)).signed_by(ca)
}

/// A server that lets in whom this authority has signed.
fn mutual(pair: &Pair, ca: &Pair) -> Behaviour {
    tls_with(pair, |context| {
        let mut store = X509StoreBuilder::new().unwrap();
        store.add_cert(ca.certificate.clone()).unwrap();
        context.set_verify_cert_store(store.build()).unwrap();
        context.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    })
}

fn put(directory: &Path, name: &str, content: impl AsRef<[u8]>) -> std::path::PathBuf {
    let path = directory.join(name);
    fs::write(&path, content).unwrap();
    path
}

#[test]
fn a_key_of_any_kind_opens_the_door() {
    let directory = TempDir::new().unwrap();
    let ca = Wish::authority("the authority").self_signed();
    let pair = Wish::server(&[NAME]).signed_by(&ca);
    let ca_file = put(directory.path(), "ca.pem", ca.pem());
    let (ec, larger, rsa) = (p256(), p384(), rsa(2048));
    let edwards = PKey::generate_ed25519().unwrap();
    let sec1 = |key: &PKey<Private>| key.ec_key().unwrap().private_key_to_pem().unwrap();
    let pkcs1 = rsa.rsa().unwrap().private_key_to_pem().unwrap();
    let pkcs8 = |key: &PKey<Private>| key.private_key_to_pem_pkcs8().unwrap();
    for (name, key, pem) in [
        ("PKCS #8, P-256", &ec, pkcs8(&ec)),
        ("PKCS #8, RSA", &rsa, pkcs8(&rsa)),
        ("PKCS #8, Ed25519", &edwards, pkcs8(&edwards)),
        ("SEC 1, P-256", &ec, sec1(&ec)),
        ("SEC 1, P-384", &larger, sec1(&larger)),
        ("PKCS #1", &rsa, pkcs1),
        ("with words before it", &ec, [b"Key of the client\n".to_vec(), pkcs8(&ec)].concat()),
    ] {
        let client = client_of(&ca, key.clone());
        let cert = put(directory.path(), "client.pem", client.pem());
        let key = put(directory.path(), "client.key", pem);
        let asked = Asked {
            ca: Some(ca_file.clone()),
            identity: Some((cert, key)),
            server_name: Some(NAME),
            ..Asked::default()
        };
        for library in Library::BOTH {
            let server = Server::start(mutual(&pair, &ca));
            let (handle, troubles) =
                build(logship::builder("app").servers(asked.url("tls", server.port, library)));
            log(&handle, 2);
            let troubles = || troubles.try_iter().collect::<Vec<_>>();
            assert!(handle.flush(PATIENCE), "{name}, {library:?}: {:?}", troubles());
            let security = handle.connection().and_then(|to| to.tls).unwrap();
            assert_eq!(security.own_fingerprint, Some(client.fingerprint()), "{name}");
            drop(handle);
            assert_eq!(frames(&server.recorded().plain), 2, "{name}, {library:?}");
        }
    }
}

#[test]
fn wrong_files_are_errors_at_once_and_no_key_is_quoted() {
    let directory = TempDir::new().unwrap();
    let ca = Wish::authority("the authority").self_signed();
    let client = client_of(&ca, p256());
    let pkcs8 = client.key.private_key_to_pem_pkcs8().unwrap();
    let secret = String::from_utf8(pkcs8.clone()).unwrap();
    let secret = secret.lines().nth(1).unwrap();
    let encrypted =
        client.key.private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), b"x").unwrap();
    let old_way = client.key.ec_key().unwrap();
    let old_way = old_way.private_key_to_pem_passphrase(Cipher::aes_128_cbc(), b"x").unwrap();
    let torn = pkcs8[..pkcs8.len() / 2].to_vec();
    let text = String::from_utf8_lossy(&pkcs8).replace("MIG", "***");
    let cert = client.pem();
    for (name, cert, key, file, words) in [
        (
            "another key",
            cert.clone(),
            p256().private_key_to_pem_pkcs8().unwrap(),
            "cert_file=",
            "not that of the certificate",
        ),
        (
            "a key of another kind",
            cert.clone(),
            rsa(2048).private_key_to_pem_pkcs8().unwrap(),
            "cert_file=",
            "the key",
        ),
        ("an encrypted key", cert.clone(), encrypted, "key_file=", "openssl pkey"),
        ("a key encrypted the old way", cert.clone(), old_way, "key_file=", "openssl pkey"),
        ("a torn key", cert.clone(), torn, "key_file=", "BEGIN PRIVATE KEY"),
        (
            "a key that is no base64",
            cert.clone(),
            text.into_bytes(),
            "key_file=",
            "BEGIN PRIVATE KEY",
        ),
        ("no key", cert.clone(), cert.clone(), "key_file=", "BEGIN PRIVATE KEY"),
        ("no certificate", pkcs8.clone(), pkcs8.clone(), "cert_file=", "BEGIN CERTIFICATE"),
        ("nothing", Vec::new(), pkcs8.clone(), "cert_file=", "BEGIN CERTIFICATE"),
    ] {
        let cert = put(directory.path(), "client.pem", cert);
        let key = put(directory.path(), "client.key", key);
        for library in [TlsBackend::NativeTls, TlsBackend::Rustls] {
            let builder = logship::builder("app").servers("tls://127.0.0.1:1").tls_backend(library);
            let builder = builder.tls_identity(&cert, &key);
            assert!(!format!("{builder:?}").contains(secret));
            let error = builder.build().unwrap_err();
            let text = format!("{error} {error:?}");
            let has_words = text.contains(words) && text.contains(file);
            assert!(has_words && !text.contains(secret), "{name}, {library:?}: {text}");
        }
    }
}

/// Connects anew: the server hangs up, and the next record goes over a new connection.
fn reconnect(handle: &Handle, server: &Server, behaviour: Behaviour) {
    server.behave(behaviour);
    server.hang_up();
    log(handle, 1);
}

#[test]
fn changed_tls_files_are_used_on_the_next_connect() {
    for library in Library::BOTH {
        let directory = TempDir::new().unwrap();
        let authorities = [1, 2].map(|_| Wish::authority("the authority").self_signed());
        let [first, second] = &authorities;
        let pairs = authorities.each_ref().map(|ca| Wish::server(&[NAME]).signed_by(ca));
        let clients = authorities.each_ref().map(|ca| client_of(ca, p256()));
        let write = |ca: &Pair, client: &Pair| {
            put(directory.path(), "client.pem", client.pem());
            put(directory.path(), "client.key", client.key.private_key_to_pem_pkcs8().unwrap());
            put(directory.path(), "ca.pem", ca.pem())
        };
        let asked = Asked {
            ca: Some(write(first, &clients[0])),
            identity: Some((
                directory.path().join("client.pem"),
                directory.path().join("client.key"),
            )),
            server_name: Some(NAME),
            ..Asked::default()
        };
        let server = Server::start(mutual(&pairs[0], first));
        let url = asked.url("tls", server.port, library);
        let (handle, troubles) = build(logship::builder("app").servers(url));
        let own = || handle.connection()?.tls?.own_fingerprint;
        let troubles = || troubles.try_iter().collect::<Vec<_>>().join("\n");
        log(&handle, 1);
        assert!(handle.flush(PATIENCE), "{library:?}: {}", troubles());
        assert_eq!(own(), Some(clients[0].fingerprint()));

        // Everything is new: authority, certificate, key.
        write(second, &clients[1]);
        reconnect(&handle, &server, mutual(&pairs[1], second));
        assert!(handle.flush(PATIENCE), "{library:?}: {}", troubles());
        assert_eq!(own(), Some(clients[1].fingerprint()));
        let told = troubles();
        assert!(!told.contains("changed files"), "{told}");

        // Half of a renewal: the new certificate is there, its key isn't yet.
        put(directory.path(), "client.pem", clients[0].pem());
        reconnect(&handle, &server, mutual(&pairs[1], second));
        assert!(handle.flush(PATIENCE), "{library:?}: {}", troubles());
        assert_eq!(own(), Some(clients[1].fingerprint()), "the old pair stays");
        let told = troubles();
        let words = "changed files are of no use, what they held before stays: ";
        assert_eq!(told.matches(words).count(), 1, "{told}");
        assert!(told.contains("the key is not that of the certificate"), "{told}");

        // The same once more is not told again; a file that is gone is.
        reconnect(&handle, &server, mutual(&pairs[1], second));
        assert!(handle.flush(PATIENCE), "{library:?}: {}", troubles());
        let told = troubles();
        assert!(!told.contains(words), "{told}");
        fs::remove_file(directory.path().join("ca.pem")).unwrap();
        reconnect(&handle, &server, mutual(&pairs[1], second));
        assert!(handle.flush(PATIENCE), "{library:?}: {}", troubles());
        let told = troubles();
        assert!(told.contains(words) && told.contains("ca.pem"), "{told}");

        // And all is well again.
        write(first, &clients[0]);
        reconnect(&handle, &server, mutual(&pairs[0], first));
        assert!(handle.flush(PATIENCE), "{library:?}: {}", troubles());
        assert_eq!(own(), Some(clients[0].fingerprint()));
        assert_eq!(handle.stats().captured - handle.stats().dropped, 6);
    }
}

/// An authority that is named is the only one; and a server that was good once is not good for ever.
#[test]
fn a_server_that_turns_bad_gets_nothing_more() {
    for library in Library::BOTH {
        let pair = Wish::server(&[NAME]).self_signed();
        let asked = Asked { fingerprints: vec![pair.fingerprint()], ..Asked::default() };
        let server = Server::tls(&pair);
        let (handle, troubles) =
            build(logship::builder("app").servers(asked.url("tls", server.port, library)));
        log(&handle, 1);
        assert!(handle.flush(PATIENCE));
        let before = server.recorded().plain.len();
        let other = Wish::server(&[NAME]).self_signed();
        reconnect(&handle, &server, tls(&other));
        let told = std::iter::from_fn(|| troubles.recv_timeout(PATIENCE).ok());
        let told = { told }.find(|told| told.contains("wrong fingerprint")).unwrap();
        // What has to be pasted into the list stands there.
        assert!(told.contains(&other.fingerprint()), "{told}");
        assert!(handle.stats().pending >= 1);
        assert_eq!(server.recorded().plain.len(), before, "{library:?}");
    }
}

#[test]
fn what_does_not_go_together_is_an_error() {
    let pin = format!("sha-256{}", ":AB".repeat(32));
    let tls = |url: &str| logship::builder("app").servers(url);
    for (builder, words) in [
        (
            tls(&format!("tls://h?danger_accept_invalid_certs=true&fingerprint={pin}")),
            "would switch off",
        ),
        (tls("tls://h?danger_accept_invalid_certs=true&ca_file=/x"), "would switch off"),
        (tls("tls://h?danger_accept_invalid_certs=true").tls_fingerprint(&pin), "would switch off"),
        (tls("tls://h?danger_accept_invalid_certs=true").tls_ca_file("/x"), "would switch off"),
        (tls("tls://h?danger_accept_invalid_certs=1"), "true or false"),
        (tls("tls://h?fingerprint="), "invalid fingerprint"),
        (tls("tls://h?fingerprint=sha-256:AB"), "RFC 5425 section 4.2.2"),
        (
            tls("tls://h").tls_fingerprint("md5:00"),
            "tls_fingerprint: invalid fingerprint \"md5:00\"",
        ),
        (tls("tls://h").tls_fingerprint(""), "invalid fingerprint"),
        (tls("tls://h?min_version=1.1"), "RFC 8996"),
        (tls("tls://h?tls_backend=gnutls"), "\"gnutls\""),
        (tls("tls://h?server_name=*.example.com"), "without wildcards"),
        (tls("tls://h").tls_server_name(""), "invalid server name \"\""),
        (tls("tcp://h?fingerprint=sha-256:AB"), "unknown option"),
        (tls("relp://h?danger_accept_invalid_certs=true"), "unknown option"),
    ] {
        let error = builder.build().unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}
