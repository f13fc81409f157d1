//! The format `rfc5424`.

use super::{
    Clock, EscapeMode, Settings,
    body::BodyWriter,
    field_names::Rule,
    header,
    layout::{Delimiters, Errors, Layout},
    structured_data::{elements, push_source},
};
use crate::record::Origin;

/// ```text
/// SYSLOG-MSG = HEADER SP STRUCTURED-DATA [SP MSG]
/// HEADER     = PRI VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID
/// ```
pub(super) fn layout(settings: &Settings) -> Layout {
    let number = settings.enterprise_number;
    Layout {
        version: header::VERSION,
        time: Clock::push_rfc5424,
        identity: header::identity(settings),
        has_msgid: true,
        elements: elements(settings),
        sequence_id: settings.sequence_id,
        nil: "-",
        body: push_body,
        thread: Delimiters::new(" thread=\"", "\"]"),
        fields: Delimiters::new(format!("[fields@{number}"), "]"),
        spans: Delimiters::new(format!("[span@{number} spans=\""), "\""),
        trace: Delimiters::new(format!("[trace@{number} trace_id=\""), "\"]"),
        between_ids: "\" span_id=\"",
        between_spans: ":",
        spans_end: "]",
        name: Delimiters::new(" ", "=\""),
        first_name_opens_with_blank: false,
        names: Rule::SdName,
        typed: false,
        values: EscapeMode::ParamValue,
        errors: Errors::AsFields,
        text_place: EscapeMode::Text,
        text: Delimiters::new(" ", ""),
        bom: settings.bom,
        end: "",
        text_first: false,
        reserved: &["omitted"],
        reserved_in_spans: &["omitted", "spans"],
    }
}

/// The element `source`; it is left open where the thread's name ends it.
fn push_body(out: &mut BodyWriter<'_>, origin: &Origin<'_>) {
    let start = out.len();
    out.literal("[source@");
    out.number(out.settings.enterprise_number);
    let is_empty = !push_source(out, origin, header::MSGID);
    if out.settings.thread_name {
        return;
    }
    if is_empty {
        out.truncate(start);
    } else {
        out.literal("]");
    }
}
