//! What a page for Prometheus says, with a server and without.
#![cfg(feature = "metrics")]

use std::time::{Duration, Instant};

use logship::Handle;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};

use crate::shipping::{PATIENCE, build, logging, shop, url};
use crate::support::{Input, Rsyslogd};

/// The value of the line that begins so.
fn value(recorder: &PrometheusRecorder, handle: &Handle, begin: &str) -> f64 {
    metrics::with_local_recorder(recorder, || handle.record_metrics());
    let page = recorder.handle().render();
    let line = page.lines().find(|line| line.starts_with(begin));
    let line = line.unwrap_or_else(|| panic!("no {begin} in {page}"));
    line.rsplit_once(' ').unwrap().1.parse().unwrap()
}

#[test]
fn a_page_follows_what_happens() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let mut server = Rsyslogd::running();
    let builder = shop(&url(&server, Input::Relp)).on_error(|_| {});
    let handle = build(builder.queue_capacity(128 << 10));
    logging(&handle, || (0..5).for_each(|n| tracing::info!(n, "some text")));
    assert!(handle.flush(PATIENCE));
    let of = |begin: &str| value(&recorder, &handle, begin);
    assert_eq!(of("logship_captured_total{tag=\"shop\"}"), 5.0);
    assert_eq!(of("logship_delivered_total{tag=\"shop\"}"), 5.0);
    assert_eq!(of("logship_connected{tag=\"shop\"}"), 1.0);
    assert_eq!(of("logship_pending{tag=\"shop\"}"), 0.0);
    assert_eq!(of("logship_oldest_pending_seconds{tag=\"shop\"}"), 0.0);
    server.kill();
    logging(&handle, || {
        for n in 0..3000 {
            tracing::debug!(n, "some text that takes its room in the queue");
        }
    });
    assert!(of("logship_pending{tag=\"shop\"}") > 0.0);
    assert!(of("logship_queue_bytes{tag=\"shop\"}") > 0.0);
    let dropped = "logship_dropped_total{tag=\"shop\",reason=\"queue_full\",severity=\"debug\"}";
    assert_eq!(of(dropped), handle.stats().dropped as f64);
    let begin = Instant::now();
    let oldest = || of("logship_oldest_pending_seconds{tag=\"shop\"}");
    while oldest() < 0.3 || of("logship_connected{tag=\"shop\"}") > 0.0 {
        assert!(begin.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(20));
    }
}
