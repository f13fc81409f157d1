//! Records of `log` for the other layers of the subscriber: a console, and the program's own.

use std::{cell::Cell, fmt};

use log::{
    Record,
    kv::{Error as KvError, Key, Source, Value, VisitSource},
};

thread_local! {
    /// Whether what this thread says is for the others alone.
    static FORWARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether the event under way is a record that this crate has captured, or refused, already.
pub(super) fn is_forwarded() -> bool {
    FORWARDED.try_with(Cell::get).unwrap_or_default()
}

/// Has all layers but this crate's own see a record as an event, its key-values behind the text.
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
    // A failed write is the other layer's to know of.
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
