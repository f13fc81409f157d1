//! The layout of a format: a table of its delimiters.

use std::time::SystemTime;

use super::{
    Clock, EscapeMode, MessageBuf, Settings, body::BodyWriter, field_names::Rule, header,
    structured_data::elements,
};
use crate::{
    Severity,
    encode::time_zone::Zone,
    record::{Level, Origin},
};

/// A format as a table: the delimiters, which only the writer writes, so that content cannot, and
/// two functions for where formats differ in more than delimiters.
#[derive(Debug)]
pub(super) struct Layout {
    /// Directly after PRI.
    pub(super) version: &'static str,
    pub(super) time: fn(&mut Clock, &mut MessageBuf, SystemTime, &Zone),
    /// HOSTNAME, tag and process, with the blanks around them.
    pub(super) identity: MessageBuf,
    /// Writes the same with another tag.
    pub(super) push_identity: fn(&mut MessageBuf, &Settings, &str),
    /// The offset of the tag in what `body` writes, if it is repeated there.
    pub(super) tag_in_body: Option<usize>,
    /// Whether the target is in MSGID only, if it fits there.
    pub(super) target_is_msgid: bool,
    /// Whether MSGID, the target, follows `identity`.
    pub(super) has_msgid: bool,
    /// STRUCTURED-DATA that is the same for every message.
    pub(super) elements: String,
    /// The encoded fields of every record, if a text may repeat them.
    pub(super) labels: MessageBuf,
    /// Whether `meta sequenceId` follows `elements`.
    pub(super) sequence_id: bool,
    /// Written if STRUCTURED-DATA is empty.
    pub(super) nil: &'static str,
    /// Writes what is neither header nor text and constant for a callsite.
    pub(super) body: fn(&mut BodyWriter<'_>, &Origin<'_>),
    /// Around the thread's name, if it is enabled; it follows `body`.
    pub(super) thread: Delimiters,
    pub(super) fields: Delimiters,
    /// Around the ids of the trace and its span, which `between_ids` separates.
    #[cfg_attr(not(feature = "opentelemetry"), allow(dead_code))]
    pub(super) trace: Delimiters,
    #[cfg_attr(not(feature = "opentelemetry"), allow(dead_code))]
    pub(super) between_ids: &'static str,
    /// Around the names of the spans; their fields follow, then `spans_end`.
    pub(super) spans: Delimiters,
    pub(super) between_spans: &'static str,
    pub(super) spans_end: &'static str,
    /// Around a name; it opens the quotes if all values are quoted.
    pub(super) name: Delimiters,
    /// Whether a blank replaces the first byte of the first name in `fields`, since there is
    /// nothing to separate it from.
    pub(super) first_name_opens_with_blank: bool,
    pub(super) names: Rule,
    /// Whether numbers and booleans are written without quotes.
    pub(super) typed: bool,
    /// How values are escaped.
    pub(super) values: EscapeMode,
    pub(super) errors: Errors,
    /// How the text is escaped.
    pub(super) text_place: EscapeMode,
    pub(super) text: Delimiters,
    /// Whether a text that is not US-ASCII begins with a byte order mark.
    pub(super) bom: bool,
    pub(super) end: &'static str,
    /// Whether the text comes before fields and spans.
    pub(super) text_first: bool,
    /// Names that the writer itself uses among the fields of a record.
    pub(super) reserved: &'static [&'static str],
    /// The same, among the fields of its spans.
    pub(super) reserved_in_spans: &'static [&'static str],
}

impl Layout {
    /// What most formats have in common, to be overridden: an RFC 5424 header, names and values as
    /// in structured data, the text last.
    pub(super) fn base(settings: &Settings) -> Self {
        Layout {
            version: header::VERSION,
            time: Clock::push_rfc5424,
            identity: header::identity(settings),
            push_identity: header::push_identity,
            tag_in_body: None,
            target_is_msgid: false,
            has_msgid: true,
            elements: elements(settings),
            labels: MessageBuf::default(),
            sequence_id: settings.sequence_id,
            nil: "",
            body: |_, _| {},
            thread: Delimiters::new(" thread=\"", "\""),
            fields: Delimiters::new("", ""),
            spans: Delimiters::new(" spans=\"", "\""),
            trace: Delimiters::new(" trace_id=\"", "\""),
            between_ids: "\" span_id=\"",
            between_spans: ":",
            spans_end: "",
            name: Delimiters::new(" ", "=\""),
            first_name_opens_with_blank: false,
            names: Rule::SdName,
            typed: false,
            values: EscapeMode::ParamValue,
            errors: Errors::AsFields,
            text_place: EscapeMode::Text,
            text: Delimiters::new(" ", ""),
            bom: false,
            end: "",
            text_first: false,
            reserved: &["omitted"],
            reserved_in_spans: &["omitted", "spans"],
        }
    }

    /// Checks that the header of every message leaves at least half of a frame to fields and text, and
    /// what follows it for the longest target, file and thread a quarter.
    pub(super) fn header_fits(&self, settings: &Settings) -> bool {
        let (identity, elements) = (self.identity.len(), self.elements.len());
        let header = identity + elements + header::MSGID + TIMESTAMP_PRI_META;
        // One byte more, to count the marks of what is cut.
        let long = "x".repeat(settings.longest_constant() + 1);
        let origin = Origin {
            severity: Severity::Error,
            level: Level::Error,
            target: &long,
            file: Some(&long),
            line: Some(u32::MAX),
        };
        let mut body = MessageBuf::default();
        let mut writer = BodyWriter::new(&mut body, self.values, settings);
        (self.body)(&mut writer, &origin);
        if settings.thread_name {
            writer.value(&long);
            body.extend_from_slice(self.thread.open.as_bytes());
            body.extend_from_slice(self.thread.close.as_bytes());
        }
        header <= settings.max_message_size / 2
            && header + body.len() <= settings.max_message_size / 4 * 3
    }
}

/// Where an error in a field is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Errors {
    /// Under the name of its field, with its sources.
    AsFields,
    /// The first one apart from the fields: its text, and the text with its sources.
    Apart { message: &'static str, chain: &'static str },
}

/// What precedes and follows something.
#[derive(Debug)]
pub(super) struct Delimiters {
    pub(super) open: String,
    pub(super) close: &'static str,
}

impl Delimiters {
    pub(super) fn new(open: impl Into<String>, close: &'static str) -> Self {
        Delimiters { open: open.into(), close }
    }
}

const TIMESTAMP_PRI_META: usize = 80;
