//! Parts of the header that a record sets for itself.

use super::*;

type Field<'a> = (&'a str, Value<'a>);

/// The message of a record by its names alone, as from `log`, and by its callsite, as from
/// `tracing`; both must be the same.
fn both(encoder: &Encoder, fields: &[Field<'_>], text: &str) -> (Severity, String) {
    let mut scratch = Scratch::default();
    let mut write = |by_name: bool| {
        let names = fields.iter().map(|(name, _)| *name);
        let site = encoder.site(&ORIGIN, names);
        let mut writer = encoder.begin(&mut scratch, &site);
        for (index, (name, value)) in fields.iter().enumerate() {
            match by_name {
                true => writer.named_field(name, *value),
                false => writer.field(&site, index, *value),
            }
        }
        writer.text(format_args!("{text}"));
        let message = writer.finish();
        let severity = message.severity;
        let bytes = message.numbered(0);
        assert!(bytes.len() <= encoder.settings.max_message_size, "{}", bytes.escape_ascii());
        (severity, without_time(encoder, std::str::from_utf8(bytes).unwrap()))
    };
    let (by_name, by_site) = (write(true), write(false));
    assert_eq!(by_name, by_site);
    by_name
}

fn without_time(encoder: &Encoder, text: &str) -> String {
    let old = matches!(encoder.settings.format, Format::Rfc3164 | Format::Rfc3164Local);
    let pri = text.find('>').unwrap() + if old { 1 } else { 3 };
    format!("{}T{}", &text[..pri], &text[pri + if old { 15 } else { 27 }..])
}

fn message(settings: Settings, fields: &[Field<'_>]) -> String {
    both(&Encoder::new(settings).unwrap(), fields, "sold").1
}

#[test]
fn each_part_of_the_header_can_be_set() {
    let fields = [
        ("syslog.severity", Value::Str("NOTICE")),
        ("n", Value::U64(42)),
        ("syslog.facility", Value::Str("authpriv")),
        ("syslog.msgid", Value::Str("LOGIN")),
        ("syslog.appname", Value::Str("ba\"nk")),
    ];
    for (format, expected) in [
        (
            Format::Rfc5424,
            "<85>1 T host.example ba\"nk 4711 LOGIN [source@32473 target=\"cart\"][fields@32473 n=\"42\"] sold",
        ),
        (
            Format::Cee,
            "<85>1 T host.example ba\"nk 4711 LOGIN [json@32473 schema=\"cee\"] @cee: {\"level\":\"info\",\"target\":\"cart\",\"fields\":{ \"n\":42},\"msg\":\"sold\"}",
        ),
        (
            Format::Ecs,
            "<85>1 T host.example ba\"nk 4711 LOGIN [json@32473 schema=\"ecs\"] @cee: {\"ecs\":{\"version\":\"8.11.0\"},\"service\":{\"name\":\"ba\\\"nk\"},\"log\":{\"level\":\"info\",\"logger\":\"cart\"},\"fields\":{ \"n\":42},\"message\":\"sold\"}",
        ),
        // There is no place for MSGID, so that stays.
        (
            Format::Rfc3164,
            "<85>T host.example ba_nk[4711]: sold target=\"cart\" n=\"42\" syslog.msgid=\"LOGIN\"",
        ),
        (
            Format::Rfc3164Local,
            "<85>T ba_nk[4711]: sold target=\"cart\" n=\"42\" syslog.msgid=\"LOGIN\"",
        ),
    ] {
        assert_eq!(message(settings(format), &fields), expected);
    }
}

#[test]
fn a_header_that_is_set_leaves_everything_else_as_it_is() {
    let set = [("syslog.severity", Value::U64(2)), ("n", Value::U64(1))];
    for format in FORMATS {
        let whole = message(everything(format), &set);
        let plain = message(everything(format), &set[1..]);
        assert_eq!(whole, plain.replacen("<134>", "<130>", 1), "{format:?}");
    }
    let fields = [("syslog.msgid", Value::Str("M"))];
    let whole = message(everything(Format::Rfc5424), &fields);
    let source = "[source@32473 target=\"cart\" file=\"src/a\\]\\\"b.rs\" line=\"12\" thread=\"";
    assert!(whole.contains(" M [timeQuality") && whole.contains(source), "{whole}");
    assert!(whole.contains("[meta sequenceId=\"1\"]"), "{whole}");
    // The element of fields is not there if nothing is in it.
    assert!(!whole.contains("fields@"), "{whole}");
}

#[test]
fn a_severity_is_a_keyword_or_a_number() {
    let encoder = within(800, Format::Rfc5424);
    for (value, severity) in [
        (Value::Str("emerg"), Severity::Emergency),
        (Value::Str("Critical"), Severity::Critical),
        (Value::Str("5"), Severity::Notice),
        (Value::U64(0), Severity::Emergency),
        (Value::I64(7), Severity::Debug),
        (Value::U128(1), Severity::Alert),
        (Value::Display(&Severity::Alert), Severity::Alert),
        (Value::Debug(&Severity::Warning), Severity::Warning),
    ] {
        let (found, message) = both(&encoder, &[("syslog.severity", value)], "sold");
        assert_eq!(found, severity);
        let pri = 128 + severity.code();
        assert_eq!(message, format!("<{pri}>1 T host.example shop 4711 cart - sold"));
    }
}

#[test]
fn what_is_invalid_stays_a_field() {
    let long = "x".repeat(33);
    let longer = "x".repeat(49);
    for (name, value, shown) in [
        ("severity", Value::Str("loud"), "loud"),
        ("severity", Value::Str(""), ""),
        ("severity", Value::U64(8), "8"),
        ("severity", Value::I64(-1), "-1"),
        ("severity", Value::F64(2.0), "2.0"),
        ("severity", Value::Bool(true), "true"),
        ("severity", Value::Str(" notice"), " notice"),
        ("facility", Value::U64(24), "24"),
        ("facility", Value::Str("audits"), "audits"),
        ("msgid", Value::Str(""), ""),
        ("msgid", Value::Str("a b"), "a b"),
        ("msgid", Value::Str("é"), "é"),
        ("msgid", Value::Str(&long), &long),
        ("appname", Value::Str("a/b"), "a/b"),
        ("appname", Value::Str("-"), "-"),
        ("appname", Value::Str(&longer), &longer),
        ("colour", Value::Str("red"), "red"),
        ("Severity", Value::Str("crit"), "crit"),
    ] {
        let name = format!("syslog.{name}");
        let (severity, message) = both(&within(800, Format::Rfc5424), &[(&name, value)], "sold");
        let expected =
            format!("<134>1 T host.example shop 4711 cart [fields@32473 {name}=\"{shown}\"] sold");
        assert_eq!((severity, message), (Severity::Informational, expected));
    }
}

#[test]
fn the_first_valid_value_counts_and_no_other_is_lost() {
    let fields = [
        ("syslog.severity", Value::Str("loud")),
        ("syslog.severity", Value::Str("crit")),
        ("syslog.severity", Value::Str("debug")),
    ];
    let message = message(settings(Format::Rfc5424), &fields);
    let start = "<130>1 T host.example shop 4711 cart [fields@32473 syslog.severity=\"loud\" ";
    assert!(message.starts_with(start) && message.contains("=\"debug\"] sold"), "{message}");
}

/// A record must not grow beyond its maximum, wherever the field comes.
#[test]
fn a_longer_header_takes_its_room_from_the_text() {
    let text = "t".repeat(900);
    let appname = "a".repeat(48);
    let msgid = "m".repeat(32);
    let long = "v".repeat(900);
    for format in FORMATS {
        for first in [false, true] {
            let encoder = Encoder::new(Settings { max_message_size: 640, ..settings(format) });
            let mut fields = vec![
                ("syslog.appname", Value::Str(&appname)),
                ("syslog.msgid", Value::Str(&msgid)),
                ("syslog.severity", Value::Str("emerg")),
                ("syslog.facility", Value::Str("local7")),
            ];
            let at = if first { 0 } else { fields.len() };
            fields.splice(at..at, [("a", Value::Str(&long)), ("b", Value::Str(&long))]);
            let (severity, message) = both(&encoder.unwrap(), &fields, &text);
            assert_eq!(severity, Severity::Emergency);
            assert!(message.starts_with("<184>"), "{message}");
        }
    }
}

#[test]
fn a_value_that_panics_sets_nothing_and_breaks_nothing() {
    struct Panics;
    impl fmt::Display for Panics {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("as it is meant to")
        }
    }
    for format in FORMATS {
        let encoder = within(800, format);
        let site = encoder.site(&ORIGIN, std::iter::empty());
        let mut scratch = Scratch::default();
        let mut writer = encoder.begin(&mut scratch, &site);
        let fill = std::panic::AssertUnwindSafe(|| {
            writer.named_field("syslog.severity", Value::Display(&Panics));
        });
        assert!(std::panic::catch_unwind(fill).is_err());
        writer.recover_from_panic();
        let message = String::from_utf8(writer.finish().bytes().to_vec()).unwrap();
        assert!(message.starts_with("<134>") && message.contains("panicked"), "{message}");
        assert!(!message.contains("severity"), "{message}");
        if let Some((_, json)) = message.split_once("@cee: ") {
            serde_json::from_str::<serde_json::Value>(json).unwrap();
        }
    }
}
