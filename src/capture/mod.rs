//! Capture: both front ends turn events into records.
//!
//! Never does I/O, sleeps or panics; knows neither ship nor transport.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod callsite_cache;
#[cfg(feature = "tracing")]
mod echo;
mod filter;
#[cfg(all(feature = "tracing", feature = "log"))]
mod forward;
#[cfg(feature = "tracing")]
mod layer;
#[cfg(feature = "tracing")]
mod layer_filter;
mod live_filter;
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
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
    time::Duration,
};

use self::callsite_cache::{Sites, with_scratch};
#[cfg(feature = "tracing")]
pub use self::layer::Layer;
#[cfg(feature = "tracing")]
pub(crate) use self::layer_filter::LayerFilter;
#[cfg(feature = "log")]
pub use self::logger::Logger;
pub(crate) use self::{filter::Filter, live_filter::LiveFilter, self_report::SelfReport};
use crate::{
    ConnectionInfo, Severity, Stats,
    burst::Burst,
    encode::{CallsitePrefix, Encoder, Writer},
    fork,
    queue::Queue,
    record::{Level, Origin},
    reentrancy::{Refused, enter},
    stats::{Counters, DropReason, ForkedCounters},
};

/// The entry point of every record: of both front ends, the panic hook and the crate's own reports.
pub(crate) struct Pipeline {
    pub(crate) encoder: Encoder,
    pub(crate) queue: Arc<Queue>,
    counters: Arc<Counters>,
    /// The process that it belongs to.
    generation: u32,
    /// How long to go on when no handle is left.
    flush_timeout: Duration,
    /// Counts what a forked child has logged.
    forked: ForkedCounters,
    sites: Sites,
    has_panic_hook: AtomicBool,
    /// Callsites with suppressed records that are not reported yet.
    noisy: Mutex<Vec<Arc<Burst>>>,
    /// Whether a layer is in use.
    #[cfg(feature = "tracing")]
    has_layer: std::sync::atomic::AtomicBool,
    /// Incremented whenever something is recorded for a span after its creation.
    #[cfg(feature = "tracing")]
    span_changes: std::sync::atomic::AtomicU64,
}

impl Pipeline {
    pub(crate) fn new(
        encoder: Encoder,
        queue: Arc<Queue>,
        counters: Arc<Counters>,
        flush_timeout: Duration,
    ) -> Self {
        Pipeline {
            encoder,
            queue,
            counters,
            generation: fork::generation(),
            flush_timeout,
            forked: ForkedCounters::default(),
            sites: Sites::default(),
            noisy: Mutex::default(),
            has_panic_hook: AtomicBool::new(false),
            #[cfg(feature = "tracing")]
            has_layer: std::sync::atomic::AtomicBool::new(false),
            #[cfg(feature = "tracing")]
            span_changes: std::sync::atomic::AtomicU64::new(0),
        }
    }

    /// Submits a record, unless this thread's log calls are not to be captured; `fill` writes its
    /// fields and text. The origin of a known callsite is not computed again.
    #[inline]
    fn submit<'o>(
        &self,
        origin: impl Fn() -> Origin<'o>,
        callsite: Option<callsite_cache::Callsite>,
        fill: impl FnOnce(&mut Writer<'_>, &CallsitePrefix),
    ) {
        if self.is_forked() {
            return self.count_forked(origin().severity);
        }
        match enter() {
            Ok(_entry) => self.submit_unfiltered(origin, callsite, fill),
            Err(Refused::Muted) => {}
            Err(Refused::TooDeep) => {
                self.queue.count_dropped(DropReason::Recursion, origin().severity);
            }
        }
    }

    /// Submits a record that is only a text.
    pub(crate) fn submit_text(&self, target: &str, text: fmt::Arguments<'_>) {
        let (severity, level) = (Severity::Informational, Level::Info);
        let origin = || Origin { severity, level, target, file: None, line: None };
        self.submit(origin, None, |writer, _| writer.text(text));
    }

    /// Submits a record of the crate's own if the queue has room; returns whether it had.
    fn submit_own<'o>(
        &self,
        origin: impl Fn() -> Origin<'o>,
        fill: impl FnOnce(&mut Writer<'_>),
    ) -> bool {
        with_scratch(|kept| {
            let (scratch, site) = kept.parts(self, origin, None);
            let mut writer = self.encoder.begin(scratch, site);
            fill(&mut writer);
            let message = writer.finish();
            let severity = message.severity;
            match message.longest_numbered() {
                None => {
                    let bytes = message.bytes();
                    self.queue.push_own(severity, bytes.len(), false, |_| bytes)
                }
                Some(longest) => {
                    let number = move |before| message.numbered(before);
                    self.queue.push_own(severity, longest, true, number)
                }
            }
        })
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
            let burst = site.burst.as_ref().filter(|burst| !burst.admits());
            let mut writer = self.encoder.begin(scratch, site);
            // A value's own formatting may panic, which must not take the log call with it.
            if catch_unwind(AssertUnwindSafe(|| fill(&mut writer, site))).is_err() {
                writer.recover_from_panic();
            }
            let message = writer.finish();
            if let Some(burst) = burst {
                let severity = message.severity;
                return self.suppress(burst, severity, scratch.last_text());
            }
            match message.longest_numbered() {
                None => self.queue.push(message.severity, message.bytes()),
                Some(longest) => {
                    let severity = message.severity;
                    let number = move |before| message.numbered(before);
                    self.queue.push_numbered(severity, longest, number)
                }
            }
        });
        if must_wake {
            self.queue.wake();
        }
    }
}

impl Pipeline {
    fn noisy(&self) -> MutexGuard<'_, Vec<Arc<Burst>>> {
        self.noisy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a record over its callsite's burst limit; returns whether to wake the shipper for it.
    #[cold]
    #[inline(never)]
    fn suppress(&self, burst: &Arc<Burst>, severity: Severity, text: &str) -> bool {
        self.queue.count_dropped(DropReason::Burst, severity);
        let is_first = burst.suppress(text);
        if is_first {
            self.noisy().push(Arc::clone(burst));
        }
        is_first
    }

    /// Waits until everything logged is acknowledged; a forked child has nothing to wait for.
    pub(crate) fn flush(&self, timeout: Duration) -> bool {
        self.queue_of_this_process().is_none_or(|queue| queue.flush(timeout))
    }

    /// The counters of this process.
    pub(crate) fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        if self.is_forked() {
            self.forked.tell(&mut stats);
        } else {
            self.queue.tell(&mut stats);
            self.encoder.counters().tell(&mut stats);
            self.counters.tell(&mut stats);
        }
        stats
    }

    /// The server that this process ships to.
    pub(crate) fn connection(&self) -> Option<ConnectionInfo> {
        if self.is_forked() { None } else { self.counters.connection() }
    }

    /// Whether no server is connected and the last attempt failed.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.counters.is_cut_off()
    }

    /// This process's queue; none in a forked child.
    pub(crate) fn queue_of_this_process(&self) -> Option<&Arc<Queue>> {
        (!self.is_forked()).then_some(&self.queue)
    }

    /// Whether this process is a forked child of the one that was set up: any of the parent's locks
    /// may be held forever, and its shipper does not exist here.
    #[inline]
    fn is_forked(&self) -> bool {
        self.generation != fork::generation()
    }

    #[cold]
    fn count_forked(&self, severity: Severity) {
        self.forked.count(severity);
        fork::tell_of_lost_records();
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        // A forked child shares nothing with its parent that it could close.
        if !self.is_forked() {
            self.queue.close(self.flush_timeout);
        }
    }
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inlet").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
