//! Where does the shipper live?

use std::{
    future::poll_fn,
    io, mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    task::Poll,
    thread,
    time::Duration,
};

use tokio::runtime::Runtime;

use super::Shipper;
use crate::{fork, reentrancy::mute_thread};

/// Starts the shipper on a thread of its own, with a runtime of its own: it works whatever
/// runtime the application has, and outlives it.
///
/// # Errors
///
/// Where the system gives no thread or no event queue.
pub(crate) fn spawn(mut shipper: Shipper) -> io::Result<()> {
    let mut runtime = runtime()?;
    thread::Builder::new().name("logship".to_owned()).spawn(move || {
        // The mark is enough. A scoped subscriber that refuses everything would take `tracing`'s
        // fast path away from every thread of the program, as long as this one lives.
        mute_thread();
        while !live(&runtime, &mut shipper) {
            // A program that closed all its files has closed the runtime's too, and their numbers
            // may be another's by now: they must not be closed again.
            mem::forget(runtime);
            runtime = loop {
                thread::sleep(PAUSE);
                match self::runtime() {
                    Ok(runtime) => break runtime,
                    Err(_) if shipper.is_over() => return,
                    Err(_) => {}
                }
            };
            shipper.start_again();
        }
    })?;
    Ok(())
}

fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// Ships to the end; false if the runtime is of no use before.
fn live(runtime: &Runtime, shipper: &mut Shipper) -> bool {
    let sentinel = Arc::clone(&shipper.sentinel);
    let life = async {
        let mut run = pin!(shipper.run());
        let step = poll_fn(|context| match fork::may_fork_between(|| run.as_mut().poll(context)) {
            Poll::Ready(()) => Poll::Ready(true),
            // The runtime would panic over its own files, and close others' in doing so.
            Poll::Pending if !sentinel.is_there() => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        });
        step.await
    };
    catch_unwind(AssertUnwindSafe(|| runtime.block_on(life))).unwrap_or(false)
}

/// Whatever ended the runtime may end the next one.
const PAUSE: Duration = Duration::from_millis(200);
