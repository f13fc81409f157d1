//! What do the spans around an event say?

use std::{
    cell::Cell,
    sync::atomic::{
        AtomicU64,
        Ordering::{Acquire, Relaxed, Release},
    },
};

use tracing_core::field::Visit;
use tracing_subscriber::registry::{LookupSpan, Scope, SpanRef};

use super::{Pipeline, visit::FnVisitor};
use crate::{
    encode::{ContextKey, InlineBytes, Writer},
    record::Value,
    reentrancy::enter,
};

/// What this crate keeps with a span: one part for each handle whose layer sees it.
struct Parts(Vec<Part>);

/// A span as one encoder writes it.
struct Part {
    encoder: u64,
    /// The names of the spans down to this one.
    names: Vec<u8>,
    /// The name of each field with its delimiters.
    field_names: Vec<InlineBytes>,
    /// The fields that have a value, by their place in the callsite.
    fields: Vec<(usize, Vec<u8>)>,
}

impl Part {
    fn visit(&mut self, pipeline: &Pipeline, values: impl FnOnce(&mut dyn Visit)) {
        let Part { field_names, fields, .. } = self;
        values(&mut FnVisitor(|field: &tracing_core::Field, value: Value<'_>| {
            let Some(name) = field_names.get(field.index()) else { return };
            let encoded = pipeline.encoder.span_field(name, value);
            match fields.iter_mut().find(|(index, _)| *index == field.index()) {
                Some((_, before)) => *before = encoded,
                None => fields.push((field.index(), encoded)),
            }
        }));
    }
}

/// Encodes the fields of a new span, once for all the events inside it.
pub(super) fn begin<'a, S: LookupSpan<'a>>(
    pipeline: &Pipeline,
    span: &SpanRef<'a, S>,
    values: impl FnOnce(&mut dyn Visit),
) {
    let Ok(_entry) = enter() else { return };
    let encoder = pipeline.encoder.id();
    let parent_names = span.parent().and_then(|parent| {
        let extensions = parent.extensions();
        Some(extensions.get::<Parts>()?.of(encoder)?.names.clone())
    });
    // Taken in the order from the root, an outer span's name is never changed by an inner one.
    let outer = span.scope().from_root().flat_map(|span| span.metadata().fields().iter());
    let mut field_names = pipeline.encoder.span_field_names(outer.map(|field| field.name()));
    let own = field_names.len().saturating_sub(span.metadata().fields().len());
    let mut part = Part {
        encoder,
        names: pipeline.encoder.span_names(parent_names.as_deref(), span.name()),
        field_names: field_names.split_off(own),
        fields: Vec::new(),
    };
    part.visit(pipeline, values);
    let mut extensions = span.extensions_mut();
    match extensions.get_mut::<Parts>() {
        Some(parts) => parts.0.push(part),
        None => extensions.insert(Parts(vec![part])),
    }
}

/// Encodes what was recorded for a span later.
pub(super) fn record<'a, S: LookupSpan<'a>>(
    pipeline: &Pipeline,
    span: &SpanRef<'a, S>,
    values: impl FnOnce(&mut dyn Visit),
) {
    let Ok(_entry) = enter() else { return };
    // A value may log while it is formatted, and that event looks at its spans: the span must
    // not be locked meanwhile.
    let encoder = pipeline.encoder.id();
    let Some(mut part) = span.extensions_mut().get_mut::<Parts>().and_then(|p| p.take(encoder))
    else {
        return;
    };
    part.visit(pipeline, values);
    if let Some(parts) = span.extensions_mut().get_mut::<Parts>() {
        parts.0.push(part);
    }
    // After the change: whoever still reads the old number looks again at the next record.
    pipeline.span_changes.fetch_add(1, Release);
}

thread_local! {
    /// How often this thread has entered or left a span.
    static MOVES: Cell<u64> = const { Cell::new(0) };
}

/// Notes that this thread has entered or left a span.
#[inline]
pub(super) fn bump_epoch() {
    MOVES.set(MOVES.get() + 1);
}

/// A number that no other subscriber's layer has.
pub(super) fn new_stack() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Relaxed)
}

/// Has `say` write the spans that this thread is in, as the subscriber `stack` knows them. They are looked
/// up only where something may have changed: walking the registry costs more than all the rest.
#[inline]
pub(super) fn write_current(
    pipeline: &Pipeline,
    writer: &mut Writer<'_>,
    door: Source,
    stack: u64,
    say: impl FnOnce(&mut Writer<'_>),
) {
    let changes = pipeline.span_changes.load(Acquire);
    let key: ContextKey = [pipeline.encoder.id(), stack, MOVES.get(), changes];
    let door = door as usize;
    if !writer.repeat_spans(door, &key) {
        writer.keep_spans(door, key, say);
    }
}

/// Through which door a record came.
#[derive(Clone, Copy)]
pub(super) enum Source {
    Tracing = 0,
    #[cfg(feature = "log")]
    Log = 1,
}

/// Writes the spans of a record, the innermost first.
pub(super) fn write<'a, S: LookupSpan<'a>>(
    pipeline: &Pipeline,
    writer: &mut Writer<'_>,
    scope: Option<Scope<'a, S>>,
) {
    let encoder = pipeline.encoder.id();
    let mut has_begun = false;
    for span in scope.into_iter().flatten() {
        let extensions = span.extensions();
        let Some(part) = extensions.get::<Parts>().and_then(|parts| parts.of(encoder)) else {
            continue;
        };
        if !has_begun && !writer.begin_spans(&part.names) {
            return;
        }
        has_begun = true;
        for (_, encoded) in &part.fields {
            writer.span_field(encoded);
        }
    }
    if has_begun {
        writer.end_spans();
    }
}

impl Parts {
    fn of(&self, encoder: u64) -> Option<&Part> {
        self.0.iter().find(|part| part.encoder == encoder)
    }

    fn take(&mut self, encoder: u64) -> Option<Part> {
        let at = self.0.iter().position(|part| part.encoder == encoder)?;
        Some(self.0.swap_remove(at))
    }
}
