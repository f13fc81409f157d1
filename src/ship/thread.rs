//! Where does the shipper live?

use std::{io, thread};

use super::Shipper;
use crate::muted::mute_thread;

/// Starts the shipper on a thread of its own, with a runtime of its own: it works whatever
/// runtime the application has, and outlives it.
///
/// # Errors
///
/// Where the system gives no thread or no event queue.
pub(crate) fn spawn(shipper: Shipper) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(LOOK_UPS)
        .thread_name("logship-dns")
        .on_thread_start(mute_thread)
        .build()?;
    thread::Builder::new().name("logship".to_owned()).spawn(move || {
        // The mark is enough. A scoped subscriber that refuses everything would take `tracing`'s
        // fast path away from every thread of the program, as long as this one lives.
        mute_thread();
        runtime.block_on(shipper.run());
        // A look-up that hangs must not keep the process.
        runtime.shutdown_background();
    })?;
    Ok(())
}

/// Look-ups under way at once: one that hangs leaves room for another try.
const LOOK_UPS: usize = 4;
