//! Delivery behind balancers without a backend, and beside servers that take and close.
#![cfg(all(target_os = "linux", feature = "tracing", feature = "log", feature = "native-tls"))]

#[path = "rsyslog/shipping.rs"]
#[allow(dead_code, reason = "the tests of rsyslog use the rest")]
mod shipping;
#[path = "support/mod.rs"]
mod support;

use std::{
    collections::HashSet,
    net::{TcpListener, UdpSocket},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use logship::Handle;

use crate::{
    shipping::{assert_books_balance, build, log, logging, shop, url},
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
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let _balancer = start(folder.path(), port, server.port(Input::PlainTcp));
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
    assert_books_balance(handle);
    assert_eq!(handle.stats().dropped, 0, "{:?}", handle.stats());
}

fn wait_until(handle: &Handle, condition: impl Fn(&Handle) -> bool) {
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

fn haproxy(folder: &std::path::Path, port: u16, backend: u16) -> Balancer {
    let file = folder.join("haproxy.cfg");
    let text = format!(
        "defaults\n mode tcp\n timeout connect 5s\n timeout client 1m\n timeout server 1m\n\
         frontend in\n bind 127.0.0.1:{port}\n default_backend out\n\
         backend out\n server rsyslog 127.0.0.1:{backend}\n"
    );
    std::fs::write(&file, text).unwrap();
    started(Command::new("haproxy").arg("-db").arg("-f").arg(file), port)
}

fn nginx(folder: &std::path::Path, port: u16, backend: u16) -> Balancer {
    let file = folder.join("nginx.conf");
    let module = "/usr/lib/nginx/modules/ngx_stream_module.so";
    let text = format!(
        "load_module {module};\ndaemon off;\nmaster_process off;\npid {0}/pid;\n\
         error_log {0}/error.log;\nevents {{}}\nstream {{ server {{ \
         listen 127.0.0.1:{port}; proxy_pass 127.0.0.1:{backend}; }} }}\n",
        folder.display()
    );
    std::fs::write(&file, text).unwrap();
    started(Command::new("nginx").arg("-p").arg(folder).arg("-c").arg(file), port)
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
