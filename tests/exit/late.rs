//! A thread-local value that logs when its thread ends.

use tracing::info;

pub(crate) const AT_THE_END: &str = "at the end of main";

thread_local!(pub(crate) static LATE: Late = const { Late(std::cell::Cell::new("")) });

pub(crate) struct Late(pub(crate) std::cell::Cell<&'static str>);

impl Drop for Late {
    fn drop(&mut self) {
        info!("{}", self.0.get());
    }
}
