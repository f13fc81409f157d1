//! Event → Record: what was said?
//!
//! Never: does I/O, sleeps, panics, names ship or transport.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod callsite_cache;
mod filter;
#[cfg(feature = "tracing")]
mod layer;
#[cfg(feature = "log")]
mod logger;
#[cfg(feature = "opentelemetry")]
mod otel;
pub(crate) mod panic;
mod self_report;
#[cfg(feature = "tracing")]
mod spans;
#[cfg(feature = "tracing")]
mod visit;

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, OnceLock},
    time::Duration,
};

use self::callsite_cache::{Sites, with_scratch};
#[cfg(feature = "tracing")]
pub use self::layer::Layer;
#[cfg(feature = "log")]
pub use self::logger::Logger;
pub(crate) use self::{filter::Filter, self_report::SelfReport};
use crate::{
    ConnectionInfo, Stats,
    encode::{CallsitePrefix, Encoder, Writer},
    fork,
    queue::Queue,
    record::Origin,
    reentrancy::{Refused, enter, is_muted},
    stats::{Counters, DropReason},
};

/// Where every record comes in: both doors, the panic hook and the crate's own reports lead here.
pub(crate) struct Pipeline {
    pub(crate) encoder: Encoder,
    pub(crate) queue: Arc<Queue>,
    counters: Arc<Counters>,
    /// The process that it belongs to.
    generation: u32,
    /// Where a forked child's records come in, once it has any.
    child: OnceLock<Arc<Pipeline>>,
    make_child: MakeHeir,
    sites: Sites,
    /// Goes up with everything that is recorded for a span after its creation.
    #[cfg(feature = "tracing")]
    span_changes: std::sync::atomic::AtomicU64,
}

/// Starts the shipping anew, in a forked child.
pub(crate) type MakeHeir = Box<dyn Fn() -> Option<Arc<Pipeline>> + Send + Sync>;

impl Pipeline {
    pub(crate) fn new(
        encoder: Encoder,
        queue: Arc<Queue>,
        counters: Arc<Counters>,
        make_child: MakeHeir,
    ) -> Self {
        Pipeline {
            encoder,
            queue,
            counters,
            generation: fork::generation(),
            child: OnceLock::new(),
            make_child,
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
        callsite: Option<callsite_cache::Callsite>,
        fill: impl FnOnce(&mut Writer<'_>, &CallsitePrefix),
    ) {
        let Some(pipeline) = self.current() else { return };
        match enter() {
            Ok(_entry) => pipeline.submit_unfiltered(origin, callsite, fill),
            Err(Refused::Muted) => {}
            Err(Refused::TooDeep) => {
                pipeline.queue.count_dropped(DropReason::Recursion, origin().severity);
            }
        }
    }

    #[inline]
    fn submit_unfiltered<'o>(
        &self,
        origin: impl Fn() -> Origin<'o>,
        callsite: Option<callsite_cache::Callsite>,
        fill: impl FnOnce(&mut Writer<'_>, &CallsitePrefix),
    ) {
        let must_wake = with_scratch(|kept| {
            let (scratch, site) = kept.parts(self, origin, callsite);
            let mut writer = self.encoder.begin(scratch, site);
            // A value's own formatting may panic: that must not take the log call with it.
            if catch_unwind(AssertUnwindSafe(|| fill(&mut writer, site))).is_err() {
                writer.recover_from_panic();
            }
            let message = writer.finish();
            self.queue.push(message.severity, message.octets)
        });
        if must_wake {
            self.queue.wake();
        }
    }
}

impl Pipeline {
    /// Waits until everything that this process has logged has arrived.
    pub(crate) fn flush(&self, timeout: Duration) -> bool {
        self.queue_of_this_process().is_none_or(|queue| queue.flush(timeout))
    }

    /// The books of this process.
    pub(crate) fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        if let Some(pipeline) = self.current_if_started() {
            pipeline.queue.tell(&mut stats);
            pipeline.encoder.counters().tell(&mut stats);
            pipeline.counters.tell(&mut stats);
        }
        stats
    }

    /// To whom this process's records go.
    pub(crate) fn connection(&self) -> Option<ConnectionInfo> {
        self.current_if_started()?.counters.connection()
    }

    /// Where this process's records wait, if it has logged any.
    pub(crate) fn queue_of_this_process(&self) -> Option<&Arc<Queue>> {
        self.current_if_started().map(|pipeline| &pipeline.queue)
    }

    fn current_if_started(&self) -> Option<&Pipeline> {
        if self.generation == fork::generation() {
            Some(self)
        } else {
            self.child.get()?.current_if_started()
        }
    }

    /// This one, or what stands for it in a forked child.
    #[inline]
    fn current(&self) -> Option<&Pipeline> {
        if self.generation == fork::generation() { Some(self) } else { self.start_in_child() }
    }

    /// Nothing of the parent's is touched: any lock of it may be taken for ever.
    #[cold]
    fn start_in_child(&self) -> Option<&Pipeline> {
        if self.child.get().is_none() && !is_muted() {
            let _whole = fork::starting();
            if self.child.get().is_none() {
                let child = (self.make_child)()?;
                // Nobody else sets it meanwhile.
                let _ = self.child.set(child);
            }
        }
        self.child.get()?.current()
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        // A forked child shares nothing with its parent that it could close.
        if self.generation == fork::generation() {
            self.queue.close();
        }
    }
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inlet").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
