//! What becomes of the files that are named?

use std::fs;

use super::{
    Files, LIBRARIES,
    certificates::{Usage, Wish, p256, rsa},
    connect, connector, recorded, run,
    server::{Server, tls, tls_with},
};

#[test]
fn our_own_certificate_is_shown_with_a_key_of_its_kind() {
    let files = Files::new();
    let good = files.good();
    let ca = files.ca.certificate.clone();
    let options = format!(
        "{0}&cert_file={1}/own.pem&key_file={1}/own.key",
        files.ca(),
        files.path().display()
    );
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
                    let told = stream.tls().unwrap().own_fingerprint.clone();
                    assert_eq!(told, Some(own.fingerprint()));
                });
                assert_eq!(recorded(&server, |r| r.handshakes == 1).handshakes, 1, "{library:?}");
            }
        }
        for (other, words) in [(p256(), "the key is not that of"), (rsa(2048), "the key is not")] {
            files.put("own.key", other.private_key_to_pem_pkcs8().unwrap());
            for library in LIBRARIES {
                let error = connector(library, &options).map(drop).unwrap_err().to_string();
                assert!(
                    error.contains(words) && error.contains("cert_file="),
                    "{library:?}: {error}"
                );
                assert!(
                    error.contains("key_file=") && error.contains("ca_file="),
                    "{library:?}: {error}"
                );
            }
        }
    }
}

#[test]
fn a_key_that_is_encrypted_is_told_apart_from_none() {
    let files = Files::new();
    let own = files.good();
    files.put("own.pem", own.pem());
    let options = format!("&cert_file={0}/own.pem&key_file={0}/own.key", files.path().display());
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
fn changed_tls_files_are_reloaded_and_invalid_ones_reported() {
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
