//! The setting for a console beside syslog.

#[cfg(feature = "console")]
use std::{io::IsTerminal as _, sync::Arc};

use super::{
    Builder,
    env::{Environment, choose, plain_text, value_of},
};
#[cfg(feature = "console")]
use crate::capture::{LayerFilter, LiveFilter};
use crate::{Error, capture::Filter};

/// The configured console.
#[cfg_attr(not(feature = "console"), allow(dead_code))]
pub(super) struct Console {
    pub(super) filter: Filter,
    /// Whether `NO_COLOR` is set.
    no_color: bool,
}

impl Builder {
    /// Writes records that this filter enables to standard error, too, as in `info,my_crate=debug`.
    ///
    /// Use it if people look at the program's terminal, or at the output that a service manager
    /// keeps. It works with [`init`](Builder::init) and [`init_with`](Builder::init_with), shows
    /// `tracing` events and `log` records as `tracing_subscriber::fmt` does, and uses colours only
    /// on a terminal and unless `NO_COLOR` is set. A log call waits for a console that does not
    /// read. Needs the feature `console`.
    ///
    /// ```no_run
    /// let _guard = logship::builder("app-tag").console("debug").try_init()?;
    /// # Ok::<(), logship::Error>(())
    /// ```
    ///
    /// Defaults to no console.
    #[cfg(feature = "console")]
    pub fn console(mut self, filter: impl Into<String>) -> Self {
        self.console = Some(filter.into());
        self
    }

    pub(super) fn console_of(
        &self,
        env: Environment<'_>,
        reports: &mut Vec<String>,
    ) -> Result<Option<Console>, Error> {
        let directives =
            choose(self.console.clone(), env, "SYSLOG_CONSOLE", plain_text, String::new)?;
        if directives.is_empty() {
            return Ok(None);
        }
        if !cfg!(feature = "console") {
            reports
                .push("SYSLOG_CONSOLE has no effect: the feature console is not built in".into());
            return Ok(None);
        }
        let (filter, hints) =
            Filter::new(&directives).map_err(|e| e.of("console (SYSLOG_CONSOLE)"))?;
        reports.extend(hints.iter().map(|hint| format!("console (SYSLOG_CONSOLE): {hint}")));
        Ok(Some(Console { filter, no_color: value_of(env, "NO_COLOR").is_some() }))
    }
}

#[cfg(feature = "console")]
impl Console {
    pub(super) fn layer<S>(self) -> impl tracing_subscriber::Layer<S> + Send + Sync + use<S>
    where
        S: tracing_core::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
    {
        use tracing_subscriber::Layer as _;
        let is_coloured = !self.no_color && std::io::stderr().is_terminal();
        tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(is_coloured)
            .with_filter(LayerFilter(Arc::new(LiveFilter::new(self.filter))))
    }
}

#[cfg(all(feature = "tracing", not(feature = "console")))]
impl Console {
    /// There is none without the feature.
    pub(super) fn layer<S: tracing_core::Subscriber>(
        self,
    ) -> impl tracing_subscriber::Layer<S> + Send + Sync + use<S> {
        tracing_subscriber::layer::Identity::new()
    }
}
