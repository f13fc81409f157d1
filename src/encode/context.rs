//! Writing of a record's spans and trace ids.

#[cfg(feature = "opentelemetry")]
use super::MessageBuf;
use super::{
    ContextKey, Scratch, SpanFields, SpanPrefix, Writer,
    escape::{CUT_MARK, Escaped},
    field_names::Names,
    span_fields::NAMES_SHARE,
    writer::OMITTED,
};

/// The spans of a record during the walk from the innermost outwards.
#[derive(Debug, Default)]
pub(super) struct Spans {
    names: Names,
    path: Pieces,
    /// Bytes of span names that a record has no room for.
    path_cut: usize,
    fields: Pieces,
    omitted: u64,
    is_cut: bool,
}

/// Bytes, and the end of each piece of them.
#[derive(Debug, Default)]
struct Pieces {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Pieces {
    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    fn push(&mut self, parts: &[&[u8]]) {
        parts.iter().for_each(|part| self.bytes.extend_from_slice(part));
        self.ends.push(self.bytes.len());
    }

    fn get(&self, at: usize) -> Option<&[u8]> {
        let start = at.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.bytes.get(start..*self.ends.get(at)?)
    }
}

impl Writer<'_> {
    /// Repeats the spans of the previous record if its key is the same; false if it is not.
    #[inline]
    pub(crate) fn repeat_spans(&mut self, key: &ContextKey) -> bool {
        let context = &self.scratch.context;
        if context.key.as_ref() != Some(key) {
            return false;
        }
        if context.bytes.is_empty() {
            return true;
        }
        let has_room = self.has_room(context.bytes.len() + OMITTED);
        if has_room {
            if context.is_cut {
                self.encoder.counters.count_cut();
            }
            self.close_fields();
            let Scratch { frame, context, .. } = &mut *self.scratch;
            self.spans_at = frame.len() + context.spans_from..frame.len() + context.bytes.len();
            frame.extend_from_slice(&context.bytes);
        }
        has_room
    }

    /// Writes the spans with `say`, and keeps them for [`repeat_spans`](Writer::repeat_spans).
    pub(crate) fn keep_spans(&mut self, key: ContextKey, say: impl FnOnce(&mut Self)) {
        self.close_fields();
        let (start, omitted) = (self.scratch.frame.len(), self.omitted);
        self.scratch.spans.is_cut = false;
        say(self);
        let spans_from = self.spans_at.start.saturating_sub(start);
        let Scratch { frame, context, spans, .. } = &mut *self.scratch;
        context.key = (self.omitted == omitted).then_some(key);
        context.bytes.clear();
        context.bytes.extend_from_slice(frame.get(start..).unwrap_or_default());
        context.is_cut = spans.is_cut;
        context.spans_from = spans_from;
    }

    /// Writes the ids of the record's trace and of its span (W3C Trace Context section 3.2.2).
    #[cfg(feature = "opentelemetry")]
    pub(crate) fn trace(&mut self, trace: [u8; 16], span: [u8; 8]) {
        self.close_fields();
        let layout = &self.encoder.layout;
        let (open, close) = (&layout.trace.open, layout.trace.close);
        let bytes = open.len() + 32 + layout.between_ids.len() + 16 + close.len();
        if !self.has_room(bytes + OMITTED) {
            self.omitted += 1;
            return;
        }
        let frame = &mut self.scratch.frame;
        frame.extend_from_slice(open.as_bytes());
        push_hex(frame, &trace);
        frame.extend_from_slice(layout.between_ids.as_bytes());
        push_hex(frame, &span);
        frame.extend_from_slice(close.as_bytes());
    }

    /// Begins the spans of the record.
    pub(crate) fn begin_spans(&mut self) {
        let spans = &mut self.scratch.spans;
        spans.path.clear();
        spans.fields.clear();
        (spans.path_cut, spans.omitted, spans.is_cut) = (0, 0, false);
        spans.names.restart(&self.encoder.reserved_in_spans);
    }

    /// Adds the next span outwards. A name that an inner span has taken gets a number: searching by
    /// the name alone finds the innermost value.
    pub(crate) fn add_span(&mut self, prefix: &SpanPrefix, fields: &SpanFields) {
        let Spans { names, path, path_cut, fields: written, omitted, is_cut } =
            &mut self.scratch.spans;
        *is_cut |= prefix.is_cut;
        if path.bytes.is_empty() || path.bytes.len() < self.max_message_size / NAMES_SHARE {
            path.push(&[&prefix.name]);
        } else {
            *path_cut += prefix.name.len();
        }
        let open = &self.encoder.layout.name.open;
        for (index, bytes) in fields.iter() {
            let Some(field) = prefix.field(index) else { continue };
            if written.bytes.len() >= self.max_message_size {
                *omitted += 1;
            } else if names.claim(field.hash) {
                written.push(&[bytes]);
            } else {
                let value = bytes.get(open.len() + field.name.len()..).unwrap_or_default();
                written.push(&[open.as_bytes(), names.number(&field.name), value]);
            }
        }
    }

    /// Writes the added spans, as far as the frame has room for them.
    pub(crate) fn end_spans(&mut self) {
        self.close_fields();
        let Scratch { frame, spans, .. } = &mut *self.scratch;
        let layout = &self.encoder.layout;
        let between = layout.between_spans.len();
        // The names of the innermost spans matter most.
        let (mut cut, mut shown, mut bytes) = (spans.path_cut, 0, 0);
        let limit = self.max_message_size / NAMES_SHARE;
        let whole = spans.path.bytes.len() + between * spans.path.ends.len().saturating_sub(1);
        let limit = if whole + cut > limit { limit.saturating_sub(CUT_MARK) } else { limit };
        for at in 0..spans.path.ends.len() {
            let name = spans.path.get(at).unwrap_or_default().len();
            if cut == spans.path_cut && (at == 0 || bytes + between + name <= limit) {
                (shown, bytes) = (at + 1, bytes + name + if at == 0 { 0 } else { between });
            } else {
                cut += name;
            }
        }
        let mark = if cut > 0 { CUT_MARK + between } else { 0 };
        let around = layout.spans.open.len() + layout.spans.close.len() + OMITTED;
        if frame.len() + around + mark + bytes > self.fields_limit {
            self.omitted += 1;
            return;
        }
        self.spans_at.start = frame.len();
        frame.extend_from_slice(layout.spans.open.as_bytes());
        if cut > 0 {
            spans.is_cut = true;
            Escaped::new(frame, usize::MAX, layout.values, self.encoder.settings.controls)
                .mark_cut(cut);
            frame.extend_from_slice(layout.between_spans.as_bytes());
        }
        for at in (0..shown).rev() {
            frame.extend_from_slice(spans.path.get(at).unwrap_or_default());
            if at > 0 {
                frame.extend_from_slice(layout.between_spans.as_bytes());
            }
        }
        frame.extend_from_slice(layout.spans.close.as_bytes());
        if spans.is_cut {
            self.encoder.counters.count_cut();
        }
        let mut omitted = spans.omitted;
        for at in 0..spans.fields.ends.len() {
            let field = spans.fields.get(at).unwrap_or_default();
            if frame.len() + field.len() + OMITTED <= self.fields_limit {
                frame.extend_from_slice(field);
            } else {
                omitted += 1;
            }
        }
        self.omitted += omitted;
        self.push_omitted(omitted);
        self.scratch.frame.extend_from_slice(layout.spans_end.as_bytes());
        self.spans_at.end = self.scratch.frame.len();
    }
}

#[cfg(feature = "opentelemetry")]
fn push_hex(out: &mut MessageBuf, bytes: &[u8]) {
    let digit =
        |value: u8| b"0123456789abcdef".get(usize::from(value)).copied().unwrap_or_default();
    out.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
}
