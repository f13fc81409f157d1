//! Datagrams longer than a packet.

use crate::network_namespace::{ip, is_mine};
use crate::shipping::{PATIENCE, assert_all_delivered, build, logging, shop, url};
use crate::support::{Input, Rsyslogd};

#[test]
fn datagrams_longer_than_a_packet_arrive_whole() {
    if !is_mine("narrow::datagrams_longer_than_a_packet_arrive_whole") {
        return;
    }
    ip("link set lo mtu 1280");
    let mut server = Rsyslogd::running();
    let handle = build(shop(&url(&server, Input::Udp)));
    let text = "x".repeat(7_500);
    logging(&handle, || {
        for n in 0..100_u64 {
            tracing::info!(target: "shop::cart", n, "{text}");
            // What the server's kernel has no room for is lost, whatever its length.
            assert!(handle.flush(PATIENCE));
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    });
    let records = server.exactly(100, PATIENCE);
    assert!(records.iter().all(|record| record.msg == text), "torn");
    assert_all_delivered(&handle, 100);
}
