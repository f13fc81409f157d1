//! JSON that Elasticsearch accepts.

use std::{error::Error, fmt};

use logship::{Builder, Format};
use logship_collector::Received;
use proptest::prelude::*;
use serde_json::{Value, json};
use tracing::{error, info, info_span};

use crate::{
    strict_json::Strict,
    support::{PATIENCE, builder, capture, flawless, shipped},
};

fn cee(builder: Builder) -> Builder {
    builder.format(Format::Cee)
}

fn ecs(builder: Builder) -> Builder {
    builder.format(Format::Ecs)
}

/// What follows the cookie, which must be one object and nothing else, with no key twice.
fn json(record: &Received) -> Value {
    let payload = record.text().unwrap().strip_prefix("@cee: ").unwrap();
    let Strict = serde_json::from_str(payload).unwrap_or_else(|e| panic!("{e}: {payload}"));
    serde_json::from_str(payload).unwrap()
}

#[derive(Debug)]
struct Outer(std::num::ParseIntError);

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such order")
    }
}

impl Error for Outer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

fn outer() -> Outer {
    Outer("x".parse::<u32>().unwrap_err())
}

#[test]
fn what_a_program_names_stands_in_objects_of_its_own() {
    let all = |builder| cee(builder).source_location(true).thread_name(true).sequence_id(true);
    let records = flawless(all, || {
        let _outer = info_span!("request", user = 7, names = "x").entered();
        let _inner = info_span!("checkout", user = "inner").entered();
        info!(target: "shop::cart", order = 42, host = "mine", msg = "mine", "sold \u{1}\n");
        drop(_inner);
        info!("");
    });
    let thread = std::thread::current();
    let code = json(&records[0])["code"].clone();
    assert!(code["file"].as_str().unwrap().ends_with("json.rs"), "{code}");
    assert!(code["line"].as_u64().unwrap() > 0, "{code}");
    let expected = json!({
        "level": "info",
        "target": "shop::cart",
        "code": code,
        "thread": thread.name().unwrap(),
        "fields": {"order": 42, "host": "mine", "msg": "mine"},
        "spans": {
            "names": ["request", "checkout"],
            "user": "inner", "user_2": 7, "names_2": "x"
        },
        "msg": "sold \u{1}\n",
    });
    assert_eq!(json(&records[0]), expected);
    // Nothing stands there empty, and records are numbered as in the other format.
    let second = json(&records[1]);
    assert!(second.get("fields").is_none() && second.get("msg").is_none(), "{second}");
    assert_eq!(records[1].param("meta", "sequenceId"), Some("2"));
}

#[test]
fn the_common_schema_has_its_names() {
    let all = |builder| ecs(builder).source_location(true).thread_name(true).sequence_id(true);
    let records = flawless(all, || {
        let _span = info_span!("request", id = 7).entered();
        let outer = outer();
        let error = &outer as &(dyn Error + 'static);
        error!(target: "shop::cart", order = 42, error, again = error, "failed");
    });
    let line = json(&records[0])["log"]["origin"]["file"]["line"].clone();
    assert!(line.as_u64().unwrap() > 0);
    let thread = std::thread::current();
    let expected = json!({
        "ecs": {"version": "8.11.0"},
        "service": {"name": "app-tag"},
        "log": {
            "level": "error",
            "logger": "shop::cart",
            "origin": {"file": {"name": "tests/integration/json.rs", "line": line}},
        },
        "process": {"thread": {"name": thread.name().unwrap()}},
        "fields": {"order": 42, "again": "no such order: invalid digit found in string"},
        "spans": {"names": ["request"], "id": 7},
        "error": {
            "message": "no such order",
            "stack_trace": "no such order\nCaused by: invalid digit found in string",
        },
        "message": "failed",
    });
    assert_eq!(json(&records[0]), expected);
    assert_eq!(records[0].param("meta", "sequenceId"), Some("1"));
}

#[test]
fn no_number_is_changed_nor_refused_by_a_mapping() {
    let records = flawless(cee, || {
        info!(
            small = u64::MAX / 2,
            large = u64::MAX,
            larger = u128::MAX,
            low = i64::MIN,
            lower = i128::MIN,
            narrow = 7_i128,
            fraction = 0.1,
            whole = 129.0,
            huge = 1e300,
            nan = f64::NAN,
            infinite = f64::NEG_INFINITY,
            large_big = "mine",
            paid = true,
        );
    });
    let expected = json!({
        "small": u64::MAX / 2,
        "large_big": u64::MAX.to_string(),
        "larger_big": u128::MAX.to_string(),
        "low": i64::MIN,
        "lower_big": i128::MIN.to_string(),
        "narrow": 7,
        "fraction": 0.1,
        "whole": 129.0,
        "huge_big": "1e+300",
        "nan_big": "NaN",
        "infinite_big": "-inf",
        "large_big_": "mine",
        "paid": true,
    });
    assert_eq!(json(&records[0])["fields"], expected);
    assert!(records[0].text().unwrap().contains("\"whole\":129.0,"), "a float stays one");
}

#[test]
fn error_fields_are_text_with_their_sources() {
    let records = flawless(cee, || {
        let outer = outer();
        error!(error = &outer as &(dyn Error + 'static), "failed");
    });
    let fields = json(&records[0])["fields"].clone();
    assert_eq!(fields, json!({"error": "no such order: invalid digit found in string"}));
}

#[test]
fn an_error_in_a_secret_field_stays_secret() {
    let records = flawless(
        |builder| ecs(builder).redact("default"),
        || {
            let outer = outer();
            error!(password = &outer as &(dyn Error + 'static), "failed");
        },
    );
    let object = json(&records[0]);
    assert_eq!((&object["fields"], object.get("error")), (&json!({"password": "***"}), None));
}

#[test]
fn an_error_that_panics_or_never_ends_spoils_nothing() {
    #[derive(Debug)]
    struct Bad(bool);
    impl fmt::Display for Bad {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            assert!(!self.0, "no");
            f.write_str(&"x\n".repeat(50_000))
        }
    }
    impl Error for Bad {}
    let records = shipped(ecs, || {
        let (panics, long) = (Bad(true), Bad(false));
        error!(order = 1, error = &panics as &(dyn Error + 'static), "first");
        error!(order = 2, error = &long as &(dyn Error + 'static), after = 3, "second");
        info!("third");
    });
    let first = json(&records[0]);
    assert_eq!((&first["fields"]["order"], first.get("error")), (&json!(1), None));
    assert!(first["message"].as_str().unwrap().contains("panicked"), "{first}");
    let second = json(&records[1]);
    assert_eq!(second["fields"], json!({"order": 2, "after": 3}));
    assert_eq!(second["message"], "second");
    for part in ["message", "stack_trace"] {
        assert!(second["error"][part].as_str().unwrap().contains("...[cut "), "{second}");
    }
    assert_eq!(json(&records[2]).get("error"), None);
}

#[test]
fn the_url_may_name_the_format() {
    let collector = logship_collector::Collector::tcp().unwrap();
    let url = format!("{}?format=cee", collector.url());
    let handle = builder(&collector).servers(url).build().unwrap();
    let guard = capture(&handle);
    info!("hello");
    drop(guard);
    assert!(handle.flush(PATIENCE));
    assert_eq!(json(&collector.wait_for(1, PATIENCE)[0])["msg"], "hello");
}

/// Whatever the longest frame, and so wherever the cut: a record parses, and holds its limit.
#[test]
fn a_record_parses_wherever_it_is_cut() {
    let mut too_short = 0;
    for max_message_size in (480..1100).chain([2048, 8096]) {
        for format in [Format::Cee, Format::Ecs] {
            let all = max_message_size % 3 == 0;
            let configure = |builder: Builder| {
                builder
                    .format(format)
                    .max_message_size(max_message_size)
                    .source_location(all)
                    .thread_name(all)
            };
            let collector = logship_collector::Collector::tcp().unwrap();
            // What leaves too little of a frame is an error at the start.
            let Ok(handle) = configure(builder(&collector)).build() else {
                too_short += 1;
                continue;
            };
            let guard = capture(&handle);
            say_a_lot(max_message_size);
            drop(guard);
            assert!(handle.flush(PATIENCE));
            let records = collector.wait_for(3, PATIENCE);
            assert_eq!(records.len(), 3);
            for record in records {
                assert!(
                    record.bytes.len() <= max_message_size,
                    "{max_message_size}: {}",
                    record.bytes.len()
                );
                json(&record);
            }
        }
    }
    assert!(too_short < 200, "{too_short}");
}

fn say_a_lot(seed: usize) {
    let nasty = "q\"\\\n\u{1}\0é€𝄞\u{2028}]x".repeat(1 + seed % 90);
    let _outer = info_span!("ou\"ter", nasty, number = u64::MAX).entered();
    let _inner = info_span!("inner\n", nasty = &nasty[..1]).entered();
    let outer = outer();
    info!(a = 1, nasty, b = ?nasty, error = &outer as &(dyn Error + 'static), c = 1e300, "{nasty}");
    info!(a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8, i = 9, j = true, "{nasty}");
    info!("{nasty}");
}

/// A text in its place would be of another type than the field's other values.
#[cfg(feature = "log")]
#[test]
fn what_is_none_is_left_out() {
    let collector = logship_collector::Collector::tcp().unwrap();
    let handle = cee(builder(&collector)).build().unwrap();
    for count in [Some(3), None] {
        let pairs = [
            ("count", log::kv::ToValue::to_value(&count)),
            ("after", log::kv::Value::from("intact")),
        ];
        let mut record = log::Record::builder();
        let record = record.level(log::Level::Info).key_values(&pairs);
        log::Log::log(&handle.logger(), &record.args(format_args!("sold")).build());
    }
    let _guard = capture(&handle);
    info!(count = None::<u32>, after = "intact", "sold");
    assert!(handle.flush(PATIENCE));
    let records = collector.wait_for(3, PATIENCE);
    let fields: Vec<_> = records.iter().map(|record| json(record)["fields"].clone()).collect();
    let without = json!({"after": "intact"});
    assert_eq!(fields, [json!({"count": 3, "after": "intact"}), without.clone(), without]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Names that only the run knows come from key-values of `log`.
    #[cfg(feature = "log")]
    #[test]
    fn no_name_nor_value_makes_a_record_that_is_refused(
        pairs in proptest::collection::vec((any::<String>(), value()), 0..12),
        text in any::<String>(),
    ) {
        let collector = logship_collector::Collector::tcp().unwrap();
        let handle = ecs(builder(&collector)).build().unwrap();
        let pairs: Vec<(&str, log::kv::Value<'_>)> =
            pairs.iter().map(|(name, value)| (name.as_str(), value.to_value())).collect();
        let mut record = log::Record::builder();
        let record = record.level(log::Level::Info).key_values(&pairs);
        log::Log::log(&handle.logger(), &record.args(format_args!("{text}")).build());
        prop_assert!(handle.flush(PATIENCE));
        let received = collector.wait_for(1, PATIENCE);
        let object = json(&received[0]);
        let said = object.get("message").and_then(Value::as_str).unwrap_or_default();
        // Without a text the fields are the text.
        if !text.is_empty() || pairs.is_empty() {
            prop_assert_eq!(said, text.replace('\0', "#000"));
        }
        let fields = object.get("fields").and_then(Value::as_object).map_or(0, |f| f.len());
        prop_assert_eq!(fields, pairs.len());
    }
}

#[derive(Clone, Debug)]
enum Any {
    Text(String),
    Number(u128),
    Float(f64),
    Truth(bool),
}

impl Any {
    fn to_value(&self) -> log::kv::Value<'_> {
        match self {
            Any::Text(text) => text.as_str().into(),
            Any::Number(number) => (*number).into(),
            Any::Float(number) => (*number).into(),
            Any::Truth(truth) => (*truth).into(),
        }
    }
}

fn value() -> impl Strategy<Value = Any> {
    prop_oneof![
        any::<String>().prop_map(Any::Text),
        any::<u128>().prop_map(Any::Number),
        any::<u64>().prop_map(|number| Any::Number(number.into())),
        any::<f64>().prop_map(Any::Float),
        any::<bool>().prop_map(Any::Truth),
    ]
}
