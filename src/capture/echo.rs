//! Events that come a second time, as records of `log`.
//!
//! With its feature `log-always`, which any crate of a program may switch on, `tracing` hands each event
//! to `log` too, right after the subscriber, and tells it of each span.

use std::cell::Cell;

use tracing_core::Metadata;

thread_local! {
    /// The last callsite of this thread, and the encoder of the layer that saw it.
    static LAST: Cell<Option<(&'static Metadata<'static>, u64)>> = const { Cell::new(None) };
}

/// Notes that a layer has seen an event or a span of this callsite.
#[inline]
pub(super) fn note(metadata: &'static Metadata<'static>, encoder: u64) {
    // At the end of a thread nothing is left to compare with.
    let _ = LAST.try_with(|last| last.set(Some((metadata, encoder))));
}

/// Whether what comes from there is what this thread's last callsite has said.
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

/// The same of a record of `log`, if a layer is in use.
#[cfg(feature = "log")]
pub(super) fn is_echo_of(record: &log::Record<'_>, encoder: u64) -> bool {
    // Macros of `log` name a file that lives as long as the program, and `tracing` one that doesn't.
    record.file_static().is_none()
        && (LIFECYCLE.contains(&record.target())
            || is_echo(record.target(), record.file(), record.line(), encoder))
}

/// Targets under which `tracing` tells `log` of spans.
#[cfg(feature = "log")]
const LIFECYCLE: [&str; 2] = ["tracing::span", "tracing::span::active"];
