//! Events to records: where both front ends meet.
//!
//! Never: does I/O, sleeps, panics, names ship or transport.
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

/// Where every record comes in: both doors, the panic hook and the crate's own reports lead here.
pub(crate) struct Pipeline {
    pub(crate) encoder: Encoder,
    pub(crate) queue: Arc<Queue>,
    counters: Arc<Counters>,
    /// The process that it belongs to.
    generation: u32,
    /// How long to go on when no handle is left.
    flush_timeout: Duration,
    /// What a child of it has logged.
    forked: ForkedCounters,
    sites: Sites,
    has_panic_hook: AtomicBool,
    /// Callsites of which something was suppressed and is not told yet.
    noisy: Mutex<Vec<Arc<Burst>>>,
    /// Whether events come by a layer.
    #[cfg(feature = "tracing")]
    has_layer: std::sync::atomic::AtomicBool,
    /// Goes up with everything that is recorded for a span after its creation.
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

    /// Takes a record, unless this thread's log calls are not to be captured; `fill` says what
    /// is in it. A callsite that is known is not asked for its origin again.
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

    /// Takes a record that is nothing but a text.
    pub(crate) fn submit_text(&self, target: &str, text: fmt::Arguments<'_>) {
        let (severity, level) = (Severity::Informational, Level::Info);
        let origin = || Origin { severity, level, target, file: None, line: None };
        self.submit(origin, None, |writer, _| writer.text(text));
    }

    /// Takes a record of the crate's own if the queue has room; returns whether it had.
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
            // A value's own formatting may panic: that must not take the log call with it.
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

    /// Counts a record beyond the burst limit of its callsite; whether the shipper is to look after it.
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

    /// Waits until everything logged has arrived; a forked child has nothing to wait for.
    pub(crate) fn flush(&self, timeout: Duration) -> bool {
        self.queue_of_this_process().is_none_or(|queue| queue.flush(timeout))
    }

    /// The stats of this process.
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

    /// To whom this process's records go.
    pub(crate) fn connection(&self) -> Option<ConnectionInfo> {
        if self.is_forked() { None } else { self.counters.connection() }
    }

    /// Whether no server is connected to, and the last try was in vain.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.counters.is_cut_off()
    }

    /// Where this process's records wait; none in a forked child.
    pub(crate) fn queue_of_this_process(&self) -> Option<&Arc<Queue>> {
        (!self.is_forked()).then_some(&self.queue)
    }

    /// Whether this process is a child of the one that was set up: any lock of that one may be taken
    /// forever, and its shipper is not there.
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
