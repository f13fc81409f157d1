//! Handles and guards: a program's access to its logging.

use std::{
    fmt,
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

#[cfg(feature = "tracing")]
use tracing_subscriber::registry::LookupSpan;

#[cfg(feature = "log")]
use crate::Logger;
use crate::{
    ConnectionInfo, DropReason, Error, Stats,
    builder::Report,
    capture::{Filter, LiveFilter, Pipeline, panic},
    exit::flush_at_end,
    queue::Flush,
    reentrancy::is_muted,
};
#[cfg(feature = "tracing")]
use crate::{Layer, capture::LayerFilter};

/// A running shipper, started by [`Builder::build`](crate::Builder::build).
///
/// Clones are cheap, and share one queue with every layer and logger made from them. When the last
/// of them is dropped, the queue is flushed within the flush timeout and the shipper ends.
#[derive(Clone)]
pub struct Handle {
    pub(crate) pipeline: Arc<Pipeline>,
    pub(crate) filter: Arc<LiveFilter>,
    pub(crate) report: Report,
    pub(crate) panic_backtrace: bool,
    #[cfg(feature = "metrics")]
    pub(crate) ages: Arc<crate::metrics::Ages>,
    pub(crate) flush_timeout: Duration,
    pub(crate) shipper: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Handle {
    /// A `tracing` layer with the filter of `RUST_LOG` or
    /// [`Builder::filter`](crate::Builder::filter); layers beside it see everything.
    ///
    /// ```no_run
    /// use tracing_subscriber::prelude::*;
    ///
    /// let syslog = logship::builder("app-tag").filter("info,my_crate=debug").build()?;
    /// let console = tracing_subscriber::fmt::layer();
    /// tracing_subscriber::registry().with(syslog.layer()).with(console).init();
    /// # Ok::<(), logship::Error>(())
    /// ```
    #[cfg(feature = "tracing")]
    #[must_use = "a layer does nothing until it is part of a subscriber"]
    pub fn layer<S>(&self) -> impl tracing_subscriber::Layer<S> + Send + Sync + use<S>
    where
        S: tracing_core::Subscriber + for<'a> LookupSpan<'a>,
    {
        use tracing_subscriber::Layer as _;
        self.unfiltered_layer().with_filter(LayerFilter(Arc::clone(&self.filter)))
    }

    /// Like [`layer`](Handle::layer), without a filter: for a filter of the program's own, or a
    /// layer that is cloned or reloaded.
    #[cfg(feature = "tracing")]
    #[must_use = "a layer does nothing until it is part of a subscriber"]
    pub fn unfiltered_layer(&self) -> Layer {
        Layer::new(Arc::clone(&self.pipeline), None)
    }

    #[cfg(feature = "tracing")]
    pub(crate) fn global_layer(&self) -> Layer {
        Layer::new(Arc::clone(&self.pipeline), Some(Arc::clone(&self.filter)))
    }

    /// A `log::Log` with the filter of `RUST_LOG` or [`Builder::filter`](crate::Builder::filter).
    #[cfg(feature = "log")]
    #[must_use]
    pub fn logger(&self) -> Logger {
        Logger::new(Arc::clone(&self.pipeline), Arc::clone(&self.filter), self.flush_timeout)
    }

    /// Replaces the filter, for all layers and loggers of this handle, as in
    /// `info,my_crate::db=debug`.
    ///
    /// It takes effect at once, on every thread: `tracing` asks each callsite again, and the maximum
    /// level of `log` follows. If the program has installed [`logger`](Handle::logger) itself, beside
    /// others, that level is raised if necessary and never lowered. A layer of
    /// [`unfiltered_layer`](Handle::unfiltered_layer) has a filter of its own, which stays. So does
    /// the level of a span that has begun. If the program has no global subscriber, only one in a
    /// scope such as `with_default`, call this in that scope: `tracing` asks no other.
    ///
    /// ```
    /// # let syslog = logship::builder("app-tag").servers("udp://127.0.0.1:514").build()?;
    /// syslog.set_filter("info,my_crate::db=debug")?;
    /// assert!(syslog.set_filter("info,my_crate=loud").is_err());
    /// # Ok::<(), logship::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If a directive is invalid; the filter then stays as it was.
    pub fn set_filter(&self, directives: &str) -> Result<(), Error> {
        let (filter, hints) = Filter::new(directives)?;
        self.filter.set_base(filter);
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        hints.iter().for_each(|hint| report(hint));
        Ok(())
    }

    /// Records panics from now on, with severity CRITICAL, before the previous panic hook runs.
    ///
    /// [`Builder::init`](crate::Builder::init) does this already; call it if the program installs
    /// [`layer`](Handle::layer) or [`logger`](Handle::logger). A second call does nothing.
    pub fn install_panic_hook(&self) {
        panic::install_hook(&self.pipeline, self.panic_backtrace);
    }

    /// Waits until everything logged before this call has been acknowledged; false if `timeout`
    /// passed first.
    ///
    /// It may be called anywhere, inside and outside of any runtime, and blocks the calling thread.
    #[must_use = "false means that the timeout came first"]
    pub fn flush(&self, timeout: Duration) -> bool {
        // The shipper cannot wait for itself.
        !is_muted() && self.pipeline.flush(timeout)
    }

    /// Like [`flush`](Handle::flush), but as a future without a time limit, for any async runtime.
    ///
    /// ```
    /// # async fn example(syslog: logship::Handle) {
    /// let limit = std::time::Duration::from_secs(2);
    /// let is_flushed = tokio::time::timeout(limit, syslog.flush_async()).await.unwrap_or(false);
    /// # }
    /// ```
    ///
    /// It returns false if the shipper has ended.
    #[must_use = "nothing is waited for before it is polled"]
    pub fn flush_async(&self) -> impl Future<Output = bool> + Send + use<> {
        let queue = self.pipeline.queue_of_this_process().filter(|_| !is_muted());
        let flush = queue.map(|queue| Flush::new(Arc::clone(queue)));
        async move {
            match flush {
                Some(flush) => flush.await,
                None => true,
            }
        }
    }

    /// Ends the shipper, for all clones: flushes within `timeout`, closes the connection, joins the
    /// thread, and releases the queue file.
    ///
    /// What is logged afterwards is dropped, see [`DropReason::Closed`](crate::DropReason::Closed).
    /// Use it in plug-ins, and in tests that start several shippers.
    ///
    /// ```no_run
    /// let syslog = logship::builder("plug-in").build()?;
    /// // ...
    /// let last = syslog.shutdown(std::time::Duration::from_secs(2))?;
    /// println!("{} records delivered", last.delivered);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If not everything was delivered in time. The rest is dropped, or stays in the queue file for
    /// the next start.
    pub fn shutdown(&self, timeout: Duration) -> Result<Stats, ShutdownError> {
        let Some(queue) = self.pipeline.queue_of_this_process() else { return Ok(self.stats()) };
        let before = self.stats();
        queue.close(timeout);
        // The shipper cannot wait for itself.
        if !is_muted() {
            // I/O ends a moment after the time is up.
            let (begin, limit) = (Instant::now(), timeout.saturating_add(GRACE));
            let has_ended = queue.wait_for_end(limit);
            let mut shipper = self.shipper.lock().unwrap_or_else(PoisonError::into_inner);
            while has_ended && shipper.as_ref().is_some_and(|thread| !thread.is_finished()) {
                if begin.elapsed() > limit {
                    break;
                }
                thread::sleep(Duration::from_millis(1));
            }
            shipper.take_if(|thread| thread.is_finished());
        }
        let stats = self.stats();
        let dropped = |stats: &Stats| stats.dropped_for(DropReason::Closed);
        match stats.pending + dropped(&stats) - dropped(&before) {
            0 => Ok(stats),
            undelivered => Err(ShutdownError { stats: Box::new(stats), undelivered, timeout }),
        }
    }

    /// The counters at this moment.
    ///
    /// A forked child has its own: what it logs is dropped, see
    /// [`DropReason::Forked`](crate::DropReason::Forked).
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.pipeline.stats()
    }

    /// The current connection, or `None` while no server is connected. With TLS it has the
    /// negotiated version and both sides' certificates.
    #[must_use]
    pub fn connection(&self) -> Option<ConnectionInfo> {
        self.pipeline.connection()
    }

    /// Returns a guard that flushes when it is dropped.
    #[must_use]
    pub fn guard(&self) -> Guard {
        Guard { handle: self.clone() }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// Flushes when it is dropped, within the flush timeout.
///
/// It never stops the shipper: dropping it early, or at once, does no harm, since the end of the
/// process flushes too. Keep it in `main` to flush before the rest of `main`'s locals are dropped,
/// and if the process may end without running exit handlers.
#[derive(Debug)]
pub struct Guard {
    handle: Handle,
}

impl Guard {
    /// The handle that this guard flushes.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Deref for Guard {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let queue = self.handle.pipeline.queue_of_this_process();
        if let Some(queue) = queue.filter(|_| !is_muted()) {
            flush_at_end(queue, self.handle.flush_timeout);
        }
    }
}

/// Not everything was delivered before the timeout of [`Handle::shutdown`].
#[derive(Clone, Debug)]
pub struct ShutdownError {
    stats: Box<Stats>,
    undelivered: u64,
    timeout: Duration,
}

impl ShutdownError {
    /// The last counters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        *self.stats
    }

    /// Records that were not delivered, or not known to be.
    #[must_use]
    pub fn undelivered(&self) -> u64 {
        self.undelivered
    }
}

impl fmt::Display for ShutdownError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let were = if self.undelivered == 1 { "record was" } else { "records were" };
        write!(f, "{} {were} not delivered within {:?}", self.undelivered, self.timeout)
    }
}

impl std::error::Error for ShutdownError {}

const GRACE: Duration = Duration::from_secs(1);
