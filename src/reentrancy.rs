//! Protection against capturing the crate's own log calls, and against endless recursion.
//!
//! The shipper's own threads are muted: what tokio, mio or a TLS library logs while a record is
//! shipped must not become a record. And a value may log while it is formatted, but not without
//! end.

use std::cell::Cell;

thread_local! {
    // Without a destructor, so that it can be used while a thread ends.
    static DEPTH: Cell<u8> = const { Cell::new(0) };
}

/// A log call in progress on this thread.
#[derive(Debug)]
pub(crate) struct Entry(());

/// Why a log call is not captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The thread is the crate's own.
    Muted,
    /// The call was made while a record was formatted, which was logged while another was
    /// formatted, and so on.
    TooDeep,
}

/// Begins a log call.
#[inline]
pub(crate) fn enter() -> Result<Entry, Refused> {
    match DEPTH.get() {
        MUTED => Err(Refused::Muted),
        DEEPEST => Err(Refused::TooDeep),
        depth => {
            DEPTH.set(depth + 1);
            Ok(Entry(()))
        }
    }
}

impl Drop for Entry {
    #[inline]
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get().saturating_sub(1));
    }
}

/// From now on, log calls of this thread are not captured.
pub(crate) fn mute_thread() {
    DEPTH.set(MUTED);
}

/// Whether this thread is in a log call, or is one of the crate's own.
pub(crate) fn is_in_log_call() -> bool {
    DEPTH.get() != 0
}

pub(crate) fn is_muted() -> bool {
    DEPTH.get() == MUTED
}

const MUTED: u8 = u8::MAX;
/// Deeper than any intended use.
const DEEPEST: u8 = 4;
