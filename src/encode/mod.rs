//! The encoder: turns records into messages.
//!
//! Never fails at run time, never reads a socket or the environment, knows no transport.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg_attr(
    not(feature = "tracing"),
    allow(dead_code, reason = "only `tracing` has spans, and names that are known beforehand")
)]

mod body;
mod callsite;
mod context;
mod error_object;
mod escape;
mod field_names;
mod format;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod header;
mod header_fields;
mod inline_bytes;
mod json;
mod key_cache;
mod labels;
mod layout;
mod message_buf;
pub(crate) mod redact;
mod rfc3164;
mod rfc5424;
mod span_fields;
mod structured_data;
#[cfg(test)]
mod tests;
mod text;
mod text_fields;
pub(crate) mod time_zone;
mod timestamp;
mod value;
mod writer;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

pub(crate) use self::{
    callsite::{CallsitePrefix, ContextKey, Scratch},
    escape::EscapeMode,
    header::{HOSTNAME, PROCID, check_field, check_tag},
    message_buf::MessageBuf,
    span_fields::{SpanFields, SpanPrefix},
    timestamp::Clock,
    writer::Writer,
};
pub use self::{
    escape::ControlCharacters, format::Format, structured_data::TimeQuality,
    text_fields::TextFields,
};
use self::{
    field_names::hash_of, inline_bytes::InlineBytes, layout::Layout, writer::FIELD_RESERVE,
};
use crate::{
    Error, burst::BurstLimit, encode::redact::Redact, encode::time_zone::Zone,
    facility::Facilities, record::Severities, stats::EncodeCounters,
};

/// The settings that a handle's messages have in common.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) format: Format,
    pub(crate) facilities: Facilities,
    pub(crate) severities: Severities,
    pub(crate) tag: String,
    /// Fields of every record.
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) hostname: String,
    pub(crate) procid: String,
    pub(crate) enterprise_number: u32,
    pub(crate) max_message_size: usize,
    pub(crate) controls: ControlCharacters,
    pub(crate) source_location: bool,
    pub(crate) thread_name: bool,
    pub(crate) origin: bool,
    pub(crate) sequence_id: bool,
    pub(crate) time_quality: Option<TimeQuality>,
    pub(crate) bom: bool,
    pub(crate) burst: Option<BurstLimit>,
    pub(crate) redact: Redact,
    pub(crate) text_fields: TextFields,
    /// The zone of RFC 3164's local time.
    pub(crate) zone: Zone,
}

impl Settings {
    /// The most bytes of a target, a file or a thread's name.
    fn longest_constant(&self) -> usize {
        (self.max_message_size / CONSTANT_SHARE).min(LONGEST_CONSTANT)
    }
}

/// Encodes records with the settings of one handle.
#[derive(Debug)]
pub(crate) struct Encoder {
    settings: Settings,
    layout: Layout,
    /// Hashes of the names that no field may have.
    reserved: Vec<u64>,
    reserved_in_spans: Vec<u64>,
    /// Delimiters that nearly every message has.
    fields_open: InlineBytes,
    fields_close: InlineBytes,
    text_open: InlineBytes,
    /// The bytes of a field beside its name and its text.
    field_reserve: usize,
    /// Distinguishes this encoder's constant parts from those of another.
    id: u64,
    counters: EncodeCounters,
}

impl Encoder {
    /// # Errors
    ///
    /// If the constant parts leave too little of a frame.
    pub(crate) fn new(settings: Settings) -> Result<Self, Error> {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        let layout = settings.format.layout(&settings);
        if !layout.header_fits(&settings) {
            return Err(Error::new(format!(
                "a frame of {} bytes is too short: the header with host name {:?} and tag {:?}, \
                 the fields of every record, and what each record says of its origin, would fill \
                 more than half of it",
                settings.max_message_size, settings.hostname, settings.tag
            )));
        }
        let id = NEXT_ID.fetch_add(1, Relaxed);
        let counters = EncodeCounters::default();
        let fields_open = InlineBytes::new(layout.fields.open.as_bytes());
        let fields_close = InlineBytes::new(layout.fields.close.as_bytes());
        let field_reserve = fields_open.len() + FIELD_RESERVE;
        let text_open = InlineBytes::new(layout.text.open.as_bytes());
        let hashes = |names: &[&str]| names.iter().map(|n| hash_of(n.as_bytes())).collect();
        Ok(Encoder {
            reserved: hashes(layout.reserved),
            reserved_in_spans: hashes(layout.reserved_in_spans),
            settings,
            layout,
            fields_open,
            fields_close,
            text_open,
            field_reserve,
            id,
            counters,
        })
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    #[cfg(feature = "metrics")]
    pub(crate) fn tag(&self) -> &str {
        &self.settings.tag
    }

    pub(crate) fn severities(&self) -> &Severities {
        &self.settings.severities
    }

    pub(crate) fn counters(&self) -> &EncodeCounters {
        &self.counters
    }
}

const LONGEST_CONSTANT: usize = 128;
/// A constant takes at most this fraction of a frame, as one part in so many.
const CONSTANT_SHARE: usize = 16;
