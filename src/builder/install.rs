//! Installation for the whole program.

use std::sync::Arc;

use super::{Builder, config::variable};
use crate::{Error, Guard, Handle, capture::panic};

impl Builder {
    /// Starts the shipper for the whole program: installs the `tracing` subscriber, the `log`
    /// logger and the panic hook.
    ///
    /// The subscriber has no console layer, so nothing appears on the terminal; use
    /// [`build`](Builder::build) and [`Handle::layer`](crate::Handle::layer) to add one.
    ///
    /// # Errors
    ///
    /// As [`build`](Builder::build), and if a subscriber or logger is already installed.
    pub fn try_init(self) -> Result<Guard, Error> {
        let plan = self.plan(&variable)?;
        check_slots()?;
        let panic_backtrace = plan.panic_backtrace;
        let handle = plan.start()?;
        install(&handle)?;
        if let Some(panic_backtrace) = panic_backtrace {
            panic::install_hook(Arc::downgrade(&handle.pipeline), panic_backtrace);
        }
        Ok(handle.guard())
    }

    /// As [`try_init`](Builder::try_init), for programs that cannot go on without.
    ///
    /// # Panics
    ///
    /// If `try_init` returns an error.
    #[track_caller]
    pub fn init(self) -> Guard {
        match self.try_init() {
            Ok(guard) => guard,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Whether nobody else has installed anything, before anything is started.
fn check_slots() -> Result<(), Error> {
    #[cfg(feature = "tracing")]
    if has_global_subscriber() {
        return Err(Error::already_initialized(TAKEN_TRACING));
    }
    #[cfg(feature = "log")]
    if has_logger() {
        return Err(Error::already_initialized(TAKEN_LOG));
    }
    Ok(())
}

/// A scoped subscriber, of this thread, isn't seen by a thread of its own.
#[cfg(feature = "tracing")]
fn has_global_subscriber() -> bool {
    use tracing_core::{dispatcher, subscriber::NoSubscriber};
    let is_there = || dispatcher::get_default(|global| !global.is::<NoSubscriber>());
    // A system without a thread for this one has none for the shipper, either: that is told then.
    let asked = || std::thread::Builder::new().spawn(is_there).ok()?.join().ok();
    dispatcher::has_been_set() && asked().unwrap_or(false)
}

/// The logger that stands for none has no state and takes nothing. One that is installed and looks
/// the same is found when ours is installed.
#[cfg(feature = "log")]
fn has_logger() -> bool {
    let error = log::Metadata::builder().level(log::Level::Error).build();
    size_of_val(log::logger()) > 0 || log::logger().enabled(&error)
}

/// The logger goes first, since only its slot can turn out to be taken; until the maximum level is
/// set, at the end, it gets no records.
fn install(handle: &Handle) -> Result<(), Error> {
    #[cfg(feature = "log")]
    log::set_boxed_logger(Box::new(handle.logger()))
        .map_err(|_| Error::already_initialized(TAKEN_LOG))?;
    #[cfg(feature = "tracing")]
    {
        use tracing_subscriber::layer::SubscriberExt as _;
        let subscriber = tracing_subscriber::registry().with(handle.global_layer());
        tracing_core::dispatcher::set_global_default(subscriber.into())
            .map_err(|_| Error::already_initialized(TAKEN_TRACING))?;
    }
    #[cfg(feature = "log")]
    handle.filter.take_log();
    Ok(())
}

#[cfg(feature = "tracing")]
const TAKEN_TRACING: &str = "cannot install a tracing subscriber: one is already installed, and \
                             there can be only one; build a Handle and add Handle::layer to it";
#[cfg(feature = "log")]
const TAKEN_LOG: &str = "cannot install a logger for the log crate: one is already installed, and \
                         there can be only one; build a Handle and use Handle::layer or \
                         Handle::logger";
