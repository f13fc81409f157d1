//! Detection of events that arrive a second time, as `log` records.
//!
//! With its feature `log-always`, which any crate of a program may enable, `tracing` passes each
//! event to `log` as well, right after the subscriber, and each span.

use std::cell::Cell;

use tracing_core::Metadata;

thread_local! {
    /// The last callsite of this thread, and the encoder of the layer that saw it.
    static LAST: Cell<Option<(&'static Metadata<'static>, u64)>> = const { Cell::new(None) };
}

/// Records that a layer has seen an event or a span of this callsite.
#[inline]
pub(super) fn note(metadata: &'static Metadata<'static>, encoder: u64) {
    // While a thread ends, there is nothing to compare with.
    let _ = LAST.try_with(|last| last.set(Some((metadata, encoder))));
}

/// Whether a record of this origin repeats this thread's last callsite.
pub(super) fn is_echo(target: &str, file: Option<&str>, line: Option<u32>, encoder: u64) -> bool {
    let last = LAST.try_with(Cell::get).ok().flatten();
    let is_echo = last.is_some_and(|(last, by)| {
        by == encoder
            && line.is_some()
            && (line, file, target) == (last.line(), last.file(), last.target())
    });
    if is_echo {
        let _ = LAST.try_with(Cell::take);
    }
    is_echo
}

/// The same for a `log` record, if a layer is in use.
#[cfg(feature = "log")]
pub(super) fn is_echo_of(record: &log::Record<'_>, encoder: u64) -> bool {
    // The file name in a record of `log`'s macros is `'static`, and in one of `tracing`'s it is
    // not.
    record.file_static().is_none()
        && (LIFECYCLE.contains(&record.target())
            || is_echo(record.target(), record.file(), record.line(), encoder))
}

/// Targets under which `tracing` logs spans to `log`.
#[cfg(feature = "log")]
const LIFECYCLE: [&str; 2] = ["tracing::span", "tracing::span::active"];
