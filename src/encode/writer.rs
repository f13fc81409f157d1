//! The writer that builds one message within its maximum size.

use std::{ops::Range, sync::atomic::Ordering::Relaxed, time::SystemTime};

use super::{
    CallsitePrefix, Encoder, MessageBuf, Scratch,
    escape::CUT_MARK,
    header_fields::HeaderField,
    inline_bytes::NameKind,
    structured_data::{SEQUENCE_ID, push_sequence_id, sequence_id},
    value::{self, LONGEST_NUMBER, PANICKED, Style},
};
use crate::{Severity, record::Value};

/// Writes one record; created by [`Encoder::begin`].
///
/// Fields come first, then spans, then [`finish`](Writer::finish); the text may be set at any time.
/// The writer writes every delimiter itself.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    pub(super) encoder: &'a Encoder,
    pub(super) scratch: &'a mut Scratch,
    pub(super) severity: Severity,
    /// The offset of the sequence number, if there is one.
    pub(super) number_at: Option<usize>,
    /// The offset at which STRUCTURED-DATA begins to vary from message to message.
    pub(super) start: usize,
    /// Fields end before this offset.
    pub(super) fields_limit: usize,
    /// The frame, less the growth of unescaped control characters on the server.
    pub(super) max_message_size: usize,
    /// Bytes of the text that did not fit into the buffer.
    pub(super) text_cut: usize,
    /// Bytes of the text that repeat fields.
    pub(super) added: usize,
    pub(super) omitted: u64,
    has_keys: bool,
    pub(super) is_in_fields: bool,
    is_in_value: bool,
    /// Whether the record sets a part of the header itself.
    pub(super) has_header: bool,
    /// The offsets of the fields and the spans.
    pub(super) fields_at: Range<usize>,
    pub(super) spans_at: Range<usize>,
    /// The offset of the first field's name.
    pub(super) first_name: usize,
    /// Whether an error is still to be written apart from the fields.
    pub(super) has_error: bool,
}

/// An encoded record, ready for the queue.
#[derive(Debug)]
pub(crate) struct Message<'a> {
    pub(crate) severity: Severity,
    bytes: &'a mut MessageBuf,
    number_at: Option<usize>,
}

impl<'a> Message<'a> {
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes
    }

    /// Its maximum length once it is numbered, if it is to be.
    #[inline]
    pub(crate) fn longest_numbered(&self) -> Option<usize> {
        self.number_at.map(|_| self.bytes.len() + SEQUENCE_ID)
    }

    /// The message, numbered as the one after `messages_before` others.
    pub(crate) fn numbered(self, messages_before: u64) -> &'a [u8] {
        if let Some(at) = self.number_at {
            let mut digits = itoa::Buffer::new();
            let digits = digits.format(sequence_id(messages_before)).as_bytes();
            self.bytes.extend_from_slice(digits);
            if let Some(behind) = self.bytes.get_mut(at..) {
                behind.rotate_right(digits.len());
            }
        }
        self.bytes
    }
}

impl Encoder {
    /// Begins a record of `site` with the current time.
    #[inline]
    pub(crate) fn begin<'a>(
        &'a self,
        scratch: &'a mut Scratch,
        site: &CallsitePrefix,
    ) -> Writer<'a> {
        let frame = &mut scratch.frame;
        frame.clear();
        site.pri.push_to(frame);
        (self.layout.time)(&mut scratch.clock, frame, SystemTime::now(), &self.settings.zone);
        frame.extend_from_slice(&site.lead);
        let number_at = self.layout.sequence_id.then(|| push_sequence_id(frame));
        let start = frame.len();
        if !site.body.is_empty() {
            frame.extend_from_slice(&site.body);
        }
        if site.cut > 0 {
            self.counters.count_cut();
        }
        if self.settings.thread_name {
            if scratch.thread.as_ref().is_none_or(|(id, _)| *id != self.id) {
                scratch.thread = Some((self.id, self.thread_part()));
            }
            if let Some((_, thread)) = &scratch.thread {
                frame.extend_from_slice(thread);
            }
        }
        scratch.text.clear();
        let number = if number_at.is_some() { SEQUENCE_ID } else { 0 };
        let max_message_size = self.settings.max_message_size - number;
        Writer {
            encoder: self,
            severity: site.severity.unwrap_or(Severity::Informational),
            number_at,
            start,
            fields_limit: max_message_size - max_message_size / TEXT_SHARE,
            max_message_size,
            text_cut: 0,
            added: 0,
            omitted: 0,
            has_keys: false,
            is_in_fields: false,
            is_in_value: false,
            has_header: false,
            fields_at: 0..0,
            spans_at: 0..0,
            first_name: 0,
            has_error: false,
            scratch,
        }
    }

    pub(super) fn style(&self) -> Style {
        let layout = &self.layout;
        Style { place: layout.values, controls: self.settings.controls, typed: layout.typed }
    }
}

impl<'a> Writer<'a> {
    /// Writes the field with this index in `site`.
    #[inline(always)]
    pub(crate) fn field(&mut self, site: &CallsitePrefix, index: usize, value: Value<'_>) {
        let Some(name) = site.names.get(index) else { return };
        match name.kind() {
            NameKind::Field if self.takes_apart(value) => return,
            NameKind::Header(part) if self.takes_header(part, value) => return,
            _ => {}
        }
        if self.opens_field(name.len()) {
            name.push_to(&mut self.scratch.frame);
            if !name.has_value() {
                self.push_value(value);
            }
        }
    }

    /// Writes a field with a name that is not known in advance.
    #[inline(always)]
    pub(crate) fn named_field(&mut self, name: &str, value: Value<'_>) {
        let is_error = matches!(value, Value::Error(_));
        if is_error && !self.encoder.settings.redact.hides(name) && self.takes_apart(value) {
            return;
        }
        if self.opens_field(name.len().min(LONGEST_NAME)) {
            let Scratch { frame, keys, .. } = &mut *self.scratch;
            if !std::mem::replace(&mut self.has_keys, true) {
                keys.restart(self.encoder);
            }
            let before = frame.len();
            match keys.push(self.encoder, name, frame) {
                NameKind::Field => self.push_value(value),
                NameKind::Secret => {}
                NameKind::Header(part) => self.named_header(part, value, before),
            }
        } else if HeaderField::of(name).is_some_and(|part| self.takes_header(part, value)) {
            self.omitted -= 1;
        }
    }

    /// Cleans up after a panic in a value's own formatting, and marks it.
    pub(crate) fn recover_from_panic(&mut self) {
        if std::mem::take(&mut self.is_in_value) {
            self.scratch.frame.push(b'"');
        }
        self.encoder.counters.panicked.fetch_add(1, Relaxed);
        self.text(format_args!("{PANICKED}"));
    }

    /// Ends the record.
    #[inline]
    pub(crate) fn finish(mut self) -> Message<'a> {
        self.close_fields();
        if self.has_error {
            self.scratch.frame.extend_from_slice(&self.scratch.error);
        }
        let layout = &self.encoder.layout;
        let frame = &mut self.scratch.frame;
        if frame.len() == self.start && layout.elements.is_empty() && !layout.sequence_id {
            frame.extend_from_slice(layout.nil.as_bytes());
        }
        if layout.text_first {
            self.leave_out_fields();
        } else {
            self.add_fields_to_text();
        }
        let before_text = self.scratch.frame.len();
        if !self.scratch.text.is_empty() {
            self.push_text();
        }
        let frame = &mut self.scratch.frame;
        if !layout.end.is_empty() {
            frame.extend_from_slice(layout.end.as_bytes());
        }
        if layout.text_first
            && let Some(parts) = frame.get_mut(self.start..)
        {
            parts.rotate_left(before_text - self.start);
        }
        if self.has_header {
            self.rewrite_header();
        }
        if self.omitted > 0 {
            self.encoder.counters.omitted.fetch_add(self.omitted, Relaxed);
        }
        let Writer { severity, number_at, scratch, .. } = self;
        Message { severity, bytes: &mut scratch.frame, number_at }
    }

    #[inline(always)]
    pub(super) fn push_value(&mut self, value: Value<'_>) {
        self.is_in_value = value.may_panic();
        // A long value must leave room for the fields after it.
        let left = self.fields_limit.saturating_sub(self.scratch.frame.len());
        let reserve = CUT_MARK + OMITTED + left / VALUES_SHARE;
        let limit = self.fields_limit.saturating_sub(reserve);
        let pushed = value::push(&mut self.scratch.frame, value, limit, self.encoder.style());
        self.fields_limit = self.fields_limit.saturating_sub(pushed.growth);
        self.max_message_size = self.max_message_size.saturating_sub(pushed.growth);
        if pushed.is_cut {
            self.encoder.counters.count_cut();
        }
        if value.may_panic() {
            self.is_in_value = false;
        }
    }

    /// Whether a field with a name of this length fits; opens the element for the first one.
    #[inline]
    fn opens_field(&mut self, name: usize) -> bool {
        let has_room = self.has_room(name + self.encoder.field_reserve);
        if !has_room {
            self.omitted += 1;
        } else if !self.is_in_fields {
            self.is_in_fields = true;
            self.fields_at.start = self.scratch.frame.len();
            self.encoder.fields_open.push_to(&mut self.scratch.frame);
            self.first_name = self.scratch.frame.len();
        }
        has_room
    }

    #[inline]
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.scratch.frame.len() + bytes <= self.fields_limit
    }

    #[inline]
    pub(super) fn close_fields(&mut self) {
        if std::mem::take(&mut self.is_in_fields) {
            self.push_omitted(self.omitted);
            if self.encoder.layout.first_name_opens_with_blank
                && let Some(byte) = self.scratch.frame.get_mut(self.first_name)
            {
                *byte = b' ';
            }
            self.encoder.fields_close.push_to(&mut self.scratch.frame);
            self.fields_at.end = self.scratch.frame.len();
        }
    }

    /// Writes how many fields did not fit.
    pub(super) fn push_omitted(&mut self, fields: u64) {
        if fields > 0 {
            let layout = &self.encoder.layout;
            let (frame, name) = (&mut self.scratch.frame, &layout.name);
            for part in [&name.open, "omitted", name.close] {
                frame.extend_from_slice(part.as_bytes());
            }
            let style = self.encoder.style();
            value::push(&mut self.scratch.frame, Value::U64(fields), usize::MAX, style);
        }
    }
}

/// The text has at least this fraction of a frame, as one part in so many, however long the fields
/// are.
const TEXT_SHARE: usize = 4;
/// This fraction of what a frame has left for fields is for those after a long value.
const VALUES_SHARE: usize = 4;
/// Bytes of the number of omitted fields, with the end of its element.
pub(super) const OMITTED: usize = 34;
/// The most bytes of a field beside the opening of its element, its name, and its text.
pub(super) const FIELD_RESERVE: usize = LONGEST_NUMBER + CUT_MARK + OMITTED;
const LONGEST_NAME: usize = 32;
