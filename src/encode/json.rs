//! How is a record written as JSON that rsyslog's mmjsonparse takes out of MSG?
//!
//! What a program names stands in objects of its own, `fields` and `spans`, so that no name of it
//! meets a key that this crate or a receiver's template writes beside them.

use super::{
    Clock, ControlCharacters, EscapeMode, MessageBuf, Settings,
    escape::Escaped,
    field_names::Rule,
    header,
    layout::{Delimiters, Errors, Layout},
    structured_data::elements,
};
use crate::record::Origin;

/// A header of RFC 5424, then `@cee: {...}` as MSG: the cookie must come first in it, and
/// nothing may follow the object.
pub(super) fn layout(settings: &Settings) -> Layout {
    let mut elements = elements(settings);
    if elements.is_empty() && !settings.sequence_id {
        elements.push('-');
    }
    Layout {
        version: header::VERSION,
        time: Clock::push_rfc5424,
        identity: header::identity(settings),
        lead: header::push_msgid,
        elements,
        sequence_id: settings.sequence_id,
        nil: "",
        body: push_plain,
        thread: Delimiters::new(",\"thread\":\"", "\""),
        fields: Delimiters::new(",\"fields\":{", "}"),
        spans: Delimiters::new(",\"spans\":{\"names\":[\"", "\"]"),
        trace: Delimiters::new(",\"trace_id\":\"", "\""),
        between_ids: "\",\"span_id\":\"",
        between_spans: "\",\"",
        spans_end: "}",
        name: Delimiters::new(",\"", "\":"),
        first_name_opens_with_blank: true,
        names: Rule::Key,
        typed: true,
        values: EscapeMode::Json,
        errors: Errors::AsFields,
        text_place: EscapeMode::Json,
        text: Delimiters::new(",\"msg\":\"", "\""),
        bom: false,
        end: "}",
        text_first: false,
        reserved: &["omitted"],
        reserved_in_spans: &["omitted", "names"],
    }
}

/// The same under the names of the Elastic Common Schema. `@timestamp` and `host` are for the
/// receiver to take from the header.
pub(super) fn ecs(settings: &Settings) -> Layout {
    Layout {
        body: push_ecs,
        thread: Delimiters::new(",\"process\":{\"thread\":{\"name\":\"", "\"}}"),
        errors: Errors::Apart {
            message: ",\"error\":{\"message\":\"",
            chain: "\",\"stack_trace\":\"",
        },
        trace: Delimiters::new(",\"trace\":{\"id\":\"", "\"}"),
        between_ids: "\"},\"span\":{\"id\":\"",
        text: Delimiters::new(",\"message\":\"", "\""),
        ..layout(settings)
    }
}

fn push_plain(out: &mut MessageBuf, origin: &Origin<'_>, settings: &Settings) {
    push(out, " @cee: {\"level\":\"");
    push(out, origin.level.keyword());
    push(out, "\",\"target\":\"");
    push_constant(out, origin.target, settings);
    push(out, "\"");
    push_place(out, origin, settings, [",\"code\":{\"file\":\"", "\",\"line\":", "}"]);
}

fn push_ecs(out: &mut MessageBuf, origin: &Origin<'_>, settings: &Settings) {
    push(out, " @cee: {\"ecs\":{\"version\":\"8.11.0\"},\"service\":{\"name\":\"");
    // 48 octets at most, and never cut: it is what people search for.
    Escaped::new(out, usize::MAX, EscapeMode::Json, ControlCharacters::Escape).push(&settings.tag);
    push(out, "\"},\"log\":{\"level\":\"");
    push(out, origin.level.keyword());
    push(out, "\",\"logger\":\"");
    push_constant(out, origin.target, settings);
    push(out, "\"");
    push_place(out, origin, settings, [",\"origin\":{\"file\":{\"name\":\"", "\",\"line\":", "}}"]);
    push(out, "}");
}

/// File and line, where they are asked for and known, between these three.
fn push_place(out: &mut MessageBuf, origin: &Origin<'_>, settings: &Settings, around: [&str; 3]) {
    let (Some(file), Some(line), true) = (origin.file, origin.line, settings.source_location)
    else {
        return;
    };
    let [before, between, after] = around;
    push(out, before);
    push_constant(out, file, settings);
    push(out, between);
    push(out, itoa::Buffer::new().format(line));
    push(out, after);
}

fn push_constant(out: &mut MessageBuf, value: &str, settings: &Settings) {
    let limit = out.len() + settings.longest_constant();
    Escaped::new(out, limit, EscapeMode::Json, ControlCharacters::Escape).push(value);
}

fn push(out: &mut MessageBuf, text: &str) {
    out.extend_from_slice(text.as_bytes());
}
