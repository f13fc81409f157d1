//! Tests of how fields and text share a message, to the byte.

use super::*;

/// The longest text that is not cut fills the frame, and one more byte costs no neighbour.
#[test]
fn text_may_fill_the_frame() {
    for format in FORMATS {
        let encoder = within(700, format);
        let mut scratch = Scratch::default();
        let mut text = |length: usize| {
            let text = "x".repeat(length);
            let message = written(&encoder, &mut scratch, |writer| {
                writer.named_field("after", Value::Bool(true));
                writer.text(format_args!("{text}"));
            });
            let is_cut = message.contains("...[cut ");
            assert!(message.contains("after"), "{message}");
            assert_eq!(is_cut, !message.contains(&text), "{message}");
            (self::length(&encoder, &message), is_cut)
        };
        let most = (1..700).take_while(|&length| !text(length).1).last().unwrap();
        assert_eq!(text(most).0, 700, "{format:?}");
        for length in [most + 1, most + 100, 10_000] {
            let (bytes, is_cut) = text(length);
            assert!(is_cut && (700 - CUT_MARK..=700).contains(&bytes), "{format:?} {bytes}");
        }
        assert!(encoder.counters().cut.load(Relaxed) > 0);
        assert_eq!(within(700, format).counters().cut.load(Relaxed), 0);
    }
}

#[test]
fn a_text_in_pieces_is_cut_as_if_it_were_one() {
    let encoder = within(480, Format::Rfc5424);
    let cut_of = |message: &str| {
        let (kept, cut) = message.rsplit_once("...[cut ").unwrap();
        let (_, kept) = kept.split_once(" - ").unwrap();
        (kept.to_owned(), cut.strip_suffix(" bytes]").unwrap().parse::<usize>().unwrap())
    };
    for first in [1, 400, 478, 479, 480, 481, 600] {
        let mut scratch = Scratch::default();
        let whole = "é".repeat(first / 2) + &"x".repeat(600);
        let (one, other) = whole.split_at(first / 2 * 2);
        let message = written(&encoder, &mut scratch, |writer| {
            writer.text(format_args!("{one}{other}"));
            writer.text(format_args!("y"));
            writer.text(format_args!("zz"));
        });
        // However long it is, no more of it is kept than a frame holds.
        assert!(scratch.text.len() <= 480, "{}", scratch.text.len());
        let (kept, cut) = cut_of(&message);
        assert_eq!(kept.len() + cut, whole.len() + 3, "{message}");
        assert!(whole.starts_with(&kept) && kept.len() > 340, "{message}");
        assert_eq!(encoder.counters().cut.swap(0, Relaxed), 1);
        // What was kept of it is forgotten.
        assert!(
            written(&encoder, &mut scratch, |writer| writer.text(format_args!("ok")))
                .ends_with(" - ok")
        );
    }
}

#[test]
fn excess_fields_are_dropped_and_counted() {
    for format in FORMATS {
        for long in (0..120).map(|length| "v".repeat(length)) {
            let encoder = within(800, format);
            for value in [Value::Str(&long), Value::I128(i128::MIN), Value::F64(f64::MIN)] {
                let message = written(&encoder, &mut Scratch::default(), |writer| {
                    writer.named_field("first", Value::Str(&long));
                    for n in 1..60 {
                        writer.named_field(&format!("name_{n:02}"), value);
                    }
                    writer.text(format_args!("."));
                });
                let parts = parts_before_text(&encoder, &message);
                assert!(parts <= FOR_FIELDS, "{parts} {message}");
                // Room for the longest number, the mark of a cut and the omitted is kept free.
                assert!(parts > FOR_FIELDS - 180, "{parts} {message}");
                let count = message.matches("name_").count() as u64 + 1;
                let told = omitted(&encoder);
                assert_eq!(count + told, 60, "{message}");
                let [quoted, plain] =
                    [format!("omitted=\"{told}\""), format!("\"omitted\":{told}}}")];
                assert!(message.contains(&quoted) || message.contains(&plain), "{message}");
            }
        }
    }
}

#[test]
fn a_long_value_leaves_a_quarter_of_what_is_left() {
    for format in FORMATS {
        let encoder = within(800, format);
        let long = "x".repeat(5_000);
        let message = written(&encoder, &mut Scratch::default(), |writer| {
            writer.named_field("a", Value::Str(&long));
            writer.named_field("b", Value::U64(1));
        });
        let named = if encoder.layout.typed { ("\"a\":\"", 1) } else { ("a=\"", 0) };
        let begin = message.find(named.0).unwrap() + named.0.len();
        let kept = message[begin..].find("...[cut ").unwrap();
        let begin = length(&encoder, &message[..begin]) - named.1;
        let left = FOR_FIELDS - begin;
        assert_eq!(kept, left - named.1 - left / 4 - CUT_MARK - OMITTED, "{format:?} {message}");
        assert_eq!(encoder.counters().cut.load(Relaxed), 1);
        assert_eq!(omitted(&encoder), 0, "{message}");
    }
}

#[test]
fn error_element_is_cut_to_its_share_or_omitted() {
    let encoder = within(800, Format::Ecs);
    let long: &'static str = "e".repeat(2_000).leak();
    let failed = Failed(long, None);
    let message = |before: usize, with_error: bool| {
        written(&encoder, &mut Scratch::default(), |writer| {
            fill(writer, before);
            if with_error {
                writer.named_field("failure", Value::Error(&failed));
            }
        })
    };
    let marks = 2 * CUT_MARK;
    let around = ",\"error\":{\"message\":\"\",\"stack_trace\":\"\"}".len() + marks + OMITTED;
    for before in 0..350 {
        let free = FOR_FIELDS - parts(&encoder, &message(before, false));
        encoder.counters().cut.store(0, Relaxed);
        omitted(&encoder);
        let message = message(before, true);
        if free < around {
            assert!(!message.contains("error"), "{message}");
            assert_eq!((omitted(&encoder), encoder.counters().cut.load(Relaxed)), (1, 0));
            continue;
        }
        let kept = |key: &str| {
            let (_, value) = message.split_once(&format!("\"{key}\":\"")).unwrap();
            value.split_once("...[cut ").unwrap().0.len()
        };
        let share = (free - around) / 4;
        assert_eq!((kept("message"), kept("stack_trace")), (share, share), "{free} {message}");
        assert_eq!((omitted(&encoder), encoder.counters().cut.load(Relaxed)), (0, 1));
    }
}

#[test]
fn an_error_apart_leaves_the_rest_to_the_fields() {
    let encoder = within(800, Format::Ecs);
    let long: &'static str = "e".repeat(2_000).leak();
    for with_error in [true, false] {
        let message = written(&encoder, &mut Scratch::default(), |writer| {
            if with_error {
                writer.named_field("failure", Value::Error(&Failed(long, None)));
            }
            (0..60).for_each(|n| writer.named_field(&format!("name_{n:02}"), Value::U64(n)));
            writer.text(format_args!("."));
        });
        let parts = parts_before_text(&encoder, &message);
        assert!((FOR_FIELDS - 180..=FOR_FIELDS).contains(&parts), "{parts} {message}");
        assert_eq!(message.matches("name_").count() as u64 + omitted(&encoder), 60);
    }
    // A short one is whole, and of two the second is a field.
    let encoder = within(800, Format::Ecs);
    let message = written(&encoder, &mut Scratch::default(), say_everything);
    assert!(message.contains("\"message\":\"no \\\"order\\\"\""), "{message}");
    assert_eq!(encoder.counters().cut.load(Relaxed), 0);
}

/// Half of a frame is for what comes behind the header, and a quarter for what comes behind the
/// constants of the longest callsite.
#[test]
fn a_frame_that_a_header_would_fill_is_refused() {
    // PRI, the time, sequenceId and MSGID at their longest.
    let others = 80 + 32;
    let smallest = |settings: &Settings| {
        (300..3_000).find(|&max_message_size| {
            Encoder::new(Settings { max_message_size, ..settings.clone() }).is_ok()
        })
    };
    let plain = |format| Settings { hostname: "h".repeat(255), ..settings(format) };
    let host = format!(" {} shop 4711 ", "h".repeat(255));
    let header = host.len() + others;
    // The header alone counts where the constants are few.
    assert_eq!(smallest(&plain(Format::Rfc5424)), Some(2 * header));
    let json = "[json@32473 schema=\"cee\"]".len();
    assert_eq!(smallest(&plain(Format::Cee)), Some(2 * (header + json)));
    let elements = "[timeQuality tzKnown=\"1\" isSynced=\"1\"]";
    let timed = Settings { time_quality: Some(TimeQuality::Synced), ..plain(Format::Rfc5424) };
    assert_eq!(smallest(&timed), Some(2 * (header + elements.len())));
    // With file and thread the constants are what counts: a sixteenth of the frame each, three times.
    let full = Settings {
        hostname: "h".repeat(172),
        source_location: true,
        thread_name: true,
        ..settings(Format::Rfc5424)
    };
    let constant = "[source@32473 target=\"\" file=\"\" line=\"4294967295\" thread=\"\"]".len();
    let fixed = "  shop 4711 ".len() + 172 + others + constant;
    // Each may be cut, and says so then.
    let mark = "...[cut 1 bytes\\]".len();
    let expected = (300..3_000).find(|max| fixed + 3 * (max / 16 + mark) <= max / 4 * 3);
    assert_eq!(smallest(&full), expected);
    let error =
        Encoder::new(Settings { max_message_size: 480, ..plain(Format::Rfc5424) }).unwrap_err();
    assert!(error.to_string().contains("a frame of 480 bytes is too short"), "{error}");
}
