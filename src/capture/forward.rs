//! Forwarding of `log` records to the other layers of the subscriber: a console, and the program's
//! own.

use std::{cell::Cell, fmt};

use log::{
    Record,
    kv::{Error as KvError, Key, Source, Value, VisitSource},
};

thread_local! {
    /// Whether this thread's current event is for the other layers only.
    static FORWARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether the current event is a record that this crate has already captured or refused.
pub(super) fn is_forwarded() -> bool {
    FORWARDED.try_with(Cell::get).unwrap_or_default()
}

/// Passes a record as an event to all layers but this crate's own, its key-values after the text.
pub(super) fn forward(record: &Record<'_>) {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            let _ = FORWARDED.try_with(|forwarded| forwarded.set(self.0));
        }
    }
    let _restore = Restore(FORWARDED.try_with(|f| f.replace(true)).unwrap_or_default());
    let pairs = Pairs(record.key_values());
    let mut others = record.to_builder();
    // A failed write is the other layer's concern.
    let _ =
        tracing_log::format_trace(&others.args(format_args!("{}{pairs}", record.args())).build());
}

struct Pairs<'a>(&'a dyn Source);

impl fmt::Display for Pairs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Write<'a, 'f>(&'a mut fmt::Formatter<'f>);
        impl<'kvs> VisitSource<'kvs> for Write<'_, '_> {
            fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), KvError> {
                Ok(write!(self.0, " {key}={value}")?)
            }
        }
        self.0.visit(&mut Write(f)).map_err(|_| fmt::Error)
    }
}
