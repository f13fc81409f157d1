//! Setup of `tracing-gelf`: its task on a runtime of its own thread, as its manual has it.

use std::{
    error::Error,
    thread,
    time::{Duration, Instant},
};

use tracing_subscriber::{Registry, layer::SubscriberExt as _};

use super::{Running, Setup};
use crate::event;

pub(super) fn start(setup: &Setup) -> Result<Running, Box<dyn Error>> {
    // As many as tracing-appender takes by default; what finds the queue full is dropped.
    let builder = tracing_gelf::Logger::builder().buffer(128_000);
    let (logger, mut task) = builder.connect_tcp(setup.server)?;
    tracing::subscriber::set_global_default(Registry::default().with(logger))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::spawn(move || runtime.block_on(task.connect()));
    Ok(Running::new(event::tracing, finish))
}

/// It can't be asked whether all is out: its thread is watched until it takes no more time.
fn finish() {
    let end = Instant::now() + Duration::from_secs(10);
    let mut before = crate::cpu::taken();
    while Instant::now() < end {
        thread::sleep(Duration::from_millis(150));
        let now = crate::cpu::taken();
        if now == before {
            return;
        }
        before = now;
    }
}
