//! Which SD-ELEMENTs that IANA registered does every message carry? RFC 5424 section 7.

use super::{Settings, header};

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

/// `meta sequenceId` (RFC 5424 section 7.3.1): 1 to 2147483647, then 1 again.
pub(super) fn push_sequence_id(out: &mut Vec<u8>, messages_before: u64) {
    out.extend_from_slice(b"[meta sequenceId=\"");
    let id = messages_before % 2_147_483_647 + 1;
    out.extend_from_slice(itoa::Buffer::new().format(id).as_bytes());
    out.extend_from_slice(b"\"]");
}

/// Whether the header of every message leaves at least half of a frame to fields and text.
pub(super) fn header_fits(settings: &Settings, identity: usize, elements: usize) -> bool {
    let constant = identity + elements + header::MSGID + TIMESTAMP_PRI_META;
    constant <= settings.max_frame / 2
}

const TIMESTAMP_PRI_META: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_ids_start_at_one_and_wrap_to_one() {
        let id = |before| {
            let mut out = Vec::new();
            push_sequence_id(&mut out, before);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(id(0), "[meta sequenceId=\"1\"]");
        assert_eq!(id(2_147_483_646), "[meta sequenceId=\"2147483647\"]");
        assert_eq!(id(2_147_483_647), "[meta sequenceId=\"1\"]");
    }
}
