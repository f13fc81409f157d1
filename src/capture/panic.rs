//! Records of the application's panics.

use std::{
    backtrace::Backtrace,
    panic::{self, PanicHookInfo},
    sync::{Arc, Mutex, PoisonError, atomic::Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use super::Pipeline;
use crate::{
    Severity,
    record::{Level, Origin, Value},
    reentrancy::is_in_log_call,
};

/// Records each panic with severity CRITICAL, with a backtrace if `backtrace` is set, then calls
/// the previous hook.
///
/// It waits until the record is acknowledged, since an abort may follow, for a second at most. A
/// panic may be caught, so it does not wait for an unreachable server, nor within a log call.
pub(crate) fn install_hook(pipeline: &Arc<Pipeline>, backtrace: bool) {
    if pipeline.has_panic_hook.swap(true, Relaxed) {
        return;
    }
    let pipeline = Arc::downgrade(pipeline);
    let before = panic::take_hook();
    let waited_in_vain = Mutex::new(None::<Instant>);
    panic::set_hook(Box::new(move |info| {
        if let Some(pipeline) = pipeline.upgrade() {
            record(&pipeline, info, backtrace);
            if !is_in_log_call() && !pipeline.is_cut_off() {
                wait(&pipeline, &waited_in_vain);
            }
        }
        before(info);
    }));
}

/// At most one fruitless wait a minute.
fn wait(pipeline: &Pipeline, waited_in_vain: &Mutex<Option<Instant>>) {
    let last = *waited_in_vain.lock().unwrap_or_else(PoisonError::into_inner);
    if last.is_some_and(|last| last.elapsed() < PANIC_FLUSH_INTERVAL) {
        return;
    }
    if !pipeline.flush(PANIC_FLUSH_TIMEOUT) {
        let mut last = waited_in_vain.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(Instant::now());
    }
}

fn record(pipeline: &Pipeline, info: &PanicHookInfo<'_>, backtrace: bool) {
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
        if backtrace {
            let backtrace = Backtrace::force_capture();
            writer.named_field("panic_backtrace", Value::Display(&backtrace));
        }
        #[cfg(feature = "tracing")]
        super::spans::write_current_spans(pipeline, writer);
    });
}

const PANIC_FLUSH_TIMEOUT: Duration = Duration::from_secs(1);
const PANIC_FLUSH_INTERVAL: Duration = Duration::from_secs(60);
