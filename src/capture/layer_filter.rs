//! The level filter of one layer among others.

use std::sync::Arc;

use tracing_core::{Metadata, subscriber::Interest};
use tracing_subscriber::{
    filter::LevelFilter,
    layer::{Context, Filter as PerLayerFilter},
};

use super::LiveFilter;
use crate::record::Level;

/// [`LiveFilter`] as the filter of one layer: other layers see everything.
pub(crate) struct LayerFilter(pub(crate) Arc<LiveFilter>);

impl<S> PerLayerFilter<S> for LayerFilter {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        self.0.wants(Level::from(*metadata.level()), metadata.target())
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.0.wants(Level::from(*metadata.level()), metadata.target()) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        use tracing_log::AsTrace as _;
        Some(self.0.max_level().as_trace())
    }
}
