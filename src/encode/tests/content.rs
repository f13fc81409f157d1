//! Tests of what each format writes.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;

/// What is asked for and said in each format, with `{thread}` for this thread's name.
#[cfg(feature = "opentelemetry")]
const EVERYTHING: [&str; 5] = [
    concat!(
        r#"<134>1 T host.example shop 4711 cart {elements}"#,
        r#"[source@32473 file="src/a\]\"b.rs" line="12" thread="{thread}"]"#,
        r#"[fields@32473 n="42" error="no \"order\": it is#012gone" cause="next"]"#,
        r#"[trace@32473 trace_id="{trace}" span_id="a0a0a0a0a0a0a0a0"]"#,
        r#"[span@32473 spans="request:pay\"" user="a\]b" omitted_2="a\]b" User_2="a\]b"] "#,
        "\u{feff}größe #012."
    ),
    concat!(
        r#"<134>1 T host.example shop 4711 cart {elements} @cee: {"level":"info","target":"cart","#,
        r#""code":{"file":"src/a]\"b.rs","line":12},"thread":"{thread}","fields":{ "n":42,"#,
        r#""error":"no \"order\": it is\ngone","cause":"next"},"trace_id":"{trace}","#,
        r#""span_id":"a0a0a0a0a0a0a0a0","spans":{"names":["request","pay\""],"user":"a]b","#,
        r#""omitted_2":"a]b","User_2":"a]b"},"msg":"größe \n."}"#
    ),
    concat!(
        r#"<134>1 T host.example shop 4711 cart {elements} @cee: {"ecs":{"version":"8.11.0"},"#,
        r#""service":{"name":"shop"},"log":{"level":"info","logger":"cart","origin":{"file":{"#,
        r#""name":"src/a]\"b.rs","line":12}}},"process":{"thread":{"name":"{thread}"}},"fields":{"#,
        r#" "n":42,"cause":"next"},"trace":{"id":"{trace}"},"span":{"id":"a0a0a0a0a0a0a0a0"},"#,
        r#""spans":{"names":["request","pay\""],"user":"a]b","omitted_2":"a]b","User_2":"a]b"},"#,
        r#""error":{"message":"no \"order\"","stack_trace":"no \"order\"\nCaused by: it is\ngone"},"#,
        r#""message":"größe \n."}"#
    ),
    concat!(
        r#"<134>T host.example shop[4711]: größe #012. target="cart" file="src/a\]\"b.rs" line="12" "#,
        r#"thread="{thread}" n="42" error="no \"order\": it is#012gone" cause="next" "#,
        r#"trace_id="{trace}" span_id="a0a0a0a0a0a0a0a0" spans="request:pay\"" user="a\]b" "#,
        r#"omitted_2="a\]b" User_2="a\]b""#
    ),
    concat!(
        r#"<134>T shop[4711]: größe #012. target="cart" file="src/a\]\"b.rs" line="12" "#,
        r#"thread="{thread}" n="42" error="no \"order\": it is#012gone" cause="next" "#,
        r#"trace_id="{trace}" span_id="a0a0a0a0a0a0a0a0" spans="request:pay\"" user="a\]b" "#,
        r#"omitted_2="a\]b" User_2="a\]b""#
    ),
];

#[test]
#[cfg(feature = "opentelemetry")]
fn every_part_stands_in_its_place_in_each_format() {
    let version = env!("CARGO_PKG_VERSION");
    let elements = format!(
        "[timeQuality tzKnown=\"1\" isSynced=\"1\" syncAccuracy=\"250\"]\
         [origin enterpriseId=\"32473\" software=\"logship\" swVersion=\"{version}\"]\
         {{json}}[meta sequenceId=\"1\"]"
    );
    let thread = std::thread::current().name().unwrap().to_owned();
    for (format, expected) in FORMATS.into_iter().zip(EVERYTHING) {
        let json = match format {
            Format::Cee => "[json@32473 schema=\"cee\"]",
            Format::Ecs => "[json@32473 schema=\"ecs\"]",
            _ => "",
        };
        let elements = elements.replace("{json}", json);
        let expected = expected.replace("{elements}", &elements);
        let expected = expected.replace("{trace}", "1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f");
        let expected = expected.replace("{thread}", &thread);
        assert_eq!(one(everything(format), say_everything), expected, "{format:?}");
    }
}

#[test]
fn abandoned_record_leaves_nothing() {
    let nothing = |format| one(settings(format), |_| {});
    assert_eq!(nothing(Format::Rfc5424), "<134>1 T host.example shop 4711 cart -");
    let cee = r#"@cee: {"level":"info","target":"cart"}"#;
    let start = "<134>1 T host.example shop 4711 cart ";
    let json = "[json@32473 schema=\"cee\"]";
    assert_eq!(nothing(Format::Cee), format!("{start}{json} {cee}"));
    let ecs = r#"{"ecs":{"version":"8.11.0"},"service":{"name":"shop"},"log":{"level":"info","logger":"cart"}}"#;
    let schema = "[json@32473 schema=\"ecs\"]";
    assert_eq!(nothing(Format::Ecs), format!("{start}{schema} @cee: {ecs}"));
    assert_eq!(nothing(Format::Rfc3164), "<134>T host.example shop[4711]: target=\"cart\"");
    assert_eq!(nothing(Format::Rfc3164Local), "<134>T shop[4711]: target=\"cart\"");
    // Each of the elements separately, and where the time's quality is known by half.
    let numbered = |format| one(Settings { sequence_id: true, ..settings(format) }, |_| {});
    let meta = "<134>1 T host.example shop 4711 cart [meta sequenceId=\"1\"]";
    assert_eq!(numbered(Format::Rfc5424), meta);
    assert_eq!(numbered(Format::Cee), format!("{start}{json}[meta sequenceId=\"1\"] {cee}"));
    for (quality, is_synced) in [(TimeQuality::Unsynced, 0), (TimeQuality::Synced, 1)] {
        let timed = |format| Settings { time_quality: Some(quality), ..settings(format) };
        let quality = format!("[timeQuality tzKnown=\"1\" isSynced=\"{is_synced}\"]");
        let start = format!("<134>1 T host.example shop 4711 cart {quality}");
        assert_eq!(one(timed(Format::Rfc5424), |_| {}), start);
        assert_eq!(one(timed(Format::Cee), |_| {}), format!("{start}{json} {cee}"));
    }
    // US-ASCII needs no mark.
    let marked = Settings { bom: true, ..settings(Format::Rfc5424) };
    let ascii = one(marked, |writer| writer.text(format_args!("ok")));
    assert_eq!(ascii, "<134>1 T host.example shop 4711 cart - ok");
}

#[test]
fn rfc3164_names_are_one_word() {
    let odd = |format| Settings {
        tag: "shöp.a-b_c(d)".to_owned() + &"x".repeat(30),
        hostname: "h(o)st::1.a-b_c".to_owned(),
        procid: "1.a/b".to_owned(),
        ..settings(format)
    };
    let host = "h_o_st::1.a-b_c";
    let tag = "sh_p.a-b_c_d_";
    assert_eq!(
        one(odd(Format::Rfc3164), |_| {}),
        format!("<134>T {host} {tag}{}[1.a_b]: target=\"cart\"", "x".repeat(19))
    );
    assert_eq!(
        one(odd(Format::Rfc3164Local), |_| {}),
        format!("<134>T {tag}{}[1.a_b]: target=\"cart\"", "x".repeat(30))
    );
    for none in ["", "-"] {
        let settings = Settings {
            procid: none.to_owned(),
            hostname: String::new(),
            ..settings(Format::Rfc3164)
        };
        assert_eq!(one(settings, |_| {}), "<134>T - shop: target=\"cart\"");
    }
}

#[test]
fn long_target_moves_to_structured_data() {
    let target = |length: usize, max_message_size: usize, format| {
        let target = "x".repeat(length);
        let encoder = within(max_message_size, format);
        let origin = Origin { target: &target, ..ORIGIN };
        let message = from(&encoder, &mut Scratch::default(), &origin, |_| {});
        let (_, rest) = message.split_once(" T ").map_or(("", &*message), |both| both);
        let rest = rest.trim_start_matches(|c| c != '-' && c != '[');
        (message.clone(), rest.matches('x').count())
    };
    assert!(target(32, 8096, Format::Rfc5424).0.ends_with(&("x".repeat(32) + " -")));
    let (message, behind) = target(33, 8096, Format::Rfc5424);
    assert!(message.ends_with(&format!(" [source@32473 target=\"{}\"]", "x".repeat(33))));
    assert_eq!(behind, 33);
    for (max_message_size, longest) in [(8096, 128), (2048, 128), (808, 50), (480, 30)] {
        for format in [Format::Rfc5424, Format::Cee, Format::Ecs] {
            let (message, behind) = target(300, max_message_size, format);
            assert_eq!(behind, longest, "{max_message_size} {message}");
            assert!(message.contains(&format!("...[cut {} bytes", 300 - longest)), "{message}");
        }
    }
    assert_eq!(target(300, 808, Format::Rfc3164).0.matches('x').count(), 50 + 1);
}

#[test]
fn encoders_keep_separate_thread_caches() {
    let [one, other] = [Format::Rfc5424, Format::Cee]
        .map(|format| Encoder::new(Settings { thread_name: true, ..settings(format) }).unwrap());
    assert_ne!(one.id(), other.id());
    let mut scratch = Scratch::default();
    let thread = std::thread::current().name().unwrap().to_owned();
    for _ in 0..2 {
        let message = written(&one, &mut scratch, |writer| {
            writer.named_field("a", Value::Bool(true));
            writer.named_field("A", Value::Bool(true));
            writer.text(format_args!("said"));
        });
        let fields = "[fields@32473 a=\"true\" A_2=\"true\"] said";
        assert!(message.ends_with(&format!(" [source@32473 thread=\"{thread}\"]{fields}")));
        let message = written(&other, &mut scratch, |writer| {
            writer.named_field("a", Value::Bool(true));
        });
        assert!(message.ends_with(&format!(
            ",\"thread\":\"{thread}\",\"fields\":{{ \"a\":true}},\"msg\":\"a=true\"}}"
        )));
    }
    let loud = Severities([Severity::Alert; 5]);
    let encoder = Encoder::new(Settings { severities: loud, ..settings(Format::Cee) }).unwrap();
    assert_eq!(*encoder.severities(), loud);
}

#[test]
fn a_callsite_brings_the_names_of_its_fields_along() {
    let redact: Redact = "default".parse().unwrap();
    for (format, expected) in [
        (Format::Rfc5424, "[fields@32473 n=\"1\" N_2=\"2\" password=\"***\"] said"),
        (Format::Ecs, "\"fields\":{ \"n\":1,\"N_2\":2,\"password\":\"***\"},\"message\":\"said\"}"),
    ] {
        let encoder =
            Encoder::new(Settings { redact: redact.clone(), ..settings(format) }).unwrap();
        let site = encoder.site(&ORIGIN, ["n", "message", "N", "password"].into_iter());
        assert_eq!(site.text_at, Some(1));
        assert_eq!(encoder.site(&ORIGIN, ["n"].into_iter()).text_at, None);
        let mut scratch = Scratch::default();
        let mut writer = encoder.begin(&mut scratch, &site);
        writer.field(&site, 0, Value::U64(1));
        writer.field(&site, 2, Value::U64(2));
        // An error under the name of a secret is one.
        writer.field(&site, 3, Value::Error(&failed()));
        writer.field(&site, 4, Value::U64(3));
        writer.text(format_args!("said"));
        let message = writer.finish();
        assert_eq!(message.severity, Severity::Informational);
        let text = std::str::from_utf8(message.bytes()).unwrap();
        assert!(text.ends_with(expected), "{text}");
        let message = written(&encoder, &mut scratch, |writer| {
            writer.named_field("password", Value::Error(&failed()));
            writer.named_field("password", Value::Str("open"));
        });
        assert!(message.contains("password"), "{message}");
        assert!(!message.contains("order") && !message.contains("open"), "{message}");
        let spans = [1, 2].map(|_| span(&encoder, "s", &[("password", Value::Str("open"))]));
        let message = written(&encoder, &mut scratch, |writer| say_spans(writer, &spans));
        assert!(message.contains("password_2") && !message.contains("open"), "{message}");
        assert_eq!(message.matches("\"***\"").count(), 2, "{message}");
    }
}

struct Panics;

impl fmt::Display for Panics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half")?;
        panic!("as the test wants")
    }
}

#[test]
fn panicking_value_is_cut_and_marked() {
    let encoder = within(480, Format::Rfc5424);
    let message = written(&encoder, &mut Scratch::default(), |writer| {
        writer.named_field("a", Value::U64(1));
        writer.recover_from_panic();
        let panics = catch_unwind(AssertUnwindSafe(|| {
            writer.named_field("b", Value::Display(&Panics));
        }));
        assert!(panics.is_err());
        writer.recover_from_panic();
    });
    let told = "[a value panicked while it was being formatted]";
    let expected = format!(" [fields@32473 a=\"1\" b=\"half\"] {told}{told}");
    assert!(message.ends_with(&expected), "{message}");
    assert_eq!(encoder.counters().panicked.load(Relaxed), 2);
}

#[test]
fn pri_has_no_zero_before_it() {
    let pri = |facility: Facility, severity| {
        let encoder =
            Encoder::new(Settings { facilities: facility.into(), ..settings(Format::Rfc5424) })
                .unwrap();
        let site = encoder.site(&Origin { severity, ..ORIGIN }, std::iter::empty());
        let mut scratch = Scratch::default();
        let bytes = encoder.begin(&mut scratch, &site).finish().bytes().to_vec();
        String::from_utf8(bytes).unwrap().split_once(' ').unwrap().0.to_owned()
    };
    assert_eq!(pri(Facility::Kern, Severity::Emergency), "<0>1");
    assert_eq!(pri(Facility::Kern, Severity::Debug), "<7>1");
    assert_eq!(pri(Facility::User, Severity::Informational), "<14>1");
    assert_eq!(pri(Facility::Local7, Severity::Debug), "<191>1");
}

#[test]
fn header_fields_are_bounded_and_ascii() {
    let long = |c: char| c.to_string().repeat(300);
    let settings = Settings {
        hostname: long('h'),
        tag: long('t'),
        procid: long('p'),
        ..settings(Format::Rfc5424)
    };
    let encoder = Encoder::new(settings.clone()).unwrap();
    let (target, mut scratch) = (long('m'), Scratch::default());
    let origin = Origin { target: &target, ..ORIGIN };
    let message = from(&encoder, &mut scratch, &origin, |_| {});
    let field = |n: usize| message.split(' ').nth(n).unwrap().len();
    assert_eq!([field(2), field(3), field(4), field(5)], [255, 48, 128, 32], "{message}");
    let odd = || "a b\u{e9}\n\u{7f}]".to_owned();
    let encoder = Encoder::new(Settings { hostname: odd(), tag: odd(), procid: odd(), ..settings });
    let origin = Origin { target: &odd(), ..ORIGIN };
    let message = from(&encoder.unwrap(), &mut scratch, &origin, |_| {});
    let field = "a_b___]";
    assert_eq!(message, format!("<134>1 T {field} {field} {field} {field} -"));
}

#[test]
fn msgid_without_target_is_nilvalue() {
    let encoder = within(480, Format::Rfc5424);
    let origin = Origin { target: "", ..ORIGIN };
    let message = from(&encoder, &mut Scratch::default(), &origin, |_| {});
    assert_eq!(message, "<134>1 T host.example shop 4711 - -");
}

#[test]
fn a_long_name_of_a_thread_takes_a_sixteenth() {
    let named = std::thread::Builder::new().name("~".repeat(300));
    let say = || {
        let settings =
            Settings { thread_name: true, max_message_size: 808, ..settings(Format::Rfc5424) };
        let message = one(settings, |writer| writer.text(format_args!("said")));
        let thread = format!("{}...[cut 250 bytes\\]", "~".repeat(50));
        assert!(message.ends_with(&format!(" thread=\"{thread}\"] said")), "{message}");
    };
    named.spawn(say).unwrap().join().unwrap();
}

/// At the begin of MSG it would say of the text that it is UTF-8 (RFC 5424 section 6.4).
#[test]
fn a_texts_own_byte_order_mark_is_escaped() {
    let said = |writer: &mut Writer<'_>| writer.text(format_args!("\u{feff}ok"));
    let message = one(settings(Format::Rfc5424), said);
    assert_eq!(message, "<134>1 T host.example shop 4711 cart - #357#273#277ok");
}

/// A name of a field is the program's, and may be anything.
#[test]
fn field_names_cannot_end_or_hide_an_element() {
    let message = one(settings(Format::Rfc5424), |writer| {
        for name in ["a]=\"\\ b", "a]=\"\\ b", "ü", "", &"x".repeat(33), &"x".repeat(34)] {
            writer.named_field(name, Value::Bool(true));
        }
        writer.text(format_args!("said"));
    });
    let (x, shorter) = ("x".repeat(32), "x".repeat(28));
    let fields = ["a_____b", "a_____b_2", "_", "__2", &x, &(shorter + "_2")]
        .map(|name| format!(" {name}=\"true\""))
        .concat();
    let expected = format!("<134>1 T host.example shop 4711 cart [fields@32473{fields}] said");
    assert_eq!(message, expected);
}

#[test]
fn formats_have_their_documented_names() {
    for (format, name) in
        FORMATS.into_iter().zip(["rfc5424", "cee", "ecs", "rfc3164", "rfc3164-local"])
    {
        assert_eq!(name.parse::<Format>().unwrap(), format);
        assert_eq!(name.to_uppercase().parse::<Format>().unwrap(), format);
    }
    let error = "gelf".parse::<Format>().unwrap_err().to_string();
    assert!(error.contains("invalid format \"gelf\": expected rfc5424, cee, ecs, "), "{error}");
}
