//! Looking for one record.

use std::{net::UdpSocket, thread, time::Duration};

use super::super::Collector;

const PATIENCE: Duration = Duration::from_secs(20);

fn send(collector: &Collector, message: &str) {
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.send_to(message.as_bytes(), collector.address().unwrap()).unwrap();
}

#[test]
fn a_record_is_found_whenever_it_comes() {
    let collector = Collector::udp().unwrap();
    send(&collector, "<14>1 - - shop - - - first");
    let is_second = |record: &super::super::Received| record.text() == Some("second");
    assert_eq!(collector.find(is_second, Duration::from_millis(50)), None);
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(50));
            send(&collector, "<14>1 - - shop - - [a@1 x=\"1\"][b@1 x=\"2\" y=\"3\"] second");
        });
        let found = collector.find(is_second, PATIENCE).unwrap();
        assert_eq!(
            (found.field("x"), found.field("y"), found.field("z")),
            (Some("1"), Some("3"), None)
        );
    });
    let first = collector.find(|record| record.text() == Some("first"), Duration::ZERO);
    assert!(first.is_some(), "nothing was taken");
}

#[test]
fn several_servers_are_looked_at_together() {
    let servers = [Collector::udp().unwrap(), Collector::udp().unwrap()];
    send(&servers[1], "<14>1 - - shop - - - here");
    let all: Vec<&Collector> = servers.iter().collect();
    let (index, found) = Collector::find_in(&all, |r| r.text() == Some("here"), PATIENCE).unwrap();
    assert_eq!((index, found.text()), (1, Some("here")));
    assert_eq!(Collector::find_in(&all, |_| false, Duration::ZERO), None);
    assert_eq!(Collector::find_in(&[], |_| true, Duration::ZERO), None);
}

#[test]
fn a_record_is_shown_on_a_line() {
    let collector = Collector::udp().unwrap();
    send(&collector, "<85>1 - h shop - LOGIN [f@1 user=\"a\\\"b\"] logged in");
    let record = collector.wait_for(1, PATIENCE).remove(0);
    assert_eq!(
        record.to_string(),
        "facility=10 severity=5 app=shop msgid=LOGIN [f@1 user=\"a\\\"b\"] \"logged in\""
    );
    send(&collector, "no syslog\n");
    let record = collector.wait_for(2, PATIENCE).remove(1);
    let line = record.to_string();
    assert!(line.starts_with("no syslog\\n (") && line.contains("complaints"), "{line}");
}
