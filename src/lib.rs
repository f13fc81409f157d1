#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(rustdoc::broken_intra_doc_links)]
// What only one feature needs lies idle without it; with all of them nothing may.
#![cfg_attr(
    not(all(
        feature = "tracing",
        feature = "log",
        feature = "native-tls",
        feature = "rustls",
        feature = "opentelemetry"
    )),
    allow(dead_code, unused_imports)
)]

mod builder;
mod capture;
#[cfg(feature = "collector")]
pub mod collector;
mod connection_info;
mod encode;
mod endpoint;
mod error;
mod exit;
mod facility;
mod fork;
#[cfg(all(fuzzing, feature = "collector"))]
#[doc(hidden)]
pub mod fuzzing;
mod handle;
mod queue;
mod record;
mod reentrancy;
mod resend;
mod service;
mod severity;
mod ship;
mod stats;
mod stderr;
mod threads;
mod transport;

#[cfg(feature = "tracing")]
pub use self::capture::Layer;
#[cfg(feature = "log")]
pub use self::capture::Logger;
pub use self::{
    builder::Builder,
    connection_info::{ConnectionInfo, TlsInfo},
    encode::{ControlCharacters, Format, TextFields, TimeQuality},
    error::Error,
    facility::Facility,
    handle::{Guard, Handle, ShutdownError},
    queue::Overflow,
    record::Level,
    severity::Severity,
    stats::{DropReason, Losses, Stats},
    transport::tls_options::{TlsBackend, TlsVersion},
};

/// Ships every `tracing` event and every `log` record of this program from now on, tagged, to the
/// server that `SYSLOG_URL` names.
///
/// All settings come from the environment or are the defaults, see [`Builder`]. The tag is 1 to 48
/// printable US-ASCII characters without blanks, `/`, `[`, `]` and `:`.
///
/// ```no_run
/// let _guard = logship::init_syslog("app-tag")?;
/// # Ok::<(), logship::Error>(())
/// ```
///
/// Log calls are not async-signal-safe, as with any logger: don't log from a signal handler, which may
/// interrupt a log call that holds a lock. The end of `main` delivers what was logged; SIGTERM is
/// the program's to handle, `examples/sigterm.rs` shows how.
///
/// # Errors
///
/// Where the tag or a variable is wrong, or a subscriber or logger is installed already. A server
/// that can't be reached is no error: records wait for it.
#[cfg(any(feature = "tracing", feature = "log"))]
pub fn init_syslog(tag: impl Into<String>) -> Result<Guard, Error> {
    builder(tag).try_init()
}

/// Starts to set up logging with more than the tag, see [`Builder`].
pub fn builder(tag: impl Into<String>) -> Builder {
    Builder::new(tag.into())
}
