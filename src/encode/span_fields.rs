//! How are a span's name and fields written, once, for all the records inside it?

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::Ordering::Relaxed,
};

use super::{Encoder, MessageBuf, escape::Escaped, inline_bytes::InlineBytes, value};
use crate::record::Value;

impl Encoder {
    /// The names of the spans down to this one, separated by colons.
    pub(crate) fn span_names(&self, parent: Option<&[u8]>, name: &str) -> Vec<u8> {
        let mut names = MessageBuf::default();
        if let Some(parent) = parent {
            names.extend_from_slice(parent);
            names.extend_from_slice(self.layout.between_spans.as_bytes());
        }
        let limit = self.settings.max_message_size / NAMES_SHARE;
        let room = limit.max(names.len());
        Escaped::new(&mut names, room, self.layout.values, self.settings.controls).push(name);
        names.to_vec()
    }

    /// One field of a span, its name with the delimiters as [`Encoder::span_field_names`] gives it.
    pub(crate) fn span_field(&self, name: &InlineBytes, value: Value<'_>) -> Vec<u8> {
        let mut field = MessageBuf::default();
        name.push_to(&mut field);
        if name.has_value() {
            return field.to_vec();
        }
        let limit = field.len() + self.settings.max_message_size / VALUE_SHARE;
        // A value's own formatting may panic: that must not take the span with it, nor the call.
        let push = || value::push(&mut field, value, limit, self.style());
        match catch_unwind(AssertUnwindSafe(push)) {
            Ok(pushed) if pushed.is_cut => self.counters.count_cut(),
            Ok(_) => {}
            Err(_) => {
                value::end_panicked(&mut field, self.style());
                self.counters.panicked.fetch_add(1, Relaxed);
            }
        }
        field.to_vec()
    }
}

/// The names of all spans take at most one part in so many of a frame.
const NAMES_SHARE: usize = 8;
/// A value takes at most one part in so many of a frame.
const VALUE_SHARE: usize = 4;
