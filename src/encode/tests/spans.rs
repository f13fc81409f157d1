//! What is said of the spans around a record, and while there is room?

use super::*;

/// The most octets of `with` so that what comes behind has room still; with one more it hasn't.
fn most(has_room: impl Fn(usize) -> bool) -> usize {
    let most = (0..800).rev().find(|&octets| has_room(octets)).expect("it has room at first");
    assert!((0..most).all(has_room));
    most
}

#[test]
fn spans_have_room_up_to_three_quarters_of_a_frame() {
    for format in FORMATS {
        let encoder = within(800, format);
        let spans = |length: usize, field: usize| {
            let mut has_room = false;
            let message = written(&encoder, &mut Scratch::default(), |writer| {
                has_room = writer.begin_spans(&names(length));
                if has_room {
                    writer.span_field(&vec![b'~'; field]);
                    writer.end_spans();
                }
            });
            assert_eq!(message.contains(&"n".repeat(length)), has_room || length == 0, "{message}");
            (has_room, message.matches('~').count() == field, message)
        };
        let around = encoder.layout.spans_end.len();
        let longest = most(|length| spans(length, 0).0);
        let (_, _, message) = spans(longest, 0);
        assert_eq!(parts(&encoder, &message) - around, FOR_FIELDS - OMITTED, "{format:?}");
        assert_eq!(omitted(&encoder) > 0, longest < 799);
        assert!(!spans(longest + 1, 0).0);
        assert_eq!(omitted(&encoder), 1);

        let longest = most(|field| spans(1, field).1);
        let (_, _, message) = spans(1, longest);
        assert_eq!(parts(&encoder, &message) - around, FOR_FIELDS - OMITTED, "{format:?}");
        omitted(&encoder);
        let (_, is_there, message) = spans(1, longest + 1);
        assert!(!is_there && message.contains("omitted"), "{message}");
        assert_eq!(omitted(&encoder), 1);
        // Where hardly a blank is left, what is omitted is told all the same.
        let message = written(&encoder, &mut Scratch::default(), |writer| {
            assert!(writer.begin_spans(b"n"));
            writer.span_field(&vec![b'~'; longest]);
            (0..99).for_each(|_| writer.span_field(b"ff"));
            writer.end_spans();
        });
        assert!(parts(&encoder, &message) <= FOR_FIELDS, "{message}");
        assert_eq!(omitted(&encoder), 99);
    }
}

#[test]
fn what_is_omitted_is_told_where_it_would_have_stood() {
    let encoder = within(480, Format::Rfc5424);
    let long = "x".repeat(300);
    let message = written(&encoder, &mut Scratch::default(), |writer| {
        for name in ["a", "b", "c", "d", "e"] {
            writer.named_field(name, Value::Str(&long));
        }
        let before = writer.omitted;
        assert_eq!(before, 4);
        assert!(writer.begin_spans(b"s"));
        writer.span_field(long.as_bytes());
        writer.end_spans();
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
                if writer.begin_spans(&names(length)) {
                    writer.end_spans();
                    writer.trace([7; 16], [0x9c; 8]);
                }
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
fn what_was_said_of_spans_is_said_again_only_of_the_same() {
    for format in FORMATS {
        let encoder = within(800, format);
        let mut scratch = Scratch::default();
        let say = |writer: &mut Writer<'_>| {
            assert!(writer.begin_spans(b"outer"));
            writer.span_field(b"what is said");
            writer.end_spans();
        };
        let key = [1, 2, 3, 4];
        let first = written(&encoder, &mut scratch, |writer| writer.keep_spans(0, key, say));
        let mut again = |door, key, before: usize| {
            let (mut has_room, mut is_known) = (true, false);
            let message = written(&encoder, &mut scratch, |writer| {
                if before > 0 {
                    has_room = writer.begin_spans(&names(before));
                    writer.end_spans();
                }
                is_known = has_room && writer.repeat_spans(door, &key);
            });
            (is_known, message)
        };
        assert_eq!(again(0, key, 0), (true, first.clone()));
        for (door, key) in [(0, [1, 2, 3, 5]), (1, key), (9, key)] {
            let (is_known, message) = again(door, key, 0);
            assert!(!is_known && !message.contains("outer"), "{message}");
        }
        let longest = (1..800).rev().find(|&before| again(0, key, before).0).unwrap();
        let message = again(0, key, longest).1;
        assert_eq!(parts(&encoder, &message), FOR_FIELDS - OMITTED, "{message}");
        let (is_known, message) = again(0, key, longest + 1);
        assert!(!is_known && !message.contains("outer"), "{message}");
        // Nothing is to be said of them, and that is known as well.
        written(&encoder, &mut scratch, |writer| writer.keep_spans(0, [5; 4], |_| {}));
        let nothing = written(&encoder, &mut scratch, |_| {});
        let message = written(&encoder, &mut scratch, |writer| {
            assert!(writer.repeat_spans(0, &[5; 4]));
        });
        assert_eq!(message, nothing);
        // What had no room may have it in another record.
        written(&encoder, &mut scratch, |writer| {
            writer.keep_spans(0, [6; 4], |writer| {
                assert!(!writer.begin_spans(&names(700)));
            });
        });
        written(&encoder, &mut scratch, |writer| assert!(!writer.repeat_spans(0, &[6; 4])));
    }
}

#[test]
fn spans_take_an_eighth_of_a_frame_with_their_names_and_a_quarter_with_a_value() {
    for format in FORMATS {
        let encoder = within(808, format);
        let long = "x".repeat(1_000);
        let first = encoder.span_names(None, &long);
        assert_eq!(first, "x".repeat(101).as_bytes(), "{format:?}");
        let with_another = encoder.span_names(Some(&first), "more");
        let between = encoder.layout.between_spans;
        assert_eq!(with_another, ("x".repeat(101) + between).as_bytes(), "{format:?}");
        assert_eq!(encoder.span_names(Some(b"a"), "b"), format!("a{between}b").as_bytes());
        let name = &encoder.span_field_names(["name"].into_iter())[0];
        let field = String::from_utf8(encoder.span_field(name, Value::Str(&long))).unwrap();
        let kept = field.matches('x').count();
        // In JSON the quote that opens the text is no part of the name.
        let quote = usize::from(encoder.layout.typed);
        assert_eq!(kept, 808 / 4 - quote, "{field}");
        assert!(field.ends_with("octets\\]\"") || field.ends_with("octets]\""), "{field}");
        assert_eq!(encoder.counters().cut.load(Relaxed), 1);
    }
}
