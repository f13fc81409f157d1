//! Tests over TLS.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use native_tls::{HandshakeError, TlsConnector, TlsStream};

use super::sockets::LONG;
use crate::{Certificate, Collector, Framing};

fn certificate() -> Certificate {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    Certificate { cert_pem: made.cert.pem(), key_pem: made.signing_key.serialize_pem() }
}

fn client(
    collector: &Collector,
    certificate: &Certificate,
) -> Result<TlsStream<TcpStream>, HandshakeError<TcpStream>> {
    let authority = native_tls::Certificate::from_pem(certificate.cert_pem.as_bytes()).unwrap();
    let connector = TlsConnector::builder().add_root_certificate(authority).build().unwrap();
    let stream = TcpStream::connect(collector.address().unwrap()).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    connector.connect("localhost", stream)
}

#[test]
fn records_over_tls_arrive() {
    let certificate = certificate();
    let collector = Collector::tls(certificate.clone()).unwrap();
    assert!(collector.url().starts_with("tls://127.0.0.1:"));
    let mut stream = client(&collector, &certificate).unwrap();
    stream.write_all(b"23 <14>1 - - - - - - hello").unwrap();
    stream.write_all(b"<14>1 - - - - - - no count\n").unwrap();
    let records = collector.wait_for(2, LONG);
    assert_eq!((records[0].text(), records[0].framing), (Some("hello"), Framing::OctetCounting));
    assert_eq!(records[0].complaints, []);
    assert_eq!(records[1].complaints[0].rule, "RFC 5425 4.3");
    stream.shutdown().unwrap();
    // The server's own close_notify: an end, not an error.
    assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0);
    assert_eq!(collector.failures(), [""; 0]);
}

#[test]
fn a_pause_holds_the_handshake_and_disconnect_ends_it() {
    let certificate = certificate();
    let collector = Collector::tls(certificate.clone()).unwrap();
    collector.pause();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| client(&collector, &certificate).is_err());
        assert_eq!(collector.wait_for_connections(1, LONG), 1);
        collector.disconnect();
        assert!(waiting.join().unwrap());
    });
    collector.resume();
    let mut stream = client(&collector, &certificate).unwrap();
    stream.write_all(b"18 <14>1 - - - - - - ").unwrap();
    assert_eq!(collector.wait_for(1, LONG).len(), 1);
    collector.disconnect();
    assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0);
}

#[test]
fn client_that_distrusts_the_certificate_fails() {
    let collector = Collector::tls(certificate()).unwrap();
    assert!(client(&collector, &certificate()).is_err());
    assert_eq!(collector.wait_for_connections(1, LONG), 1);
    drop(collector.next(std::time::Duration::from_millis(300)));
    let failures = collector.failures();
    assert_eq!(failures.len(), 1);
    assert!(failures[0].contains("connection 1"), "{failures:?}");
}

#[test]
fn a_certificate_that_is_none_is_refused() {
    let nothing = Certificate { cert_pem: String::new(), key_pem: String::from("secret") };
    assert!(!format!("{nothing:?}").contains("secret"));
    let error = Collector::tls(nothing).unwrap_err();
    assert!(error.to_string().starts_with("certificate and key: "), "{error}");
    let missing = Certificate::from_files("/nowhere/cert.pem", "/nowhere/key.pem").unwrap_err();
    assert!(missing.to_string().starts_with("/nowhere/cert.pem: "), "{missing}");
}

#[test]
fn a_url_names_the_files() {
    let directory = tempfile::tempdir().unwrap();
    let (cert, key) = (directory.path().join("cert.pem"), directory.path().join("key.pem"));
    let made = certificate();
    std::fs::write(&cert, &made.cert_pem).unwrap();
    std::fs::write(&key, &made.key_pem).unwrap();
    let url = format!("tls://127.0.0.1:0?cert_file={}&key_file={}", cert.display(), key.display());
    let collector = Collector::bind(&url).unwrap();
    assert!(client(&collector, &made).is_ok());
}
