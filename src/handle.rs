//! Handles and guards: what a program holds of its logging.

use std::{
    fmt,
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

#[cfg(feature = "tracing")]
use crate::Layer;
#[cfg(feature = "log")]
use crate::Logger;
use crate::{
    ConnectionInfo, DropReason, Stats,
    capture::{Filter, Pipeline},
    exit::flush_at_end,
    queue::Flush,
    reentrancy::is_muted,
};

/// One way to ship logs, set up by [`Builder::build`](crate::Builder::build).
///
/// It is cheap to clone; all clones and everything made from them lead into the same queue.
/// When the last of them is gone, what is queued is shipped, within the flush timeout, and the
/// shipper ends.
#[derive(Clone)]
pub struct Handle {
    pub(crate) pipeline: Arc<Pipeline>,
    pub(crate) filter: Arc<Filter>,
    pub(crate) flush_timeout: Duration,
    pub(crate) shipper: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Handle {
    /// A `tracing_subscriber::Layer` that ships what it sees, without a level filter of its own.
    #[cfg(feature = "tracing")]
    #[must_use]
    pub fn layer(&self) -> Layer {
        Layer::new(Arc::clone(&self.pipeline), None)
    }

    #[cfg(feature = "tracing")]
    pub(crate) fn filtered_layer(&self) -> Layer {
        Layer::new(Arc::clone(&self.pipeline), Some(Arc::clone(&self.filter)))
    }

    /// A `log::Log` that ships what `RUST_LOG` lets through.
    #[cfg(feature = "log")]
    #[must_use]
    pub fn logger(&self) -> Logger {
        Logger::new(Arc::clone(&self.pipeline), Arc::clone(&self.filter), self.flush_timeout)
    }

    /// Waits until everything logged before this call has arrived; false if `timeout` came first.
    /// It may be called from anywhere, in and out of any runtime; it blocks the calling thread.
    #[must_use = "false means that the timeout came first"]
    pub fn flush(&self, timeout: Duration) -> bool {
        // The shipper can't wait for itself.
        !is_muted() && self.pipeline.flush(timeout)
    }

    /// As [`flush`](Handle::flush), without a limit and without blocking a thread: it works in any async
    /// runtime, and the caller sets the limit.
    ///
    /// ```
    /// # async fn example(syslog: logship::Handle) {
    /// let limit = std::time::Duration::from_secs(2);
    /// let is_flushed = tokio::time::timeout(limit, syslog.flush_async()).await.unwrap_or(false);
    /// # }
    /// ```
    ///
    /// It is false if the shipping has ended before.
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

    /// Ends the shipping for all clones: ships what was logged before, within `timeout`, says goodbye to
    /// the server, waits for the shipper's thread to end, and gives the queue file free. What is logged from now on is
    /// dropped, see [`DropReason::Closed`](crate::DropReason::Closed).
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
    /// If not everything was delivered in time. What was not is dropped, or waits in the queue file for
    /// the next start.
    pub fn shutdown(&self, timeout: Duration) -> Result<Stats, ShutdownError> {
        let Some(queue) = self.pipeline.queue_of_this_process() else { return Ok(self.stats()) };
        let before = self.stats();
        queue.close(timeout);
        // The shipper can't wait for itself.
        if !is_muted() {
            // A step of I/O ends a moment after the time is up.
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

    /// The books at this moment. A forked child has books of its own: what it logs is dropped, see
    /// [`DropReason::Forked`](crate::DropReason::Forked).
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.pipeline.stats()
    }

    /// To whom records go at this moment; none while no server is connected to. With TLS it tells
    /// what was agreed on, and the certificates of both sides.
    #[must_use]
    pub fn connection(&self) -> Option<ConnectionInfo> {
        self.pipeline.connection()
    }

    /// A guard that flushes when it is dropped.
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

/// Flushes when it is dropped, for as long as the flush timeout at most.
///
/// It never stops the shipping: dropping it at once, or losing it, does no harm, since the end
/// of the process flushes too. Keep it in `main` to have the flush before the rest of `main`'s
/// locals are dropped, and where the process may end without running its exit handlers.
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

/// Why [`Handle::shutdown`] was not all well: the time was up before everything was delivered.
#[derive(Clone, Debug)]
pub struct ShutdownError {
    stats: Box<Stats>,
    undelivered: u64,
    timeout: Duration,
}

impl ShutdownError {
    /// The books at the end.
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
