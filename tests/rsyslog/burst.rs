//! A loop that runs away, as rsyslog notices it.

use std::time::Duration;

use logship::{DropReason, Severity};

use crate::shipping::{PATIENCE, build, logging, shop, url};
use crate::support::{Input, Record, Rsyslogd};

/// What is told of a callsite: its target, how many were suppressed, and the text.
fn reports(records: &[Record]) -> Vec<(&str, u64, &str)> {
    let own = records.iter().filter(|record| record.msgid == "logship");
    own.map(|r| (r.field("suppressed_target"), r.field("suppressed").parse().unwrap(), &*r.msg))
        .collect()
}

#[test]
fn callsite_over_its_limit_is_reported_once() {
    let mut server = Rsyslogd::running();
    // Longer than the loop takes, so that it is one interval or two.
    let handle = build(shop(&url(&server, Input::Tcp)).burst(10, Duration::from_secs(3)));
    let logger = handle.logger();
    log::set_max_level(log::LevelFilter::Info);
    logging(&handle, || {
        for n in 0..500 {
            tracing::warn!(target: "shop::loop", n, "event {n}");
            log::error!(logger: logger, target: "shop::log", "record {n}");
        }
        tracing::info!(target: "shop::quiet", "another callsite");
    });
    let stats = handle.stats();
    let suppressed = stats.dropped_for(DropReason::Burst);
    assert!((960..=980).contains(&suppressed), "{stats:?}");
    assert_eq!(stats.dropped, suppressed);
    let of = |severity| stats.dropped_of(severity);
    assert_eq!(of(Severity::Warning) + of(Severity::Error), suppressed);
    // Nobody logs any more, and it is told all the same.
    let complete = |records: &[Record]| {
        reports(records).iter().map(|(_, count, _)| count).sum::<u64>() == suppressed
    };
    let begin = std::time::Instant::now();
    while !complete(&server.records()) {
        assert!(begin.elapsed() < PATIENCE, "{:?}", reports(&server.records()));
        std::thread::sleep(Duration::from_millis(20));
    }
    let records = server.records();
    let own = reports(&records);
    assert!((2..=4).contains(&own.len()), "{own:?}");
    let last = own.iter().rfind(|(target, ..)| *target == "shop::loop").unwrap().2;
    assert!(last.starts_with("logship suppressed ") && last.contains("burst.rs:"), "{last}");
    assert!(last.ends_with("the last one: event 499"), "{last}");
    assert!(records.iter().any(|record| record.msg == "another callsite"));
    let shipped = records.iter().filter(|r| r.msgid == "shop::loop").count();
    assert!((10..=20).contains(&shipped), "{shipped}");
    handle.shutdown(PATIENCE).unwrap();
    server.stop();
}
