//! A network that swallows everything: how soon it is noticed, and that nothing is lost.

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use logship::Handle;

use crate::network_namespace::{ip, is_mine};
use crate::shipping::{
    PATIENCE, assert_stats_balance, build, log, log_and_flush, logging, missing, numbers, shop,
};
use crate::support::{Input, Proxy, Rsyslogd, eventually};

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 9, 8, 7);
const SILENCE: Duration = Duration::from_secs(2);

/// A server at an address that can vanish: what is sent to it then goes into a device at whose
/// other end nobody listens.
struct Hole {
    server: Rsyslogd,
    proxy: Proxy,
    troubles: Arc<Mutex<Vec<String>>>,
    handle: Handle,
}

impl Hole {
    fn new(input: Input) -> Hole {
        ip("link add hole arp off type veth peer name bottom arp off");
        ip("link set hole up");
        ip("link set bottom up");
        ip(&format!("addr add {SERVER}/32 dev lo"));
        let server = Rsyslogd::running();
        let proxy = Proxy::at(SERVER, server.port(input));
        let scheme = if input == Input::Relp { "relp" } else { "tcp" };
        let troubles = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&troubles);
        let builder = shop(&format!("{scheme}://{SERVER}:{}", proxy.port()))
            .user_timeout(SILENCE)
            .connect_timeout(Duration::from_secs(1))
            .on_error(move |error| told.lock().unwrap().push(error.to_string()));
        Hole { server, proxy, troubles, handle: build(builder) }
    }

    fn open(&self) {
        ip(&format!("addr del {SERVER}/32 dev lo"));
        ip(&format!("route add {SERVER}/32 dev hole"));
    }

    fn close(&self) {
        ip(&format!("addr add {SERVER}/32 dev lo"));
        ip(&format!("route del {SERVER}/32 dev hole"));
    }

    /// Waits until the connection is given up; how long that took.
    fn noticed(&self) -> Duration {
        let begin = Instant::now();
        let is_told = || self.troubles.lock().unwrap().iter().any(|t| t.starts_with("lost "));
        assert!(eventually(SILENCE * 10, is_told), "{:?}", self.troubles.lock().unwrap());
        begin.elapsed()
    }

    fn assert_all(mut self, count: u64) {
        assert!(self.handle.flush(PATIENCE), "not flushed: {:?}", self.handle.stats());
        let all = || missing(&numbers(&self.server.records()), count).is_empty();
        assert!(
            eventually(PATIENCE, all),
            "{:?}",
            missing(&numbers(&self.server.records()), count)
        );
        self.server.stop();
        let stats = self.handle.stats();
        assert_stats_balance(&self.handle);
        assert_eq!((stats.captured - stats.dropped, stats.dropped), (count, 0), "{stats:?}");
        drop(self.proxy);
    }
}

#[test]
fn tcp_black_hole_is_noticed_and_loses_nothing() {
    if !is_mine("black_hole::tcp_black_hole_is_noticed_and_loses_nothing") {
        return;
    }
    let hole = Hole::new(Input::PlainTcp);
    log_and_flush(&hole.handle, 0..1_000);
    hole.open();
    let slowest = logging(&hole.handle, || {
        let timed = |n| {
            let begin = Instant::now();
            log(n);
            begin.elapsed()
        };
        (1_000..20_000).map(timed).max()
    });
    let took = hole.noticed();
    println!("records in a black hole: noticed after {took:?}, the slowest call {slowest:?}");
    assert!(took < SILENCE * 3, "{took:?}");
    // Microseconds in truth: it tells waiting for the network from a busy machine.
    assert!(slowest < Some(Duration::from_millis(200)), "{slowest:?}");
    hole.close();
    hole.assert_all(20_000);
}

#[test]
fn a_black_hole_under_silence_is_noticed() {
    if !is_mine("black_hole::a_black_hole_under_silence_is_noticed") {
        return;
    }
    let hole = Hole::new(Input::PlainTcp);
    log_and_flush(&hole.handle, 0..1_000);
    hole.open();
    let took = hole.noticed();
    println!("an idle connection in a black hole: noticed after {took:?}");
    // Keepalive counts in whole seconds.
    assert!(took < SILENCE * 3, "{took:?}");
    hole.close();
    logging(&hole.handle, || log(1_000));
    hole.assert_all(1_001);
}

#[test]
fn relp_black_hole_is_noticed_and_loses_nothing() {
    if !is_mine("black_hole::relp_black_hole_is_noticed_and_loses_nothing") {
        return;
    }
    let hole = Hole::new(Input::Relp);
    log_and_flush(&hole.handle, 0..1_000);
    hole.open();
    logging(&hole.handle, || (1_000..20_000).for_each(log));
    let took = hole.noticed();
    println!("RELP transactions in a black hole: noticed after {took:?}");
    assert!(took < SILENCE * 3, "{took:?}");
    hole.close();
    hole.assert_all(20_000);
}

/// A server that stalls answers, and that is all it does: its connection is kept for longer than
/// that of one that is silent.
#[test]
fn a_server_that_stalls_is_not_taken_for_a_black_hole() {
    const COUNT: u64 = 100_000;
    let mut server = Rsyslogd::running();
    for input in [Input::PlainTcp, Input::Relp] {
        let handle = build(shop(&crate::shipping::url(&server, input)).user_timeout(SILENCE / 2));
        let before = server.count();
        log_and_flush(&handle, 0..100);
        server.pause();
        logging(&handle, || (100..COUNT).for_each(log));
        // Its own buffers are full long before.
        std::thread::sleep(SILENCE * 2);
        assert_stats_balance(&handle);
        assert!(handle.stats().pending > 0, "{:?}", handle.stats());
        server.resume();
        assert!(handle.flush(PATIENCE), "not flushed: {:?}", handle.stats());
        let stats = handle.stats();
        assert_eq!(
            (stats.captured - stats.dropped, stats.dropped, stats.reconnects),
            (COUNT, 0, 0),
            "{stats:?}"
        );
        server.wait_for(before + COUNT as usize, PATIENCE);
    }
    server.stop();
    assert_eq!(server.count(), 2 * COUNT as usize, "some records arrived twice");
    server.assert_content();
}
