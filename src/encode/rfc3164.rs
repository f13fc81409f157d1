//! How is a record written for servers from before RFC 5424?

use super::{
    Clock, Place, Settings,
    grammar::{Around, Grammar},
    header,
};

/// ```text
/// <PRI>Mmm dd hh:mm:ss HOSTNAME TAG[PID]: text name="value"
/// ```
/// RFC 3164 sections 4.1 and 5.3. HOSTNAME is left out for a local socket, whose server knows it.
pub(super) fn grammar(settings: &Settings, with_hostname: bool) -> Grammar {
    let mut identity = vec![b' '];
    if with_hostname {
        header::push_field(&mut identity, &settings.hostname, header::HOSTNAME);
        identity.push(b' ');
    }
    header::push_field(&mut identity, &settings.tag, TAG);
    identity.push(b'[');
    header::push_field(&mut identity, &settings.process_id, header::PROCID);
    identity.extend_from_slice(b"]: ");
    Grammar {
        version: "",
        time: Clock::push_rfc3164,
        identity,
        lead: |_, _| {},
        elements: String::new(),
        sequence_id: false,
        nil: "",
        body: |_, _| {},
        source: Around::new("", ""),
        fields: Around::new("", ""),
        spans: Around::new(" spans=\"", "\""),
        spans_end: "",
        name: Around::new(" ", "=\""),
        typed: false,
        values: Place::ParamValue,
        text_place: Place::Text,
        text: Around::new("", ""),
        bom: false,
        end: "",
        text_first: true,
        reserved: &["spans"],
        longest_target: 0,
    }
}

/// Longest tag of RFC 3164 is 32; servers take the 48 of RFC 5424, and one name is better
/// than two.
const TAG: usize = header::APP_NAME;
