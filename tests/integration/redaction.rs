//! Values of secret fields never leave the program.

use logship::Format;
use tracing::{info, info_span};

use crate::support::{flawless, shipped};

const SECRET: &str = "hush-hush";

fn say() {
    let span = info_span!("login", user = "ann", password = SECRET, later_token = 0);
    span.record("later_token", SECRET);
    let _inner = info_span!(parent: &span, "inner", password = SECRET).entered();
    let debugged = ["hush-hush"];
    info!(
        apiKey = SECRET,
        http.request.header.authorization = SECRET,
        cookie = ?debugged,
        secret = 4711,
        token_count = 3,
        after = "intact",
        "logged in"
    );
}

#[test]
fn secret_fields_are_redacted_in_every_format() {
    for format in [Format::Rfc5424, Format::Cee, Format::Rfc3164, Format::Rfc3164Local] {
        let records = shipped(|builder| builder.redact("default").format(format), say);
        let text = String::from_utf8(records[0].bytes.clone()).unwrap();
        assert!(!text.contains("hush") && !text.contains("\"4711\""), "{text}");
        assert!(!text.contains(":4711"), "{text}");
        assert!(text.contains("ann") && text.contains("intact"), "{text}");
        let stars = if format == Format::Cee { ":\"***\"" } else { "=\"***\"" };
        assert_eq!(text.matches(stars).count(), 7, "{text}");
    }
}

#[test]
fn what_stands_around_a_secret_is_as_without_it() {
    let records = flawless(|builder| builder.redact("default"), say);
    let record = &records[0];
    assert_eq!(record.param("fields@32473", "apiKey"), Some("***"));
    assert_eq!(record.param("fields@32473", "secret"), Some("***"));
    assert_eq!(record.param("fields@32473", "token_count"), Some("3"));
    assert_eq!(record.param("fields@32473", "after"), Some("intact"));
    assert_eq!(record.param("span@32473", "later_token"), Some("***"));
    assert_eq!(record.param("span@32473", "password_2"), Some("***"));
    assert_eq!(record.text(), Some("logged in"));
}

#[test]
fn nothing_is_replaced_unless_asked_for() {
    let records = flawless(|builder| builder, say);
    assert_eq!(records[0].param("fields@32473", "apiKey"), Some(SECRET));
    let records = flawless(|builder| builder.redact("none"), say);
    assert_eq!(records[0].param("span@32473", "password"), Some(SECRET));
    let records = flawless(|builder| builder.redact("after"), say);
    assert_eq!(records[0].param("fields@32473", "apiKey"), Some(SECRET));
    assert_eq!(records[0].param("fields@32473", "after"), Some("***"));
}

#[cfg(feature = "log")]
#[test]
fn log_key_values_are_redacted_every_time() {
    use log::Log as _;

    use crate::support::{PATIENCE, builder};
    use logship_collector::Collector;

    let collector = Collector::tcp().unwrap();
    let handle = builder(&collector).redact("default").build().unwrap();
    let logger = handle.logger();
    for _ in 0..3 {
        let pairs = [("user", "ann"), ("db.password", SECRET), ("after", "intact")];
        let text = format_args!("logged in");
        let mut record = log::Record::builder();
        logger.log(&record.level(log::Level::Info).args(text).key_values(&pairs).build());
    }
    assert!(handle.flush(PATIENCE));
    for record in collector.wait_for(3, PATIENCE) {
        assert_eq!(record.complaints, []);
        assert_eq!(record.param("fields@32473", "user"), Some("ann"));
        assert_eq!(record.param("fields@32473", "db.password"), Some("***"));
        assert_eq!(record.param("fields@32473", "after"), Some("intact"));
    }
}

#[test]
fn settings_are_shown_without_a_password() {
    let builder = logship::builder("t").servers("tcp://ann:hush@logs.example.com");
    assert!(!format!("{builder:?}").contains("hush"), "{builder:?}");
    let error = builder.build().unwrap_err().to_string();
    assert!(!error.contains("hush") && error.contains("no password"), "{error}");
    let error = logship::builder("t").redact("password,***").build().unwrap_err().to_string();
    assert!(error.contains("\"***\""), "{error}");
}
