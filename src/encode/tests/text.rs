//! What stands in the text, and what is taken for it.

use super::*;

#[test]
fn fields_replace_an_empty_text_or_follow_it() {
    let say = |text: &'static str| {
        move |writer: &mut Writer<'_>| {
            writer.named_field("order_id", Value::U64(42));
            writer.named_field("customer", Value::Str("ann \"a\"\n"));
            writer.named_field("password", Value::Str("open"));
            writer.text(format_args!("{text}"));
            let id = [("id", Value::U64(7)), ("order_id", Value::Str(""))];
            say_spans(writer, &[span(writer.encoder, "pay", &id)]);
        }
    };
    let text = |format, text_fields, said| {
        let redact = "default".parse().unwrap();
        let message = one(Settings { text_fields, redact, ..settings(format) }, say(said));
        match format {
            Format::Cee => {
                let (_, json) = message.split_once("@cee: ").unwrap();
                let json: serde_json::Value = serde_json::from_str(json).unwrap();
                assert_eq!(json["fields"]["order_id"], 42);
                json["msg"].as_str().unwrap().to_owned()
            }
            Format::Rfc5424 => {
                assert!(message.contains("[fields@32473 order_id=\"42\" customer="), "{message}");
                message.rsplit_once("] ").unwrap().1.to_owned()
            }
            _ => message.split_once("shop[4711]: ").unwrap().1.to_owned(),
        }
    };
    let fields = "order_id=42 customer=\"ann \\\"a\\\"#012\" password=***";
    let spans = "spans=pay id=7 order_id=\"\"";
    for format in [Format::Rfc5424, Format::Cee] {
        // In JSON a line end is one, and each format writes it its way.
        let text = |fields, said| text(format, fields, said).replace('\n', "#012");
        assert_eq!(text(TextFields::None, "sold"), "sold");
        assert_eq!(text(TextFields::None, ""), fields);
        assert_eq!(text(TextFields::Fields, "sold"), format!("sold {fields}"));
        assert_eq!(text(TextFields::All, "sold"), format!("sold {fields} {spans}"));
        assert_eq!(text(TextFields::All, ""), format!("{fields} {spans}"));
    }
    let fields = "order_id=\"42\" customer=\"ann \\\"a\\\"#012\" password=\"***\"";
    let spans = "spans=\"pay\" id=\"7\" order_id=\"\"";
    let text = |fields, said| text(Format::Rfc3164Local, fields, said);
    assert_eq!(text(TextFields::None, "sold"), "sold");
    assert_eq!(text(TextFields::None, ""), fields);
    assert_eq!(text(TextFields::Fields, "sold"), format!("sold {fields}"));
    assert_eq!(text(TextFields::All, "sold"), format!("sold target=\"cart\" {fields} {spans}"));
    assert_eq!(text(TextFields::All, ""), format!("target=\"cart\" {fields} {spans}"));
}

/// The text is long, and all of it was said: what stands in it a second time may be cut.
#[test]
fn text_fields_are_cut_first_and_not_counted() {
    let encoder = Encoder::new(Settings {
        text_fields: TextFields::Fields,
        max_message_size: 480,
        ..settings(Format::Rfc5424)
    });
    let encoder = encoder.unwrap();
    for (length, shown) in [(285, " a=yyy"), (300, "")] {
        let text = "x".repeat(length);
        let message = written(&encoder, &mut Scratch::default(), |writer| {
            writer.named_field("a", Value::Str(&"y".repeat(60)));
            writer.text(format_args!("{text}"));
        });
        assert!(message.contains(&format!(" {text}{shown}")), "{message}");
        assert_eq!(message.ends_with(" bytes]"), !shown.is_empty(), "{message}");
        assert_eq!(encoder.counters().cut.load(Relaxed), 0);
    }
}

/// In a format without JSON a receiver must not take a text for it (docs/rfc-compliance.md F-57).
#[test]
fn a_text_is_no_json_unless_the_format_is() {
    for (text, expected) in [
        ("@cee: {}", "#100cee: {}"),
        (" \t@cee:{}", " #011#100cee:{}"),
        ("\u{a0}@CEE: {}", "\u{a0}#100CEE: {}"),
        ("\u{0}@cee: {}", "#000#100cee: {}"),
        ("a @cee: {}", "a @cee: {}"),
        ("@ceee: {}", "@ceee: {}"),
        ("@cee", "@cee"),
    ] {
        for format in [Format::Rfc5424, Format::Rfc3164Local] {
            let message = one(settings(format), |writer| writer.text(format_args!("{text}")));
            assert!(message.contains(&format!(" {expected}")), "{message}");
        }
        let message = one(settings(Format::Cee), |writer| writer.text(format_args!("{text}")));
        let (_, json) = message.split_once("@cee: ").unwrap();
        let json: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(json["msg"].as_str(), Some(&*text.replace('\0', "#000")));
    }
    // Fields that become the text are a text.
    let message = one(settings(Format::Rfc5424), |w| w.named_field("@cee:", Value::U64(1)));
    assert!(message.ends_with("] #100cee:=1"), "{message}");
}
