//! Servers that are away, and servers that take turns.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use logship::{Overflow, Severity};
use logship_collector::Collector;
use tracing::{debug, info, warn};

use crate::support::{PATIENCE, builder, capture};

#[test]
fn records_before_server_start_arrive_in_order() {
    let reserved = Collector::tcp().unwrap();
    let address = reserved.address().unwrap();
    reserved.stop();
    let handle = builder(&reserved).on_error(|_| {}).build().unwrap();
    let guard = capture(&handle);
    (0..1000).for_each(|n| info!(n, "early"));
    drop(guard);
    std::thread::sleep(Duration::from_millis(300));
    let collector = Collector::tcp_at(address).unwrap();
    assert!(handle.flush(PATIENCE), "{:?}", handle.stats());
    let records = collector.wait_for(1000, PATIENCE);
    let order = records.iter().map(|record| record.param("fields@32473", "n").unwrap());
    assert!(order.eq((0..1000).map(|n| n.to_string()).collect::<Vec<_>>()));
    assert_eq!(handle.stats().reconnects, 0);
}

#[test]
fn server_closing_after_each_record_gets_it_again() {
    let collector = Collector::tcp().unwrap();
    let handle = builder(&collector).on_error(|_| {}).build().unwrap();
    let _guard = capture(&handle);
    for n in 0..3 {
        info!(n, "one at a time");
        assert!(handle.flush(PATIENCE));
        collector.wait_for_messages(n + 1, PATIENCE);
        collector.disconnect();
    }
    // That it took them says nothing: it may have ended for want of a backend.
    let stats = handle.stats();
    assert_eq!((stats.delivered, stats.pending, stats.dropped), (0, 3, 0), "{stats:?}");
    assert!(stats.resent >= 2, "{stats:?}");
    let begin = Instant::now();
    let has = |n: usize| {
        let is_it = |r: &logship_collector::Received| {
            r.param("fields@32473", "n") == Some(n.to_string().as_str())
        };
        collector.received().iter().any(is_it)
    };
    while !(0..3).all(has) {
        assert!(begin.elapsed() < PATIENCE, "{:?}", handle.stats());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn second_server_takes_over_and_first_is_returned_to() {
    let (first, second) = (Collector::tcp().unwrap(), Collector::tcp().unwrap());
    let address = first.address().unwrap();
    first.stop();
    let urls = format!("{},{}", first.url(), second.url());
    let handle = builder(&second).servers(urls).on_error(|_| {}).build().unwrap();
    let _guard = capture(&handle);
    info!("to the second");
    assert!(handle.flush(PATIENCE));
    assert_eq!(second.wait_for(1, PATIENCE).len(), 1);
    let first = Collector::tcp_at(address).unwrap();
    let begin = Instant::now();
    let mut said = 1;
    while first.messages() == 0 && begin.elapsed() < 2 * PATIENCE {
        info!("to whom it may concern");
        said += 1;
        assert!(handle.flush(PATIENCE));
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(first.messages() > 0, "the first server was never returned to");
    assert_eq!(first.messages() + second.messages(), said);
}

#[test]
fn full_queue_drops_the_least_severe_and_reports_it() {
    let reserved = Collector::tcp().unwrap();
    let address = reserved.address().unwrap();
    reserved.stop();
    let handle = builder(&reserved).queue_capacity(64 * 1024).on_error(|_| {}).build().unwrap();
    let guard = capture(&handle);
    for n in 0..1000 {
        debug!(n, "chatter, chatter, chatter");
        info!(n, "news");
    }
    (0..10).for_each(|n| warn!(n, "there is still room for this"));
    drop(guard);
    let stats = handle.stats();
    assert_eq!(stats.dropped_of(Severity::Warning), 0);
    assert!(stats.dropped_of(Severity::Debug) > stats.dropped_of(Severity::Informational));
    assert_eq!(stats.captured, 2010);
    assert_eq!(stats.captured, stats.delivered + stats.dropped + stats.pending);

    let collector = Collector::tcp_at(address).unwrap();
    assert!(handle.flush(PATIENCE));
    let expected = usize::try_from(stats.pending).unwrap() + 1;
    let records = collector.wait_for(expected, PATIENCE);
    let told = records.last().expect("the loss is told in-band");
    assert!(told.text().unwrap().starts_with("logship dropped"), "{:?}", told.text());
    assert_eq!(told.message.as_ref().unwrap().severity, 4);
    let number = |name| told.param("fields@32473", name).unwrap().parse::<u64>().unwrap();
    assert_eq!(number("dropped"), stats.dropped);
    assert_eq!(number("debug"), stats.dropped_of(Severity::Debug));
    assert_eq!(number("info"), stats.dropped_of(Severity::Informational));
}

#[test]
fn a_program_that_would_rather_wait_loses_nothing() {
    let collector = Collector::tcp().unwrap();
    let wait = Overflow::Block(Duration::from_secs(60));
    let handle = builder(&collector).queue_capacity(64 * 1024).overflow(wait).build().unwrap();
    let _guard = capture(&handle);
    (0..20_000).for_each(|n| info!(n, "each of them"));
    assert!(handle.flush(PATIENCE));
    assert_eq!(collector.wait_for_messages(20_000, PATIENCE), 20_000);
    assert_eq!(handle.stats().dropped, 0);
}

#[test]
fn a_listener_that_panics_stops_nothing() {
    let reserved = Collector::tcp().unwrap();
    let address = reserved.address().unwrap();
    reserved.stop();
    let told = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&told);
    let on_error = move |_: &logship::ShipError| {
        count.fetch_add(1, Relaxed);
        panic!("on purpose");
    };
    let handle = builder(&reserved).on_error(on_error).build().unwrap();
    let _guard = capture(&handle);
    info!("early");
    let begin = Instant::now();
    while told.load(Relaxed) < 2 {
        assert!(begin.elapsed() < PATIENCE, "{:?}", handle.stats());
        std::thread::sleep(Duration::from_millis(5));
    }
    let collector = Collector::tcp_at(address).unwrap();
    assert!(handle.flush(PATIENCE), "{:?}", handle.stats());
    assert_eq!(collector.wait_for(1, PATIENCE)[0].text(), Some("early"));
}

/// As when the port is closed: the kernel tells a sender of datagrams, but one too late.
#[test]
fn a_udp_port_that_is_closed_is_waited_for() {
    let collector = Collector::udp().unwrap();
    let address = collector.address().unwrap();
    let handle = builder(&collector).on_error(|_| {}).build().unwrap();
    let _guard = capture(&handle);
    let texts = |collector: &Collector| -> BTreeSet<String> {
        collector.received().iter().map(|r| r.text().unwrap().to_owned()).collect()
    };
    info!("before");
    assert!(handle.flush(PATIENCE));
    assert_eq!(collector.wait_for_messages(1, PATIENCE), 1);
    collector.stop();
    let begin = Instant::now();
    while handle.connection().is_some() {
        info!("into the void");
        assert!(begin.elapsed() < PATIENCE, "it is never noticed: {:?}", handle.stats());
        std::thread::sleep(Duration::from_millis(5));
    }
    (0..100).for_each(|n| info!("while nobody listens: {n}"));
    let collector = Collector::udp_at(address).unwrap();
    let all: BTreeSet<_> = (0..100).map(|n| format!("while nobody listens: {n}")).collect();
    let begin = Instant::now();
    while !texts(&collector).is_superset(&all) {
        assert!(begin.elapsed() < PATIENCE, "{:?} {:?}", handle.stats(), texts(&collector));
        std::thread::sleep(Duration::from_millis(5));
    }
    let stats = handle.stats();
    assert_eq!(stats.captured, stats.delivered + stats.dropped + stats.pending);
    assert_eq!(stats.dropped, 0, "{stats:?}");
}

#[test]
#[cfg(unix)]
fn a_unix_socket_that_is_made_anew_is_found_again() {
    let directory = tempfile::TempDir::new().unwrap();
    let path = directory.path().join("log");
    let mut collector = Collector::unix(&path).unwrap();
    let handle = builder(&collector).on_error(|_| {}).build().unwrap();
    let _guard = capture(&handle);
    for round in 0..3 {
        (0..100).for_each(|n| info!("{round}: {n} to whom it may concern"));
        assert!(handle.flush(PATIENCE), "{:?}", handle.stats());
        assert_eq!(
            collector.wait_for_messages(200.min(100 + 100 * round), PATIENCE),
            200.min(100 + 100 * round)
        );
        collector.stop();
        assert!(!path.exists());
        (0..100).for_each(|n| info!("{round}: {n} to nobody"));
        collector = Collector::unix(&path).unwrap();
    }
    assert!(handle.flush(PATIENCE), "{:?}", handle.stats());
    assert_eq!(collector.wait_for_messages(100, PATIENCE), 100);
    assert_eq!(
        (handle.stats().captured - handle.stats().dropped, handle.stats().dropped),
        (600, 0)
    );
}

#[test]
#[cfg(unix)]
fn unread_unix_socket_is_reported_and_loses_nothing() {
    let directory = tempfile::TempDir::new().unwrap();
    let collector = Collector::unix(directory.path().join("log")).unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let limit = Duration::from_millis(300);
    let builder = builder(&collector).write_timeout(limit);
    let builder = builder.on_error(move |error| drop(tell.send(error.to_string())));
    let handle = builder.build().unwrap();
    let _guard = capture(&handle);
    collector.pause();
    (0..2_000).for_each(|n| info!(n, "one of many"));
    let what = told.recv_timeout(PATIENCE).unwrap();
    assert!(what.contains("no answer to a write within 300ms"), "{what}");
    collector.resume();
    assert!(handle.flush(PATIENCE), "{:?}", handle.stats());
    assert_eq!(collector.wait_for_messages(2_000, PATIENCE), 2_000);
    assert_eq!(
        (handle.stats().captured - handle.stats().dropped, handle.stats().dropped),
        (2_000, 0)
    );
}
