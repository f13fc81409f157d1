//! The server is away, hangs, or hides behind a bad network; and failover.

use std::time::{Duration, Instant};

use crate::shipping::{
    PATIENCE, assert_all_delivered, assert_each_once_in_order, assert_order_kept,
    assert_stats_balance, build, log, log_and_flush, logging, missing, numbers, shop, url,
};
use crate::support::{Input, Proxy, Rsyslogd, eventually};

#[test]
fn records_logged_before_server_start_arrive() {
    for input in [Input::Tcp, Input::TlsGnutls, Input::Unix] {
        let mut server = Rsyslogd::prepared();
        let handle = build(shop(&url(&server, input)));
        logging(&handle, || (0..1_000).for_each(log));
        assert!(!handle.flush(Duration::from_millis(300)), "there is nobody to flush to");
        assert_stats_balance(&handle);
        assert_eq!(handle.stats().pending, 1_000, "{:?}", handle.stats());
        server.start();
        assert!(handle.flush(PATIENCE), "not flushed: {:?}", handle.stats());
        assert_each_once_in_order(&server.exactly(1_000, PATIENCE), 1_000);
        assert_all_delivered(&handle, 1_000);
        server.assert_content();
    }
}

#[test]
fn hanging_server_delays_no_call_and_loses_nothing() {
    const COUNT: u64 = 40_000;
    let mut server = Rsyslogd::running();
    let handle = build(shop(&url(&server, Input::PlainTcp)));
    log_and_flush(&handle, 0..100);
    server.pause();
    let start = Instant::now();
    let slowest = logging(&handle, || {
        (100..COUNT)
            .map(|n| {
                let call = Instant::now();
                log(n);
                let took = call.elapsed();
                if n % 1_000 == 0 {
                    assert_stats_balance(&handle);
                    std::thread::sleep(Duration::from_millis(50));
                }
                took
            })
            .max()
    });
    std::thread::sleep(Duration::from_secs(4).saturating_sub(start.elapsed()));
    assert_stats_balance(&handle);
    assert_eq!(handle.stats().captured, COUNT);
    server.resume();
    assert!(handle.flush(PATIENCE), "not flushed: {:?}", handle.stats());
    assert_each_once_in_order(&server.exactly(COUNT as usize, PATIENCE), COUNT);
    assert_all_delivered(&handle, COUNT);
    // Microseconds in truth. The bound tells waiting for the server from a busy machine.
    assert!(slowest < Some(Duration::from_millis(200)), "a log call took {slowest:?}");
    server.assert_content();
}

#[test]
fn connections_cut_mid_frame_tear_no_record() {
    const COUNT: u64 = 20_000;
    for input in [Input::Tcp, Input::PlainTcp] {
        let mut server = Rsyslogd::running();
        let proxy = Proxy::to(server.port(input));
        // Some three million bytes, so some fifteen cuts.
        proxy.cut_after(200_003);
        let address = format!("tcp://127.0.0.1:{}", proxy.port());
        let handle = build(shop(&address).resend_buffer(0));
        logging(&handle, || log_in_bursts(COUNT));
        assert!(eventually(PATIENCE, || proxy.cuts() >= 3), "{} cuts", proxy.cuts());
        proxy.cut_after(0);
        log_and_flush(&handle, COUNT..COUNT + 100);
        assert!(eventually(PATIENCE, || server.records().iter().any(|r| r.field("n") == "20099")));
        server.stop();
        let numbers = numbers(&server.records());
        assert_order_kept(&numbers, proxy.connections());
        let lost = missing(&numbers, COUNT + 100);
        // What the proxy had taken, and its kernel had acknowledged, is gone with a cut; plain
        // TCP has no other acknowledgement. All after the last cut is there.
        assert!(lost.iter().all(|&n| n < COUNT), "{lost:?}");
        assert_stats_balance(&handle);
        assert_eq!(handle.stats().pending, 0);
        assert!(handle.stats().reconnects >= 3, "{:?}", handle.stats());
    }
}

fn log_in_bursts(count: u64) {
    for n in 0..count {
        log(n);
        if n % 100 == 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn connection_cut_every_megabyte_loses_nothing() {
    const COUNT: u64 = 60_000;
    let mut server = Rsyslogd::running();
    let proxy = Proxy::to(server.port(Input::PlainTcp));
    proxy.cut_after(1_000_003);
    let handle = build(shop(&format!("tcp://127.0.0.1:{}", proxy.port())));
    logging(&handle, || log_in_bursts(COUNT));
    assert!(eventually(PATIENCE, || proxy.cuts() >= 3), "{} cuts", proxy.cuts());
    proxy.cut_after(0);
    log_and_flush(&handle, COUNT..COUNT + 100);
    assert!(eventually(PATIENCE, || server.records().iter().any(|r| r.field("n") == "60099")));
    server.stop();
    assert_eq!(missing(&numbers(&server.records()), COUNT + 100), [0; 0]);
    assert_stats_balance(&handle);
    assert_eq!(handle.stats().dropped, 0);
}

#[test]
fn stalled_connection_is_left_and_loses_nothing() {
    const COUNT: u64 = 60_000;
    let mut server = Rsyslogd::running();
    let proxy = Proxy::to(server.port(Input::PlainTcp));
    let address = format!("tcp://127.0.0.1:{}", proxy.port());
    let handle = build(shop(&address).write_timeout(Duration::from_secs(1)));
    log_and_flush(&handle, 0..100);
    proxy.stall(true);
    // More than the kernels on the way can hold: the rest has to wait in the queue.
    logging(&handle, || (100..COUNT).for_each(log));
    std::thread::sleep(Duration::from_secs(3));
    assert_stats_balance(&handle);
    proxy.stall(false);
    assert!(handle.flush(PATIENCE), "not flushed: {:?}", handle.stats());
    assert!(
        eventually(PATIENCE, || missing(&numbers(&server.records()), COUNT).is_empty()),
        "{} are missing",
        missing(&numbers(&server.records()), COUNT).len()
    );
    server.stop();
    numbers(&server.records());
    assert_stats_balance(&handle);
}

#[test]
fn a_slow_network_loses_nothing() {
    const COUNT: u64 = 5_000;
    let mut server = Rsyslogd::running();
    let proxy = Proxy::to(server.port(Input::Tcp));
    proxy.throttle(400_000);
    let handle = build(shop(&format!("tcp://127.0.0.1:{}", proxy.port())));
    log_and_flush(&handle, 0..COUNT);
    assert_each_once_in_order(&server.exactly(COUNT as usize, PATIENCE), COUNT);
    assert_all_delivered(&handle, COUNT);
    server.assert_content();
}

#[test]
fn closing_server_is_retried_until_it_stays() {
    let mut server = Rsyslogd::running();
    let proxy = Proxy::to(server.port(Input::Tcp));
    proxy.refuse(true);
    let handle = build(shop(&format!("tcp://127.0.0.1:{}", proxy.port())));
    let mut next = 0;
    let tried = eventually(PATIENCE, || {
        log_one(&handle, &mut next);
        proxy.connections() >= 3
    });
    assert!(tried, "it gave up after {} connections", proxy.connections());
    assert_stats_balance(&handle);
    proxy.refuse(false);
    assert!(eventually(PATIENCE, || {
        log_one(&handle, &mut next);
        server.count() > 0
    }));
    let good = next..next + 200;
    log_and_flush(&handle, good.clone());
    // One that seemed to be why connections end comes alone, behind the others.
    let left = || missing(&numbers(&server.records()), good.end);
    assert!(eventually(PATIENCE, || left().is_empty()), "{:?}", left());
    server.stop();
    assert_order_kept(&numbers(&server.records()), proxy.connections() + 1);
    assert_stats_balance(&handle);
}

fn log_one(handle: &logship::Handle, next: &mut u64) {
    logging(handle, || log(*next));
    *next += 1;
}

#[test]
fn second_server_gets_all_if_first_is_down() {
    let (first, mut second) = (Rsyslogd::prepared(), Rsyslogd::running());
    let addresses = format!("{},{}", url(&first, Input::Tcp), url(&second, Input::Tcp));
    let handle = build(shop(&addresses));
    log_and_flush(&handle, 0..1_000);
    assert_each_once_in_order(&second.exactly(1_000, PATIENCE), 1_000);
    assert_all_delivered(&handle, 1_000);
    second.assert_content();
}

#[test]
fn second_server_takes_over_when_first_goes_down() {
    let (mut first, mut second) = (Rsyslogd::running(), Rsyslogd::running());
    let addresses = format!("{},{}", url(&first, Input::Tcp), url(&second, Input::Tcp));
    let handle = build(shop(&addresses).resend_buffer(0));
    log_and_flush(&handle, 0..500);
    first.wait_for(500, PATIENCE);
    first.stop();
    log_and_flush(&handle, 500..1_000);
    second.wait_for(500, PATIENCE);
    second.stop();
    let both = [first.records(), second.records()].concat();
    assert_each_once_in_order(&both, 1_000);
}
