//! Every transport and framing: records arrive complete, field by field.

use std::time::Duration;

use logship::Facility;

use crate::shipping::{
    PATIENCE, TARGET, assert_all_delivered, assert_each_once_in_order, build, log, logging, shop,
    url,
};
use crate::support::{Input, Record, Rsyslogd};

#[test]
fn over_udp_every_field_arrives() {
    let server = Rsyslogd::running();
    every_field_arrives(&url(&server, Input::Udp), Input::Udp, server);
}

#[test]
fn over_tcp_with_octet_counting_every_field_arrives() {
    for input in [Input::Tcp, Input::PlainTcp] {
        let server = Rsyslogd::running();
        every_field_arrives(&url(&server, input), input, server);
    }
}

#[test]
fn over_tcp_with_lf_framing_every_field_arrives() {
    for input in [Input::Tcp, Input::PlainTcp] {
        let server = Rsyslogd::running();
        let url = format!("{}?framing=lf", url(&server, input));
        every_field_arrives(&url, input, server);
    }
}

#[test]
fn over_tls_to_gnutls_every_field_arrives() {
    let server = Rsyslogd::running();
    every_field_arrives(&url(&server, Input::TlsGnutls), Input::TlsGnutls, server);
}

#[test]
fn over_tls_to_openssl_every_field_arrives() {
    let server = Rsyslogd::running();
    every_field_arrives(&url(&server, Input::TlsOpenssl), Input::TlsOpenssl, server);
}

#[test]
fn over_mutual_tls_every_field_arrives() {
    for input in [Input::TlsMutual, Input::TlsMutualOpenssl] {
        let server = Rsyslogd::running();
        every_field_arrives(&url(&server, input), input, server);
    }
}

#[test]
fn over_tls_by_rustls_every_field_arrives() {
    for input in [Input::TlsGnutls, Input::TlsOpenssl, Input::TlsMutual, Input::TlsMutualOpenssl] {
        let server = Rsyslogd::running();
        let url = format!("{}&tls_backend=rustls", url(&server, input));
        every_field_arrives(&url, input, server);
    }
}

#[test]
fn over_relp_with_tls_every_field_arrives() {
    for library in ["native-tls", "rustls"] {
        let server = Rsyslogd::running();
        let url = format!("{}&tls_backend={library}", url(&server, Input::RelpTls));
        every_field_arrives(&url, Input::RelpTls, server);
    }
}

#[test]
fn over_a_unix_datagram_socket_every_field_arrives() {
    let server = Rsyslogd::running();
    every_field_arrives(&url(&server, Input::Unix), Input::Unix, server);
}

#[test]
fn over_a_host_name_every_field_arrives() {
    let server = Rsyslogd::running();
    // It may resolve to ::1 first, where nobody listens.
    let url = format!("tcp://localhost:{}", server.port(Input::Tcp));
    every_field_arrives(&url, Input::Tcp, server);
}

#[test]
fn paced_udp_loses_nothing() {
    let mut server = Rsyslogd::running();
    let handle = build(shop(&url(&server, Input::Udp)));
    logging(&handle, || {
        for n in 0..2_000 {
            log(n);
            if n % 10 == 9 {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    });
    assert!(handle.flush(PATIENCE));
    assert_each_once_in_order(&server.exactly(2_000, PATIENCE), 2_000);
    assert_all_delivered(&handle, 2_000);
    server.assert_content();
}

fn every_field_arrives(url: &str, input: Input, mut server: Rsyslogd) {
    let handle = build(shop(url).facility(Facility::Local3));
    let before = now();
    logging(&handle, || {
        tracing::error!(target: TARGET, order_id = 42, customer = "ann", "an error");
        tracing::warn!(target: TARGET, order_id = 42, customer = "ann", "a warning");
        tracing::info!(target: TARGET, order_id = 42, customer = "ann", "an information");
        tracing::debug!(target: TARGET, order_id = 42, customer = "ann", "a detail");
        tracing::trace!(target: TARGET, order_id = 42, customer = "ann", "a trace");
    });
    let after = now();
    assert!(handle.flush(PATIENCE), "not flushed: {:?}", handle.stats());
    let records = server.exactly(5, PATIENCE);
    let expected =
        [(3, "an error"), (4, "a warning"), (6, "an information"), (7, "a detail"), (7, "a trace")];
    for (record, (severity, text)) in records.iter().zip(expected) {
        assert_eq!((record.severity, record.msg.as_str()), (severity, text), "{record:#?}");
        assert_eq!(record.pri, (19 * 8 + severity).to_string(), "facility local3 is 19");
        assert_header(record, input);
        assert!((&before..=&after).contains(&&record.timestamp), "{before} {after} {record:#?}");
        assert_eq!(record.sd_text, r#"[fields@32473 order_id="42" customer="ann"]"#);
        assert_eq!((record.field("order_id"), record.field("customer")), ("42", "ann"));
    }
    assert_all_delivered(&handle, 5);
    server.assert_content();
}

fn assert_header(record: &Record, input: Input) {
    assert_eq!(record.input, input.name());
    assert_eq!(record.facility, 19);
    assert_eq!(record.hostname, "client.example");
    assert_eq!(record.app_name, "shop");
    assert_eq!(record.procid, std::process::id().to_string());
    assert_eq!(record.msgid, TARGET);
}

/// The time as a record writes it, so that texts compare as times do.
fn now() -> String {
    // Nine digits of fraction and a Z.
    let now = tz::UtcDateTime::now().expect("the clock makes sense").to_string();
    format!("{}Z", &now[..now.len() - 4])
}
