//! The server is killed again and again: what is lost, and what comes twice?
//!
//! `KILLS=100 cargo test --all-features --release --test rsyslog kills -- --nocapture` is the long
//! form; the figures are printed.
#![allow(clippy::print_stdout, reason = "the figures are for people to look at")]

use std::{
    collections::HashSet,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::{Duration, Instant},
};

use logship::{Builder, Handle, Overflow};

use crate::shipping::{
    PATIENCE, assert_books_balance, build, log, log_and_flush, logging, number, shop, url,
};
use crate::support::{Input, Rsyslogd, eventually};

const RATE: u32 = 5_000;

#[derive(Debug)]
struct Toll {
    lost: usize,
    copies: usize,
}

#[test]
fn a_tail_of_a_mebibyte_over_tcp_loses_nothing() {
    for input in [Input::PlainTcp, Input::Tcp] {
        let toll = toll(input, |builder| builder.tail(1 << 20));
        assert_eq!(toll.lost, 0, "{input:?}: {toll:?}");
    }
}

#[test]
fn a_tail_of_a_mebibyte_over_tls_loses_nothing() {
    for input in [Input::TlsGnutls, Input::TlsOpenssl] {
        let toll = toll(input, |builder| builder.tail(1 << 20));
        assert_eq!(toll.lost, 0, "{input:?}: {toll:?}");
    }
}

#[test]
fn the_default_loses_nothing_at_a_usual_rate() {
    for input in [Input::PlainTcp, Input::TlsGnutls] {
        let toll = toll(input, |builder| builder);
        assert_eq!(toll.lost, 0, "{input:?}: {toll:?}");
    }
}

#[test]
fn relp_loses_nothing_and_what_was_answered_never_comes_twice() {
    let toll = toll(Input::Relp, |builder| builder);
    assert_eq!(toll.lost, 0, "{toll:?}");
    // At most the window of transactions that had no answer, for each kill.
    assert!(toll.copies <= 128 * kills(), "{toll:?}");
}

#[test]
fn relp_carries_records_in_order_and_intact() {
    const COUNT: u64 = 20_000;
    let mut server = Rsyslogd::running();
    let handle = build(shop(&url(&server, Input::Relp)));
    log_and_flush(&handle, 0..COUNT);
    assert_eq!((handle.stats().delivered, handle.stats().resent), (COUNT, 0));
    let records = server.exactly(COUNT as usize, PATIENCE);
    assert!(records.iter().map(number).eq(0..COUNT));
    server.assert_content();
}

/// Endings of each kind, by SIGKILL and SIGTERM in turn.
fn kills() -> usize {
    std::env::var("KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(4)
}

/// Logs at a usual rate while the server is ended and started.
fn toll(input: Input, configure: impl FnOnce(Builder) -> Builder) -> Toll {
    let mut server = Rsyslogd::running();
    let wait = Overflow::Block(Duration::from_secs(60));
    let handle = build(configure(shop(&url(&server, input)).overflow(wait).on_trouble(|_| {})));
    let is_over = AtomicBool::new(false);
    let said = std::thread::scope(|scope| {
        let logger = scope.spawn(|| log_until(&handle, &is_over));
        for kill in 0..kills() {
            std::thread::sleep(Duration::from_millis(400 + kill as u64 * 37 % 200));
            if kill % 2 == 0 {
                server.kill()
            } else {
                server.stop()
            }
            std::thread::sleep(Duration::from_millis(100));
            server.start();
            let before = server.count();
            assert!(eventually(PATIENCE, || server.count() > before), "it never came back");
        }
        is_over.store(true, Relaxed);
        logger.join().expect("logging does not panic")
    });
    log_and_flush(&handle, said..said + 10);
    let said = said + 10;
    let last =
        |server: &Rsyslogd| server.records().iter().any(|r| r.field("n") == (said - 1).to_string());
    assert!(eventually(PATIENCE, || last(&server)));
    server.stop();
    assert_books_balance(&handle);
    assert_eq!((handle.stats().waiting, handle.stats().dropped()), (0, 0));
    let numbers: Vec<u64> = server.records().iter().map(number).collect();
    let distinct: HashSet<_> = numbers.iter().collect();
    let toll = Toll {
        lost: (0..said).filter(|n| !distinct.contains(n)).count(),
        copies: numbers.len() - distinct.len(),
    };
    println!("{input:?}: {} kills, {said} records, {toll:?}", kills());
    toll
}

fn log_until(handle: &Handle, is_over: &AtomicBool) -> u64 {
    let begin = Instant::now();
    let mut n = 0;
    logging(handle, || {
        while !is_over.load(Relaxed) {
            log(n);
            n += 1;
            let due = Duration::from_secs(1) * u32::try_from(n).unwrap_or(u32::MAX) / RATE;
            std::thread::sleep(due.saturating_sub(begin.elapsed()));
        }
    });
    n
}
