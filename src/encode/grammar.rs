//! What does one format put around header, fields, spans and text?

use std::time::SystemTime;

use super::{Clock, Place};
use crate::{record::Origin, zone::Zone};

/// A format as a table: the delimiters, which the writer alone puts down, so that no content
/// can, and the two places where formats differ in more than delimiters.
#[derive(Debug)]
pub(super) struct Grammar {
    /// Right after PRI.
    pub(super) version: &'static str,
    pub(super) time: fn(&mut Clock, &mut Vec<u8>, SystemTime, &Zone),
    /// HOSTNAME, tag and process, with the blanks around them.
    pub(super) identity: Vec<u8>,
    /// What says which message it is, constant for a callsite; it follows `identity`.
    pub(super) lead: fn(&mut Vec<u8>, &Origin<'_>),
    /// STRUCTURED-DATA that is the same for every message.
    pub(super) elements: String,
    /// Whether `meta sequenceId` follows `elements`.
    pub(super) sequence_id: bool,
    /// Written where STRUCTURED-DATA came out empty.
    pub(super) nil: &'static str,
    /// Opens what is neither header nor text, constant for a callsite.
    pub(super) body: fn(&mut Vec<u8>, &Origin<'_>),
    /// Around file, line, thread and a target too long for the header.
    pub(super) source: Around,
    pub(super) fields: Around,
    /// Around the names of the spans; their fields follow, then `spans_end`.
    pub(super) spans: Around,
    pub(super) spans_end: &'static str,
    /// Around a name; where all values stand in quotes it opens them.
    pub(super) name: Around,
    /// Whether numbers and booleans stand without quotes.
    pub(super) typed: bool,
    /// Where values stand.
    pub(super) values: Place,
    /// Where the text stands.
    pub(super) text_place: Place,
    pub(super) text: Around,
    /// Whether a text that isn't US-ASCII begins with a byte order mark.
    pub(super) bom: bool,
    pub(super) end: &'static str,
    /// Whether the text comes before fields and spans.
    pub(super) text_first: bool,
    /// Names that the format or the receiver's template writes itself.
    pub(super) reserved: &'static [&'static str],
    /// Longest target that `lead` writes in full, octets.
    pub(super) longest_target: usize,
}

/// What stands before and after something.
#[derive(Debug)]
pub(super) struct Around {
    pub(super) open: String,
    pub(super) close: &'static str,
}

impl Around {
    pub(super) fn new(open: impl Into<String>, close: &'static str) -> Self {
        Around { open: open.into(), close }
    }
}
