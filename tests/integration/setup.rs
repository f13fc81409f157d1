//! Errors of the setup.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use logship::{ShipError, Stats, TimeQuality, TlsVersion};
use logship_collector::Collector;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::support::{PATIENCE, capture};

fn refusal(builder: logship::Builder) -> String {
    builder.build().unwrap_err().to_string()
}

#[test]
fn a_wrong_setting_is_quoted_and_the_rule_named() {
    let directory = tempfile::tempdir().unwrap();
    let no_pem = directory.path().join("no.pem");
    std::fs::write(&no_pem, "not a certificate").unwrap();
    let no_pem = no_pem.display();
    let not_found = if cfg!(windows) { "not found" } else { "No such file" };
    let url = |options: &str| logship::builder("t").servers(format!("tls://h?{options}"));
    for (builder, quoted, rule) in [
        (logship::builder("my app"), "\"my app\"", "RFC 5424 section 6.2.5"),
        (logship::builder("t").servers("logs:514"), "\"logs:514\"", "tcp://host:514"),
        (logship::builder("t").servers("tcp://a,ftp://b"), "\"ftp://b\"", "ftp"),
        (logship::builder("t").hostname("two words"), "\"two words\"", "RFC 5424"),
        (logship::builder("t").procid("a\nb"), "\"a\\nb\"", "RFC 5424"),
        (logship::builder("t").filter("info,x=loud"), "x=loud", "my_crate=debug"),
        (logship::builder("t").queue_capacity(1000), "1000", "64 KiB"),
        (logship::builder("t").queue_capacity(usize::MAX), &usize::MAX.to_string(), "too large"),
        (logship::builder("t").max_message_size(100), "100", "RFC 5424 section 6.1"),
        (logship::builder("t").servers("udp://h").max_message_size(70_000), "70000", "65507"),
        (logship::builder("t").hostname("h".repeat(255)).max_message_size(480), "480", "half"),
        (url("ca_file=/no/such/file.pem"), "/no/such/file.pem", not_found),
        (url(&format!("ca_file={no_pem}")), "no.pem", "certificate"),
        (url(&format!("cert_file={no_pem}&key_file={no_pem}")), "no.pem", "certificate"),
    ] {
        let error = refusal(builder);
        assert!(error.contains(quoted) && error.contains(rule), "{error}");
    }
}

/// On 32 bits, the largest queue that is allowed may well be had.
#[cfg(target_pointer_width = "64")]
#[test]
fn a_queue_larger_than_memory_is_refused() {
    let error = refusal(logship::builder("t").queue_capacity(1 << 60));
    assert!(error.contains("1152921504606846976") && error.contains("memory"), "{error}");
}

/// The filter of the builder holds for its layer, and for no other.
#[test]
fn layer_obeys_its_filter_and_console_sees_all() {
    let collector = Collector::tcp().unwrap();
    let handle = logship::builder("t")
        .servers([collector.url()])
        .filter("warn,quiet=off")
        .map_level(tracing::Level::WARN, logship::Severity::Notice)
        .map_level(log::Level::Error, logship::Severity::Critical)
        .build()
        .unwrap();
    let lines = Lines::default();
    let written = lines.clone();
    let fmt = tracing_subscriber::fmt::layer().with_writer(move || written.clone());
    let subscriber = tracing_subscriber::registry().with(handle.layer()).with(fmt);
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!("for the console");
        tracing::warn!("for both");
        tracing::error!(target: "quiet", "for the console, too");
    });
    assert!(handle.flush(PATIENCE));
    let records = collector.wait_for(1, PATIENCE);
    assert_eq!((records[0].text(), collector.messages()), (Some("for both"), 1));
    assert_eq!(records[0].message.as_ref().unwrap().severity, 5);
    let console = lines.text();
    assert_eq!(console.lines().count(), 3, "{console}");
    let Stats { captured, delivered, dropped, pending, .. } = handle.stats();
    assert_eq!((captured, delivered + dropped + pending), (1, 1));
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A program that asks for TLS in its code must not ship plain text.
#[test]
fn tls_settings_of_the_program_need_a_server_with_tls() {
    let tcp = || logship::builder("t").servers("tcp://127.0.0.1:1");
    for builder in [
        tcp().tls_ca_file("/no/such/ca.pem"),
        tcp().tls_fingerprint("sha-256:00"),
        tcp().tls_min_version(TlsVersion::Tls13),
    ] {
        let error = refusal(builder);
        assert!(error.contains("tls_") && error.contains("expected a tls://"), "{error}");
    }
}

#[test]
fn a_setting_without_effect_is_told_at_the_start() {
    for (url, set, told) in [
        ("udp://127.0.0.1:1", "resend_buffer", "resend_buffer has no effect"),
        ("relp://127.0.0.1:1", "resend_buffer", "resend_buffer has no effect"),
        ("udp://127.0.0.1:1?format=rfc3164", "sequence_id", "sequence_id has no effect"),
        ("udp://127.0.0.1:1?format=rfc3164", "time_quality", "time_quality has no effect"),
        ("udp://127.0.0.1:1", "filter", "did you mean \"info\"?"),
        ("udp://127.0.0.1:1?format=rfc3164", "nothing", ""),
    ] {
        let (sender, troubles) = std::sync::mpsc::channel();
        let on_error = move |error: &ShipError| drop(sender.send(error.to_string()));
        let builder = logship::builder("t").servers(url).on_error(on_error);
        let builder = match set {
            "resend_buffer" => builder.resend_buffer(1 << 20),
            "sequence_id" => builder.sequence_id(true),
            "time_quality" => builder.time_quality(TimeQuality::Synced),
            "filter" => builder.filter("inof"),
            _ => builder,
        };
        let handle = builder.build().unwrap();
        let said = troubles.try_iter().next().unwrap_or_default();
        assert!(said.contains(told) && told.is_empty() == said.is_empty(), "{url} {set}: {said}");
        drop(handle);
    }
}

#[test]
fn a_zero_timeout_is_refused_and_none_is_the_systems() {
    let error = refusal(logship::builder("t").connect_timeout(Duration::ZERO));
    assert!(error.contains("SYSLOG_CONNECT_TIMEOUT") && error.contains("expected"), "{error}");
    let udp = logship::builder("t").servers("tcp://127.0.0.1:1").on_error(|_| {});
    assert!(udp.user_timeout(None).stats_interval(Duration::from_secs(1)).build().is_ok());
}

#[test]
fn a_server_that_is_not_there_is_no_error() {
    let unix = cfg!(unix).then_some("unix:///no/such");
    for url in ["tcp://127.0.0.1:1", "tls://127.0.0.1:1"].into_iter().chain(unix) {
        let handle = logship::builder("t").servers(url).on_error(|_| {}).build().unwrap();
        let guard = capture(&handle);
        tracing::info!("kept");
        drop(guard);
        assert!(!handle.flush(Duration::from_millis(50)));
        assert_eq!(handle.stats().pending, 1);
    }
}

#[test]
fn callback_gets_errors_and_may_log() {
    let (sender, troubles) = std::sync::mpsc::channel();
    let on_error = move |error: &ShipError| {
        tracing::error!("this would go round in a circle: {error}");
        let _ = sender.send(error.to_string());
    };
    let url = "tcp://127.0.0.1:1,tcp://no-such-host.invalid";
    let handle = logship::builder("t").servers(url).on_error(on_error).build().unwrap();
    let guard = capture(&handle);
    tracing::info!("kept");
    drop(guard);
    let first = troubles.recv_timeout(PATIENCE).unwrap();
    assert!(first.contains("tcp://127.0.0.1:1") && first.contains("refused"), "{first}");
    let second = troubles.recv_timeout(PATIENCE).unwrap();
    assert!(second.contains("no-such-host.invalid"), "{second}");
    assert_eq!(handle.stats().captured, 1);
}

#[test]
fn two_handles_ship_separately() {
    let (one, other) = (Collector::tcp().unwrap(), Collector::udp().unwrap());
    let first = logship::builder("first").servers(one.url()).build().unwrap();
    let second = logship::builder("second").servers(other.url()).build().unwrap();
    let guard = capture(&first);
    tracing::info!("to the first");
    drop(guard);
    let guard = capture(&second);
    tracing::info!("to the second");
    drop(guard);
    assert!(first.flush(PATIENCE) && second.flush(PATIENCE));
    assert_eq!(one.wait_for(1, PATIENCE)[0].text(), Some("to the first"));
    let tag = |received: &logship_collector::Received| {
        received.message.as_ref().unwrap().app_name.clone().unwrap()
    };
    assert_eq!(tag(&other.wait_for(1, PATIENCE)[0]), "second");
    assert_eq!((one.messages(), other.messages()), (1, 1));
}
