//! The settings for panics.

use super::Builder;

impl Builder {
    /// Sets whether [`init`](Builder::init) records panics, with severity CRITICAL, before the
    /// previous panic hook runs.
    ///
    /// Defaults to true.
    pub fn panic_hook(mut self, panic_hook: bool) -> Self {
        self.panic_hook = Some(panic_hook);
        self
    }

    /// Sets whether the record of a panic has a backtrace, as the field `panic_backtrace`.
    ///
    /// It reveals names of functions and files, and takes milliseconds.
    ///
    /// Defaults to false.
    pub fn panic_backtrace(mut self, panic_backtrace: bool) -> Self {
        self.panic_backtrace = Some(panic_backtrace);
        self
    }
}
