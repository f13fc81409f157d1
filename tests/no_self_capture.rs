//! The crate never captures itself, nor anything twice.

#[allow(dead_code, reason = "the tests with rsyslogd use the rest")]
#[path = "support/certificates.rs"]
mod certificates;
mod scenarios;

use std::{
    collections::BTreeMap,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use log::Log as _;
use logship::Guard;
use logship_collector::{Certificate, Collector, Received};
use tracing::{info, trace};
use tracing_subscriber::layer::SubscriberExt as _;

use self::{
    certificates::{Certificates, Identity},
    scenarios::{my_scenario, run, scenario},
};

#[test]
fn nothing_that_the_shipping_itself_says_is_shipped() {
    let certificates = Certificates::new();
    let ca = format!("?ca_file={}", certificates.ca().display());
    let good = Identity::Good;
    let (cert, key) = (certificates.certificate(good), certificates.key(good));
    let tls = Collector::tls(Certificate::from_files(cert, key).unwrap()).unwrap();
    for (collector, options) in
        [(Collector::tcp().unwrap(), ""), (Collector::udp().unwrap(), ""), (tls, ca.as_str())]
    {
        let url = collector.url() + options;
        let ended =
            run(scenario("all levels").env("SYSLOG_SERVERS", &url).env("RUST_LOG", "trace"));
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let records = collector.wait_for(COUNT + COUNT + 1, PATIENCE);
        let mut counts = BTreeMap::new();
        for record in &records {
            assert_eq!(record.complaints, []);
            *counts.entry(target(record)).or_insert(0) += 1;
        }
        // The one of mio is from the program's own thread: it shows that mio does log.
        let said = [("no_self_capture", COUNT), ("from_log", COUNT), ("mio::poll", 1)];
        assert_eq!(counts, BTreeMap::from(said), "{url}: {ended:?}");
    }
}

#[test]
fn what_a_listener_says_of_a_trouble_is_no_record() {
    let gone = Collector::tcp().unwrap();
    gone.stop();
    let ended = run(scenario("a listener").env("SYSLOG_SERVERS", gone.url()));
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

fn a_listener() {
    static TOLD: AtomicU32 = AtomicU32::new(0);
    static GUARD: OnceLock<Guard> = OnceLock::new();
    let on_error = |error: &logship::ShipError| {
        tracing::error!(what = %error, "an event");
        log::error!(target: "from_log", "a record: {error}");
        // It would wait for itself.
        assert!(GUARD.get().is_none_or(|guard| !guard.flush(PATIENCE)));
        TOLD.fetch_add(1, Relaxed);
    };
    let guard = logship::builder("feedback").on_error(on_error).init();
    info!("the only one");
    let guard = GUARD.get_or_init(|| guard);
    while TOLD.load(Relaxed) < 3 {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!((guard.stats().captured, guard.stats().pending), (1, 1));
}

#[test]
#[ignore = "others run it, in processes of their own"]
fn child() {
    match my_scenario().as_deref() {
        Some("all levels") => all_levels(),
        Some("a listener") => a_listener(),
        other => panic!("{other:?} is no scenario"),
    }
}

fn all_levels() {
    let guard = logship::init_syslog("feedback").unwrap();
    for n in 0..COUNT {
        trace!(n, "an event");
        log::trace!(target: "from_log", n; "a record");
        if n % (COUNT / 4) == 0 {
            assert!(guard.flush(PATIENCE));
        }
    }
    let poll = mio::Poll::new().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let mut listener = mio::net::TcpListener::from_std(listener);
    poll.registry().register(&mut listener, mio::Token(0), mio::Interest::READABLE).unwrap();
    assert!(guard.flush(PATIENCE));
    // Time for whatever would go round in a circle to do so.
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(guard.stats().captured, (COUNT + COUNT + 1) as u64);
}

#[test]
fn two_layers_ship_each_event_once_to_each_server() {
    let (one, other) = (Collector::tcp().unwrap(), Collector::udp().unwrap());
    let first = logship::builder("first").servers(one.url()).build().unwrap();
    let second = logship::builder("second").servers(other.url()).build().unwrap();
    let subscriber = tracing_subscriber::registry()
        .with(first.unfiltered_layer())
        .with(second.unfiltered_layer());
    tracing::subscriber::with_default(subscriber, || {
        let span = tracing::info_span!("request", user = 7, later = tracing::field::Empty);
        span.record("later", "now");
        span.in_scope(|| (0..COUNT).for_each(|n| info!(n, "an event")));
    });
    for (handle, collector) in [(&first, &one), (&second, &other)] {
        assert!(handle.flush(PATIENCE));
        let records = collector.wait_for(COUNT, PATIENCE);
        assert_eq!((records.len(), handle.stats().captured), (COUNT, COUNT as u64));
        for (n, record) in records.iter().enumerate() {
            assert_eq!(record.param("fields@32473", "n"), Some(n.to_string().as_str()));
            assert_eq!(record.param("span@32473", "user"), Some("7"));
            assert_eq!(record.param("span@32473", "later"), Some("now"));
            assert_eq!(record.message.as_ref().unwrap().structured_data.len(), 2);
        }
    }
}

#[test]
fn a_layer_and_a_logger_of_one_handle_share_one_way() {
    let collector = Collector::tcp().unwrap();
    let handle = logship::builder("both").servers(collector.url()).build().unwrap();
    let subscriber = tracing_subscriber::registry().with(handle.unfiltered_layer());
    tracing::subscriber::with_default(subscriber, || info!("an event"));
    let mut record = log::Record::builder();
    let record = record.level(log::Level::Info).target("from_log");
    handle.logger().log(&record.args(format_args!("a record")).build());
    assert!(handle.flush(PATIENCE));
    let records = collector.wait_for(2, PATIENCE);
    let targets: Vec<_> = records.iter().map(target).collect();
    assert_eq!(targets, ["no_self_capture", "from_log"]);
    assert_eq!(handle.stats().captured, 2);
}

fn target(record: &Received) -> &str {
    record.message.as_ref().unwrap().msgid.as_deref().unwrap()
}

const COUNT: usize = 400;
const PATIENCE: Duration = Duration::from_secs(20);
