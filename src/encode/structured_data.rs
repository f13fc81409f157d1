//! Which SD-ELEMENTs that IANA registered does every message carry? RFC 5424 section 7.

use super::{
    ControlCharacters, EscapeMode, MessageBuf, Settings, escape::Escaped, header, layout::Layout,
};
use crate::{
    Severity,
    record::{Level, Origin},
};

/// What is known of the clock that timestamps come from (RFC 5424 section 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeQuality {
    /// The clock is not known to be synchronised.
    Unsynced,
    /// The clock is synchronised with a reliable source.
    Synced,
    /// The clock is synchronised and at most this many microseconds off.
    SyncedWithin(u32),
}

/// `timeQuality` and `origin`, where asked for. Timestamps are UTC, so their zone is known.
pub(super) fn elements(settings: &Settings) -> String {
    let mut out = String::new();
    match settings.time_quality {
        None => {}
        Some(TimeQuality::Unsynced) => out.push_str("[timeQuality tzKnown=\"1\" isSynced=\"0\"]"),
        Some(TimeQuality::Synced) => out.push_str("[timeQuality tzKnown=\"1\" isSynced=\"1\"]"),
        Some(TimeQuality::SyncedWithin(micros)) => out.push_str(&format!(
            "[timeQuality tzKnown=\"1\" isSynced=\"1\" syncAccuracy=\"{micros}\"]"
        )),
    }
    if settings.origin {
        let (number, version) = (settings.enterprise_number, env!("CARGO_PKG_VERSION"));
        out.push_str(&format!(
            "[origin enterpriseId=\"{number}\" software=\"logship\" swVersion=\"{version}\"]"
        ));
    }
    out
}

/// A target longer than `longest_target`, file and line as parameters; false if there is none.
pub(super) fn push_source(
    out: &mut MessageBuf,
    origin: &Origin<'_>,
    settings: &Settings,
    longest_target: usize,
) -> bool {
    let before = out.len();
    let mut push = |name: &str, value: &str| {
        out.extend_from_slice(name.as_bytes());
        let limit = out.len() + settings.longest_constant();
        Escaped::new(out, limit, EscapeMode::ParamValue, ControlCharacters::Escape).push(value);
        out.push(b'"');
    };
    if origin.target.len() > longest_target {
        push(" target=\"", origin.target);
    }
    if settings.source_location {
        if let Some(file) = origin.file {
            push(" file=\"", file);
        }
        if let Some(line) = origin.line {
            push(" line=\"", itoa::Buffer::new().format(line));
        }
    }
    out.len() > before
}

/// `meta sequenceId` (RFC 5424 section 7.3.1): 1 to 2147483647, then 1 again.
pub(super) fn push_sequence_id(out: &mut MessageBuf, messages_before: u64) {
    out.extend_from_slice(b"[meta sequenceId=\"");
    let id = messages_before % 2_147_483_647 + 1;
    out.extend_from_slice(itoa::Buffer::new().format(id).as_bytes());
    out.extend_from_slice(b"\"]");
}

/// Whether the header of every message leaves at least half of a frame to fields and text, and
/// what follows it for the longest target, file and thread a quarter.
pub(super) fn header_fits(settings: &Settings, layout: &Layout) -> bool {
    let (identity, elements) = (layout.identity.len(), layout.elements.len());
    let header = identity + elements + header::MSGID + TIMESTAMP_PRI_META;
    let long = "x".repeat(settings.longest_constant());
    let origin = Origin {
        severity: Severity::Error,
        level: Level::Error,
        target: &long,
        file: Some(&long),
        line: Some(u32::MAX),
    };
    let mut body = MessageBuf::default();
    (layout.body)(&mut body, &origin, settings);
    if settings.thread_name {
        let around = layout.thread.open.len() + layout.thread.close.len();
        body.extend(std::iter::repeat_n(b'x', around + long.len()));
    }
    header <= settings.max_message_size / 2
        && header + body.len() <= settings.max_message_size / 4 * 3
}

const TIMESTAMP_PRI_META: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_ids_start_at_one_and_wrap_to_one() {
        let id = |before| {
            let mut out = MessageBuf::default();
            push_sequence_id(&mut out, before);
            String::from_utf8(out.to_vec()).unwrap()
        };
        assert_eq!(id(0), "[meta sequenceId=\"1\"]");
        assert_eq!(id(2_147_483_646), "[meta sequenceId=\"2147483647\"]");
        assert_eq!(id(2_147_483_647), "[meta sequenceId=\"1\"]");
    }
}
