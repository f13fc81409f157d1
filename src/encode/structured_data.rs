//! Registered SD-ELEMENTs of every message (RFC 5424 section 7).

use std::{fmt, str::FromStr, time::Duration};

use super::{MessageBuf, Settings, body::BodyWriter};
use crate::{Error, record::Origin, units};

/// The quality of the clock that timestamps come from (RFC 5424 section 7.1,
/// `SYSLOG_TIME_QUALITY`).
///
/// ```
/// # use std::time::Duration;
/// # use logship::TimeQuality;
/// let quality = TimeQuality::SyncedWithin(Duration::from_micros(50));
/// assert_eq!("synced:50us".parse::<TimeQuality>()?, quality);
/// assert_eq!(quality.to_string(), "synced:50");
/// # Ok::<(), logship::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimeQuality {
    /// The clock is not known to be synchronised. `unsynced`.
    Unsynced,
    /// The clock is synchronised with a reliable source. `synced`.
    Synced,
    /// The clock is synchronised, and at most this far off, in microseconds. `synced:50`.
    SyncedWithin(Duration),
}

impl FromStr for TimeQuality {
    type Err = Error;

    /// `unsynced`, `synced`, or `synced:50`, microseconds unless there is a unit.
    fn from_str(text: &str) -> Result<Self, Error> {
        let lower = text.to_ascii_lowercase();
        let (word, within) = lower.split_once(':').unwrap_or((&lower, ""));
        let micros = within.parse().ok().map(Duration::from_micros);
        match (word, within) {
            ("unsynced", "") => Some(TimeQuality::Unsynced),
            ("synced", "") => Some(TimeQuality::Synced),
            ("synced", _) => {
                micros.or_else(|| units::duration(within).ok()).map(TimeQuality::SyncedWithin)
            }
            _ => None,
        }
        .ok_or_else(|| {
            Error::new(format!(
                "invalid time quality {text:?}: expected unsynced, synced or synced:MICROSECONDS"
            ))
        })
    }
}

impl fmt::Display for TimeQuality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TimeQuality::Unsynced => f.pad("unsynced"),
            TimeQuality::Synced => f.pad("synced"),
            TimeQuality::SyncedWithin(within) => write!(f, "synced:{}", within.as_micros()),
        }
    }
}

/// `timeQuality` and `origin`, if enabled. Timestamps are UTC, so their zone is known.
pub(super) fn elements(settings: &Settings) -> String {
    let mut out = String::new();
    match settings.time_quality {
        None => {}
        Some(TimeQuality::Unsynced) => out.push_str("[timeQuality tzKnown=\"1\" isSynced=\"0\"]"),
        Some(TimeQuality::Synced) => out.push_str("[timeQuality tzKnown=\"1\" isSynced=\"1\"]"),
        Some(TimeQuality::SyncedWithin(within)) => out.push_str(&format!(
            "[timeQuality tzKnown=\"1\" isSynced=\"1\" syncAccuracy=\"{}\"]",
            within.as_micros()
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

/// Writes a target longer than `longest_target`, file and line as parameters; false if there are
/// none.
pub(super) fn push_source(
    out: &mut BodyWriter<'_>,
    origin: &Origin<'_>,
    longest_target: usize,
) -> bool {
    let before = out.len();
    if origin.target.len() > longest_target {
        out.literal(" target=\"");
        out.value(origin.target);
        out.literal("\"");
    }
    if out.settings.source_location {
        if let Some(file) = origin.file {
            out.literal(" file=\"");
            out.value(file);
            out.literal("\"");
        }
        if let Some(line) = origin.line {
            out.literal(" line=\"");
            out.number(line);
            out.literal("\"");
        }
    }
    out.len() > before
}

/// `meta sequenceId` (RFC 5424 section 7.3.1) without the number, whose offset it returns.
pub(super) fn push_sequence_id(out: &mut MessageBuf) -> usize {
    out.extend_from_slice(META_OPEN);
    let at = out.len();
    out.extend_from_slice(b"\"]");
    at
}

pub(super) const META_OPEN: &[u8] = b"[meta sequenceId=\"";

/// 1 to 2147483647, then 1 again.
pub(super) fn sequence_id(messages_before: u64) -> u64 {
    messages_before % 2_147_483_647 + 1
}

/// Digits of the longest number.
pub(super) const SEQUENCE_ID: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_ids_start_at_one_and_wrap_to_one() {
        assert_eq!([0, 2_147_483_646, 2_147_483_647].map(sequence_id), [1, 2_147_483_647, 1]);
    }
}
