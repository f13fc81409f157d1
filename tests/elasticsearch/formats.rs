//! Records of every format, over every way in: found, with the right types, once.

use serde_json::{Value, json};

use crate::central::{Central, PATIENCE, log, logging, shop};

#[test]
fn every_transport_and_format_makes_one_kind_of_document() {
    let mut central = Central::running();
    let mut sent = 0;
    for scheme in ["udp", "tcp", "tls", "relp"] {
        for format in FORMATS {
            let builder = shop(&central.url(scheme)).format(format.parse().unwrap());
            let handle = builder.procid((1000 + sent).to_string()).build().unwrap();
            log(&handle, 0..1);
            assert!(handle.flush(PATIENCE), "{scheme} {format}: {:?}", handle.stats());
            sent += 1;
        }
    }
    central.wait_for(sent);
    central.stop();
    let books = central.store.books();
    assert_eq!((books.first.len(), books.refused.len()), (sent, 0), "{:?}", books.refused);
    for document in &books.first {
        let text = |path: &str| document.pointer(path).and_then(Value::as_str).unwrap_or_default();
        assert_eq!(text("/message"), "record 0", "{document:#}");
        assert_eq!(text("/service/name"), "shop", "{document:#}");
        assert_eq!(text("/host/hostname"), "client.example", "{document:#}");
        assert_eq!(text("/log/level"), "info", "{document:#}");
        assert_eq!(text("/log/logger"), "shop::cart", "{document:#}");
        assert_eq!(document["event"]["sequence"], 1, "{document:#}");
        assert!(document["process"]["pid"].as_u64() >= Some(1000), "{document:#}");
        let strings = &document["log"]["syslog"]["structured_data"]["fields@32473"];
        let fields = json!({"n": 0, "price": 1.5, "paid": true, "customer": "ann"});
        let as_text = json!({"n": "0", "price": "1.5", "paid": "true", "customer": "ann"});
        let is_right = document["fields"] == fields || *strings == as_text;
        assert!(is_right, "{document:#}");
    }
    let kinds = [("n", "long"), ("price", "double"), ("paid", "boolean"), ("customer", "keyword")];
    for (field, kind) in kinds {
        assert_eq!(books.types().get(&format!("fields.{field}")), Some(&kind));
    }
    let lines = central.text("logs/shop.log");
    assert_eq!(lines.lines().count(), sent, "{lines}");
}

#[test]
fn a_trace_is_found_by_its_id_whatever_the_format() {
    use std::io::Write as _;
    let central = Central::running();
    let mut connection = std::net::TcpStream::connect(central.url("tcp").split_off(6)).unwrap();
    let head = "<14>1 2026-01-01T00:00:00Z h shop 5 -";
    // As src/encode writes them where tracing-opentelemetry is in use.
    writeln!(connection, "{head} [trace@32473 trace_id=\"a1\" span_id=\"b2\"] x").unwrap();
    let (cee, ecs_mark) = ("[json@32473 schema=\"cee\"]", "[json@32473 schema=\"ecs\"]");
    writeln!(connection, "{head} {cee} @cee: {{\"trace_id\":\"a1\",\"span_id\":\"b2\"}}").unwrap();
    let ecs = r#"@cee: {"ecs":{"version":"8.11.0"},"trace":{"id":"a1"},"span":{"id":"b2"}}"#;
    writeln!(connection, "{head} {ecs_mark} {ecs}").unwrap();
    central.wait_for(3);
    for document in &central.store.books().first {
        let ids = (&document["trace"]["id"], &document["span"]["id"]);
        assert_eq!(ids, (&json!("a1"), &json!("b2")), "{document:#}");
    }
}

/// Only a record that says so outside of its text carries JSON, whoever sends it.
#[test]
fn a_text_that_begins_with_the_cookie_makes_no_document() {
    use std::io::Write as _;
    let central = Central::running();
    let mut connection = std::net::TcpStream::connect(central.url("tcp").split_off(6)).unwrap();
    let text = r#"@cee: {"ecs":{"version":"1"},"message":"login accepted for root"}"#;
    let sd = r#"[fields@32473 value="[json@32473 schema=\"ecs\"\]"]"#;
    writeln!(connection, "<12>1 2026-01-01T00:00:00Z h shop 5 - - {text}").unwrap();
    writeln!(connection, "<12>1 2026-01-01T00:00:01Z h shop 5 - {sd} {text}").unwrap();
    writeln!(connection, "<12>1 2026-01-01T00:00:02Z h shop 5 - - logship dropped 9 records: x")
        .unwrap();
    central.wait_for(3);
    let books = central.store.books();
    for document in &books.first[..2] {
        assert_eq!(document["message"], text, "{document:#}");
        assert_eq!(document["log"]["level"], "warning", "{document:#}");
    }
    assert_eq!(books.first[2]["logship"], Value::Null, "{:#}", books.first[2]);
}

#[test]
fn what_was_dropped_is_a_number_that_can_be_added_up() {
    let central = Central::running();
    let handle = shop(&central.url("tcp")).format(logship::Format::Cee).build().unwrap();
    // As the library itself says it, see src/capture/self_report.rs.
    logging(&handle, || {
        tracing::warn!(target: "logship", dropped = 12, "logship dropped 12 records: 12 the queue was full");
        tracing::warn!("logship dropped nothing");
    });
    assert!(handle.flush(PATIENCE));
    central.wait_for(2);
    let books = central.store.books();
    assert_eq!(books.first[0]["logship"]["dropped"], 12, "{:#}", books.first[0]);
    assert_eq!(books.first[1]["logship"], Value::Null, "{:#}", books.first[1]);
}

#[test]
fn a_name_with_two_types_costs_no_record() {
    let central = Central::running();
    let handle = shop(&central.url("tcp")).format(logship::Format::Cee).build().unwrap();
    logging(&handle, || {
        tracing::info!(size = 7, "a number");
        tracing::info!(size = "large", other = 1, "a word");
        tracing::info!(size = 8, "a number again");
    });
    assert!(handle.flush(PATIENCE));
    central.wait_for(3);
    let books = central.store.books();
    assert_eq!(books.refused.len(), 1, "the word was refused, once: {:?}", books.refused);
    let word = books.first.iter().find(|document| document["message"] == "a word").unwrap();
    let original = word["event"]["original"].as_str().unwrap();
    let original: Value = serde_json::from_str(original).unwrap();
    assert_eq!(original["fields"], json!({"size": "large", "other": 1}), "{word:#}");
    assert_eq!(word["fields"], Value::Null, "{word:#}");
    assert_eq!(central.text("spool/dead-letters.ndjson"), "");
}

#[test]
fn a_tag_is_a_safe_name_of_a_file() {
    use std::io::Write as _;
    let central = Central::running();
    let address = central.url("tcp").replace("tcp://", "");
    let mut connection = std::net::TcpStream::connect(address).unwrap();
    let long = "x".repeat(300);
    for tag in [long.as_str(), "../../etc/passwd", "..", "/tmp/x", "a/b"] {
        writeln!(connection, "<14>1 2026-01-01T00:00:00Z h {tag} 5 - - here").unwrap();
    }
    central.wait_for(5);
    let mut files: Vec<_> = std::fs::read_dir(central.path("logs"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let long = format!("{}.log", "x".repeat(100));
    assert_eq!(files, [".._.._etc_passwd.log", "_..log", "_tmp_x.log", "a_b.log", &long]);
}

const FORMATS: [&str; 3] = ["rfc5424", "cee", "ecs"];
