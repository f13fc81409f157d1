//! How does a panic of the application become a record?

use std::{
    panic::{self, PanicHookInfo},
    sync::Weak,
    thread,
    time::Duration,
};

use super::Pipeline;
use crate::{
    Severity,
    record::{Level, Origin, Value},
    reentrancy::is_muted,
};

/// Records each panic, with severity CRITICAL, and waits until it has arrived, a second at most;
/// then the hook that was there before has its turn.
pub(crate) fn install_hook(pipeline: Weak<Pipeline>) {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if let Some(pipeline) = pipeline.upgrade() {
            record(&pipeline, info);
        }
        before(info);
    }));
}

fn record(pipeline: &Pipeline, info: &PanicHookInfo<'_>) {
    let location = info.location();
    let origin = || Origin {
        severity: Severity::Critical,
        level: Level::Error,
        target: "panic",
        file: location.map(|location| location.file()),
        line: location.map(|location| location.line()),
    };
    let thread = thread::current();
    let payload = info.payload();
    let said = payload.downcast_ref::<&str>().copied();
    let said = said.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    pipeline.submit(origin, None, |writer, _| {
        let thread = thread.name().unwrap_or("unnamed");
        writer.named_field("panic_thread", Value::Str(thread));
        match location {
            Some(location) => {
                writer.named_field("panic_location", Value::Display(location));
                writer.text(format_args!("thread '{thread}' panicked at {location}: "));
            }
            None => writer.text(format_args!("thread '{thread}' panicked: ")),
        }
        writer.text(format_args!("{}", said.unwrap_or("(no text)")));
    });
    if !is_muted() {
        pipeline.flush(PANIC_FLUSH_TIMEOUT);
    }
}

/// A thread that panics may be one that is caught: it should not wait for a server that is gone.
const PANIC_FLUSH_TIMEOUT: Duration = Duration::from_secs(1);
