//! How does a panic of the application become a record?

use std::{
    panic::{self, PanicHookInfo},
    sync::Weak,
    thread,
    time::Duration,
};

use super::Inlet;
use crate::{
    Severity,
    muted::is_muted,
    record::{Level, Origin, Value},
};

/// Records each panic, with severity CRITICAL, and waits until it has arrived, a second at most;
/// then the hook that was there before has its turn.
pub(crate) fn install_hook(inlet: Weak<Inlet>) {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if let Some(inlet) = inlet.upgrade() {
            record(&inlet, info);
        }
        before(info);
    }));
}

fn record(inlet: &Inlet, info: &PanicHookInfo<'_>) {
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
    inlet.submit(origin, None, |writer, _| {
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
        inlet.flush(PATIENCE);
    }
}

/// A thread that panics may be one that is caught: it should not wait for a server that is gone.
const PATIENCE: Duration = Duration::from_secs(1);
