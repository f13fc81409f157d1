//! TLS: the right certificate delivers, every wrong one delivers nothing and loses nothing.

use std::time::Duration;

use logship::Handle;

use crate::shipping::{
    PATIENCE, assert_all_delivered, assert_each_once_in_order, assert_stats_balance, build, log,
    log_and_flush, logging, shop, tls_url, url,
};
use crate::support::{Identity, Input, Rsyslogd};

/// Both drivers: OpenSSL talks TLS 1.3 and GnuTLS 1.2, which refuse at different moments.
const DRIVERS: [Input; 2] = [Input::TlsGnutls, Input::TlsOpenssl];

/// What speaks TLS on our side.
const LIBRARIES: [&str; 2] = ["native-tls", "rustls"];

/// Logs ten records to a server that one side must refuse: none may arrive or be written off.
fn assert_refused(server: &Rsyslogd, address: &str) -> Handle {
    let handle = build(shop(address));
    logging(&handle, || (0..10).for_each(log));
    assert!(!handle.flush(Duration::from_millis(1_500)), "flushed to {address}");
    let stats = handle.stats();
    assert_eq!((stats.captured, stats.delivered, stats.pending), (10, 0, 10), "{address}");
    assert_stats_balance(&handle);
    assert_eq!(server.count(), 0, "{address}: {:#?}", server.records());
    handle
}

/// A server that must not be trusted gets nothing; once its certificate is put right, the same
/// handle delivers what it kept.
fn refused_until_put_right(identity: Identity) {
    for input in DRIVERS {
        let mut server = Rsyslogd::running_as(identity);
        let handle = assert_refused(&server, &url(&server, input));
        server.stop();
        server.present(Identity::Good);
        server.start();
        assert!(handle.flush(PATIENCE), "{identity:?}: not flushed: {:?}", handle.stats());
        assert_each_once_in_order(&server.exactly(10, PATIENCE), 10);
        assert_all_delivered(&handle, 10);
    }
}

#[test]
fn a_server_with_the_right_certificate_gets_everything() {
    for input in DRIVERS {
        let mut server = Rsyslogd::running();
        let handle = build(shop(&url(&server, input)));
        log_and_flush(&handle, 0..10);
        assert_each_once_in_order(&server.exactly(10, PATIENCE), 10);
        assert_all_delivered(&handle, 10);
        server.assert_content();
    }
}

#[test]
fn killed_tls_server_loses_nothing_with_either_library() {
    for (input, library) in DRIVERS.into_iter().zip(LIBRARIES.into_iter().rev()) {
        let mut server = Rsyslogd::running();
        let url = format!("{}&tls_backend={library}&resend_buffer=1M", url(&server, input));
        let handle = build(shop(&url));
        log_and_flush(&handle, 0..10);
        server.kill();
        logging(&handle, || (10..20).for_each(log));
        server.start();
        assert!(handle.flush(PATIENCE), "{library}: {:?}", handle.stats());
        assert_all_delivered(&handle, 20);
        // What was flushed before the kill may have come twice.
        assert!(server.count() >= 20 && server.count() <= 30, "{library}: {}", server.count());
    }
}

#[test]
fn a_server_with_a_wrong_name_gets_nothing() {
    refused_until_put_right(Identity::WrongName);
}

#[test]
fn a_server_with_an_expired_certificate_gets_nothing() {
    refused_until_put_right(Identity::Expired);
}

#[test]
fn not_yet_valid_certificate_gets_nothing() {
    refused_until_put_right(Identity::NotYetValid);
}

#[test]
fn a_server_of_an_unknown_authority_gets_nothing() {
    refused_until_put_right(Identity::UnknownCa);
}

#[test]
fn a_server_with_a_self_signed_certificate_gets_nothing() {
    refused_until_put_right(Identity::SelfSigned);
}

#[test]
fn private_ca_is_not_trusted_by_the_system() {
    let server = Rsyslogd::running();
    let address = format!("tls://127.0.0.1:{}", server.port(Input::TlsGnutls));
    assert_refused(&server, &address);
}

#[test]
fn a_plain_tcp_server_gets_nothing_over_tls() {
    let server = Rsyslogd::running();
    let ca = server.certificates().ca();
    let handle = build(
        shop(&format!("tls://127.0.0.1:{}?ca_file={}", server.port(Input::Tcp), ca.display()))
            .connect_timeout(Duration::from_secs(1)),
    );
    logging(&handle, || (0..10).for_each(log));
    assert!(!handle.flush(Duration::from_millis(1_500)));
    assert_eq!((handle.stats().delivered, handle.stats().pending), (0, 10));
    // imtcp may store the handshake as a message of its own; not one of ours may be in there.
    assert!(!server.stored_text().contains("shop"), "{}", server.stored_text());
}

#[test]
fn the_name_to_expect_can_be_given() {
    let mut server = Rsyslogd::running_as(Identity::WrongName);
    let address = format!("{}&server_name=other.example", url(&server, Input::TlsGnutls));
    log_and_flush(&build(shop(&address)), 0..10);
    assert_each_once_in_order(&server.exactly(10, PATIENCE), 10);
}

#[test]
fn accepting_invalid_certificates_accepts_any() {
    for identity in [Identity::WrongName, Identity::Expired, Identity::SelfSigned] {
        let mut server = Rsyslogd::running_as(identity);
        let port = server.port(Input::TlsGnutls);
        let address = format!("tls://127.0.0.1:{port}?danger_accept_invalid_certs=true");
        log_and_flush(&build(shop(&address)), 0..10);
        assert_each_once_in_order(&server.exactly(10, PATIENCE), 10);
    }
}

#[test]
fn a_client_with_the_right_certificate_gets_in() {
    for input in [Input::TlsMutual, Input::TlsMutualOpenssl] {
        let mut server = Rsyslogd::running();
        let handle = build(shop(&url(&server, input)));
        log_and_flush(&handle, 0..10);
        assert_each_once_in_order(&server.exactly(10, PATIENCE), 10);
        assert_all_delivered(&handle, 10);
        server.assert_content();
    }
}

/// With TLS 1.3 the client's handshake succeeds before the refusal arrives, and so do writes:
/// what was written on such a connection must not count as delivered.
#[test]
fn client_without_certificate_keeps_its_records() {
    for input in [Input::TlsMutual, Input::TlsMutualOpenssl] {
        for library in LIBRARIES {
            let server = Rsyslogd::running();
            let url = tls_url(&server, input, None);
            assert_refused(&server, &format!("{url}&tls_backend={library}"));
        }
    }
}

#[test]
fn client_of_unknown_ca_is_rejected_and_keeps_its_records() {
    for input in [Input::TlsMutual, Input::TlsMutualOpenssl] {
        for library in LIBRARIES {
            let server = Rsyslogd::running();
            let url = tls_url(&server, input, Some(Identity::ClientOfUnknownCa));
            assert_refused(&server, &format!("{url}&tls_backend={library}"));
        }
    }
}

#[test]
fn client_of_other_name_is_rejected_and_keeps_its_records() {
    let server = Rsyslogd::running();
    let stranger = Some(Identity::ClientOfOtherName);
    assert_refused(&server, &tls_url(&server, Input::TlsMutual, stranger));
}
