//! What is said of the spans around a record, and while there is room.

use super::*;

/// The most bytes of `with` so that what comes behind has room still; with one more it hasn't.
fn most(has_room: impl Fn(usize) -> bool) -> usize {
    let most = (0..800).rev().find(|&bytes| has_room(bytes)).expect("it has room at first");
    assert!((0..most).all(has_room));
    most
}

#[test]
fn spans_have_room_up_to_three_quarters_of_a_frame() {
    for format in FORMATS {
        let encoder = within(800, format);
        let none = [span(&encoder, "request", &[])];
        let message = |before: usize, spans: &[Span]| {
            written(&encoder, &mut Scratch::default(), |writer| {
                fill(writer, before);
                say_spans(writer, spans);
            })
        };
        let around = encoder.layout.spans_end.len();
        let longest = most(|before| message(before, &none).contains("request"));
        let full = message(longest, &none);
        assert_eq!(parts(&encoder, &full) - around, FOR_FIELDS - OMITTED, "{format:?}");
        omitted(&encoder);
        assert!(!message(longest + 1, &none).contains("request"));
        assert_eq!(omitted(&encoder), 1);

        let one =
            |length: usize| [span(&encoder, "request", &[("a", Value::Str(&"~".repeat(length)))])];
        let longest = most(|before| message(before, &one(9)).contains('~'));
        let full = message(longest, &one(9));
        assert_eq!(parts(&encoder, &full) - around, FOR_FIELDS - OMITTED, "{format:?}");
        omitted(&encoder);
        let full = message(longest, &one(10));
        assert!(!full.contains('~') && full.contains("omitted"), "{full}");
        assert_eq!(omitted(&encoder), 1);
        // Where hardly a blank is left, what is omitted is told all the same.
        let names: Vec<String> = (10..99).map(|n| format!("b{n}")).collect();
        let mut fields = vec![("a", Value::Str("~~~~~~~~~"))];
        fields.extend(names.iter().map(|name| (&**name, Value::Bool(true))));
        let many = [span(&encoder, "request", &fields)];
        let full = message(longest, &many);
        assert!(parts(&encoder, &full) <= FOR_FIELDS, "{full}");
        assert_eq!(omitted(&encoder), 89);
    }
}

#[test]
fn omitted_parts_are_marked_in_place() {
    let encoder = within(480, Format::Rfc5424);
    let long = "x".repeat(300);
    let message = written(&encoder, &mut Scratch::default(), |writer| {
        for name in ["a", "b", "c", "d", "e"] {
            writer.named_field(name, Value::Str(&long));
        }
        assert_eq!(writer.omitted, 4);
        say_spans(writer, &[span(&encoder, "s", &[("a", Value::Str(&long))])]);
    });
    assert!(message.contains(" omitted=\"4\"][span@32473 spans=\"s\" omitted=\"1\"]"), "{message}");
    assert_eq!(omitted(&encoder), 5);
}

#[test]
#[cfg(feature = "opentelemetry")]
fn a_trace_has_room_up_to_three_quarters_of_a_frame() {
    for format in FORMATS {
        let encoder = within(800, format);
        let trace = |length: usize| {
            let message = written(&encoder, &mut Scratch::default(), |writer| {
                fill(writer, length);
                writer.trace([7; 16], [0x9c; 8]);
            });
            (message.contains(&"07".repeat(16)) && message.contains(&"9c".repeat(8)), message)
        };
        let longest = (0..800).rev().find(|&length| trace(length).0).unwrap();
        let message = trace(longest).1;
        assert_eq!(parts(&encoder, &message), FOR_FIELDS - OMITTED, "{format:?} {message}");
        omitted(&encoder);
        assert!(!trace(longest + 1).0);
        assert_eq!(omitted(&encoder), 1);
    }
}

#[test]
fn span_context_is_reused_only_for_the_same_spans() {
    for format in FORMATS {
        let encoder = within(800, format);
        let mut scratch = Scratch::default();
        let outer = [span(&encoder, "outer", &[("said", Value::Bool(true))])];
        let key = [1, 2, 3, 4, 5];
        let say = |writer: &mut Writer<'_>| say_spans(writer, &outer);
        let first = written(&encoder, &mut scratch, |writer| writer.keep_spans(key, say));
        let mut again = |key, before: usize| {
            let mut is_known = false;
            let message = written(&encoder, &mut scratch, |writer| {
                fill(writer, before);
                is_known = writer.repeat_spans(&key);
            });
            (is_known, message)
        };
        assert_eq!(again(key, 0), (true, first.clone()));
        for key in [[1, 2, 3, 4, 6], [1, 2, 9, 4, 5], [0; 5]] {
            let (is_known, message) = again(key, 0);
            assert!(!is_known && !message.contains("outer"), "{message}");
        }
        let longest = (1..800).rev().find(|&before| again(key, before).0).unwrap();
        let message = again(key, longest).1;
        assert_eq!(parts(&encoder, &message), FOR_FIELDS - OMITTED, "{message}");
        let (is_known, message) = again(key, longest + 1);
        assert!(!is_known && !message.contains("outer"), "{message}");
        // Nothing is to be said of them, and that is known as well.
        written(&encoder, &mut scratch, |writer| writer.keep_spans([5; 5], |_| {}));
        let nothing = written(&encoder, &mut scratch, |_| {});
        let message = written(&encoder, &mut scratch, |writer| {
            assert!(writer.repeat_spans(&[5; 5]));
        });
        assert_eq!(message, nothing);
        // What had no room may have it in another record.
        written(&encoder, &mut scratch, |writer| {
            fill(writer, 550);
            writer.keep_spans([6; 5], say);
        });
        written(&encoder, &mut scratch, |writer| assert!(!writer.repeat_spans(&[6; 5])));
    }
}

#[test]
fn the_innermost_span_keeps_a_name_that_several_have() {
    for (format, expected) in [
        (
            Format::Rfc5424,
            "[span@32473 spans=\"a:b:c\" id=\"3\" id_2=\"2\" n_2=\"x\" N=\"no\" ID_3=\"1\"]",
        ),
        (
            Format::Cee,
            "\"spans\":{\"names\":[\"a\",\"b\",\"c\"],\"id\":3,\"id_2\":2,\"n_2\":\"x\",\"N\":\"no\",\"ID_3\":1}",
        ),
    ] {
        let encoder = within(800, format);
        let spans = [
            span(&encoder, "c", &[("id", Value::U64(3))]),
            span(
                &encoder,
                "b",
                &[("id", Value::U64(2)), ("n_2", Value::Str("x")), ("N", Value::Str("no"))],
            ),
            span(&encoder, "a", &[("ID", Value::U64(1))]),
        ];
        let message =
            written(&encoder, &mut Scratch::default(), |writer| say_spans(writer, &spans));
        assert!(message.contains(expected), "{message}");
    }
}

/// A number that no field can hold is text under another name, under which it stays another.
#[test]
fn a_number_too_big_keeps_its_mark_behind_another_name() {
    let encoder = within(800, Format::Cee);
    let spans = [1, 2].map(|_| span(&encoder, "s", &[("n", Value::U64(u64::MAX))]));
    let message = written(&encoder, &mut Scratch::default(), |writer| say_spans(writer, &spans));
    let max = u64::MAX;
    let expected = format!(",\"n_big\":\"{max}\",\"n_2_big\":\"{max}\"}}");
    assert!(message.contains(&expected), "{message}");
}

#[test]
fn excess_span_names_are_marked_and_the_innermost_kept() {
    for format in FORMATS {
        let encoder = within(808, format);
        let between = encoder.layout.between_spans;
        let long = span(&encoder, &"x".repeat(1_000), &[]);
        let whole = |spans: &[Span]| {
            written(&encoder, &mut Scratch::default(), |writer| say_spans(writer, spans))
        };
        let message = whole(std::slice::from_ref(&long));
        let kept = 808 / 8 - CUT_MARK;
        let bracket = if encoder.layout.typed { "]" } else { "\\]" };
        let cut = format!("\"{}...[cut {} bytes{bracket}\"", "x".repeat(kept), 1_000 - kept);
        assert!(message.contains(&cut), "{message}");
        assert_eq!(encoder.counters().cut.swap(0, Relaxed), 1);
        let short: Vec<Span> =
            (0..40).map(|n| span(&encoder, &format!("span{n:02}"), &[])).collect();
        let message = whole(&short);
        let fit = (808 / 8 - CUT_MARK + between.len()) / (6 + between.len());
        let shown: Vec<String> = (0..fit).rev().map(|n| format!("span{n:02}")).collect();
        let shown = format!(
            "\"...[cut {} bytes{bracket}{between}{}\"",
            (40 - fit) * 6,
            shown.join(between)
        );
        assert!(message.contains(&shown), "{shown} {message}");
        assert_eq!(encoder.counters().cut.swap(0, Relaxed), 1);
    }
}

#[test]
fn a_value_of_a_span_takes_a_quarter_of_a_frame() {
    for format in FORMATS {
        let encoder = within(808, format);
        let long = "~".repeat(1_000);
        let spans = [span(&encoder, "s", &[("name", Value::Str(&long))])];
        let field = written(&encoder, &mut Scratch::default(), |w| say_spans(w, &spans));
        let kept = field.matches('~').count();
        // In JSON the quote that opens the text is no part of the name.
        let quote = usize::from(encoder.layout.typed);
        assert_eq!(kept, 808 / 4 - quote, "{field}");
        assert!(field.contains("bytes\\]\"") || field.contains("bytes]\""), "{field}");
        assert_eq!(encoder.counters().cut.load(Relaxed), 1);
    }
}

#[test]
fn later_span_record_replaces_the_value() {
    let encoder = within(800, Format::Rfc5424);
    let names = ["a", "b", "c", "d"];
    let prefix = encoder.span_prefix("s", names.into_iter());
    let write = |fields: &[(usize, u64)]| {
        let mut out = MessageBuf::default();
        for (index, value) in fields {
            encoder.push_span_field(&mut out, &prefix, *index, Value::U64(*value));
        }
        out
    };
    let mut fields = SpanFields::new(&write(&[(0, 1), (1, 2), (2, 3)]));
    fields.merge(&write(&[(1, 2_000), (3, 4)]));
    fields.merge(&write(&[(0, 10)]));
    let message = written(&encoder, &mut Scratch::default(), |writer| {
        writer.begin_spans();
        writer.add_span(&prefix, &fields);
        writer.end_spans();
    });
    let expected = "spans=\"s\" a=\"10\" b=\"2000\" c=\"3\" d=\"4\"]";
    assert!(message.ends_with(expected), "{message}");
}
