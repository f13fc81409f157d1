//! Tests of whole messages, to the byte.

mod content;
mod header_fields;
mod labels;
mod room;
mod spans;
mod text;

use std::{error, fmt, sync::atomic::Ordering::Relaxed};

use super::{
    ControlCharacters, Encoder, Format, MessageBuf, Scratch, Settings, SpanFields, SpanPrefix,
    TextFields, TimeQuality, Writer, escape::CUT_MARK, writer::OMITTED,
};
use crate::{
    Facility, Severity,
    encode::redact::Redact,
    encode::time_zone::Zone,
    record::{Level, Origin, Severities, Value},
};

const FORMATS: [Format; 5] =
    [Format::Rfc5424, Format::Cee, Format::Ecs, Format::Rfc3164, Format::Rfc3164Local];

fn settings(format: Format) -> Settings {
    Settings {
        format,
        facilities: Facility::Local0.into(),
        severities: Severities::default(),
        tag: "shop".to_owned(),
        labels: Vec::new(),
        hostname: "host.example".to_owned(),
        procid: "4711".to_owned(),
        enterprise_number: 32473,
        max_message_size: 8096,
        controls: ControlCharacters::Escape,
        source_location: false,
        thread_name: false,
        origin: false,
        sequence_id: false,
        time_quality: None,
        bom: false,
        burst: None,
        redact: Redact::default(),
        text_fields: text_fields(format),
        zone: Zone::utc(),
    }
}

fn text_fields(format: Format) -> TextFields {
    let old = matches!(format, Format::Rfc3164 | Format::Rfc3164Local);
    if old { TextFields::All } else { TextFields::None }
}

fn everything(format: Format) -> Settings {
    Settings {
        source_location: true,
        thread_name: true,
        origin: true,
        sequence_id: true,
        time_quality: Some(TimeQuality::SyncedWithin(std::time::Duration::from_micros(250))),
        bom: true,
        ..settings(format)
    }
}

fn within(max_message_size: usize, format: Format) -> Encoder {
    Encoder::new(Settings { max_message_size, ..settings(format) }).unwrap()
}

const ORIGIN: Origin<'_> = Origin {
    severity: Severity::Informational,
    level: Level::Info,
    target: "cart",
    file: Some("src/a]\"b.rs"),
    line: Some(12),
};

/// What `say` says, with `T` for the time.
fn written(encoder: &Encoder, scratch: &mut Scratch, say: impl FnOnce(&mut Writer<'_>)) -> String {
    from(encoder, scratch, &ORIGIN, say)
}

fn from(
    encoder: &Encoder,
    scratch: &mut Scratch,
    origin: &Origin<'_>,
    say: impl FnOnce(&mut Writer<'_>),
) -> String {
    let site = encoder.site(origin, std::iter::empty());
    let mut writer = encoder.begin(scratch, &site);
    say(&mut writer);
    let bytes = writer.finish().numbered(0);
    assert!(bytes.len() <= encoder.settings.max_message_size, "{}", bytes.escape_ascii());
    let text = std::str::from_utf8(bytes).unwrap();
    let old = matches!(encoder.settings.format, Format::Rfc3164 | Format::Rfc3164Local);
    let (time, length) = if old { ("<134>", 15) } else { ("<134>1 ", 27) };
    let rest = text.strip_prefix(time).unwrap();
    format!("{time}T{}", &rest[length..])
}

fn one(settings: Settings, say: impl FnOnce(&mut Writer<'_>)) -> String {
    written(&Encoder::new(settings).unwrap(), &mut Scratch::default(), say)
}

/// How long a message is that `T` stands in for the time.
fn length(encoder: &Encoder, message: &str) -> usize {
    let old = matches!(encoder.settings.format, Format::Rfc3164 | Format::Rfc3164Local);
    message.len() - 1 + if old { 15 } else { 27 }
}

#[derive(Debug)]
struct Failed(&'static str, Option<Box<Failed>>);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl error::Error for Failed {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.1.as_deref().map(|cause| cause as _)
    }
}

fn failed() -> Failed {
    Failed("no \"order\"", Some(Box::new(Failed("it is\ngone", None))))
}

fn say_everything(writer: &mut Writer<'_>) {
    let encoder = writer.encoder;
    writer.named_field("n", Value::U64(42));
    writer.named_field("error", Value::Error(&failed()));
    writer.named_field("cause", Value::Error(&Failed("next", None)));
    #[cfg(feature = "opentelemetry")]
    writer.trace([0x1f; 16], [0xa0; 8]);
    let fields = ["user", "omitted", "User"].map(|name| (name, Value::Str("a]b")));
    say_spans(writer, &[span(encoder, "pay\"", &fields), span(encoder, "request", &[])]);
    writer.text(format_args!("größe {}", "\n"));
    writer.text(format_args!("."));
}

/// Three quarters of a frame of 800 bytes are for fields and spans.
const FOR_FIELDS: usize = 600;

/// Bytes of a message without a text, up to where its text would begin.
fn parts(encoder: &Encoder, message: &str) -> usize {
    length(encoder, message) - encoder.layout.end.len()
}

/// The same of a message with the text `.`.
fn parts_before_text(encoder: &Encoder, message: &str) -> usize {
    let text = &encoder.layout.text;
    assert!(message.contains(&format!("{}.{}", text.open, text.close)), "{message}");
    parts(encoder, message) - text.open.len() - 1 - text.close.len()
}

fn omitted(encoder: &Encoder) -> u64 {
    encoder.counters().omitted.swap(0, Relaxed)
}

type Span = (SpanPrefix, SpanFields);

fn span(encoder: &Encoder, name: &str, fields: &[(&str, Value<'_>)]) -> Span {
    let prefix = encoder.span_prefix(name, fields.iter().map(|(name, _)| *name));
    let mut written = MessageBuf::default();
    for (index, (_, value)) in fields.iter().enumerate() {
        encoder.push_span_field(&mut written, &prefix, index, *value);
    }
    (prefix, SpanFields::new(&written))
}

/// The innermost comes first.
fn say_spans(writer: &mut Writer<'_>, spans: &[Span]) {
    writer.begin_spans();
    spans.iter().for_each(|(prefix, fields)| writer.add_span(prefix, fields));
    writer.end_spans();
}

/// Takes so many bytes of the frame.
fn fill(writer: &mut Writer<'_>, bytes: usize) {
    writer.close_fields();
    let room = writer.max_message_size - writer.scratch.frame.len() - 20;
    let bytes = bytes.min(room);
    writer.scratch.frame.extend_from_slice(&vec![b'n'; bytes]);
}
