//! Trace and span ids of OpenTelemetry.

use opentelemetry::trace::TraceContextExt as _;
use tracing_core::{Dispatch, dispatcher::WeakDispatch};
use tracing_subscriber::registry::{LookupSpan, Scope};

use crate::encode::Writer;

/// Writes the ids of the innermost span that `tracing-opentelemetry` has seen, whether its layer
/// comes before ours or after. This starts the span if nobody has entered it yet, since only then
/// does it have an id.
pub(super) fn write<'a, S: LookupSpan<'a>>(
    writer: &mut Writer<'_>,
    dispatch: &Dispatch,
    scope: Option<Scope<'a, S>>,
) {
    // No span extension is borrowed here: the other layer needs to borrow its own.
    for span in scope.into_iter().flatten() {
        let Some(context) = tracing_opentelemetry::get_otel_context(&span.id(), dispatch) else {
            continue;
        };
        let ids = context.span().span_context().clone();
        if ids.is_valid() {
            return writer.trace(ids.trace_id().to_bytes(), ids.span_id().to_bytes());
        }
    }
}

/// The subscriber that a layer is part of; only it can find another layer's data.
#[derive(Clone, Debug, Default)]
pub(super) struct WeakSubscriber(std::sync::OnceLock<WeakDispatch>);

impl WeakSubscriber {
    pub(super) fn note(&self, dispatch: &Dispatch) {
        // The first one is as good as any other.
        let _ = self.0.set(dispatch.downgrade());
    }

    pub(super) fn get(&self) -> Option<Dispatch> {
        self.0.get()?.upgrade()
    }
}
