//! The shipper's own thread.

use std::{io, thread::JoinHandle};

use super::Shipper;
use crate::threads;

/// Starts the shipper on a thread of its own, with a runtime of its own: it works whatever
/// runtime the application has, and outlives it.
///
/// # Errors
///
/// If the system gives no thread or no event queue.
pub(crate) fn spawn(mut shipper: Shipper) -> io::Result<JoinHandle<()>> {
    has_descriptors()?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    // The mark is enough. A scoped subscriber that refuses everything would take `tracing`'s
    // fast path away from every thread of the program, as long as this one lives.
    threads::spawn("logship", move || {
        let end = shipper.end();
        runtime.block_on(async {
            tokio::select! {
                biased;
                () = shipper.run() => {}
                () = end => {}
            }
        });
    })
}

/// A tokio that has `signal` on, as the program may have it, panics if there are too few.
#[cfg(unix)]
fn has_descriptors() -> io::Result<()> {
    let all = (0..DESCRIPTORS / 2).map(|_| std::os::unix::net::UnixStream::pair());
    all.collect::<io::Result<Vec<_>>>().map(drop)
}

#[cfg(not(unix))]
fn has_descriptors() -> io::Result<()> {
    Ok(())
}

/// What a runtime takes, and the first socket.
#[cfg(unix)]
const DESCRIPTORS: usize = 8;
