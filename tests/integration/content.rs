//! The content of messages.

use std::{error::Error, fmt, time::Duration};

use logship::{ControlCharacters, Facility, Format, Level, Severity, TextFields, TimeQuality};
use logship_collector::Collector;
use tracing::{debug, error, info, info_span, trace, warn};

use crate::support::{PATIENCE, builder, capture, flawless, shipped};

fn text(record: &logship_collector::Received) -> String {
    String::from_utf8(record.bytes.clone()).unwrap()
}

#[test]
fn every_part_stands_in_its_place() {
    let records = flawless(
        |builder| builder.facility(Facility::Local0),
        || info!(target: "shop::checkout", order_id = 42_u64, customer = "ann", amount = 9.5, paid = true, delta = -3, "order accepted"),
    );
    let message = records[0].message.as_ref().unwrap();
    assert_eq!(message.facility, 16);
    assert_eq!(message.severity, 6);
    assert_eq!(message.hostname.as_deref(), Some("client.example"));
    assert_eq!(message.app_name.as_deref(), Some("app-tag"));
    assert_eq!(message.procid.as_deref(), Some("4711"));
    assert_eq!(message.msgid.as_deref(), Some("shop::checkout"));
    assert_eq!(message.text.as_deref(), Some("order accepted"));
    let timestamp = message.timestamp.as_deref().unwrap();
    assert_eq!(timestamp.len(), "2026-11-23T09:25:35.123456Z".len(), "{timestamp}");
    let fields = message.element("fields@32473").unwrap();
    let expected = [
        ("order_id", "42"),
        ("customer", "ann"),
        ("amount", "9.5"),
        ("paid", "true"),
        ("delta", "-3"),
    ];
    let expected: Vec<_> = expected.map(|(n, v)| (n.to_owned(), v.to_owned())).into();
    assert_eq!(fields.params, expected);
}

#[test]
fn levels_become_severities() {
    let say = || {
        error!("e");
        warn!("w");
        info!("i");
        debug!("d");
        trace!("t");
    };
    let severities = |records: &[logship_collector::Received]| -> Vec<u8> {
        records.iter().map(|record| record.message.as_ref().unwrap().severity).collect()
    };
    assert_eq!(severities(&flawless(|b| b, say)), [3, 4, 6, 7, 7]);
    let notice = |builder: logship::Builder| builder.map_level(Level::Info, Severity::Notice);
    assert_eq!(severities(&flawless(notice, say)), [3, 4, 5, 7, 7]);
}

#[test]
fn nothing_but_the_header_is_needed() {
    let records = flawless(|b| b, || info!(target: "t", ""));
    assert!(text(&records[0]).ends_with(" t -"), "{}", text(&records[0]));
    let records = flawless(|b| b, || info!(target: "t", answer = 42));
    assert!(text(&records[0]).ends_with(" t [fields@32473 answer=\"42\"] answer=42"));
    let old = |builder: logship::Builder| builder.format(Format::Rfc3164);
    let records = shipped(old, || info!(target: "t", answer = 42));
    assert!(text(&records[0]).ends_with(" app-tag[4711]: target=\"t\" answer=\"42\""));
}

/// Only what is shipped is counted, in the order in which it is.
#[test]
fn the_sequence_is_the_order_of_shipping_without_a_gap() {
    let collector = Collector::tcp().unwrap();
    let handle = builder(&collector)
        .sequence_id(true)
        .queue_capacity(256 << 10)
        .overflow(logship::Overflow::DropNewest)
        .build()
        .unwrap();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let handle = handle.clone();
            std::thread::spawn(move || {
                let _guard = capture(&handle);
                (0..3000).for_each(|n| info!(n, "a text that takes some room in the queue"));
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert!(handle.flush(PATIENCE));
    let shipped = usize::try_from(handle.stats().captured - handle.stats().dropped).unwrap();
    for (record, n) in collector.wait_for(shipped, PATIENCE).iter().zip(1..) {
        assert_eq!(record.param("meta", "sequenceId"), Some(&*format!("{n}")));
    }
}

#[test]
fn text_fields_follow_url_and_builder() {
    let say = || {
        let _span = info_span!("request", id = 7).entered();
        info!(order_id = 42, customer = "ann lee", "sold");
    };
    for (fields, expected) in [
        (TextFields::None, "sold"),
        (TextFields::Fields, "sold order_id=42 customer=\"ann lee\""),
        (TextFields::All, "sold order_id=42 customer=\"ann lee\" spans=request id=7"),
    ] {
        let records = flawless(|builder| builder.text_fields(fields), say);
        assert_eq!(records[0].text(), Some(expected));
        assert_eq!(records[0].param("fields@32473", "customer"), Some("ann lee"));
        assert_eq!(records[0].param("span@32473", "id"), Some("7"));
    }
    let collector = Collector::tcp().unwrap();
    let url = format!("{}?text_fields=fields", collector.url());
    let handle = builder(&collector).servers(url).build().unwrap();
    let guard = capture(&handle);
    say();
    drop(guard);
    assert!(handle.flush(PATIENCE));
    let records = collector.wait_for(1, PATIENCE);
    assert_eq!(records[0].text(), Some("sold order_id=42 customer=\"ann lee\""));
    let error = builder(&collector).servers("tcp://h?text_fields=some").build().unwrap_err();
    assert!(error.to_string().contains("\"some\": expected none, fields or all"), "{error}");
}

#[test]
fn spans_give_their_names_and_fields() {
    let records = flawless(
        |b| b,
        || {
            let outer =
                info_span!("request", user = 7, path = "/a\"b", later = tracing::field::Empty);
            let _outer = outer.enter();
            outer.record("later", "now");
            outer.record("user", 8);
            let _inner = info_span!("checkout", user = "inner").entered();
            info!(order = 1, "in spans");
        },
    );
    let record = &records[0];
    assert_eq!(record.param("span@32473", "spans"), Some("request:checkout"));
    assert_eq!(record.param("span@32473", "user"), Some("inner"));
    assert_eq!(record.param("span@32473", "user_2"), Some("8"));
    assert_eq!(record.param("span@32473", "path"), Some("/a\"b"));
    assert_eq!(record.param("span@32473", "later"), Some("now"));
    assert_eq!(record.param("fields@32473", "order"), Some("1"));
    assert_eq!(record.text(), Some("in spans"));
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

#[test]
fn errors_come_with_what_caused_them() {
    let outer = Outer("x".parse::<u32>().unwrap_err());
    let records = flawless(|b| b, || error!(error = &outer as &(dyn Error + 'static), "failed"));
    assert_eq!(
        records[0].param("fields@32473", "error"),
        Some("no such order: invalid digit found in string")
    );
}

#[test]
fn no_content_can_forge_split_or_hide_a_record() {
    let nasty = [
        "line\nline\r\nline",
        "<0>1 2026-01-01T00:00:00Z forged forged - - - forged",
        "] [x@1 a=\"b\"] \"quoted\" \\",
        "\u{0}\u{1b}[31mred\u{7f}\u{85}\u{202e}\u{feff}",
        "äöü € 𝄞 \u{1F600}",
        "",
    ];
    let records = flawless(
        |b| b,
        || {
            for value in nasty {
                info!(value, debug = ?value, "{value}");
            }
        },
    );
    assert_eq!(records.len(), nasty.len());
    assert_eq!(records[0].text(), Some("line#012line#015#012line"));
    assert_eq!(records[0].param("fields@32473", "value"), Some("line#012line#015#012line"));
    assert_eq!(records[2].param("fields@32473", "value"), Some(nasty[2]));
    assert_eq!(records[2].text(), Some(nasty[2]));
    assert_eq!(records[4].text(), Some(nasty[4]));
    assert!(records.iter().all(|record| record.bytes.iter().all(|byte| *byte >= 32)));
}

#[test]
fn control_characters_are_kept_if_asked() {
    let keep = |builder: logship::Builder| builder.control_characters(ControlCharacters::Keep);
    let records = shipped(keep, || info!("a\nb\tc\u{0}d"));
    assert_eq!(records[0].text(), Some("a\nb\tc#000d"));
    let records = shipped(keep, || info!("{}", "\n".repeat(9000)));
    let escaped = records[0].bytes.iter().map(|o| if *o < 32 { 4 } else { 1 }).sum::<usize>();
    assert!(escaped <= 8096 && escaped > 8000, "{escaped}");
}

/// A line end in a message would begin another one there.
#[test]
fn line_ends_are_escaped_under_lf_framing() {
    let collector = Collector::tcp().unwrap();
    let url = format!("{}?framing=lf", collector.url());
    let keep = builder(&collector).servers(url).control_characters(ControlCharacters::Keep);
    let handle = keep.build().unwrap();
    let guard = capture(&handle);
    info!(value = "a\nb", "a\r\n<0>1 - - - - - - b");
    info!("after");
    drop(guard);
    assert!(handle.flush(PATIENCE));
    let records = collector.wait_for(2, PATIENCE);
    assert_eq!(records[0].text(), Some("a#015#012<0>1 - - - - - - b"));
    assert_eq!(records[0].param("fields@32473", "value"), Some("a#012b"));
    assert_eq!(records[1].text(), Some("after"));
}

#[test]
fn optional_elements_are_as_the_standard_says() {
    let all = |builder: logship::Builder| {
        builder
            .source_location(true)
            .thread_name(true)
            .origin(true)
            .sequence_id(true)
            .time_quality(Some(TimeQuality::SyncedWithin(Duration::from_micros(50))))
    };
    let records = flawless(all, || {
        info!("one");
        info!("two");
    });
    let record = &records[1];
    assert_eq!(record.param("meta", "sequenceId"), Some("2"));
    assert_eq!(record.param("origin", "software"), Some("logship"));
    assert_eq!(record.param("timeQuality", "syncAccuracy"), Some("50"));
    assert!(record.param("source@32473", "file").unwrap().ends_with("content.rs"));
    assert!(record.param("source@32473", "line").unwrap().parse::<u32>().unwrap() > 0);
    assert_eq!(record.param("source@32473", "thread"), std::thread::current().name());
}

#[test]
fn a_target_too_long_for_msgid_is_told_in_full() {
    let records = flawless(|b| b, || info!(target: "a_very_long_target::with::many::modules", "x"));
    let message = records[0].message.as_ref().unwrap();
    assert_eq!(message.msgid.as_deref(), Some("a_very_long_target::with::many::"));
    let target = records[0].param("source@32473", "target");
    assert_eq!(target, Some("a_very_long_target::with::many::modules"));
}

#[test]
fn the_older_format_keeps_tag_and_fields() {
    let old = |builder: logship::Builder| builder.format(Format::Rfc3164);
    let records = shipped(old, || info!(order = 42, "order accepted"));
    let shown = text(&records[0]);
    assert!(shown.starts_with("<14>"), "{shown}");
    assert!(shown.contains(" client.example app-tag[4711]: order accepted "), "{shown}");
    assert!(shown.ends_with(" order=\"42\""), "{shown}");
}

#[test]
fn a_value_that_panics_takes_nothing_with_it() {
    struct Bad;
    impl fmt::Display for Bad {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("half")?;
            panic!("no")
        }
    }
    let records = flawless(
        |b| b,
        || {
            info!(bad = %Bad, after = 1, "never written");
            info!("{}", Bad);
            info!("next");
        },
    );
    assert_eq!(records[0].param("fields@32473", "bad"), Some("half"));
    assert!(records[1].text().unwrap().starts_with("half[a value panicked"));
    assert_eq!(records[2].text(), Some("next"));
}
