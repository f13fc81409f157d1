//! Logging of a program as its own tests may look at it: a template for such a test.

use std::time::Duration;

use logship_collector::Collector;
use tracing_subscriber::layer::SubscriberExt as _;

/// What is tested: a part of a program that logs.
fn check_out(items: u32) {
    tracing::info!(target: "shop::cart", { items, syslog.severity = "notice" }, "order accepted");
}

#[test]
fn an_order_is_logged_with_its_items() {
    // A strict server in this process, on a free port.
    let server = Collector::tcp().unwrap();
    let syslog = logship::builder("shop").servers(server.url()).build().unwrap();
    // The subscriber is this thread's for as long as the closure runs: tests run side by side.
    let subscriber = tracing_subscriber::registry().with(syslog.layer());
    tracing::subscriber::with_default(subscriber, || check_out(3));

    let record = server
        .find(|record| record.text() == Some("order accepted"), Duration::from_secs(20))
        .expect("the order is logged");
    assert_eq!(record.field("items"), Some("3"), "{record}");
    assert_eq!(record.message.as_ref().unwrap().severity, 5, "{record}");
    assert!(record.complaints.is_empty(), "{record}");
}

#[test]
fn the_second_server_takes_over() {
    let servers = [Collector::tcp().unwrap(), Collector::tcp().unwrap()];
    servers[0].stop();
    let urls = servers.each_ref().map(Collector::url);
    let syslog = logship::builder("shop").servers(urls).on_error(|_| {}).build().unwrap();
    let subscriber = tracing_subscriber::registry().with(syslog.layer());
    tracing::subscriber::with_default(subscriber, || check_out(1));

    let all = servers.each_ref();
    let found =
        Collector::find_in(&all, |r| r.field("items") == Some("1"), Duration::from_secs(20));
    assert_eq!(found.map(|(index, _)| index), Some(1));
}
