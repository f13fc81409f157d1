//! Servers that read slowly, close one half, reset, or accept no connection.

use std::{
    io::Read as _,
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use socket2::{Domain, SockRef, Socket, Type};

use crate::shipping::{
    PATIENCE, assert_all_delivered, assert_stats_balance, build, log, log_and_flush, logging,
    missing, numbers, shop, url,
};
use crate::support::{Input, Proxy, Rsyslogd, eventually};

#[test]
fn slow_reader_delays_no_call_and_loses_nothing() {
    const COUNT: u64 = 20_000;
    let server = Rsyslogd::running();
    let proxy = Proxy::to(server.port(Input::PlainTcp));
    proxy.throttle(1_000);
    let address = format!("tcp://127.0.0.1:{}", proxy.port());
    let handle = build(shop(&address).user_timeout(Duration::from_secs(1)));
    let slowest = logging(&handle, || {
        let timed = |n| {
            let begin = Instant::now();
            log(n);
            begin.elapsed()
        };
        (0..COUNT).map(timed).max()
    });
    assert!(slowest < Some(Duration::from_millis(200)), "{slowest:?}");
    std::thread::sleep(Duration::from_secs(4));
    assert_stats_balance(&handle);
    let stats = handle.stats();
    assert_eq!((stats.captured, stats.dropped, stats.reconnects), (COUNT, 0, 0), "{stats:?}");
    proxy.throttle(0);
    assert!(handle.flush(PATIENCE), "not flushed: {:?}", handle.stats());
    assert_all_delivered(&handle, COUNT);
    let all = || missing(&numbers(&server.records()), COUNT).is_empty();
    assert!(eventually(PATIENCE, all), "{:?}", missing(&numbers(&server.records()), COUNT));
}

/// The kernel takes connections for a server that doesn't until its backlog is full; then a
/// connect hangs.
#[test]
fn server_without_accept_is_left_for_the_next() {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(1).unwrap();
    let port = listener.local_addr().unwrap().as_socket().unwrap().port();
    let mut waiting = Vec::new();
    let address = ([127, 0, 0, 1], port).into();
    while let Ok(connection) =
        std::net::TcpStream::connect_timeout(&address, Duration::from_millis(300))
    {
        waiting.push(connection);
    }
    let second = Rsyslogd::running();
    let servers = format!("tcp://127.0.0.1:{port},{}", url(&second, Input::PlainTcp));
    let handle = build(shop(&servers).connect_timeout(Duration::from_millis(500)).on_error(|_| {}));
    log_and_flush(&handle, 0..1_000);
    assert_all_delivered(&handle, 1_000);
    second.wait_for(1_000, PATIENCE);
}

/// It reads on, but whoever hears its end takes the connection for closed: most servers are gone
/// at that.
#[test]
fn a_server_that_closes_its_half_is_connected_to_anew() {
    const COUNT: u64 = 5_000;
    let (address, heard) = listening(|index, connection, _| {
        if index < 3 {
            // The second time it is closed already.
            let _ = connection.shutdown(Shutdown::Write);
        }
        true
    });
    let handle = build(shop(&address).on_error(|_| {}));
    for begin in (0..COUNT).step_by(500) {
        log_and_flush(&handle, begin..begin + 500);
    }
    assert_all_delivered(&handle, COUNT);
    assert_eq!(handle.stats().reconnects, 3, "{:?}", handle.stats());
    assert_all_heard(&heard, COUNT);
}

/// Nobody would make room again: it must not be waited for as long as for a server that stalls.
#[test]
fn half_closed_connection_is_left_at_once() {
    const COUNT: u64 = 60_000;
    let server = Rsyslogd::running();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let first = format!("tcp://{}", listener.local_addr().unwrap());
    let servers = format!("{first},{}", url(&server, Input::PlainTcp));
    let handle = build(shop(&servers).write_timeout(Duration::from_secs(3600)).on_error(|_| {}));
    log_and_flush(&handle, 0..10);
    let (connection, _) = listener.accept().unwrap();
    drop(listener);
    logging(&handle, || (10..COUNT).for_each(log));
    // Until no more fits into the kernels on the way.
    let is_stuck = || {
        let before = handle.stats().pending;
        std::thread::sleep(Duration::from_millis(300));
        before > 0 && before == handle.stats().pending
    };
    assert!(eventually(PATIENCE, is_stuck), "{:?}", handle.stats());
    connection.shutdown(Shutdown::Write).unwrap();
    assert!(eventually(PATIENCE, || handle.stats().reconnects == 1), "{:?}", handle.stats());
    assert!(handle.flush(PATIENCE), "not flushed: {:?}", handle.stats());
    assert_all_delivered(&handle, COUNT);
}

/// Its kernel takes connections and what fits into its buffers, for ever.
#[test]
fn a_server_that_stalls_is_left_for_the_next() {
    const COUNT: u64 = 60_000;
    let stalled = TcpListener::bind("127.0.0.1:0").unwrap();
    let second = Rsyslogd::running();
    let first = stalled.local_addr().unwrap();
    let servers = format!("tcp://{first},{}", url(&second, Input::PlainTcp));
    let handle = build(shop(&servers).write_timeout(Duration::from_secs(1)).on_error(|_| {}));
    log_and_flush(&handle, 0..COUNT);
    assert_all_delivered(&handle, COUNT);
    assert_eq!(handle.stats().reconnects, 1, "{:?}", handle.stats());
    let all = || missing(&numbers(&second.records()), COUNT).is_empty();
    assert!(
        eventually(PATIENCE, all),
        "{} are missing",
        missing(&numbers(&second.records()), COUNT).len()
    );
}

/// `SO_LINGER` of nothing: what the server's kernel has not sent is thrown away, and so is what it
/// has not read.
#[test]
fn a_server_that_resets_connections_loses_nothing() {
    const COUNT: u64 = 5_000;
    let (address, heard) = listening(|index, connection, bytes| {
        SockRef::from(connection).set_linger(Some(Duration::ZERO)).unwrap();
        index >= 5 || bytes < 100_000
    });
    let handle = build(shop(&address).resend_buffer(2 << 20).on_error(|_| {}));
    log_and_flush(&handle, 0..COUNT);
    assert_all_heard(&heard, COUNT);
    assert_eq!(handle.stats().reconnects, 5, "{:?}", handle.stats());
    assert_all_delivered(&handle, COUNT);
}

/// A server's address, and what it hears: after each read `goes_on` is told which connection that was,
/// and how many bytes came on it, and says whether it stays open.
fn listening(goes_on: fn(usize, &TcpStream, usize) -> bool) -> (String, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let heard = Arc::new(Mutex::new(String::new()));
    let hears = Arc::clone(&heard);
    std::thread::spawn(move || {
        for (index, connection) in listener.incoming().enumerate() {
            let (mut connection, hears) = (connection.unwrap(), Arc::clone(&hears));
            std::thread::spawn(move || {
                let (mut bytes, mut sum) = (vec![0; 64 * 1024], 0);
                while let Ok(count @ 1..) = connection.read(&mut bytes) {
                    hears.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
                    sum += count;
                    if !goes_on(index, &connection, sum) {
                        break;
                    }
                }
            });
        }
    });
    (address, heard)
}

fn assert_all_heard(heard: &Mutex<String>, count: u64) {
    let numbers = || -> Vec<u64> {
        let heard = heard.lock().unwrap();
        let fields = heard.split("[fields@32473 n=\"").skip(1);
        fields.filter_map(|rest| rest.split_once("\"]")?.0.parse().ok()).collect()
    };
    let all = || missing(&numbers(), count).is_empty();
    assert!(eventually(PATIENCE, all), "{:?}", missing(&numbers(), count));
}
