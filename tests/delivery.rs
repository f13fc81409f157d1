//! Delivery behind balancers without a backend, and beside servers that take and close.
#![cfg(all(target_os = "linux", feature = "tracing", feature = "log", feature = "native-tls"))]

#[path = "rsyslog/shipping.rs"]
#[allow(dead_code, reason = "the tests of rsyslog use the rest")]
mod shipping;
#[path = "support/mod.rs"]
mod support;

use std::{
    collections::HashSet,
    io::{BufRead as _, BufReader, Read as _},
    net::{TcpListener, TcpStream, UdpSocket},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use logship::{DropReason, ErrorKind, Handle};

use crate::{
    shipping::{assert_stats_balance, build, log, logging, shop, url},
    support::{Input, Rsyslogd},
};

/// Generous: each connection that ends makes the next pause longer.
const PATIENCE: Duration = Duration::from_secs(180);

#[test]
fn haproxy_without_a_backend_loses_nothing() {
    behind(haproxy);
}

#[test]
fn nginx_without_a_backend_loses_nothing() {
    behind(nginx);
}

/// The backend is away when the program begins, comes, and goes away once more in the middle.
fn behind(start: impl Fn(&std::path::Path, u16, u16) -> Balancer) {
    let mut server = Rsyslogd::prepared();
    let directory = tempfile::tempdir().unwrap();
    let port = free_port();
    let _balancer = start(directory.path(), port, server.port(Input::PlainTcp));
    let handle = build(shop(&format!("tcp://127.0.0.1:{port}")).on_error(|_| {}));
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
}

#[test]
fn a_udp_port_that_refuses_is_left_for_the_next_server() {
    let server = Rsyslogd::running();
    let closed = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let second = url(&server, Input::PlainTcp);
    let handle = build(shop(&format!("udp://{closed},{second}")).on_error(|_| {}));
    log_slowly(&handle, 0..200);
    wait_for_all(&server, &handle, 200);
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

struct Balancer(Child);

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn haproxy(directory: &std::path::Path, port: u16, backend: u16) -> Balancer {
    let file = directory.join("haproxy.cfg");
    let text = format!(
        "defaults\n mode tcp\n timeout connect 5s\n timeout client 1m\n timeout server 1m\n\
         frontend in\n bind 127.0.0.1:{port}\n default_backend out\n\
         backend out\n server rsyslog 127.0.0.1:{backend}\n"
    );
    std::fs::write(&file, text).unwrap();
    started(Command::new("haproxy").arg("-db").arg("-f").arg(file), port)
}

fn nginx(directory: &std::path::Path, port: u16, backend: u16) -> Balancer {
    let file = directory.join("nginx.conf");
    let module = "/usr/lib/nginx/modules/ngx_stream_module.so";
    let text = format!(
        "load_module {module};\ndaemon off;\nmaster_process off;\npid {0}/pid;\n\
         error_log {0}/error.log;\nevents {{}}\nstream {{ server {{ \
         listen 127.0.0.1:{port}; proxy_pass 127.0.0.1:{backend}; }} }}\n",
        directory.display()
    );
    std::fs::write(&file, text).unwrap();
    started(Command::new("nginx").arg("-p").arg(directory).arg("-c").arg(file), port)
}

fn started(command: &mut Command, port: u16) -> Balancer {
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let child = command.env("PATH", path).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let balancer = Balancer(child.expect("it is installed: see tests/setup"));
    let begin = Instant::now();
    while !support::tcp_listens(port) {
        assert!(begin.elapsed() < PATIENCE, "the balancer does not come up");
        thread::sleep(Duration::from_millis(20));
    }
    balancer
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
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
