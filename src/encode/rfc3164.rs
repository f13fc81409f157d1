//! The formats `rfc3164` and `rfc3164-local`.

use super::{
    Clock, MessageBuf, Settings, header, labels, layout::Layout, structured_data::push_source,
};

/// ```text
/// <PRI>Mmm dd hh:mm:ss HOSTNAME TAG[PID]: text name="value"
/// ```
/// RFC 3164 sections 4.1 and 5.3. HOSTNAME is omitted for a local socket, whose server knows it,
/// and `[PID]` if PROCID is NILVALUE.
pub(super) fn layout(settings: &Settings, with_hostname: bool) -> Layout {
    let push_identity = if with_hostname { push_network_identity } else { push_local_identity };
    let mut identity = MessageBuf::default();
    push_identity(&mut identity, settings, &settings.tag);
    Layout {
        push_identity,
        version: "",
        time: Clock::push_rfc3164,
        identity,
        has_msgid: false,
        elements: String::new(),
        sequence_id: false,
        // The header has no place for the target.
        body: |out, origin| {
            push_source(out, origin, 0);
            let labels = labels::params(out.settings, RESERVED);
            out.written(&labels);
        },
        text_first: true,
        reserved: RESERVED,
        reserved_in_spans: RESERVED,
        nil: "",
        ..Layout::base(settings)
    }
}

fn push_network_identity(out: &mut MessageBuf, settings: &Settings, tag: &str) {
    out.push(b' ');
    push_word(out, &settings.hostname, header::HOSTNAME, b"-._:");
    out.push(b' ');
    push_word(out, tag, TAG, b"-._");
    push_procid(out, settings);
}

fn push_local_identity(out: &mut MessageBuf, settings: &Settings, tag: &str) {
    out.push(b' ');
    push_word(out, tag, header::APP_NAME, b"-._");
    push_procid(out, settings);
}

fn push_procid(out: &mut MessageBuf, settings: &Settings) {
    if !matches!(settings.procid.as_str(), "" | "-") {
        out.push(b'[');
        push_word(out, &settings.procid, header::PROCID, b"-._");
        out.push(b']');
    }
    out.push(b':');
}

/// Letters, digits and `others`: any other character ends a tag or a host name on some servers (RFC
/// 3164 sections 4.1.2, 4.1.3), so it becomes `_`.
fn push_word(out: &mut MessageBuf, value: &str, longest: usize, others: &[u8]) {
    if value.is_empty() {
        out.push(b'-');
    }
    let safe = |c: char| match u8::try_from(c) {
        Ok(byte) if byte.is_ascii_alphanumeric() || others.contains(&byte) => byte,
        _ => b'_',
    };
    out.extend(value.chars().take(longest).map(safe));
}

/// All names are in one text, so no field may have one of ours.
const RESERVED: &[&str] =
    &["target", "file", "line", "thread", "trace_id", "span_id", "omitted", "spans"];
/// The longest tag over the network (RFC 3164 section 4.1.3). The local form is syslog(3)'s, which
/// has no limit.
const TAG: usize = 32;
