//! Event → Record: what was said?
//!
//! Never: does I/O, sleeps, panics, names ship or transport.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod filter;
#[cfg(feature = "tracing")]
mod layer;
#[cfg(feature = "log")]
mod logger;
pub(crate) mod panic;
mod report;
mod sites;
#[cfg(feature = "tracing")]
mod spans;
#[cfg(feature = "opentelemetry")]
mod trace;
#[cfg(feature = "tracing")]
mod visit;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

#[cfg(feature = "tracing")]
pub use self::layer::Layer;
#[cfg(feature = "log")]
pub use self::logger::Logger;
use self::sites::{Sites, with_scratch};
pub(crate) use self::{filter::Filter, report::Report};
use crate::{
    encode::{Encoder, Site, Writer},
    muted::{Refused, enter, muted},
    queue::Queue,
    record::Origin,
    stats::DropReason,
};

/// Where every record comes in: both doors, the panic hook and the crate's own reports lead here.
#[derive(Debug)]
pub(crate) struct Inlet {
    pub(crate) encoder: Encoder,
    pub(crate) queue: Arc<Queue>,
    sites: Sites,
    /// Goes up with everything that is recorded for a span after its creation.
    #[cfg(feature = "tracing")]
    span_changes: std::sync::atomic::AtomicU64,
}

impl Inlet {
    pub(crate) fn new(encoder: Encoder, queue: Arc<Queue>) -> Self {
        Inlet {
            encoder,
            queue,
            sites: Sites::default(),
            #[cfg(feature = "tracing")]
            span_changes: std::sync::atomic::AtomicU64::new(0),
        }
    }

    /// Takes a record, unless this thread's log calls are not to be captured; `fill` says what
    /// is in it. A callsite that is known is not asked for its origin again.
    #[inline]
    fn submit<'o>(
        &self,
        origin: impl Fn() -> Origin<'o>,
        callsite: Option<sites::Callsite>,
        fill: impl FnOnce(&mut Writer<'_>, &Site),
    ) {
        match enter() {
            Ok(_entry) => self.submit_anyway(origin, callsite, fill),
            Err(Refused::Muted) => {}
            Err(Refused::TooDeep) => {
                self.queue.count_dropped(DropReason::Recursion, origin().severity);
            }
        }
    }

    #[inline]
    fn submit_anyway<'o>(
        &self,
        origin: impl Fn() -> Origin<'o>,
        callsite: Option<sites::Callsite>,
        fill: impl FnOnce(&mut Writer<'_>, &Site),
    ) {
        let must_wake = with_scratch(|kept| {
            let (scratch, site) = kept.parts(self, origin, callsite);
            let mut writer = self.encoder.begin(scratch, site);
            // A value's own formatting may panic: that must not take the log call with it.
            if catch_unwind(AssertUnwindSafe(|| fill(&mut writer, site))).is_err() {
                writer.mend();
            }
            let message = writer.finish();
            self.queue.push(message.severity, message.octets)
        });
        if must_wake {
            muted(|| self.queue.wake());
        }
    }
}

impl Drop for Inlet {
    fn drop(&mut self) {
        self.queue.close();
    }
}
