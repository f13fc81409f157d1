//! What a program may say, and how rsyslog stores it.

use logship::Format;

use crate::shipping::{PATIENCE, build, logging, shop, stored, url};
use crate::support::{Input, Record, Rsyslogd};

/// Ships what `work` logs over octet-counted TCP; returns the `count` records it made.
fn shipped(count: usize, work: impl FnOnce()) -> Vec<Record> {
    stored(Format::Rfc5424, Input::Tcp, count, work)
}

#[test]
fn a_text_of_several_lines_is_one_record() {
    let records = shipped(2, || {
        tracing::info!("first\nsecond\r\n\tthird");
        tracing::info!("next");
    });
    assert_eq!(records[0].msg, "first#012second#015#012#011third");
    assert_eq!(records[1].msg, "next");
}

#[test]
fn control_characters_are_escaped_as_by_rsyslog() {
    let controls = || (0..32).chain([127]).map(char::from);
    let records = shipped(33, || {
        for control in controls() {
            tracing::info!(value = format!("a{control}b"), "x{control}y");
        }
    });
    for (record, control) in records.iter().zip(controls()) {
        let code = u32::from(control);
        assert_eq!(record.msg, format!("x#{code:03o}y"));
        assert_eq!(record.field("value"), format!("a#{code:03o}b"));
    }
}

#[test]
fn bidi_controls_are_escaped_for_terminals() {
    // C1: NEL and CSI. Bidi: override, isolate. All are invisible, and change what is read.
    let sneaky = ['\u{85}', '\u{9b}', '\u{202e}', '\u{2066}'];
    let records = shipped(4, || {
        for character in sneaky {
            tracing::info!(value = format!("a{character}b"), "x{character}y");
        }
    });
    for record in records {
        for text in [record.msg.as_str(), record.field("value")] {
            assert!(!text.contains(sneaky), "{record:#?}");
            assert!(text.contains('#'), "a reader must see that something was there: {record:#?}");
        }
        assert!(record.msg.starts_with('x') && record.msg.ends_with('y'), "{record:#?}");
    }
}

#[test]
fn text_of_every_language_arrives_as_it_is() {
    let samples = [
        "plain",
        "Grüße aus Köln",
        "Ελληνικά Русский עברית العربية",
        "日本語 中文 한국어",
        "🚀 👩‍👩‍👧‍👦 🇩🇪 e\u{301}",
        "\u{7ff}\u{800}\u{ffff}\u{10000}\u{10ffff}",
    ];
    let records = shipped(samples.len(), || {
        for sample in samples {
            tracing::info!(sample, "{sample}");
        }
    });
    for (record, sample) in records.iter().zip(samples) {
        assert_eq!(record.msg, sample);
        assert_eq!(record.field("sample"), sample);
    }
}

#[test]
fn quotes_brackets_and_backslashes_arrive_as_they_are() {
    let samples = [
        r#"she said "no""#,
        r"C:\temp\new",
        r"trailing \",
        "[a] [b]] ] [",
        r#"] [fields@32473 forged="1"] "#,
        r#"\" ] \\ \]"#,
        "{\"json\": [1, \"two\"]}",
        "100 % of #012 & <b>",
        "' OR 1=1 --",
    ];
    let records = shipped(samples.len(), || {
        for sample in samples {
            tracing::info!(sample, after = "intact", "{sample}");
        }
    });
    for (record, sample) in records.iter().zip(samples) {
        assert_eq!(record.msg, sample);
        assert_eq!(record.field("sample"), sample);
        assert_eq!(record.field("after"), "intact");
        assert_eq!(record.sd["fields@32473"].as_object().unwrap().len(), 2, "{record:#?}");
    }
}

#[test]
fn empty_text_and_missing_message_are_records() {
    let records = shipped(3, || {
        tracing::info!("");
        tracing::info!(order_id = 7);
        tracing::info!(empty = "", "after");
    });
    assert_eq!((records[0].msg.as_str(), records[0].sd_text.as_str()), ("", "-"));
    assert_eq!((records[1].msg.as_str(), records[1].field("order_id")), ("order_id=7", "7"));
    assert_eq!((records[2].msg.as_str(), records[2].field("empty")), ("after", ""));
}

#[test]
fn values_of_every_type_are_readable() {
    #[derive(Debug)]
    #[expect(dead_code, reason = "only its Debug output is looked at")]
    struct Order {
        id: u8,
    }
    let records = shipped(1, || {
        tracing::info!(
            signed = -5,
            large = u64::MAX,
            float = 1.5,
            yes = true,
            debug = ?Order { id: 3 },
            display = %std::net::Ipv4Addr::LOCALHOST,
            "typed"
        );
    });
    let record = &records[0];
    assert_eq!(record.field("signed"), "-5");
    assert_eq!(record.field("large"), "18446744073709551615");
    assert_eq!(record.field("float"), "1.5");
    assert_eq!(record.field("yes"), "true");
    assert_eq!(record.field("debug"), "Order { id: 3 }");
    assert_eq!(record.field("display"), "127.0.0.1");
}

#[test]
fn spans_and_their_fields_travel_with_the_event() {
    let records = shipped(2, || {
        let outer = tracing::info_span!("outer", user = 7).entered();
        tracing::info_span!("inner", step = "pay").in_scope(|| tracing::info!("inside"));
        drop(outer);
        tracing::info!("outside");
    });
    let inside = &records[0];
    assert_eq!(inside.parameter("span@32473", "spans"), Some("outer:inner"), "{inside:#?}");
    assert_eq!(inside.parameter("span@32473", "user"), Some("7"));
    assert_eq!(inside.parameter("span@32473", "step"), Some("pay"));
    assert_eq!(records[1].sd_text, "-");
}

#[test]
fn log_records_carry_key_values() {
    use log::Log;
    let mut server = Rsyslogd::running();
    let handle = build(shop(&url(&server, Input::Tcp)).filter("debug"));
    let logger = handle.logger();
    let values = [("order_id", 42), ("items", 3)];
    for level in [log::Level::Error, log::Level::Warn, log::Level::Info, log::Level::Debug] {
        logger.log(
            &log::Record::builder()
                .level(level)
                .target("shop::door")
                .key_values(&values)
                .args(format_args!("by the other door"))
                .build(),
        );
    }
    // `levels` says debug: this one stays here.
    let trace = log::Record::builder().level(log::Level::Trace).args(format_args!("no")).build();
    logger.log(&trace);
    assert!(handle.flush(PATIENCE));
    let records = server.exactly(4, PATIENCE);
    assert_eq!(records.iter().map(|r| r.severity).collect::<Vec<_>>(), [3, 4, 6, 7]);
    for record in records {
        assert_eq!(
            (record.msgid.as_str(), record.msg.as_str()),
            ("shop::door", "by the other door")
        );
        assert_eq!((record.field("order_id"), record.field("items")), ("42", "3"));
    }
}

#[test]
fn optional_elements_are_in_structured_data() {
    let mut server = Rsyslogd::running();
    let builder = shop(&url(&server, Input::Tcp))
        .source_location(true)
        .thread_name(true)
        .origin(true)
        .sequence_id(true);
    let handle = build(builder);
    logging(&handle, || {
        tracing::info!("one");
        tracing::info!("two");
    });
    assert!(handle.flush(PATIENCE));
    let records = server.exactly(2, PATIENCE);
    for (record, sequence) in records.iter().zip(["1", "2"]) {
        assert_eq!(record.parameter("meta", "sequenceId"), Some(sequence), "{record:#?}");
        assert_eq!(record.parameter("origin", "software"), Some("logship"));
        assert!(record.parameter("origin", "swVersion").is_some());
        let file = record.parameter("source@32473", "file").expect("source_location is on");
        assert!(file.ends_with("content.rs"), "{file}");
        let line = record.parameter("source@32473", "line").expect("source_location is on");
        assert!(line.parse::<u32>().is_ok(), "{line}");
        let thread = std::thread::current();
        assert_eq!(record.parameter("source@32473", "thread"), thread.name());
    }
}
