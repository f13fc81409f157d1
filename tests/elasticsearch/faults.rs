//! Everything goes wrong that can, and each record is in the index once.

use std::{
    collections::HashSet,
    io::Write as _,
    net::TcpStream,
    thread::{scope, sleep},
    time::{Duration, Instant},
};

use logship::{Format, Handle};

use crate::{
    central::{Central, PATIENCE, log, shop},
    store::Fault,
    support::eventually,
};

#[test]
fn busy_or_absent_store_loses_and_doubles_nothing() {
    let mut central = Central::running();
    let handle = application(&central);
    let begin = Instant::now();
    scope(|scope| {
        let logger = scope.spawn(|| log_evenly(&handle, count()));
        let short = Duration::from_secs(1);
        central.store.turn_items_away(Some((3, 429)));
        sleep(short);
        central.store.turn_items_away(Some((1, 503)));
        sleep(short);
        central.store.turn_items_away(None);
        let statuses = [Fault::Status(429), Fault::Status(503), Fault::Html];
        for fault in statuses.into_iter().chain([Fault::TooLong(20_000), Fault::AnswerLost]) {
            central.store.fail(fault);
            sleep(short);
            central.store.fail(None);
            sleep(short / 4);
        }
        central.store.go_away();
        sleep(if count() > SHORT { short * 60 } else { short * 4 });
        central.store.come_back();
        logger.join().unwrap();
    });
    assert!(handle.flush(PATIENCE));
    central.wait_for(count() as usize);
    println!("{} records through every fault of the store in {:?}", count(), begin.elapsed());
    assert!(central.store.books().turned_away > 0, "no fault was met");
    let metrics = central.ask("/metrics");
    for name in ["requests_failed", "requests_halved", "records_retried", "records_known"] {
        assert!(!metrics.contains(&format!("{name}_total 0")), "{name}: {metrics}");
    }
    assert_each_once(&mut central, count());
}

#[test]
fn store_that_is_away_is_told_of_before_the_first_record() {
    let mut central = Central::running();
    central.kill_poster();
    central.store.go_away();
    central.start_poster(&[]);
    said(&central, "does not answer");
    let health = central.ask("/health");
    assert!(health.starts_with("HTTP/1.1 200") && health.contains("no answer of"), "{health}");
    central.store.come_back();
    said(&central, "the store answers again, after ");
    assert!(central.ask("/health").ends_with("\nwell\n"), "{}", central.ask("/health"));
}

#[test]
fn user_who_may_not_create_documents_costs_none() {
    let central = Central::running();
    central.store.turn_items_away(Some((1, 403)));
    let handle = application(&central);
    log(&handle, 0..10);
    assert!(handle.flush(PATIENCE));
    said(&central, "the store turns records away: 403 security_exception");
    central.store.turn_items_away(None);
    central.wait_for(10);
    assert_eq!(central.text("spool/dead-letters.ndjson"), "");
}

/// Waits until the poster or rsyslogd says that.
pub(crate) fn said(central: &Central, words: &str) {
    let is_said = || central.own_log().contains(words);
    assert!(eventually(PATIENCE, is_said), "{words}: {}", central.own_log());
}

/// Over TCP, a central that is slower than its senders has up to the 6 MiB of Linux's receive buffer
/// unread, acknowledged by its kernel: the default tail does not hold that, and a RELP server
/// answers only for what is in its queue on the disk.
#[test]
fn killed_central_loses_and_doubles_nothing() {
    for (scheme, tail) in [("tcp", 8 << 20), ("relp", 0)] {
        survives_kills(scheme, tail);
    }
}

fn survives_kills(scheme: &str, tail: usize) {
    let count = count() / 4;
    let mut central = Central::running();
    let builder = shop(&central.url(scheme)).format(Format::Cee).resend_buffer(tail);
    let handle = builder.build().unwrap();
    scope(|scope| {
        let logger = scope.spawn(|| log_evenly(&handle, count));
        for kill in 0..5 {
            sleep(Duration::from_millis(700));
            central.start_poster(&[]);
            // Once with everything in the spool, and nobody who looks after it.
            if kill == 1 {
                central.store.go_away();
                sleep(Duration::from_millis(700));
            }
            central.kill();
            central.start();
            if kill == 1 {
                central.store.come_back();
            }
        }
        logger.join().unwrap();
    });
    assert!(handle.flush(PATIENCE));
    central.wait_for(count as usize);
    let resent = handle.stats().resent;
    println!("{scheme}: central and poster killed 5 times, {count} records, {resent} sent again");
    assert_each_once(&mut central, count);
}

/// What a RELP sender has an answer for is safe, however little room there is: the poster holds rsyslogd
/// before the limit, and its senders wait until the store is back.
#[test]
fn a_spool_that_reaches_its_limit_makes_senders_wait() {
    let mut central = Central::running();
    central.start_poster(&["--limit", "2M"]);
    let handle = shop(&central.url("relp")).format(Format::Cee).build().unwrap();
    central.store.go_away();
    let count = count();
    scope(|scope| {
        let logger = scope.spawn(|| log_evenly(&handle, count));
        assert!(eventually(PATIENCE, is_held_by(&central)), "{}", central.own_log());
        assert!(central.ask("/health").starts_with("HTTP/1.1 503"));
        assert!(central.ask("/metrics").contains("logship_index_brake 1"));
        logger.join().unwrap();
        assert!(handle.stats().pending > 0, "nobody waits: {:?}", handle.stats());
        // A poster that is killed now finds it held.
        central.start_poster(&["--limit", "2M"]);
        assert!(eventually(PATIENCE, is_held_by(&central)), "{}", central.own_log());
        central.store.come_back();
    });
    assert!(handle.flush(PATIENCE), "{:?}\n{}", handle.stats(), central.own_log());
    central.wait_for(count as usize);
    assert!(!central.own_log().contains("message lost"), "{}", central.own_log());
    let is_well = || central.ask("/health").starts_with("HTTP/1.1 200");
    assert!(eventually(PATIENCE, is_well), "{}", central.ask("/health"));
    assert_each_once(&mut central, count);
}

/// As a sender does it that lost a connection: byte for byte the same.
#[test]
fn records_that_are_sent_again_are_not_stored_again() {
    let mut central = Central::running();
    let mut bytes = String::new();
    for n in 0..count() {
        let micros = n % 1_000_000;
        let header = format!("<14>1 2026-01-01T00:00:00.{micros:06}Z client.example shop 5 -");
        bytes += &format!("{header} [meta sequenceId=\"{}\"] record {n}\n", n + 1);
    }
    let again = bytes.lines().take(count() as usize / 10).collect::<Vec<_>>().join("\n") + "\n";
    let begin = Instant::now();
    let address = central.url("tcp").replace("tcp://", "");
    let mut connection = TcpStream::connect(address).unwrap();
    for bytes in [&bytes, &again] {
        connection.write_all(bytes.as_bytes()).unwrap();
    }
    let all = || central.store.books().conflicts as u64 >= count() / 10;
    assert!(eventually(PATIENCE, all), "{}", central.own_log());
    println!("{} records, a tenth of them twice, in {:?}", count(), begin.elapsed());
    assert_each_once(&mut central, count());
}

fn is_held_by(central: &Central) -> impl FnMut() -> bool {
    || central.ask("/health").contains("the brake is on")
}

fn application(central: &Central) -> Handle {
    shop(&central.url("tcp")).format(Format::Cee).build().unwrap()
}

/// Over some eight seconds, so that every fault is met by some.
fn log_evenly(handle: &Handle, count: u64) {
    let begin = Instant::now();
    for first in (0..count).step_by(100) {
        log(handle, first..(first + 100).min(count));
        let due = Duration::from_secs(8).mul_f64(first as f64 / count as f64);
        sleep(due.saturating_sub(begin.elapsed()));
    }
}

/// Fails unless the records `0..count` are stored, each once, and nothing else happened to any.
fn assert_each_once(central: &mut Central, count: u64) {
    central.stop();
    central.wait_until_empty();
    let books = central.store.books();
    assert!(books.refused.is_empty(), "{:?}", books.refused.first());
    let stored: HashSet<_> = books.messages.values().collect();
    let lost: Vec<_> = (0..count).filter(|n| !stored.contains(&format!("record {n}"))).collect();
    assert!(lost.is_empty(), "{} are lost, such as {:?}", lost.len(), lost.first());
    assert_eq!(books.messages.len() as u64, count, "some are stored twice");
    assert_eq!(central.text("spool/dead-letters.ndjson"), "");
}

/// How many records: 20,000, or as the environment says.
fn count() -> u64 {
    std::env::var("CHAIN").ok().and_then(|count| count.parse().ok()).unwrap_or(SHORT)
}

const SHORT: u64 = 20_000;
