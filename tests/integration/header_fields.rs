//! Severity, facility, MSGID and APP-NAME of one record, through both doors.

use logship::{DropReason, Facility, Format, Overflow, Severity};
use logship_collector::{Collector, Received};
use tracing::{info, info_span, warn};

use crate::support::{PATIENCE, builder, capture, flawless};

/// What the standards have: facility, severity, APP-NAME, MSGID.
fn head(record: &Received) -> (u8, u8, &str, &str) {
    let message = record.message.as_ref().unwrap();
    (
        message.facility,
        message.severity,
        message.app_name.as_deref().unwrap_or("-"),
        message.msgid.as_deref().unwrap_or("-"),
    )
}

#[test]
fn an_event_sets_its_header() {
    let records = flawless(
        |builder| builder.facility_for("audit", Facility::AuthPriv),
        || {
            info!(target: "audit", { syslog.severity = "notice", user = "ann" }, "logged in");
            info!(target: "audit::web", { syslog.facility = 13 }, "looked at");
            warn!(target: "t", { syslog.severity = %Severity::Alert, syslog.msgid = "DISK" }, "full");
            info!(target: "t", { syslog.appname = "bank", syslog.severity = 2_u8 }, "sold");
            info!(target: "t", { syslog.severity = "loud" }, "kept");
            let _span = info_span!("s", syslog.severity = "crit").entered();
            info!(target: "t", "a span has no severity");
        },
    );
    let heads: Vec<_> = records.iter().map(head).collect();
    assert_eq!(
        heads,
        [
            (10, 5, "app-tag", "audit"),
            (13, 6, "app-tag", "audit::web"),
            (1, 1, "app-tag", "DISK"),
            (1, 2, "bank", "t"),
            (1, 6, "app-tag", "t"),
            (1, 6, "app-tag", "t"),
        ]
    );
    assert_eq!(records[0].param("fields@32473", "user"), Some("ann"));
    for record in &records[..4] {
        assert_eq!(record.param("fields@32473", "syslog.severity"), None);
    }
    assert_eq!(records[2].param("source@32473", "target"), Some("t"));
    assert_eq!(records[4].param("fields@32473", "syslog.severity"), Some("loud"));
    assert_eq!(records[5].param("span@32473", "syslog.severity"), Some("crit"));
}

#[test]
fn a_record_of_log_sets_its_header() {
    let collector = Collector::tcp().unwrap();
    let handle = builder(&collector).facility_for("audit", Facility::AuthPriv).build().unwrap();
    let logger = handle.logger();
    log::set_max_level(log::LevelFilter::Info);
    log::info!(logger: logger, target: "audit", "syslog.severity" = "NOTICE", user = "ann"; "logged in");
    log::error!(logger: logger, target: "t", "syslog.severity" = 0, "syslog.msgid" = "DISK"; "lost");
    log::info!(logger: logger, target: "t", "syslog.severity":% = Severity::Critical; "failed");
    log::info!(logger: logger, target: "t", "syslog.facility" = "cron", "syslog.appname" = "bank"; "sold");
    log::info!(logger: logger, target: "t", "syslog.facility" = "nowhere"; "kept");
    log::info!(logger: logger, target: "t", "an ordinary one");
    assert!(handle.flush(PATIENCE));
    let records = collector.wait_for(6, PATIENCE);
    let heads: Vec<_> = records.iter().map(head).collect();
    assert_eq!(
        heads,
        [
            (10, 5, "app-tag", "audit"),
            (1, 0, "app-tag", "DISK"),
            (1, 2, "app-tag", "t"),
            (9, 6, "bank", "t"),
            (1, 6, "app-tag", "t"),
            (1, 6, "app-tag", "t"),
        ]
    );
    assert_eq!(records[0].param("fields@32473", "user"), Some("ann"));
    assert_eq!(records[4].param("fields@32473", "syslog.facility"), Some("nowhere"));
    assert!(records.iter().all(|record| record.complaints.is_empty()));
}

#[test]
fn json_has_no_field_of_it() {
    let records = flawless(
        |builder| builder.format(Format::Ecs).sequence_id(true),
        || info!(target: "t", { syslog.severity = "notice", syslog.appname = "bank", n = 1 }, "sold"),
    );
    assert_eq!(head(&records[0]), (1, 5, "bank", "t"));
    assert_eq!(records[0].param("meta", "sequenceId"), Some("1"));
    let json = records[0].text().unwrap().strip_prefix("@cee: ").unwrap().to_owned();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["fields"], serde_json::json!({"n": 1}));
    assert_eq!(json["service"]["name"], "bank");
    assert_eq!(json["log"]["level"], "info");
}

/// A full queue keeps what is severe: the severity that a record has, not the one of its level.
#[test]
fn a_full_queue_goes_by_the_severity_that_was_set() {
    // Nobody listens there, so everything waits.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let handle = logship::builder("app-tag")
        .servers(format!("tcp://127.0.0.1:{port}"))
        .queue_capacity(128 << 10)
        .overflow(Overflow::DropLeastSevere)
        .on_error(|_| {})
        .build()
        .unwrap();
    let guard = capture(&handle);
    for n in 0..2000 {
        info!(syslog.severity = "debug", n, "some text that takes room in the queue");
    }
    let dropped = handle.stats().dropped_for(DropReason::QueueFull);
    assert!(dropped > 0);
    assert_eq!(handle.stats().dropped_of(Severity::Debug), dropped);
    info!(syslog.severity = "alert", "this one has room");
    assert_eq!(handle.stats().dropped_for(DropReason::QueueFull), dropped);
    drop(guard);
}

#[test]
fn facilities_are_set_by_variable_and_program() {
    let error = logship::builder("app-tag").facility_for("a b", Facility::Cron).build();
    assert!(error.unwrap_err().to_string().contains("\"a b\""));
}
