//! Names that move, have dead addresses, or cannot be resolved.

use std::{
    fs,
    net::{Ipv4Addr, UdpSocket},
    process::Command,
    time::{Duration, Instant},
};

use logship::Handle;
use tempfile::TempDir;

use crate::network_namespace::is_mine;
use crate::shipping::{
    PATIENCE, assert_stats_balance, build, log, log_and_flush, logging, missing, numbers, shop,
};
use crate::support::{Input, Proxy, Rsyslogd, eventually};

const NAME: &str = "logs.test";
const FIRST: Ipv4Addr = Ipv4Addr::LOCALHOST;
const SECOND: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const DEAD: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

/// A hosts file and a name server that never answers, for this process alone.
struct Names {
    directory: TempDir,
    _silent: UdpSocket,
}

impl Names {
    fn new() -> Names {
        let directory = TempDir::new().unwrap();
        let names = Names { directory, _silent: UdpSocket::bind("127.0.0.1:53").unwrap() };
        names.are(&[]);
        fs::write(names.directory.path().join("resolv.conf"), "nameserver 127.0.0.1\n").unwrap();
        for file in ["hosts", "resolv.conf"] {
            let mut mount = Command::new("mount");
            mount.arg("--bind").arg(names.directory.path().join(file)).arg(format!("/etc/{file}"));
            assert!(mount.status().unwrap().success(), "{file}");
        }
        names
    }

    fn are(&self, addresses: &[Ipv4Addr]) {
        let lines: String = addresses.iter().map(|address| format!("{address} {NAME}\n")).collect();
        fs::write(self.directory.path().join("hosts"), lines).unwrap();
    }
}

fn named(port: u16) -> Handle {
    let builder = shop(&format!("tcp://{NAME}:{port}")).connect_timeout(Duration::from_secs(1));
    build(builder.on_error(|_| {}))
}

fn assert_all(mut server: Rsyslogd, handle: &Handle, count: u64) {
    assert!(handle.flush(PATIENCE), "not flushed: {:?}", handle.stats());
    let all = || missing(&numbers(&server.records()), count).is_empty();
    assert!(eventually(PATIENCE, all), "{:?}", missing(&numbers(&server.records()), count));
    server.stop();
    assert_stats_balance(handle);
    let stats = handle.stats();
    assert_eq!((stats.captured - stats.dropped, stats.dropped), (count, 0), "{stats:?}");
}

#[test]
fn moved_name_is_followed_and_lost_name_remembered() {
    if !is_mine("names::moved_name_is_followed_and_lost_name_remembered") {
        return;
    }
    let (names, server) = (Names::new(), Rsyslogd::running());
    let first = Proxy::at(FIRST, server.port(Input::PlainTcp));
    let second = Proxy::at_port(SECOND, first.port(), server.port(Input::PlainTcp));
    names.are(&[FIRST]);
    let handle = named(first.port());
    log_and_flush(&handle, 0..1_000);
    names.are(&[SECOND]);
    first.refuse(true);
    first.cut();
    log_and_flush(&handle, 1_000..2_000);
    assert!(second.connections() > 0, "the name was not followed");
    // Nobody knows the name, and the name server is silent.
    names.are(&[]);
    second.cut();
    let slowest = logging(&handle, || {
        let timed = |n| {
            let begin = Instant::now();
            log(n);
            begin.elapsed()
        };
        (2_000..3_000).map(timed).max()
    });
    assert!(slowest < Some(Duration::from_millis(200)), "{slowest:?}");
    assert_all(server, &handle, 3_000);
}

#[test]
fn silent_name_server_at_start_blocks_nobody() {
    if !is_mine("names::silent_name_server_at_start_blocks_nobody") {
        return;
    }
    let (names, server) = (Names::new(), Rsyslogd::running());
    let proxy = Proxy::to(server.port(Input::PlainTcp));
    let begin = Instant::now();
    let handle = named(proxy.port());
    logging(&handle, || (0..1_000).for_each(log));
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    assert!(!handle.flush(Duration::from_secs(3)), "there is nobody to flush to");
    assert_eq!(handle.stats().pending, 1_000, "{:?}", handle.stats());
    names.are(&[FIRST]);
    assert_all(server, &handle, 1_000);
}

#[test]
fn a_dead_address_beside_a_good_one_loses_nothing() {
    if !is_mine("names::a_dead_address_beside_a_good_one_loses_nothing") {
        return;
    }
    let (names, server) = (Names::new(), Rsyslogd::running());
    let proxy = Proxy::at(SECOND, server.port(Input::PlainTcp));
    names.are(&[DEAD, SECOND]);
    let mut count = 0;
    let handle = named(proxy.port());
    // The order is by chance: the dead one is the first in about half of the tries.
    for _ in 0..8 {
        log_and_flush(&handle, count..count + 100);
        count += 100;
        proxy.cut();
    }
    assert_all(server, &handle, count);
}
