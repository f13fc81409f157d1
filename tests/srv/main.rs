//! Servers found by SRV records, wherever they move.

mod name_server;

use std::{
    net::{Ipv4Addr, TcpListener, UdpSocket},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use log::{Level, Log as _, Record};
use logship::Handle;
use logship_collector::{Certificate, Collector};

use self::name_server::NameServer;

/// A handle, and what troubles it.
fn handle(url: String) -> (Handle, Arc<Mutex<Vec<String>>>) {
    let troubles = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&troubles);
    let builder = logship::builder("app-tag").servers(url).connect_timeout(Duration::from_secs(3));
    let handle = builder.on_error(move |error| told.lock().unwrap().push(error.to_string()));
    (handle.build().unwrap(), troubles)
}

fn say(handle: &Handle, text: &str) {
    let mut record = Record::builder();
    handle.logger().log(&record.level(Level::Info).args(format_args!("{text}")).build());
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn port(collector: &Collector) -> u16 {
    collector.address().unwrap().port()
}

/// A port where nobody listens.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn srv_priority_is_followed_and_failed_over() {
    let (first, second) = (Collector::tcp().unwrap(), Collector::tcp().unwrap());
    let names = NameServer::new();
    names.set_hosts("a.example.test", &[Ipv4Addr::LOCALHOST]);
    names.set_hosts("b.example.test", &[Ipv4Addr::LOCALHOST]);
    names.set_service(
        "_syslog._tcp.example.test",
        &[
            (20, 0, port(&second), "b.example.test"),
            (10, 50, closed_port(), "a.example.test"),
            (10, 50, port(&first), "a.example.test"),
            (5, 0, 514, "unknown.example.test"),
        ],
    );
    let (handle, troubles) = handle(url("_syslog._tcp.example.test", &names));
    say(&handle, "to the first");
    assert!(handle.flush(PATIENCE), "{troubles:?}");
    assert_eq!(first.wait_for(1, PATIENCE)[0].text(), Some("to the first"));
    first.stop();
    drop(first);
    say(&handle, "to the second");
    assert!(handle.flush(PATIENCE), "{troubles:?}");
    until("the second got it", || {
        second.received().iter().any(|record| record.text() == Some("to the second"))
    });
    let troubles = troubles.lock().unwrap().join("\n");
    assert!(troubles.contains("lost srv://_syslog._tcp.example.test"), "{troubles}");
}

#[test]
fn missing_srv_service_is_reported_and_found_later() {
    let collector = Collector::tcp().unwrap();
    let names = NameServer::new();
    names.set_hosts("a.example.test", &[Ipv4Addr::LOCALHOST]);
    let (handle, troubles) = handle(url("_syslog._tcp.example.test", &names));
    let told = |text: &str| troubles.lock().unwrap().iter().any(|trouble| trouble.contains(text));
    say(&handle, "for later");
    until("no record", || told("\"_syslog._tcp.example.test\" has no SRV record"));
    names.set_service("_syslog._tcp.example.test", &[(0, 0, 0, ".")]);
    until("not there", || told("\"example.test\" says that it has no _syslog._tcp"));
    let target = (0, 0, port(&collector), "a.example.test");
    names.set_service("_syslog._tcp.example.test", &[target]);
    assert!(handle.flush(PATIENCE), "{troubles:?}");
    assert_eq!(collector.wait_for(1, PATIENCE)[0].text(), Some("for later"));
}

#[test]
fn silent_name_server_is_reported_and_blocks_nobody() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let name_server = silent.local_addr().unwrap();
    let server = format!("srv://_syslog._tcp.example.test?nameserver={name_server}");
    let (handle, troubles) = handle(server);
    say(&handle, "waits");
    until("told", || !troubles.lock().unwrap().is_empty());
    let troubles = troubles.lock().unwrap().join("\n");
    assert!(troubles.contains("cannot reach srv://_syslog._tcp.example.test"), "{troubles}");
    assert_eq!((handle.stats().pending, handle.stats().dropped), (1, 0));
}

#[test]
fn srv_certificate_must_name_the_domain() {
    let certificate = |name: &str| {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        Certificate { cert_pem: made.cert.pem(), key_pem: made.signing_key.serialize_pem() }
    };
    let names = NameServer::new();
    names.set_hosts("a.example.test", &[Ipv4Addr::LOCALHOST]);
    for (bears, is_right) in [("example.test", true), ("a.example.test", false)] {
        let certificate = certificate(bears);
        let ca = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(ca.path(), &certificate.cert_pem).unwrap();
        let collector = Collector::tls(certificate).unwrap();
        let target = (0, 0, port(&collector), "a.example.test");
        names.set_service("_syslog-tls._tcp.example.test", &[target]);
        let service = url("_syslog-tls._tcp.example.test", &names);
        let (handle, troubles) = handle(format!("{service}&ca_file={}", ca.path().display()));
        say(&handle, "hello");
        if is_right {
            assert!(handle.flush(PATIENCE), "{troubles:?}");
            assert_eq!(collector.wait_for(1, PATIENCE).len(), 1);
        } else {
            until("refused", || !troubles.lock().unwrap().is_empty());
            assert_eq!(collector.messages(), 0);
        }
    }
}

#[test]
fn name_is_resolved_anew_for_each_connect() {
    let hosts = [2, 3].map(|host| Ipv4Addr::new(127, 0, 0, host));
    let ([first, second], port) = at_one_port(hosts);
    let names = NameServer::new();
    names.set_hosts("logs.example.test", &hosts[..1]);
    let server = format!("tcp://logs.example.test:{port}?nameserver={}", names.address);
    let (handle, troubles) = handle(server);
    say(&handle, "before");
    assert!(handle.flush(PATIENCE), "{troubles:?}");
    assert_eq!(first.wait_for(1, PATIENCE).len(), 1);
    let asked = names.asked("logs.example.test");
    names.set_hosts("logs.example.test", &hosts[1..]);
    first.disconnect();
    say(&handle, "after");
    assert!(handle.flush(PATIENCE), "{troubles:?}");
    until("it moved", || second.received().iter().any(|record| record.text() == Some("after")));
    assert!(names.asked("logs.example.test") > asked);
}

#[test]
fn addresses_share_load_and_a_dead_one_costs_nothing() {
    // Nobody listens at the last one.
    let hosts = [2, 3, 4].map(|host| Ipv4Addr::new(127, 0, 0, host));
    let (collectors, port) = at_one_port([hosts[0], hosts[1]]);
    let names = NameServer::new();
    names.set_hosts("logs.example.test", &hosts);
    let server = format!("tcp://logs.example.test:{port}?nameserver={}", names.address);
    for _ in 0..CLIENTS {
        let (handle, troubles) = handle(server.clone());
        say(&handle, "hello");
        assert!(handle.flush(PATIENCE), "{troubles:?}");
    }
    let shares = || collectors.each_ref().map(Collector::messages);
    until("all arrived", || shares().iter().sum::<u64>() == CLIENTS);
    // By chance one of them gets none in one of 10^9 runs.
    assert!(shares().iter().all(|share| *share > 0), "{:?}", shares());
}

/// The same port on each of these addresses: only the name tells them apart.
fn at_one_port<const N: usize>(hosts: [Ipv4Addr; N]) -> ([Collector; N], u16) {
    loop {
        let port = closed_port();
        let bound = hosts.map(|host| Collector::tcp_at((host, port).into()).ok());
        if bound.iter().all(Option::is_some) {
            return (bound.map(|collector| collector.expect("it is there")), port);
        }
    }
}

fn url(service: &str, names: &NameServer) -> String {
    format!("srv://{service}?nameserver={}", names.address)
}

const CLIENTS: u64 = 30;
const PATIENCE: Duration = Duration::from_secs(20);
