//! How is a record written as JSON that rsyslog's mmjsonparse takes out of MSG?

use super::{
    Clock, ControlCharacters, Place, Settings,
    escape::Escaped,
    grammar::{Around, Grammar},
    header,
    structured_data::elements,
};
use crate::record::Origin;

/// A header of RFC 5424, then `@cee: {...}` as MSG: the cookie must come first in it, and
/// nothing may follow the object.
pub(super) fn grammar(settings: &Settings) -> Grammar {
    let mut elements = elements(settings);
    if elements.is_empty() && !settings.sequence_id {
        elements.push('-');
    }
    Grammar {
        version: header::VERSION,
        time: Clock::push_rfc5424,
        identity: header::identity(settings),
        lead: header::push_msgid,
        elements,
        sequence_id: settings.sequence_id,
        nil: "",
        body: push_body,
        source: Around::new("", ""),
        fields: Around::new("", ""),
        spans: Around::new(",\"span\":{\"spans\":\"", "\""),
        spans_end: "}",
        name: Around::new(",\"", "\":"),
        typed: true,
        values: Place::Json,
        text_place: Place::Json,
        text: Around::new(",\"msg\":\"", "\""),
        bom: false,
        end: "}",
        text_first: false,
        reserved: RESERVED,
        longest_target: usize::MAX,
    }
}

fn push_body(out: &mut Vec<u8>, origin: &Origin<'_>) {
    out.extend_from_slice(b" @cee: {\"level\":\"");
    out.extend_from_slice(origin.level.keyword().as_bytes());
    out.extend_from_slice(b"\",\"target\":\"");
    let limit = out.len() + LONGEST_TARGET;
    Escaped::new(out, limit, Place::Json, ControlCharacters::Escape).push(origin.target);
    out.push(b'"');
}

/// The keys of this format, and those that a receiver's template commonly writes beside ours.
const RESERVED: &[&str] = &[
    "level",
    "target",
    "file",
    "line",
    "thread",
    "span",
    "msg",
    "omitted",
    "@timestamp",
    "@version",
    "message",
    "tag",
    "host",
    "severity",
    "facility",
    "timestamp",
    "type",
    "_id",
];
const LONGEST_TARGET: usize = 128;
