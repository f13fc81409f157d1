//! The two other formats, as rsyslog's own parsers read them.

use logship::Format;
use serde_json::json;

use crate::shipping::{PATIENCE, build, logging, stored, url};
use crate::support::{Input, Record, Rsyslogd};

#[test]
fn cee_json_is_parsed_with_numbers_as_numbers() {
    let records = stored(Format::Cee, Input::Tcp, 1, || {
        tracing::warn!(
            target: "shop::cart",
            order_id = 42,
            negative = -7,
            price = 1.5,
            paid = true,
            customer = "ann",
            "sold"
        );
    });
    let record = &records[0];
    assert_eq!((record.severity, record.app_name.as_str()), (4, "shop"));
    assert_eq!((record.hostname.as_str(), record.msgid.as_str()), ("client.example", "shop::cart"));
    assert!(record.cee.is_object(), "mmjsonparse did not parse it: {record:#?}");
    // Where in the object a field stands is the crate's choice; that it is a number is not.
    for (name, value) in [
        ("order_id", json!(42)),
        ("negative", json!(-7)),
        ("price", json!(1.5)),
        ("paid", json!(true)),
        ("customer", json!("ann")),
    ] {
        assert_eq!(find(&record.cee, name), Some(&value), "{name} in {:#}", record.cee);
    }
    assert!(holds(&record.cee, "sold"), "{:#}", record.cee);
}

#[test]
fn ecs_passes_with_its_sequence_id() {
    let mut server = Rsyslogd::running();
    let ecs = logship::builder("shop").format(Format::Ecs).sequence_id(true);
    let handle = build(ecs.servers(url(&server, Input::Tcp)));
    logging(&handle, || {
        let _span = tracing::info_span!("request", user = 7).entered();
        let error = "x".parse::<u32>().unwrap_err();
        let error = &error as &(dyn std::error::Error + 'static);
        tracing::error!(target: "shop::cart", order = 42, large = u64::MAX, error, "failed");
    });
    assert!(handle.flush(PATIENCE), "not flushed: {:?}", handle.stats());
    let records = server.exactly(1, PATIENCE);
    let expected = json!({
        "ecs": {"version": "8.11.0"},
        "service": {"name": "shop"},
        "log": {"level": "error", "logger": "shop::cart"},
        "fields": {"order": 42, "large_big": u64::MAX.to_string()},
        "spans": {"names": ["request"], "user": 7},
        "error": {
            "message": "invalid digit found in string",
            "stack_trace": "invalid digit found in string",
        },
        "message": "failed",
    });
    assert_eq!(records[0].cee, expected);
    assert_eq!(records[0].parameter("meta", "sequenceId"), Some("1"), "{:#?}", records[0]);
}

#[test]
fn cee_json_keeps_any_text_as_it_is() {
    let texts = ["first\nsecond\ttab\0", r#"she said "no" \ ] }"#, "Grüße 🚀", "", "\u{1b}[31mred"];
    let records = stored(Format::Cee, Input::Tcp, texts.len(), || {
        for text in texts {
            tracing::info!(value = text, "{text}");
        }
    });
    for (record, text) in records.iter().zip(texts) {
        // rsyslog's JSON library ends a text at NUL, so that one may be written differently.
        let expected = text.trim_end_matches('\0');
        let value = find(&record.cee, "value").and_then(|value| value.as_str());
        assert!(value.is_some_and(|value| value.starts_with(expected)), "{record:#?}");
    }
}

#[test]
fn cee_json_of_a_text_far_too_long_is_still_json() {
    let records = stored(Format::Cee, Input::Tcp, 2, || {
        tracing::info!(after = 1, "{}", "x\n".repeat(50_000));
        tracing::info!(after = 2, "next");
    });
    for (record, after) in records.iter().zip([1, 2]) {
        assert!(record.bytes <= 8096, "{} bytes", record.bytes);
        assert_eq!(find(&record.cee, "after"), Some(&json!(after)), "{record:#?}");
    }
}

#[test]
fn rfc_3164_is_read_with_its_tag_and_pid() {
    for input in [Input::Tcp, Input::Udp, Input::TlsGnutls] {
        let records = stored(Format::Rfc3164, input, 2, || {
            tracing::error!("it broke");
            tracing::info!("two\nlines");
        });
        for (record, (severity, text)) in records.iter().zip([(3, "it broke"), (6, "two#012lines")])
        {
            assert_eq!(record.severity, severity, "{record:#?}");
            assert_eq!(record.hostname, "client.example", "{record:#?}");
            assert_tag_and_text(record, text);
        }
    }
}

#[test]
fn dev_log_socket_reads_the_unix_default() {
    let mut server = Rsyslogd::running();
    let handle = build(logship::builder("shop").servers(url(&server, Input::UnixDevLog)));
    logging(&handle, || tracing::warn!("it creaks"));
    assert!(handle.flush(PATIENCE), "not flushed: {:?}", handle.stats());
    let records = server.exactly(1, PATIENCE);
    assert_eq!(records[0].severity, 4);
    assert_tag_and_text(&records[0], "it creaks");
}

fn assert_tag_and_text(record: &Record, text: &str) {
    assert_eq!(record.tag, format!("shop[{}]:", std::process::id()), "{record:#?}");
    assert_eq!(record.app_name, "shop");
    assert_eq!(record.procid, std::process::id().to_string());
    // rsyslog counts the blank behind the tag as part of the text.
    assert!(record.msg.trim_start().starts_with(text), "{record:#?}");
}

/// The first value of this name, at any depth.
fn find<'a>(value: &'a serde_json::Value, name: &str) -> Option<&'a serde_json::Value> {
    let object = value.as_object()?;
    object.get(name).or_else(|| object.values().find_map(|inner| find(inner, name)))
}

/// Whether some text in it, at any depth, is this one.
fn holds(value: &serde_json::Value, text: &str) -> bool {
    value.as_str() == Some(text)
        || value.as_object().is_some_and(|object| object.values().any(|v| holds(v, text)))
}
