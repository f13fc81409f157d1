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
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, OnceLock},
    time::Duration,
};

#[cfg(feature = "tracing")]
pub use self::layer::Layer;
#[cfg(feature = "log")]
pub use self::logger::Logger;
use self::sites::{Sites, with_scratch};
pub(crate) use self::{filter::Filter, report::Report};
use crate::{
    Connected, Stats,
    encode::{Encoder, Site, Writer},
    fork,
    muted::{Refused, enter, is_muted},
    queue::Queue,
    record::Origin,
    stats::{Counters, DropReason},
};

/// Where every record comes in: both doors, the panic hook and the crate's own reports lead here.
pub(crate) struct Inlet {
    pub(crate) encoder: Encoder,
    pub(crate) queue: Arc<Queue>,
    counters: Arc<Counters>,
    /// The process that it belongs to.
    generation: u32,
    /// Where a forked child's records come in, once it has any.
    heir: OnceLock<Arc<Inlet>>,
    make_heir: MakeHeir,
    sites: Sites,
    /// Goes up with everything that is recorded for a span after its creation.
    #[cfg(feature = "tracing")]
    span_changes: std::sync::atomic::AtomicU64,
}

/// Starts the shipping anew, in a forked child.
pub(crate) type MakeHeir = Box<dyn Fn() -> Option<Arc<Inlet>> + Send + Sync>;

impl Inlet {
    pub(crate) fn new(
        encoder: Encoder,
        queue: Arc<Queue>,
        counters: Arc<Counters>,
        make_heir: MakeHeir,
    ) -> Self {
        Inlet {
            encoder,
            queue,
            counters,
            generation: fork::generation(),
            heir: OnceLock::new(),
            make_heir,
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
        let Some(inlet) = self.of_this_process() else { return };
        match enter() {
            Ok(_entry) => inlet.submit_anyway(origin, callsite, fill),
            Err(Refused::Muted) => {}
            Err(Refused::TooDeep) => {
                inlet.queue.count_dropped(DropReason::Recursion, origin().severity);
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
            self.queue.wake();
        }
    }
}

impl Inlet {
    /// Waits until everything that this process has logged has arrived.
    pub(crate) fn flush(&self, timeout: Duration) -> bool {
        self.queue_of_this_process().is_none_or(|queue| queue.flush(timeout))
    }

    /// The books of this process.
    pub(crate) fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        if let Some(inlet) = self.living() {
            inlet.queue.tell(&mut stats);
            inlet.encoder.alterations().tell(&mut stats);
            inlet.counters.tell(&mut stats);
        }
        stats
    }

    /// To whom this process's records go.
    pub(crate) fn connected(&self) -> Option<Connected> {
        self.living()?.counters.connected()
    }

    /// Where this process's records wait, if it has logged any.
    pub(crate) fn queue_of_this_process(&self) -> Option<&Arc<Queue>> {
        self.living().map(|inlet| &inlet.queue)
    }

    fn living(&self) -> Option<&Inlet> {
        if self.generation == fork::generation() { Some(self) } else { self.heir.get()?.living() }
    }

    /// This one, or what stands for it in a forked child.
    #[inline]
    fn of_this_process(&self) -> Option<&Inlet> {
        if self.generation == fork::generation() { Some(self) } else { self.inherit() }
    }

    /// Nothing of the parent's is touched: any lock of it may be taken for ever.
    #[cold]
    fn inherit(&self) -> Option<&Inlet> {
        if self.heir.get().is_none() && !is_muted() {
            let _whole = fork::starting();
            if self.heir.get().is_none() {
                let heir = (self.make_heir)()?;
                // Nobody else sets it meanwhile.
                let _ = self.heir.set(heir);
            }
        }
        self.heir.get()?.of_this_process()
    }
}

impl Drop for Inlet {
    fn drop(&mut self) {
        // A forked child shares nothing with its parent that it could close.
        if self.generation == fork::generation() {
            self.queue.close();
        }
    }
}

impl fmt::Debug for Inlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inlet").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
