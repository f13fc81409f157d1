//! How is a record written as RFC 5424 says?

use super::{
    Clock, Frame, Place, Settings,
    grammar::{Around, Errors, Grammar},
    header,
    names::Rule,
    structured_data::{elements, push_source},
};
use crate::record::Origin;

/// ```text
/// SYSLOG-MSG = HEADER SP STRUCTURED-DATA [SP MSG]
/// HEADER     = PRI VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID
/// ```
pub(super) fn grammar(settings: &Settings) -> Grammar {
    let number = settings.enterprise_number;
    Grammar {
        version: header::VERSION,
        time: Clock::push_rfc5424,
        identity: header::identity(settings),
        lead: header::push_msgid,
        elements: elements(settings),
        sequence_id: settings.sequence_id,
        nil: "-",
        body: push_body,
        thread: Around::new(" thread=\"", "\"]"),
        fields: Around::new(format!("[fields@{number}"), "]"),
        spans: Around::new(format!("[span@{number} spans=\""), "\""),
        trace: Around::new(format!("[trace@{number} trace_id=\""), "\"]"),
        between_ids: "\" span_id=\"",
        between_spans: ":",
        spans_end: "]",
        name: Around::new(" ", "=\""),
        first_name_opens_with_blank: false,
        names: Rule::SdName,
        typed: false,
        values: Place::ParamValue,
        errors: Errors::AsFields,
        text_place: Place::Text,
        text: Around::new(" ", ""),
        bom: settings.bom,
        end: "",
        text_first: false,
        reserved: &["omitted"],
        reserved_in_spans: &["omitted", "spans"],
    }
}

/// The element `source`; it is left open where the thread's name ends it.
fn push_body(out: &mut Frame, origin: &Origin<'_>, settings: &Settings) {
    let start = out.len();
    out.extend_from_slice(format!("[source@{}", settings.enterprise_number).as_bytes());
    let is_empty = !push_source(out, origin, settings, header::MSGID);
    if settings.thread_name {
        return;
    }
    if is_empty {
        out.truncate(start);
    } else {
        out.push(b']');
    }
}
