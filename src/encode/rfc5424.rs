//! How is a record written as RFC 5424 says?

use super::{
    Clock, Place, Settings,
    grammar::{Around, Grammar},
    header,
    structured_data::elements,
};

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
        body: |_, _| {},
        source: Around::new(format!("[source@{number}"), "]"),
        fields: Around::new(format!("[fields@{number}"), "]"),
        spans: Around::new(format!("[span@{number} spans=\""), "\""),
        spans_end: "]",
        name: Around::new(" ", "=\""),
        typed: false,
        values: Place::ParamValue,
        text_place: Place::Text,
        text: Around::new(" ", ""),
        bom: settings.bom,
        end: "",
        text_first: false,
        reserved: &[],
        longest_target: header::MSGID,
    }
}
