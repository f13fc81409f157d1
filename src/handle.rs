//! What does a user hold?

use std::{fmt, sync::Arc, time::Duration};

#[cfg(feature = "tracing")]
use crate::Layer;
#[cfg(feature = "log")]
use crate::Logger;
use crate::{
    ConnectionInfo, Stats,
    capture::{Filter, Pipeline},
    exit::note_flush_timeout,
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
    /// Waits until everything logged before this call has arrived; false if `timeout` came first.
    #[must_use = "false means that the timeout came first"]
    pub fn flush(&self, timeout: Duration) -> bool {
        self.handle.flush(timeout)
    }

    /// The books at this moment.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.handle.stats()
    }

    /// The handle that this guard flushes.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.handle.flush(self.handle.flush_timeout) {
            self.handle.pipeline.queue_of_this_process().into_iter().for_each(note_flush_timeout);
        }
    }
}
