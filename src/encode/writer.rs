//! How is one record put together, within the size of a frame?

use std::{
    error,
    fmt::{self, Write as _},
    sync::atomic::Ordering::Relaxed,
    time::SystemTime,
};

use super::{
    ContextKey, Encoder, Frame, Place, Scratch, Site,
    escape::{CUT_MARK, Escaped, floor_char_boundary},
    grammar::Errors,
    site::push_name,
    structured_data::push_sequence_id,
    value::{self, LONGEST_NUMBER, Style, ignore, write_chain},
};
use crate::{Severity, record::Value};

/// Writes one record; made by [`Encoder::begin`].
///
/// Fields come first, then spans, then [`finish`](Writer::finish); the text may be given at any
/// time. The writer puts down every delimiter itself.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    encoder: &'a Encoder,
    scratch: &'a mut Scratch,
    severity: Severity,
    /// Where STRUCTURED-DATA that differs from message to message begins.
    start: usize,
    /// Fields end before this.
    fields_limit: usize,
    /// The whole frame, less what kept control characters will grow by on the server.
    max_frame: usize,
    /// Octets of the text that found no room in the buffer.
    text_cut: usize,
    omitted: u64,
    omitted_before_spans: u64,
    has_names: bool,
    is_in_fields: bool,
    is_in_value: bool,
    /// Where the first name of the fields stands.
    first_name: usize,
    /// Whether an error waits to be written apart from the fields.
    has_error: bool,
}

/// A record as octets, ready for the queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    pub(crate) severity: Severity,
    pub(crate) octets: &'a [u8],
}

impl Encoder {
    /// Begins a record of `site`, said now.
    #[inline]
    pub(crate) fn begin<'a>(&'a self, scratch: &'a mut Scratch, site: &Site) -> Writer<'a> {
        let frame = &mut scratch.frame;
        frame.clear();
        site.pri.push_to(frame);
        (self.grammar.time)(&mut scratch.clock, frame, SystemTime::now(), &self.settings.zone);
        frame.extend_from_slice(&site.lead);
        if self.grammar.sequence_id {
            push_sequence_id(frame, self.sequence.fetch_add(1, Relaxed));
        }
        let start = frame.len();
        if !site.body.is_empty() {
            frame.extend_from_slice(&site.body);
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
        scratch.learned.restart();
        let max_frame = self.settings.max_frame;
        Writer {
            encoder: self,
            severity: site.severity.unwrap_or(Severity::Informational),
            start,
            fields_limit: max_frame - max_frame / TEXT_SHARE,
            max_frame,
            text_cut: 0,
            omitted: 0,
            omitted_before_spans: 0,
            has_names: false,
            is_in_fields: false,
            is_in_value: false,
            first_name: 0,
            has_error: false,
            scratch,
        }
    }

    pub(super) fn style(&self) -> Style {
        let grammar = &self.grammar;
        Style { place: grammar.values, controls: self.settings.controls, typed: grammar.typed }
    }
}

impl<'a> Writer<'a> {
    /// Writes the field whose name stands at `index` in `site`.
    #[inline(always)]
    pub(crate) fn field(&mut self, site: &Site, index: usize, value: Value<'_>) {
        let Some(name) = site.names.get(index) else { return };
        if !name.has_value() && self.takes_apart(value) {
            return;
        }
        if self.opens_field(name.len()) {
            name.push_to(&mut self.scratch.frame);
            if !name.has_value() {
                self.push_value(value);
            }
        }
    }

    /// Writes a field with a name that is not known before.
    #[inline(always)]
    pub(crate) fn named_field(&mut self, name: &str, value: Value<'_>) {
        let is_error = matches!(value, Value::Error(_));
        if is_error && !self.encoder.settings.redact.hides(name) && self.takes_apart(value) {
            return;
        }
        if self.opens_field(name.len().min(LONGEST_NAME)) {
            let Scratch { frame, learned, .. } = &mut *self.scratch;
            let known = if self.has_names { None } else { learned.follow(self.encoder.id, name) };
            let has_value = match known {
                Some(known) => {
                    known.push_to(frame);
                    known.has_value()
                }
                None => self.push_new_name(name),
            };
            if !has_value {
                self.push_value(value);
            }
        }
    }

    /// Finds the name for a key that has not followed the keys before it yet; true if it brought
    /// its value along.
    #[cold]
    #[inline(never)]
    fn push_new_name(&mut self, key: &str) -> bool {
        let Scratch { frame, names, learned, .. } = &mut *self.scratch;
        let grammar = &self.encoder.grammar;
        if !std::mem::replace(&mut self.has_names, true) {
            names.restart(grammar.names, grammar.reserved);
            for key in learned.followed() {
                names.take(key);
            }
        }
        let mut name = Frame::default();
        push_name(&mut name, &grammar.name, names.take(key));
        let short = self.encoder.named(key, &mut name);
        short.push_to(frame);
        learned.learn(self.encoder.id, key, short);
        short.has_value()
    }

    /// The text of the record; what is given in several pieces is joined.
    #[inline]
    pub(crate) fn text(&mut self, text: fmt::Arguments<'_>) {
        let mut buffer = Capped {
            out: &mut self.scratch.text,
            limit: self.encoder.settings.max_frame,
            cut: &mut self.text_cut,
        };
        // The buffer takes all that is written to it; a `Display` that fails said what it could.
        let _ = match text.as_str() {
            Some(text) => buffer.write_str(text),
            None => buffer.write_fmt(text),
        };
    }

    /// Says of the spans around the record what the last record with this key said; false if
    /// that isn't known.
    #[inline]
    pub(crate) fn repeat_spans(&mut self, door: usize, key: &ContextKey) -> bool {
        let Some(context) = self.scratch.contexts.get(door) else { return false };
        if context.key.as_ref() != Some(key) {
            return false;
        }
        let length = context.octets.len();
        if length == 0 {
            return true;
        }
        let has_room = self.has_room(length + OMITTED);
        if has_room {
            self.close_fields();
            let Scratch { frame, contexts, .. } = &mut *self.scratch;
            frame.extend_from_slice(contexts.get(door).map_or(&[], |context| &context.octets));
        }
        has_room
    }

    /// Keeps for [`repeat_spans`](Writer::repeat_spans) what `say` says of the spans.
    pub(crate) fn keep_spans(&mut self, door: usize, key: ContextKey, say: impl FnOnce(&mut Self)) {
        self.close_fields();
        let (start, omitted) = (self.scratch.frame.len(), self.omitted);
        say(self);
        let Scratch { frame, contexts, .. } = &mut *self.scratch;
        let Some(context) = contexts.get_mut(door) else { return };
        context.key = (self.omitted == omitted).then_some(key);
        context.octets.clear();
        context.octets.extend_from_slice(frame.get(start..).unwrap_or_default());
    }

    /// The trace that the record belongs to, and the span of it (W3C Trace Context section 3.2.2).
    #[cfg(feature = "opentelemetry")]
    pub(crate) fn trace(&mut self, trace: [u8; 16], span: [u8; 8]) {
        self.close_fields();
        let grammar = &self.encoder.grammar;
        let (open, close) = (&grammar.trace.open, grammar.trace.close);
        let octets = open.len() + 32 + grammar.between_ids.len() + 16 + close.len();
        if !self.has_room(octets + OMITTED) {
            self.omitted += 1;
            return;
        }
        let frame = &mut self.scratch.frame;
        frame.extend_from_slice(open.as_bytes());
        push_hex(frame, &trace);
        frame.extend_from_slice(grammar.between_ids.as_bytes());
        push_hex(frame, &span);
        frame.extend_from_slice(close.as_bytes());
    }

    /// Begins what is said of the spans around the record, with their names; false if the
    /// frame has no room for it.
    pub(crate) fn begin_spans(&mut self, names: &[u8]) -> bool {
        self.close_fields();
        let grammar = &self.encoder.grammar;
        let around = grammar.spans.open.len() + grammar.spans.close.len() + OMITTED;
        let has_room = self.has_room(around + names.len());
        if has_room {
            self.scratch.frame.extend_from_slice(grammar.spans.open.as_bytes());
            self.scratch.frame.extend_from_slice(names);
            self.scratch.frame.extend_from_slice(grammar.spans.close.as_bytes());
        } else {
            self.omitted += 1;
        }
        self.omitted_before_spans = self.omitted;
        has_room
    }

    /// A field of a span, encoded when the span was created.
    #[inline]
    pub(crate) fn span_field(&mut self, encoded: &[u8]) {
        if self.has_room(encoded.len() + OMITTED) {
            self.scratch.frame.extend_from_slice(encoded);
        } else {
            self.omitted += 1;
        }
    }

    /// Ends what [`begin_spans`](Writer::begin_spans) began.
    pub(crate) fn end_spans(&mut self) {
        self.push_omitted(self.omitted - self.omitted_before_spans);
        self.scratch.frame.extend_from_slice(self.encoder.grammar.spans_end.as_bytes());
    }

    /// Whether this is the error of the record, where the format tells that apart from the fields.
    #[inline(always)]
    fn takes_apart(&mut self, value: Value<'_>) -> bool {
        match (value, self.encoder.grammar.errors) {
            (Value::Error(error), Errors::Apart { message, chain }) if !self.has_error => {
                self.keep_error(error, message, chain);
                true
            }
            _ => false,
        }
    }

    #[cold]
    fn keep_error(&mut self, error: &(dyn error::Error + 'static), message: &str, chain: &str) {
        let out = &mut self.scratch.error;
        let controls = self.encoder.settings.controls;
        let free = self.fields_limit.saturating_sub(self.scratch.frame.len());
        let around = message.len() + chain.len() + 2 * CUT_MARK + ERROR_END.len() + OMITTED;
        if free < around {
            self.omitted += 1;
            return;
        }
        let share = (free - around) / ERROR_SHARE;
        out.clear();
        let mut is_cut = false;
        for (open, with_causes) in [(message, false), (chain, true)] {
            out.extend_from_slice(open.as_bytes());
            let limit = out.len() + share;
            let mut text = Escaped::new(out, limit, Place::Json, controls);
            ignore(match with_causes {
                true => write_chain(&mut text, error, "\nCaused by: "),
                false => write!(text, "{error}"),
            });
            text.mark_cut(0);
            is_cut |= text.cut > 0;
        }
        out.extend_from_slice(ERROR_END);
        if is_cut {
            self.encoder.alterations.count_cut();
        }
        self.fields_limit -= out.len();
        self.has_error = true;
    }

    /// Puts right what a panic in a value's own formatting left behind, and says so.
    pub(crate) fn mend(&mut self) {
        if std::mem::take(&mut self.is_in_value) {
            self.scratch.frame.push(b'"');
        }
        self.encoder.alterations.panicked.fetch_add(1, Relaxed);
        self.text(format_args!("[a value panicked while it was being formatted]"));
    }

    /// Ends the record.
    #[inline]
    pub(crate) fn finish(mut self) -> Message<'a> {
        self.close_fields();
        if self.has_error {
            self.scratch.frame.extend_from_slice(&self.scratch.error);
        }
        let grammar = &self.encoder.grammar;
        let frame = &mut self.scratch.frame;
        if frame.len() == self.start && grammar.elements.is_empty() && !grammar.sequence_id {
            frame.extend_from_slice(grammar.nil.as_bytes());
        }
        let before_text = frame.len();
        if !self.scratch.text.is_empty() {
            self.push_text();
        }
        let frame = &mut self.scratch.frame;
        if !grammar.end.is_empty() {
            frame.extend_from_slice(grammar.end.as_bytes());
        }
        if grammar.text_first {
            if let Some(parts) = frame.get_mut(self.start..) {
                parts.rotate_left(before_text - self.start);
            }
        }
        if self.omitted > 0 {
            self.encoder.alterations.omitted.fetch_add(self.omitted, Relaxed);
        }
        Message { severity: self.severity, octets: &self.scratch.frame }
    }

    fn push_text(&mut self) {
        let grammar = &self.encoder.grammar;
        let closing = grammar.text.close.len() + grammar.end.len();
        let limit = self.max_frame.saturating_sub(closing);
        let (frame, text) = (&mut self.scratch.frame, self.scratch.text.as_str());
        self.encoder.text_open.push_to(frame);
        if grammar.bom && !text.is_ascii() {
            frame.extend_from_slice("\u{feff}".as_bytes());
        }
        let start = frame.len();
        let controls = self.encoder.settings.controls;
        let mut escaped = Escaped::new(frame, limit, grammar.text_place, controls);
        if self.text_cut == 0 {
            escaped.push(text);
        }
        if self.text_cut + escaped.cut > 0 {
            escaped.out.truncate(start);
            let limit = limit.saturating_sub(CUT_MARK);
            escaped = Escaped::new(frame, limit, grammar.text_place, controls);
            escaped.push(text);
            escaped.mark_cut(self.text_cut);
            self.encoder.alterations.count_cut();
        }
        if !grammar.text.close.is_empty() {
            frame.extend_from_slice(grammar.text.close.as_bytes());
        }
    }

    #[inline(always)]
    fn push_value(&mut self, value: Value<'_>) {
        self.is_in_value = value.may_panic();
        // A long value leaves room for the fields behind it: nobody may push them out.
        let left = self.fields_limit.saturating_sub(self.scratch.frame.len());
        let reserve = CUT_MARK + OMITTED + left / VALUES_SHARE;
        let limit = self.fields_limit.saturating_sub(reserve);
        let pushed = value::push(&mut self.scratch.frame, value, limit, self.encoder.style());
        self.fields_limit = self.fields_limit.saturating_sub(pushed.growth);
        self.max_frame = self.max_frame.saturating_sub(pushed.growth);
        if pushed.is_cut {
            self.encoder.alterations.count_cut();
        }
        if value.may_panic() {
            self.is_in_value = false;
        }
    }

    /// Whether a field with a name of that length has room; opens the element for the first one.
    #[inline]
    fn opens_field(&mut self, name: usize) -> bool {
        let has_room = self.has_room(name + self.encoder.field_reserve);
        if !has_room {
            self.omitted += 1;
        } else if !self.is_in_fields {
            self.is_in_fields = true;
            self.encoder.fields_open.push_to(&mut self.scratch.frame);
            self.first_name = self.scratch.frame.len();
        }
        has_room
    }

    #[inline]
    fn has_room(&self, octets: usize) -> bool {
        self.scratch.frame.len() + octets <= self.fields_limit
    }

    #[inline]
    fn close_fields(&mut self) {
        if std::mem::take(&mut self.is_in_fields) {
            self.push_omitted(self.omitted);
            if self.encoder.grammar.first_name_opens_with_blank {
                if let Some(octet) = self.scratch.frame.get_mut(self.first_name) {
                    *octet = b' ';
                }
            }
            self.encoder.fields_close.push_to(&mut self.scratch.frame);
        }
    }

    /// Tells the reader of the record how many fields had no room in it.
    fn push_omitted(&mut self, fields: u64) {
        if fields > 0 {
            let grammar = &self.encoder.grammar;
            push_name(&mut self.scratch.frame, &grammar.name, b"omitted");
            let style = self.encoder.style();
            value::push(&mut self.scratch.frame, Value::U64(fields), usize::MAX, style);
        }
    }
}

#[cfg(feature = "opentelemetry")]
fn push_hex(out: &mut Frame, octets: &[u8]) {
    let digit =
        |value: u8| b"0123456789abcdef".get(usize::from(value)).copied().unwrap_or_default();
    out.extend(octets.iter().flat_map(|octet| [digit(octet >> 4), digit(octet & 15)]));
}

/// Takes a text up to a limit and counts the rest, so that 100 MB of it cost no memory.
struct Capped<'a> {
    out: &'a mut String,
    limit: usize,
    cut: &'a mut usize,
}

impl fmt::Write for Capped<'_> {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.limit.saturating_sub(self.out.len());
        if text.len() <= room && *self.cut == 0 {
            self.out.push_str(text);
        } else {
            let fits = if *self.cut == 0 { floor_char_boundary(text, room) } else { 0 };
            self.out.push_str(text.get(..fits).unwrap_or_default());
            *self.cut += text.len() - fits;
        }
        Ok(())
    }
}

/// The text has at least one part in so many of a frame, however long the fields are.
const TEXT_SHARE: usize = 4;
/// One part in so many of what a frame has left for fields is for those behind a long value.
const VALUES_SHARE: usize = 4;
/// Octets that the number of omitted fields takes, with the end of its element.
const OMITTED: usize = 34;
/// Octets that a field may take beside the opening of its element, its name, and a text in it.
pub(super) const FIELD_RESERVE: usize = LONGEST_NUMBER + CUT_MARK + OMITTED;
const LONGEST_NAME: usize = 32;
/// What an error says, and that again with its causes, take so many parts of the room at most.
const ERROR_SHARE: usize = 4;
const ERROR_END: &[u8] = b"\"}";
