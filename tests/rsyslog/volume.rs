//! A hundred thousand records over each stream: each once, in order, intact.

use crate::shipping::{
    PATIENCE, assert_all_delivered, assert_each_once_in_order, build, log_and_flush, number, shop,
    url,
};
use crate::support::{Input, Rsyslogd};

const COUNT: u64 = 100_000;

#[test]
fn hundred_thousand_arrive_over_octet_counted_tcp() {
    let server = Rsyslogd::running();
    all_arrive(&url(&server, Input::PlainTcp), server);
}

#[test]
fn a_hundred_thousand_arrive_over_lf_framed_tcp() {
    let server = Rsyslogd::running();
    all_arrive(&format!("{}?framing=lf", url(&server, Input::PlainTcp)), server);
}

#[test]
fn a_hundred_thousand_arrive_over_tls() {
    for input in [Input::TlsGnutls, Input::TlsOpenssl] {
        let server = Rsyslogd::running();
        all_arrive(&url(&server, input), server);
    }
}

#[test]
fn a_hundred_thousand_arrive_over_mutual_tls() {
    let server = Rsyslogd::running();
    all_arrive(&url(&server, Input::TlsMutual), server);
}

#[test]
fn relp_carries_records_in_order_and_intact() {
    let mut server = Rsyslogd::running();
    let handle = build(shop(&url(&server, Input::Relp)));
    log_and_flush(&handle, 0..20_000);
    assert_eq!(
        (handle.stats().captured - handle.stats().dropped, handle.stats().resent),
        (20_000, 0)
    );
    let records = server.exactly(20_000, PATIENCE);
    assert!(records.iter().map(number).eq(0..20_000));
    server.assert_content();
}

fn all_arrive(url: &str, mut server: Rsyslogd) {
    let handle = build(shop(url));
    log_and_flush(&handle, 0..COUNT);
    assert_each_once_in_order(&server.exactly(COUNT as usize, PATIENCE), COUNT);
    assert_all_delivered(&handle, COUNT);
    server.assert_content();
}

/// The end of the program: the connection is closed right behind the last record.
///
/// A TLS 1.3 client that closes with unread session tickets resets the connection, and the
/// server throws away what it had not read yet (12,815 of 60,000, seen).
#[test]
fn guard_drop_delivers_the_last_record() {
    for input in [Input::PlainTcp, Input::TlsGnutls, Input::TlsOpenssl] {
        let mut server = Rsyslogd::running();
        let handle = build(shop(&url(&server, input)).flush_timeout(PATIENCE));
        let guard = handle.guard();
        crate::shipping::logging(&handle, || (0..50_000).for_each(crate::shipping::log));
        drop(handle);
        drop(guard);
        assert_each_once_in_order(&server.exactly(50_000, PATIENCE), 50_000);
        server.assert_content();
    }
}
