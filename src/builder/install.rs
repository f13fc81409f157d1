//! Installation for the whole program.

use super::{Builder, config::variable, console::Console};
use crate::{Error, Guard, Handle};

impl Builder {
    /// Starts the shipper for the whole program: installs the `tracing` subscriber, the `log`
    /// logger and the panic hook.
    ///
    /// Nothing appears on the terminal without [`console`](Builder::console).
    /// [`try_init_with`](Builder::try_init_with) adds layers of the program's own.
    ///
    /// # Errors
    ///
    /// As [`build`](Builder::build), and if a subscriber or logger is already installed.
    pub fn try_init(self) -> Result<Guard, Error> {
        self.start_and(install)
    }

    /// As [`try_init`](Builder::try_init), with a layer of the program's own beside syslog and
    /// [`console`](Builder::console), or several as a `Vec` or joined by `and_then`.
    ///
    /// `layer` has its own filter; [`filter`](Builder::filter) is for syslog only. `log` records
    /// reach it as events, with their key-values in the text. A layer that filters the whole
    /// subscriber, such as a bare `LevelFilter`, applies to syslog, too.
    ///
    /// ```no_run
    /// use tracing_subscriber::{Layer, filter::LevelFilter, fmt};
    ///
    /// let file = std::fs::File::create("app.log")?;
    /// let file = fmt::layer().with_ansi(false).with_writer(file).with_filter(LevelFilter::DEBUG);
    /// let _guard = logship::builder("app-tag").try_init_with(file)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As `try_init`.
    #[cfg(feature = "tracing")]
    pub fn try_init_with<L>(self, layer: L) -> Result<Guard, Error>
    where
        L: tracing_subscriber::Layer<tracing_subscriber::Registry> + Send + Sync + 'static,
    {
        self.start_and(|handle, console| {
            install_beside(handle, layer, console, log::LevelFilter::Trace)
        })
    }

    /// As [`try_init_with`](Builder::try_init_with), for programs that cannot go on without.
    ///
    /// # Panics
    ///
    /// If `try_init_with` returns an error.
    #[cfg(feature = "tracing")]
    #[track_caller]
    pub fn init_with<L>(self, layer: L) -> Guard
    where
        L: tracing_subscriber::Layer<tracing_subscriber::Registry> + Send + Sync + 'static,
    {
        guard_or_panic(self.try_init_with(layer))
    }

    fn start_and(
        self,
        install: impl FnOnce(&Handle, Option<Console>) -> Result<(), Error>,
    ) -> Result<Guard, Error> {
        let mut plan = self.plan(&variable)?;
        check_slots()?;
        let (has_hook, console) = (plan.panic_hook, plan.console.take());
        let handle = plan.start()?;
        install(&handle, console)?;
        if has_hook {
            handle.install_panic_hook();
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
        guard_or_panic(self.try_init())
    }
}

#[track_caller]
fn guard_or_panic(outcome: Result<Guard, Error>) -> Guard {
    match outcome {
        Ok(guard) => guard,
        Err(error) => panic!("{error}"),
    }
}

/// Whether nothing is installed yet; checked before anything is started.
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

/// A thread of its own does not see a scoped subscriber of this thread.
#[cfg(feature = "tracing")]
fn has_global_subscriber() -> bool {
    use tracing_core::{dispatcher, subscriber::NoSubscriber};
    let is_there = || dispatcher::get_default(|global| !global.is::<NoSubscriber>());
    // If this thread cannot be started, neither can the shipper's, which is reported then.
    let asked = || std::thread::Builder::new().spawn(is_there).ok()?.join().ok();
    dispatcher::has_been_set() && asked().unwrap_or(false)
}

/// The placeholder logger has no state and disables everything. An installed logger that looks the
/// same is found when ours is installed.
#[cfg(feature = "log")]
fn has_logger() -> bool {
    let error = log::Metadata::builder().level(log::Level::Error).build();
    size_of_val(log::logger()) > 0 || log::logger().enabled(&error)
}

/// The logger first, since only its slot can turn out to be taken; it gets no records until the
/// maximum level is set, at the end.
#[cfg_attr(not(feature = "tracing"), allow(unused_variables))]
fn install(handle: &Handle, console: Option<Console>) -> Result<(), Error> {
    #[cfg(feature = "tracing")]
    if let Some(console) = console {
        let level = console.filter.max_level();
        let none = tracing_subscriber::layer::Identity::new();
        return install_beside(handle, none, Some(console), level);
    }
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
    handle.filter.take_log(log::LevelFilter::Off);
    Ok(())
}

/// The same beside other layers, which need `log` records up to this level.
#[cfg(feature = "tracing")]
#[cfg_attr(not(feature = "log"), allow(unused_variables))]
fn install_beside<L>(
    handle: &Handle,
    layer: L,
    console: Option<Console>,
    level: log::LevelFilter,
) -> Result<(), Error>
where
    L: tracing_subscriber::Layer<tracing_subscriber::Registry> + Send + Sync + 'static,
{
    use tracing_subscriber::layer::SubscriberExt as _;
    #[cfg(feature = "log")]
    log::set_boxed_logger(Box::new(handle.logger().forwarding()))
        .map_err(|_| Error::already_initialized(TAKEN_LOG))?;
    let subscriber = tracing_subscriber::registry().with(layer);
    let subscriber = subscriber.with(console.map(Console::layer)).with(handle.layer());
    tracing_core::dispatcher::set_global_default(subscriber.into())
        .map_err(|_| Error::already_initialized(TAKEN_TRACING))?;
    #[cfg(feature = "log")]
    handle.filter.take_log(level);
    Ok(())
}

#[cfg(feature = "tracing")]
const TAKEN_TRACING: &str = "cannot install a tracing subscriber: one is already installed, and \
                             there can be only one; build a Handle and add Handle::layer to it";
#[cfg(feature = "log")]
const TAKEN_LOG: &str = "cannot install a logger for the log crate: one is already installed, and \
                         there can be only one; build a Handle and use Handle::layer or \
                         Handle::logger";
