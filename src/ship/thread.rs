//! The shipper's own thread.

use std::{io, thread::JoinHandle};

use super::Shipper;
use crate::threads;

/// Starts the shipper on its own thread and runtime, so that it works with whatever runtime the
/// application has, and outlives it.
///
/// # Errors
///
/// If the system provides no thread or no event queue.
pub(crate) fn spawn(mut shipper: Shipper) -> io::Result<JoinHandle<()>> {
    has_descriptors()?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    // The thread-local mark is enough. A scoped subscriber that refuses everything would disable
    // `tracing`'s fast path on every thread of the program, as long as this thread lives.
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

/// With its feature `signal`, which the program may enable, tokio panics without descriptors.
#[cfg(unix)]
fn has_descriptors() -> io::Result<()> {
    let all = (0..DESCRIPTORS / 2).map(|_| std::os::unix::net::UnixStream::pair());
    all.collect::<io::Result<Vec<_>>>().map(drop)
}

#[cfg(not(unix))]
fn has_descriptors() -> io::Result<()> {
    Ok(())
}

/// Descriptors of a runtime and the first socket.
#[cfg(unix)]
const DESCRIPTORS: usize = 8;
