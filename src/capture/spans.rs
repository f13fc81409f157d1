//! The spans around an event, whose encoded fields are stored with the spans.
//!
//! A value is encoded before its span is locked, since it may log while it is formatted, and other
//! threads record into the span and read it meanwhile.

use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{
            AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
};

use tracing_core::{Field, dispatcher, field::Visit};
use tracing_subscriber::registry::{LookupSpan, Registry, Scope, SpanRef};

use super::{Pipeline, callsite_cache::with_scratch, visit::FnVisitor};
use crate::{
    encode::{ContextKey, SpanFields, SpanPrefix, Writer},
    record::Value,
    reentrancy::enter,
};

/// What this crate stores with a span: one part for each handle whose layer sees it.
struct Parts {
    first: Part,
    others: Vec<Part>,
}

/// A span as encoded by one encoder.
struct Part {
    encoder: u64,
    prefix: Arc<SpanPrefix>,
    fields: SpanFields,
}

impl Parts {
    fn of(&self, encoder: u64) -> Option<&Part> {
        if self.first.encoder == encoder {
            return Some(&self.first);
        }
        self.others.iter().find(|part| part.encoder == encoder)
    }

    fn of_mut(&mut self, encoder: u64) -> Option<&mut Part> {
        if self.first.encoder == encoder {
            return Some(&mut self.first);
        }
        self.others.iter_mut().find(|part| part.encoder == encoder)
    }
}

/// Encodes the fields of a new span, once for all events in it.
pub(super) fn begin<'a, S: LookupSpan<'a>>(
    pipeline: &Pipeline,
    span: &SpanRef<'a, S>,
    values: impl FnOnce(&mut dyn Visit),
) {
    let add = |prefix: &Arc<SpanPrefix>, fields| {
        let part = Part { encoder: pipeline.encoder.id(), prefix: Arc::clone(prefix), fields };
        let mut extensions = span.extensions_mut();
        match extensions.get_mut::<Parts>() {
            Some(parts) => parts.others.push(part),
            None => extensions.insert(Parts { first: part, others: Vec::new() }),
        }
    };
    with_fields(pipeline, span, values, |prefix, written| add(prefix, SpanFields::new(written)));
}

/// Encodes fields that are recorded later.
pub(super) fn record<'a, S: LookupSpan<'a>>(
    pipeline: &Pipeline,
    span: &SpanRef<'a, S>,
    values: impl FnOnce(&mut dyn Visit),
) {
    with_fields(pipeline, span, values, |_, written| {
        let mut extensions = span.extensions_mut();
        let parts = extensions.get_mut::<Parts>();
        if let Some(part) = parts.and_then(|parts| parts.of_mut(pipeline.encoder.id())) {
            part.fields.merge(written);
        }
    });
    // After the change: a thread that still reads the old number checks again at the next record.
    pipeline.span_changes.fetch_add(1, Release);
}

/// Encodes `values` in this thread's buffer and passes them on.
fn with_fields<'a, S: LookupSpan<'a>>(
    pipeline: &Pipeline,
    span: &SpanRef<'a, S>,
    values: impl FnOnce(&mut dyn Visit),
    then: impl FnOnce(&Arc<SpanPrefix>, &[u8]),
) {
    let Ok(_entry) = enter() else { return };
    with_scratch(|cache| {
        let Some((scratch, prefix)) = cache.span_parts(pipeline, span.metadata()) else { return };
        let buffer = scratch.buffer();
        values(&mut FnVisitor(|field: &Field, value: Value<'_>| {
            pipeline.encoder.push_span_field(buffer, prefix, field.index(), value);
        }));
        then(prefix, buffer);
    });
}

thread_local! {
    /// How often this thread has entered or left a span.
    static MOVES: Cell<u64> = const { Cell::new(0) };
}

/// Counts that this thread has entered or left a span.
#[inline]
pub(super) fn bump_epoch() {
    MOVES.set(MOVES.get() + 1);
}

/// A number that no other subscriber's layer has.
pub(super) fn new_stack() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Relaxed)
}

/// Has `say` write the spans around `span`, as the subscriber `stack` knows them, unless they are
/// the same as in the previous record.
///
/// The key has everything they depend on. Span ids are reused, and moves are noted only while the
/// layer is installed, so neither suffices alone.
#[inline]
pub(super) fn write_current<'a, S: LookupSpan<'a>>(
    pipeline: &Pipeline,
    writer: &mut Writer<'_>,
    stack: u64,
    span: &SpanRef<'a, S>,
    say: impl FnOnce(&mut Writer<'_>),
) {
    let changes = pipeline.span_changes.load(Acquire);
    let id = span.id().into_u64();
    let key: ContextKey = [pipeline.encoder.id(), stack, id, MOVES.get(), changes];
    if !writer.repeat_spans(&key) {
        writer.keep_spans(key, say);
    }
}

/// Writes the spans that this thread is in, for a record that did not come through a layer. Nothing
/// is cached: only the registry knows which spans those are.
pub(super) fn write_current_spans(pipeline: &Pipeline, writer: &mut Writer<'_>) {
    dispatcher::get_default(|dispatch| {
        let Some(registry) = dispatch.downcast_ref::<Registry>() else { return };
        let current = dispatch.current_span();
        let Some(span) = current.id().and_then(|id| registry.span(id)) else { return };
        #[cfg(feature = "opentelemetry")]
        super::otel::write(writer, dispatch, Some(span.scope()));
        write(pipeline, writer, Some(span.scope()));
    });
}

/// Writes the spans of a record, innermost first.
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
        if !std::mem::replace(&mut has_begun, true) {
            writer.begin_spans();
        }
        writer.add_span(&part.prefix, &part.fields);
    }
    if has_begun {
        writer.end_spans();
    }
}
