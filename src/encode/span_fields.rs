//! The name and fields of a span, encoded once for all records in it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::Ordering::Relaxed,
};

use super::{
    Encoder, MessageBuf,
    escape::{CUT_MARK, Escaped},
    field_names::hash_of,
    inline_bytes::InlineBytes,
    value,
};
use crate::record::Value;

/// The constant parts of all spans of one callsite.
#[derive(Debug)]
pub(crate) struct SpanPrefix {
    pub(super) name: Vec<u8>,
    pub(super) is_cut: bool,
    fields: Vec<Field>,
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: Vec<u8>,
    pub(super) hash: u64,
    delimited: InlineBytes,
}

impl SpanPrefix {
    pub(super) fn field(&self, index: usize) -> Option<&Field> {
        self.fields.get(index)
    }
}

/// The fields of a span that have a value: for each its index in the callsite, its length, and its
/// encoded bytes.
#[derive(Debug)]
pub(crate) struct SpanFields(Vec<u8>);

impl SpanFields {
    /// The fields written with [`Encoder::push_span_field`].
    pub(crate) fn new(written: &[u8]) -> Self {
        SpanFields(written.to_vec())
    }

    /// Replaces fields by later ones, and appends new ones.
    pub(crate) fn merge(&mut self, written: &[u8]) {
        for (index, whole) in Entries(written) {
            let mut at = 0;
            let mut found = 0..0;
            for (other, bytes) in Entries(&self.0) {
                if other == index {
                    found = at..at + bytes.len();
                    break;
                }
                at += bytes.len();
            }
            match found.is_empty() {
                true => self.0.extend_from_slice(whole),
                false => drop(self.0.splice(found, whole.iter().copied())),
            }
        }
    }

    /// Each field's index in the callsite and its bytes.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &[u8])> {
        Entries(&self.0).map(|(index, whole)| (index, whole.get(HEAD..).unwrap_or_default()))
    }
}

/// Iterates over entries, each with its header.
struct Entries<'a>(&'a [u8]);

impl<'a> Iterator for Entries<'a> {
    type Item = (usize, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let [a, b, c, d, low, high] = *self.0.first_chunk::<HEAD>()?;
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        let (whole, rest) = self.0.split_at_checked(HEAD + length)?;
        self.0 = rest;
        Some((usize::from(u16::from_le_bytes([low, high])), whole))
    }
}

impl Encoder {
    /// The constant parts of spans with this name and these fields.
    pub(crate) fn span_prefix<'a>(
        &self,
        name: &str,
        fields: impl Iterator<Item = &'a str>,
    ) -> SpanPrefix {
        let mut out = MessageBuf::default();
        let limit = (self.settings.max_message_size / NAMES_SHARE).saturating_sub(CUT_MARK);
        let mut escaped = Escaped::new(&mut out, limit, self.layout.values, self.settings.controls);
        escaped.push(name);
        escaped.mark_cut(0);
        let is_cut = escaped.cut > 0;
        let fields: Vec<Field> = self
            .names(&self.reserved_in_spans, fields)
            .map(|(name, delimited)| Field { hash: hash_of(&name), name, delimited })
            .collect();
        SpanPrefix { name: out.to_vec(), is_cut, fields }
    }

    /// Writes the field of a span with this index in its callsite.
    #[inline(always)]
    pub(crate) fn push_span_field(
        &self,
        out: &mut MessageBuf,
        prefix: &SpanPrefix,
        index: usize,
        value: Value<'_>,
    ) {
        let Some(field) = prefix.fields.get(index) else { return };
        let start = out.len();
        out.extend_from_slice(&[0; HEAD]);
        field.delimited.push_to(out);
        if !field.delimited.has_value() {
            self.push_span_value(out, value);
        }
        let length = out.len() - start - HEAD;
        let [a, b, c, d] = (length as u32).to_le_bytes();
        let [low, high] = (index as u16).to_le_bytes();
        if let Some(head) = out.get_mut(start..start + HEAD) {
            head.copy_from_slice(&[a, b, c, d, low, high]);
        }
    }

    #[inline(always)]
    fn push_span_value(&self, out: &mut MessageBuf, value: Value<'_>) {
        let limit = out.len() + self.settings.max_message_size / VALUE_SHARE;
        let mut push = || value::push(out, value, limit, self.style()).is_cut;
        // Formatting a value may panic, which must not take the span with it, nor the call.
        let is_cut = match value.may_panic() {
            true => catch_unwind(AssertUnwindSafe(push)),
            false => Ok(push()),
        };
        match is_cut {
            Ok(true) => self.counters.count_cut(),
            Ok(false) => {}
            Err(_) => {
                value::end_panicked(out, self.style());
                self.counters.panicked.fetch_add(1, Relaxed);
            }
        }
    }
}

/// Bytes before each field: its length, and its index in the callsite.
const HEAD: usize = 6;
/// The names of all spans take at most this fraction of a frame, as one part in so many.
pub(super) const NAMES_SHARE: usize = 8;
/// The same for one value.
const VALUE_SHARE: usize = 4;
