//! The server goes away in the middle and comes back.

use std::time::Duration;

use logship::Handle;

use crate::shipping::{
    PATIENCE, assert_all_delivered, assert_each_once_in_order, assert_order_kept,
    assert_stats_balance, build, log, log_and_flush, logging, missing, numbers, shop, url,
};
use crate::support::{Input, Rsyslogd, eventually};

#[derive(Clone, Copy)]
enum Ending {
    Term,
    Kill,
}

impl Rsyslogd {
    fn end(&mut self, ending: Ending) {
        match ending {
            Ending::Term => self.stop(),
            Ending::Kill => self.kill(),
        }
    }
}

#[test]
fn a_restart_between_records_loses_nothing() {
    for ending in [Ending::Term, Ending::Kill] {
        for input in [Input::Tcp, Input::TlsGnutls, Input::Unix] {
            let mut server = Rsyslogd::running();
            let handle = build(shop(&url(&server, input)).resend_buffer(0));
            log_and_flush(&handle, 0..500);
            server.wait_for(500, PATIENCE);
            server.end(ending);
            // Not one write may go into the connection that is half closed now.
            logging(&handle, || (500..1_000).for_each(log));
            assert_stats_balance(&handle);
            server.start();
            log_and_flush(&handle, 1_000..1_500);
            assert_each_once_in_order(&server.exactly(1_500, PATIENCE), 1_500);
            assert_all_delivered(&handle, 1_500);
        }
    }
}

#[test]
fn a_restart_after_a_quiet_time_loses_nothing() {
    let mut server = Rsyslogd::running();
    let handle = build(shop(&url(&server, Input::Tcp)).resend_buffer(0));
    log_and_flush(&handle, 0..1);
    server.wait_for(1, PATIENCE);
    server.stop();
    server.start();
    // The very next write meets the old connection, which only its reading side knows is dead.
    log_and_flush(&handle, 1..2);
    assert_each_once_in_order(&server.exactly(2, PATIENCE), 2);
    assert_eq!(handle.stats().reconnects, 1);
}

/// What the server's kernel had acknowledged and rsyslogd had not read goes down with it, and
/// syslog over TCP has no acknowledgement that could tell. Seen at this pace without a tail: with
/// SIGTERM 2 to 9 records by imtcp and 0 to 3 by imptcp.
#[test]
fn server_killed_mid_stream_keeps_order_and_tears_nothing() {
    for ending in [Ending::Term, Ending::Kill] {
        for input in [Input::Tcp, Input::PlainTcp] {
            let lost = ended_in_the_stream(ending, input);
            // Fifty milliseconds' worth for each of two endings.
            assert!(lost.len() < 100, "{} are lost: {lost:?}", lost.len());
        }
    }
}

const COUNT: u64 = 4_000;

/// A record a millisecond, the server ended and started twice meanwhile; returns what is lost.
fn ended_in_the_stream(ending: Ending, input: Input) -> Vec<u64> {
    let mut server = Rsyslogd::running();
    let handle = build(shop(&url(&server, input)).resend_buffer(0));
    std::thread::scope(|scope| {
        let logger = scope.spawn(|| log_slowly(&handle));
        for _ in 0..2 {
            std::thread::sleep(Duration::from_millis(900));
            server.end(ending);
            std::thread::sleep(Duration::from_millis(300));
            assert_stats_balance(&handle);
            server.start();
        }
        logger.join().expect("logging does not panic");
    });
    // The end of the stream is flushed to a server that is up: all of this must be there.
    log_and_flush(&handle, COUNT..COUNT + 100);
    let last = (COUNT + 99).to_string();
    assert!(eventually(PATIENCE, || server.records().iter().any(|r| r.field("n") == last)));
    server.stop();
    let numbers = numbers(&server.records());
    assert_order_kept(&numbers, 3);
    assert_stats_balance(&handle);
    assert_eq!((handle.stats().pending, handle.stats().dropped), (0, 0));
    let lost = missing(&numbers, COUNT + 100);
    assert!(lost.iter().all(|&n| n < COUNT), "lost with the server up: {lost:?}");
    lost
}

fn log_slowly(handle: &Handle) {
    logging(handle, || {
        for n in 0..COUNT {
            log(n);
            std::thread::sleep(Duration::from_millis(1));
        }
    });
}
