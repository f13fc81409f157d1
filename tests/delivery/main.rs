//! Delivery behind balancers, and to servers that take records and close.
//!
//! `DELIVERY=long cargo test --all-features --test delivery -- --nocapture` has backends that flap for
//! two minutes, at several rates, over TCP and TLS.
#![cfg(all(target_os = "linux", feature = "tracing", feature = "log", feature = "native-tls"))]
#![allow(clippy::print_stdout, reason = "the figures of the long form are for people to look at")]

mod balancer;
mod balancers;
mod closing_servers;
mod many_programs;
#[path = "../scenarios/mod.rs"]
mod scenarios;
#[path = "../rsyslog/shipping.rs"]
#[allow(dead_code, reason = "the tests of rsyslog use the rest")]
mod shipping;
#[path = "../support/mod.rs"]
mod support;

use std::{
    collections::HashSet,
    thread,
    time::{Duration, Instant},
};

use logship::Handle;

use crate::{
    shipping::{assert_stats_balance, log, logging},
    support::Rsyslogd,
};

/// Generous: each connection that ends makes the next pause longer.
const PATIENCE: Duration = Duration::from_secs(180);

/// Whether to take the hour that the long form takes.
fn is_long() -> bool {
    std::env::var_os("DELIVERY").is_some_and(|form| form == "long")
}

fn log_slowly(handle: &Handle, numbers: std::ops::Range<u64>) {
    logging(handle, || {
        for n in numbers {
            log(n);
            thread::sleep(Duration::from_millis(10));
        }
    });
}

/// Each of them is stored, some of them more than once.
fn wait_for_all(server: &Rsyslogd, handle: &Handle, count: u64) {
    wait_until(handle, |_| {
        let stored: HashSet<_> = server.records().iter().map(shipping::number).collect();
        (0..count).all(|n| stored.contains(&n))
    });
    assert_stats_balance(handle);
    assert_eq!(handle.stats().dropped, 0, "{:?}", handle.stats());
}

fn wait_until(handle: &Handle, mut condition: impl FnMut(&Handle) -> bool) {
    let begin = Instant::now();
    while !condition(handle) {
        assert!(begin.elapsed() < PATIENCE, "{:?}", handle.stats());
        thread::sleep(Duration::from_millis(200));
    }
}
