//! Violations of a rule, found in a record.

use std::fmt;

/// One rule that a record broke.
///
/// Its `Display` quotes the offending value and names the rule:
/// `PRI 192 is above 191 (RFC 5424 6.2.1)`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Complaint {
    /// Document and section, for example `RFC 5424 6.2.1`.
    pub rule: &'static str,
    /// What was found, with the value quoted; values over 80 bytes are cut.
    pub found: String,
}

impl Complaint {
    pub(super) fn new(rule: &'static str, found: impl Into<String>) -> Self {
        Self { rule, found: found.into() }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.found, self.rule)
    }
}

/// `bytes` between double quotes, escaped, and cut if they are many: a complaint
/// goes to a terminal.
pub(super) fn quote(bytes: &[u8]) -> String {
    match bytes.get(..QUOTED) {
        Some(head) if bytes.len() > QUOTED => {
            format!("\"{}\"... of {} bytes", head.escape_ascii(), bytes.len())
        }
        _ => format!("\"{}\"", bytes.escape_ascii()),
    }
}

const QUOTED: usize = 80;
