//! Balancers whose backend is away at the start, in the middle, and every few seconds.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use crate::{
    balancer::{Balancer, free_port, haproxy, nginx},
    is_long, log_slowly,
    shipping::{build, log, logging, shop, url},
    support::{Input, Rsyslogd},
    wait_for_all, wait_until,
};

#[test]
fn haproxy_without_a_backend_loses_nothing() {
    behind(haproxy, Input::PlainTcp);
}

#[test]
fn nginx_without_a_backend_loses_nothing() {
    behind(nginx, Input::PlainTcp);
}

#[test]
fn tls_through_haproxy_without_a_backend_loses_nothing() {
    behind(haproxy, Input::TlsOpenssl);
}

#[test]
fn flapping_backend_loses_nothing() {
    if !is_long() {
        return flap(haproxy, Input::PlainTcp, Rate::PerSecond(100), Duration::from_secs(15));
    }
    for rate in [Rate::Once(20), Rate::PerSecond(100), Rate::PerSecond(5_000)] {
        for input in [Input::PlainTcp, Input::TlsOpenssl] {
            let two_minutes = Duration::from_secs(120);
            thread::scope(|scope| {
                scope.spawn(move || flap(haproxy, input, rate, two_minutes));
                scope.spawn(move || flap(nginx, input, rate, two_minutes));
            });
        }
    }
}

/// The backend is away when the program begins, comes, and goes away once more in the middle.
fn behind(start: fn(&Path, u16, u16) -> Balancer, input: Input) {
    let mut server = Rsyslogd::prepared();
    let directory = tempfile::tempdir().unwrap();
    let port = free_port();
    let _balancer = start(directory.path(), port, server.port(input));
    let handle = build(shop(&through(&server, input, port)).on_error(|_| {}));
    log_slowly(&handle, 0..300);
    let stats = handle.stats();
    assert_eq!((stats.delivered, stats.dropped), (0, 0), "nobody was there: {stats:?}");
    server.start();
    wait_for_all(&server, &handle, 300);
    server.stop();
    log_slowly(&handle, 300..600);
    server.start();
    wait_for_all(&server, &handle, 600);
    wait_until(&handle, |handle| handle.stats().delivered == 600);
    server.stop();
}

/// The URL of this input, at the balancer's port.
fn through(server: &Rsyslogd, input: Input, port: u16) -> String {
    url(server, input).replace(&format!(":{}", server.port(input)), &format!(":{port}"))
}

/// How records come.
#[derive(Clone, Copy, Debug)]
enum Rate {
    /// This many, then silence.
    Once(u64),
    PerSecond(u64),
}

/// The backend is up for a few seconds and away for as long, again and again.
fn flap(start: fn(&Path, u16, u16) -> Balancer, input: Input, rate: Rate, time: Duration) {
    let mut server = Rsyslogd::prepared();
    let directory = tempfile::tempdir().unwrap();
    let port = free_port();
    let _balancer = start(directory.path(), port, server.port(input));
    let builder = shop(&through(&server, input, port)).queue_capacity(512 << 20);
    let handle = build(builder.on_error(|_| {}));
    let begin = Instant::now();
    let logged = thread::scope(|scope| {
        let logger = scope.spawn(|| logging(&handle, || log_for(time, rate)));
        while begin.elapsed() < time {
            thread::sleep(Duration::from_secs(3));
            server.start();
            thread::sleep(Duration::from_secs(3));
            server.stop();
        }
        logger.join().unwrap()
    });
    let (stats, seconds) = (handle.stats(), begin.elapsed().as_secs());
    assert!(stats.reconnects <= 10 + seconds, "in {seconds} s: {stats:?}");
    server.start();
    wait_until(&handle, |handle| handle.stats().pending == 0);
    let stats = handle.stats();
    assert_eq!((stats.delivered, stats.dropped), (logged, 0), "{stats:?}");
    // What rsyslogd has read it may be writing still.
    wait_for_all(&server, &handle, logged);
    println!("{input:?} {rate:?}: {logged} records in {seconds} s, {stats:?}");
}

/// Logs at this rate for this long; returns how many records.
fn log_for(time: Duration, rate: Rate) -> u64 {
    let (begin, mut count) = (Instant::now(), 0);
    let due = |elapsed: Duration| match rate {
        Rate::Once(count) => count,
        Rate::PerSecond(rate) => (elapsed.as_secs_f64() * rate as f64) as u64,
    };
    while begin.elapsed() < time {
        let until = due(begin.elapsed());
        (count..until).for_each(log);
        count = until;
        thread::sleep(Duration::from_millis(5));
    }
    count
}
