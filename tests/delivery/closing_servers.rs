//! Servers that take records and close, and ports that refuse.

use std::{
    collections::HashSet,
    io::{BufRead as _, BufReader, Read as _},
    net::{TcpListener, TcpStream, UdpSocket},
    thread,
    time::{Duration, Instant},
};

use logship::{DropReason, ErrorKind, Overflow};

use crate::{
    PATIENCE, is_long, log_slowly,
    shipping::{build, log, logging, shop, url},
    support::{Input, Rsyslogd},
    wait_for_all, wait_until,
};

#[test]
fn a_server_that_takes_and_closes_is_left_for_the_next() {
    let server = Rsyslogd::running();
    let closing = TcpListener::bind("127.0.0.1:0").unwrap();
    let first = closing.local_addr().unwrap();
    thread::spawn(move || closing.incoming().for_each(drop));
    let second = url(&server, Input::PlainTcp);
    let handle = build(shop(&format!("tcp://{first},{second}")).on_error(|_| {}));
    log_slowly(&handle, 0..200);
    wait_for_all(&server, &handle, 200);
    assert_eq!(handle.shutdown(PATIENCE).unwrap().delivered, 200);
}

#[test]
fn a_udp_port_that_refuses_is_left_for_the_next_server() {
    let server = Rsyslogd::running();
    let closed = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let second = url(&server, Input::PlainTcp);
    let handle = build(shop(&format!("udp://{closed},{second}")).on_error(|_| {}));
    log_slowly(&handle, 0..200);
    wait_for_all(&server, &handle, 200);
    assert_eq!(handle.shutdown(PATIENCE).unwrap().delivered, 200);
}

#[test]
fn a_udp_name_with_one_dead_address_reaches_the_other() {
    let server = Rsyslogd::running();
    // `localhost` is ::1 and 127.0.0.1, and rsyslogd listens at the second only.
    let url = url(&server, Input::Udp).replace("127.0.0.1", "localhost");
    let handle = build(shop(&url).on_error(|_| {}));
    log_slowly(&handle, 0..100);
    wait_for_all(&server, &handle, 100);
    wait_until(&handle, |handle| handle.stats().delivered == 100);
}

#[test]
fn a_server_that_reads_and_closes_loses_nothing() {
    closes(|connection| {
        connection.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let mut bytes = [0; 4096];
        let count = connection.read(&mut bytes).unwrap_or(0);
        bytes[..count].to_vec()
    });
}

#[test]
fn a_server_that_holds_unread_connections_loses_nothing() {
    closes(|_| {
        thread::sleep(Duration::from_secs(1));
        Vec::new()
    });
}

/// A server that treats its first connections so, and then reads to the end.
fn closes(first: fn(&mut TcpStream) -> Vec<u8>) {
    let connections = if is_long() { 9 } else { 4 };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("tcp://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let mut text = Vec::new();
        for mut connection in listener.incoming().flatten().take(connections) {
            text.extend(first(&mut connection));
        }
        listener.accept().unwrap().0.read_to_end(&mut text).unwrap();
        text
    });
    let handle = build(shop(&url).on_error(|_| {}));
    log_slowly(&handle, 0..500);
    assert_eq!(handle.stats().delivered, 0, "nothing is known to have arrived");
    wait_until(&handle, |_| server.is_finished() || handle.stats().delivered == 500);
    let stats = handle.shutdown(PATIENCE).unwrap();
    assert_eq!((stats.delivered, stats.dropped), (500, 0), "{stats:?}");
    let text = String::from_utf8_lossy(&server.join().unwrap()).into_owned();
    let missing = (0..500).find(|n| !text.contains(&format!("[fields@32473 n=\"{n}\"]")));
    assert_eq!(missing, None, "{stats:?}");
}

/// Calls wait for room while servers come and go, and the shipper reports what it dropped meanwhile.
#[test]
fn blocked_calls_and_own_reports_never_stand_still() {
    let mut server = Rsyslogd::running();
    let builder = shop(&url(&server, Input::PlainTcp)).queue_capacity(64 << 10);
    let builder = builder.overflow(Overflow::Block(Duration::from_millis(20)));
    let handle = build(builder.stats_interval(Duration::from_secs(1)).on_error(|_| {}));
    let time = Duration::from_secs(if is_long() { 60 } else { 8 });
    let begin = Instant::now();
    let logged = thread::scope(|scope| {
        let logging = |_| {
            scope.spawn(|| {
                logging(&handle, || {
                    (0..)
                        .take_while(|n| {
                            log(*n);
                            begin.elapsed() < time
                        })
                        .count()
                })
            })
        };
        let loggers = [1, 2].map(logging);
        while begin.elapsed() < time {
            thread::sleep(Duration::from_secs(1));
            server.pause();
            thread::sleep(Duration::from_millis(200));
            server.resume();
        }
        loggers.into_iter().map(|logger| logger.join().unwrap() as u64 + 1).sum::<u64>()
    });
    let stats = handle.shutdown(PATIENCE).unwrap();
    assert_eq!(stats.captured, logged, "{stats:?}");
    assert!(stats.dropped > 0, "no call waited in vain: {stats:?}");
    assert_eq!(stats.delivered + stats.dropped, logged, "{stats:?}");
    server.stop();
    let reports = |msgid| server.records().iter().filter(|record| record.msgid == msgid).count();
    assert!(reports("logship::statistics") > 0 && reports("logship") > 0, "{stats:?}");
}

/// The others arrive, some of them more than once; it alone is dropped, and that is reported.
#[test]
fn one_record_that_ends_connections_is_dropped_alone() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("tcp://{}", listener.local_addr().unwrap());
    let (stored, texts) = std::sync::mpsc::channel();
    thread::spawn(move || {
        listener.incoming().flatten().for_each(|connection| read_until_poison(connection, &stored));
    });
    let (errors, told) = std::sync::mpsc::channel();
    let builder = shop(&url).on_error(move |error| drop(errors.send(error.clone())));
    let handle = build(builder);
    logging(&handle, || (0..1_000).for_each(log));
    let mut arrived = HashSet::new();
    wait_until(&handle, |handle| {
        arrived.extend(texts.try_iter());
        handle.stats().pending == 0
    });
    let (stats, wanted): (_, HashSet<u64>) = (handle.stats(), (0..1_000).collect());
    assert_eq!(wanted.difference(&arrived).collect::<Vec<_>>(), [&POISON], "{stats:?}");
    assert_eq!((stats.dropped, stats.dropped_for(DropReason::Refused)), (1, 1), "{stats:?}");
    assert_eq!(stats.delivered, 999, "{stats:?}");
    let refused = told.try_iter().filter(|error| error.kind() == ErrorKind::RecordRefused);
    assert_eq!(refused.count(), 1);
}

#[test]
fn what_a_server_resets_at_the_goodbye_is_sent_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let handle = build(shop(&format!("tcp://{}", listener.local_addr().unwrap())).on_error(|_| {}));
    let server = thread::spawn(move || {
        let read = |resets: bool| {
            let (mut connection, _) = listener.accept().unwrap();
            let mut text = String::new();
            connection.read_to_string(&mut text).unwrap();
            if resets {
                let now = Some(Duration::ZERO);
                socket2::SockRef::from(&connection).set_linger(now).unwrap();
            }
            text.matches("[fields@32473").count()
        };
        (read(true), read(false))
    });
    logging(&handle, || (0..10).for_each(log));
    assert!(handle.flush(PATIENCE));
    let stats = handle.shutdown(PATIENCE).unwrap();
    assert_eq!((stats.delivered, stats.dropped), (10, 0), "{stats:?}");
    assert_eq!(server.join().unwrap(), (10, 10));
}

const POISON: u64 = 500;

/// Takes frames with octet counting, and closes on the one.
fn read_until_poison(connection: TcpStream, stored: &std::sync::mpsc::Sender<u64>) {
    let mut input = BufReader::new(connection);
    let mut next = || {
        let mut length = Vec::new();
        input.read_until(b' ', &mut length).ok()?;
        let length = String::from_utf8(length).ok()?.trim().parse().ok()?;
        let mut frame = vec![0; length];
        input.read_exact(&mut frame).ok()?;
        let text = String::from_utf8(frame).ok()?;
        text.split_once("n=\"")?.1.split('"').next()?.parse().ok()
    };
    while let Some(number) = next().filter(|number| *number != POISON) {
        let _ = stored.send(number);
    }
}
