//! How is it written what a record happened in: its spans, and its trace?

#[cfg(feature = "opentelemetry")]
use super::MessageBuf;
use super::{ContextKey, Scratch, Writer, writer::OMITTED};

impl Writer<'_> {
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
        let layout = &self.encoder.layout;
        let (open, close) = (&layout.trace.open, layout.trace.close);
        let octets = open.len() + 32 + layout.between_ids.len() + 16 + close.len();
        if !self.has_room(octets + OMITTED) {
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

    /// Begins what is said of the spans around the record, with their names; false if the
    /// frame has no room for it.
    pub(crate) fn begin_spans(&mut self, names: &[u8]) -> bool {
        self.close_fields();
        let layout = &self.encoder.layout;
        let around = layout.spans.open.len() + layout.spans.close.len() + OMITTED;
        let has_room = self.has_room(around + names.len());
        if has_room {
            self.scratch.frame.extend_from_slice(layout.spans.open.as_bytes());
            self.scratch.frame.extend_from_slice(names);
            self.scratch.frame.extend_from_slice(layout.spans.close.as_bytes());
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
        self.scratch.frame.extend_from_slice(self.encoder.layout.spans_end.as_bytes());
    }
}

#[cfg(feature = "opentelemetry")]
fn push_hex(out: &mut MessageBuf, octets: &[u8]) {
    let digit =
        |value: u8| b"0123456789abcdef".get(usize::from(value)).copied().unwrap_or_default();
    out.extend(octets.iter().flat_map(|octet| [digit(octet >> 4), digit(octet & 15)]));
}
