//! Whom does the shipper tell that something is wrong, when it must not log?

use std::{
    fmt,
    io::Write as _,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

/// What an application may ask to be told: see `Builder::on_trouble`.
pub(crate) type Listener = Arc<dyn Fn(&str) + Send + Sync>;

/// Tells the application's listener of each trouble, and standard error once a minute.
pub(crate) struct Trouble {
    tag: String,
    listener: Option<Listener>,
    said_last: Option<Instant>,
    unsaid: u64,
}

impl Trouble {
    pub(crate) fn new(tag: &str, listener: Option<Listener>) -> Self {
        Trouble { tag: tag.to_owned(), listener, said_last: None, unsaid: 0 }
    }

    /// Tells of something that happens once, at the start; what comes after it is not held back.
    pub(crate) fn tell_at_start(&mut self, what: &str) {
        self.tell(format_args!("{what}"));
        self.said_last = None;
    }

    pub(super) fn tell(&mut self, what: fmt::Arguments<'_>) {
        let what = what.to_string();
        if let Some(listener) = &self.listener {
            // A listener that panics has been told; shipping goes on.
            let _ = catch_unwind(AssertUnwindSafe(|| listener(&what)));
            return;
        }
        if self.said_last.is_some_and(|last| last.elapsed() < SAY_EVERY) {
            self.unsaid += 1;
            return;
        }
        let more = match std::mem::take(&mut self.unsaid) {
            0 => String::new(),
            more => format!(" (and {more} more troubles since the last line)"),
        };
        self.said_last = Some(Instant::now());
        // Standard error may be closed; there is nobody else to tell.
        let _ = writeln!(std::io::stderr(), "logship: {}: {what}{more}", self.tag);
    }

    /// The next trouble is a new one.
    pub(super) fn is_over(&mut self) {
        self.unsaid = 0;
    }
}

const SAY_EVERY: Duration = Duration::from_secs(60);
