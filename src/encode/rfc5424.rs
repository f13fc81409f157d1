//! How is a record written as RFC 5424 says?

use super::{
    Clock, Place, Settings,
    grammar::{Around, Grammar},
    header,
    structured_data::elements,
};
use crate::record::Origin;

/// ```text
/// SYSLOG-MSG = HEADER SP STRUCTURED-DATA [SP MSG]
/// HEADER     = PRI VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID
/// ```
pub(super) fn grammar(settings: &Settings) -> Grammar {
    let number = settings.enterprise_number;
    Grammar {
        version: VERSION,
        time: Clock::push_rfc5424,
        identity: identity(settings),
        lead: push_msgid,
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

pub(super) fn identity(settings: &Settings) -> Vec<u8> {
    let mut out = vec![b' '];
    header::push_field(&mut out, &settings.hostname, header::HOSTNAME);
    out.push(b' ');
    header::push_field(&mut out, &settings.tag, header::APP_NAME);
    out.push(b' ');
    header::push_field(&mut out, &settings.process_id, header::PROCID);
    out.push(b' ');
    out
}

/// `MSGID = NILVALUE / 1*32PRINTUSASCII`: the target, which is one of a fixed set.
pub(super) fn push_msgid(out: &mut Vec<u8>, origin: &Origin<'_>) {
    header::push_field(out, origin.target, header::MSGID);
    out.push(b' ');
}

pub(super) const VERSION: &str = "1 ";
