//! The formats `cee` and `ecs`: JSON after `@cee:`.
//!
//! The program's names are in objects of their own, `fields` and `spans`, so that they cannot
//! collide with a key that this crate or a receiver's template writes beside them.

use super::{
    EscapeMode, Settings,
    body::BodyWriter,
    field_names::Rule,
    labels,
    layout::{Delimiters, Errors, Layout},
    structured_data::elements,
};
use crate::record::Origin;

/// An RFC 5424 header, then `@cee: {...}` as MSG: the cookie must come first in it, and nothing may
/// follow the object.
pub(super) fn layout(settings: &Settings) -> Layout {
    layout_of(settings, "cee")
}

/// The element `json` in the header says what the text is: a text that looks like JSON may have
/// been typed by a user.
fn layout_of(settings: &Settings, schema: &str) -> Layout {
    let number = settings.enterprise_number;
    let elements = format!("{}[json@{number} schema=\"{schema}\"]", elements(settings));
    Layout {
        elements,
        labels: labels::json(settings),
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
        text_place: EscapeMode::Json,
        text: Delimiters::new(",\"msg\":\"", "\""),
        end: "}",
        reserved_in_spans: &["omitted", "names"],
        ..Layout::base(settings)
    }
}

/// The same with the names of the Elastic Common Schema. The receiver takes `@timestamp` and `host`
/// from the header.
pub(super) fn ecs(settings: &Settings) -> Layout {
    Layout {
        body: push_ecs,
        tag_in_body: Some(ECS_OPEN.len()),
        thread: Delimiters::new(",\"process\":{\"thread\":{\"name\":\"", "\"}}"),
        errors: Errors::Apart {
            message: ",\"error\":{\"message\":\"",
            chain: "\",\"stack_trace\":\"",
        },
        trace: Delimiters::new(",\"trace\":{\"id\":\"", "\"}"),
        between_ids: "\"},\"span\":{\"id\":\"",
        text: Delimiters::new(",\"message\":\"", "\""),
        ..layout_of(settings, "ecs")
    }
}

fn push_plain(out: &mut BodyWriter<'_>, origin: &Origin<'_>) {
    out.literal(" @cee: {\"level\":\"");
    out.literal(origin.level.keyword());
    out.literal("\",\"target\":\"");
    out.value(origin.target);
    out.literal("\"");
    push_place(out, origin, [",\"code\":{\"file\":\"", "\",\"line\":", "}"]);
    out.written(&labels::json(out.settings));
}

fn push_ecs(out: &mut BodyWriter<'_>, origin: &Origin<'_>) {
    out.literal(ECS_OPEN);
    out.whole_value(&out.settings.tag);
    out.literal("\"},\"log\":{\"level\":\"");
    out.literal(origin.level.keyword());
    out.literal("\",\"logger\":\"");
    out.value(origin.target);
    out.literal("\"");
    push_place(out, origin, [",\"origin\":{\"file\":{\"name\":\"", "\",\"line\":", "}}"]);
    out.literal("}");
    out.written(&labels::json(out.settings));
}

/// File and line, if they are enabled and known, between these three delimiters.
fn push_place(out: &mut BodyWriter<'_>, origin: &Origin<'_>, around: [&'static str; 3]) {
    let (Some(file), Some(line), true) = (origin.file, origin.line, out.settings.source_location)
    else {
        return;
    };
    let [before, between, after] = around;
    out.literal(before);
    out.value(file);
    out.literal(between);
    out.number(line);
    out.literal(after);
}

const ECS_OPEN: &str = " @cee: {\"ecs\":{\"version\":\"8.11.0\"},\"service\":{\"name\":\"";
