//! The format `rfc5424`.

use super::{
    Settings,
    body::BodyWriter,
    header, labels,
    layout::{Delimiters, Layout},
    structured_data::{elements, push_source},
};
use crate::record::Origin;

/// ```text
/// SYSLOG-MSG = HEADER SP STRUCTURED-DATA [SP MSG]
/// HEADER     = PRI VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID
/// ```
pub(super) fn layout(settings: &Settings) -> Layout {
    let number = settings.enterprise_number;
    let labels = labels::params(settings, &[]);
    let mut elements = elements(settings);
    if !labels.is_empty() {
        // Escaped text is text.
        let labels = String::from_utf8_lossy(&labels);
        elements.push_str(&format!("[labels@{number}{labels}]"));
    }
    Layout {
        elements,
        labels,
        nil: "-",
        body: push_body,
        thread: Delimiters::new(" thread=\"", "\"]"),
        fields: Delimiters::new(format!("[fields@{number}"), "]"),
        spans: Delimiters::new(format!("[span@{number} spans=\""), "\""),
        trace: Delimiters::new(format!("[trace@{number} trace_id=\""), "\"]"),
        spans_end: "]",
        bom: settings.bom,
        target_is_msgid: true,
        ..Layout::base(settings)
    }
}

/// Writes the element `source`; it is left open if the thread's name ends it.
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
