//! The `tracing` layer.

use std::{
    error, fmt,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use tracing_core::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::Interest,
};
use tracing_log::{AsTrace, NormalizeEvent};
use tracing_subscriber::{
    filter::LevelFilter,
    layer::Context,
    registry::{LookupSpan, SpanRef},
};

use super::{LiveFilter, Pipeline, callsite_cache::Callsite, echo, spans, visit::FnVisitor};
use crate::{
    encode::{CallsitePrefix, Writer},
    record::{Level, Origin, Value},
};

/// A `tracing_subscriber::Layer` that ships everything that reaches it.
///
/// [`Handle::layer`](crate::Handle::layer) obeys the filter; this one, from
/// [`Handle::unfiltered_layer`](crate::Handle::unfiltered_layer), takes a filter of the program's
/// own:
///
/// ```no_run
/// use tracing_subscriber::{Layer, filter::LevelFilter, prelude::*};
///
/// let syslog = logship::builder("app-tag").build()?;
/// tracing_subscriber::registry()
///     .with(syslog.unfiltered_layer().with_filter(LevelFilter::INFO))
///     .with(tracing_subscriber::fmt::layer())
///     .init();
/// let _guard = syslog.guard();
/// # Ok::<(), logship::Error>(())
/// ```
#[derive(Debug)]
pub struct Layer {
    pipeline: Arc<Pipeline>,
    filter: Option<Arc<LiveFilter>>,
    /// Distinguishes this subscriber's spans from those of another.
    stack: u64,
    #[cfg(feature = "opentelemetry")]
    whole: super::otel::WeakSubscriber,
}

impl Layer {
    pub(crate) fn new(pipeline: Arc<Pipeline>, filter: Option<Arc<LiveFilter>>) -> Self {
        pipeline.has_layer.store(true, Relaxed);
        Layer {
            pipeline,
            filter,
            stack: spans::new_stack(),
            #[cfg(feature = "opentelemetry")]
            whole: super::otel::WeakSubscriber::default(),
        }
    }

    fn write_spans<'a, S: LookupSpan<'a>>(
        &self,
        writer: &mut Writer<'_>,
        span: Option<&SpanRef<'a, S>>,
    ) {
        #[cfg(feature = "opentelemetry")]
        if let Some(whole) = self.whole.get() {
            super::otel::write(writer, &whole, span.map(SpanRef::scope));
        }
        spans::write(&self.pipeline, writer, span.map(SpanRef::scope));
    }

    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        match &self.filter {
            Some(filter) => filter.wants(level(metadata.level()), metadata.target()),
            None => true,
        }
    }

    fn origin<'a>(&self, metadata: &Metadata<'a>) -> Origin<'a> {
        let level = level(metadata.level());
        Origin {
            severity: self.pipeline.encoder.severities().of(level),
            level,
            target: metadata.target(),
            file: metadata.file(),
            line: metadata.line(),
        }
    }
}

/// A clone may go into another subscriber, whose spans have the same ids.
impl Clone for Layer {
    fn clone(&self) -> Self {
        Layer::new(Arc::clone(&self.pipeline), self.filter.clone())
    }
}

impl<S> tracing_subscriber::Layer<S> for Layer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    #[cfg(feature = "opentelemetry")]
    fn on_register_dispatch(&self, whole: &tracing_core::Dispatch) {
        self.whole.note(whole);
    }

    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.wants(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.wants(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        self.filter.as_ref().map(|filter| filter.max_level().as_trace())
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            spans::begin(&self.pipeline, &span, |visit| attributes.record(visit));
            echo::note(span.metadata(), self.pipeline.encoder.id());
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            spans::record(&self.pipeline, &span, |visit| values.record(visit));
            echo::note(span.metadata(), self.pipeline.encoder.id());
        }
    }

    fn on_enter(&self, _: &Id, _: Context<'_, S>) {
        spans::bump_epoch();
    }

    fn on_exit(&self, _: &Id, _: Context<'_, S>) {
        spans::bump_epoch();
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        // Events that were `log` records share one callsite and carry their own metadata. Comparing
        // the target, a constant, is cheaper than asking for it.
        let is_suspect = metadata.target() == BRIDGE;
        let bridged = is_suspect.then(|| event.normalized_metadata()).flatten();
        #[cfg(feature = "log")]
        if is_suspect && super::forward::is_forwarded() {
            return;
        }
        if let Some(record) = &bridged {
            let encoder = self.pipeline.encoder.id();
            if echo::is_echo(record.target(), record.file(), record.line(), encoder) {
                return;
            }
        }
        let origin = || self.origin(bridged.as_ref().unwrap_or(metadata));
        let callsite = bridged.is_none().then_some(Callsite { metadata });
        self.pipeline.submit(origin, callsite, |writer, site| {
            match callsite {
                Some(_) => event.record(&mut Fields { writer, site }),
                // `log.target` and the like are not fields but the metadata seen above.
                None => event.record(&mut FnVisitor(|field: &Field, value: Value<'_>| match field
                    .name()
                {
                    "message" => write_text(writer, value),
                    name if name.starts_with("log.") => {}
                    name => writer.named_field(name, value),
                })),
            }
            if event.is_contextual() {
                // With the same filter as this layer, whatever span the thread is in.
                if let Some(span) = context.lookup_current() {
                    spans::write_current(&self.pipeline, writer, self.stack, &span, |writer| {
                        self.write_spans(writer, Some(&span));
                    });
                }
            } else {
                self.write_spans(writer, context.event_span(event).as_ref());
            }
        });
        if bridged.is_none() {
            echo::note(metadata, self.pipeline.encoder.id());
        }
    }
}

/// Writes the fields of an event whose callsite is known. One method per type, so that each is
/// compiled into few instructions.
struct Fields<'f, 'w> {
    writer: &'f mut Writer<'w>,
    site: &'f CallsitePrefix,
}

impl Fields<'_, '_> {
    #[inline(always)]
    fn put(&mut self, field: &Field, value: Value<'_>) {
        if self.site.text_at == Some(field.index()) {
            write_text(self.writer, value);
        } else {
            self.writer.field(self.site, field.index(), value);
        }
    }
}

impl Visit for Fields<'_, '_> {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, Value::U64(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, Value::I64(value));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.put(field, Value::U128(value));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.put(field, Value::I128(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, Value::F64(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Value::Bool(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, Value::Str(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn error::Error + 'static)) {
        self.put(field, Value::Error(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, Value::Debug(value));
    }
}

fn write_text(writer: &mut Writer<'_>, value: Value<'_>) {
    match value {
        Value::Str(text) => writer.text(format_args!("{text}")),
        Value::Debug(text) => writer.text(format_args!("{text:?}")),
        Value::Display(text) => writer.text(format_args!("{text}")),
        Value::Error(error) => writer.text(format_args!("{error}")),
        Value::U64(number) => writer.text(format_args!("{number}")),
        Value::I64(number) => writer.text(format_args!("{number}")),
        Value::U128(number) => writer.text(format_args!("{number}")),
        Value::I128(number) => writer.text(format_args!("{number}")),
        Value::F64(number) => writer.text(format_args!("{number}")),
        Value::Bool(truth) => writer.text(format_args!("{truth}")),
    }
}

/// The target of all events made by `tracing-log`, until they are normalised.
const BRIDGE: &str = "log";

pub(super) fn level(level: &tracing_core::Level) -> Level {
    match *level {
        tracing_core::Level::ERROR => Level::Error,
        tracing_core::Level::WARN => Level::Warn,
        tracing_core::Level::INFO => Level::Info,
        tracing_core::Level::DEBUG => Level::Debug,
        tracing_core::Level::TRACE => Level::Trace,
    }
}
