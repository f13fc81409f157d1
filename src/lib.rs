//! Ships `tracing` events and `log` records to a central syslog server: RFC 5424 over UDP, TCP,
//! TLS, RELP and Unix sockets, through a bounded queue that never blocks the application.
//!
//! ```no_run
//! fn main() -> Result<(), logship::Error> {
//!     let _guard = logship::init_syslog("app-tag")?;
//!     tracing::info!(order_id = 42, customer = "ann", "order accepted");
//!     log::warn!("records of the log crate are captured too");
//!     Ok(())
//! }
//! ```
//!
//! The server comes from the variable `SYSLOG_SERVERS`, the filter from `RUST_LOG`. [`Builder`] has
//! every setting, with its variable and its default:
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use logship::{Facility, Format, Overflow};
//!
//! let _guard = logship::builder("app-tag")
//!     .servers("tls://a.example.com,tls://b.example.com")
//!     .filter("info,my_crate::db=debug")
//!     .facility(Facility::Local0)
//!     .format(Format::Cee)
//!     .overflow(Overflow::Block(Duration::from_millis(100)))
//!     .try_init()?;
//! # Ok::<(), logship::Error>(())
//! ```
//!
//! [`Builder::build`] installs nothing and returns a [`Handle`], whose `layer` and `logger` go
//! wherever you like: beside a console layer, or into a logger of your own.
//!
//! # How it works
//!
//! ```text
//!  the application's threads               |  the shipper's own thread
//!                                          |
//!  tracing event --.                       |
//!                   >-- capture -- encode -- queue -- ship -- transport -- syslog server
//!  log record   ---'                       |
//! ```
//!
//! A log call formats its message on its own thread and copies it into a ring of bytes. One thread
//! ships what is in the ring, and keeps each message until it is delivered. [`Stats`] counts what
//! became of every record: `captured = delivered + dropped + pending`.
//!
//! # Features
//!
//! | feature | default | |
//! |---|---|---|
//! | `tracing` | yes | the [`Layer`] for `tracing` |
//! | `log` | yes | the [`Logger`] for `log`, with key-values |
//! | `native-tls` | yes | `tls://` and `relp+tls://` through the system's library; on Linux this needs OpenSSL's headers and `pkg-config` |
//! | `rustls` | | the same through rustls; needs a C compiler |
//! | `dns-srv` | | `srv://` servers, found by SRV records, and the URL option `nameserver` |
//! | `console` | | a console beside syslog in one call: [`Builder::console`] |
//! | `serde` | | [`Builder`] implements `serde::Deserialize` |
//! | `metrics` | | [`Handle::record_metrics`] for the `metrics` facade |
//! | `opentelemetry` | | trace and span ids of `tracing-opentelemetry` in every record |
//!
//! # Guides
//!
//! * [Formats](guide::formats): what records look like, JSON, redaction of secrets.
//! * [TLS](guide::tls): trust, client certificates, fingerprints, renewal.
//! * [Delivery](guide::delivery): what is promised, and what was measured.
//! * [Operations](guide::operations): what happens when, SIGTERM, fork, containers, monitoring.
//! * [Receivers](guide::receivers): which setting suits which server.
//! * [Performance](guide::performance): numbers, and where the nanoseconds go.
//! * [The `logship` command](guide::command): send, pipe, doctor, roundtrip, listen, load, index.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(rustdoc::broken_intra_doc_links)]
#![cfg_attr(
    not(any(feature = "tracing", feature = "log")),
    allow(dead_code, reason = "without a front end nothing is captured")
)]

#[cfg(not(target_has_atomic = "64"))]
compile_error!("logship needs a processor with 64-bit atomics, and this target has none");

mod builder;
mod burst;
mod capture;
mod connection_info;
mod encode;
mod error;
mod event;
mod exit;
mod facility;
mod fork;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(any(doc, doctest))]
pub mod guide;
mod handle;
#[cfg(feature = "metrics")]
mod metrics;
// Without queue files, what reads and adopts them lies idle.
#[cfg_attr(not(unix), allow(dead_code))]
mod queue;
mod record;
mod reentrancy;
mod resend;
mod severity;
mod ship;
mod ship_error;
mod stats;
mod stderr;
mod stored;
mod threads;
mod transport;
mod units;

#[cfg(feature = "tracing")]
pub use self::capture::Layer;
#[cfg(feature = "log")]
pub use self::capture::Logger;
pub use self::{
    builder::{Builder, ServerCheck, ServerList},
    connection_info::{ConnectionInfo, TlsInfo},
    encode::{ControlCharacters, Format, TextFields, TimeQuality},
    error::Error,
    event::Event,
    facility::Facility,
    handle::{Guard, Handle, ShutdownError},
    queue::Overflow,
    record::Level,
    severity::Severity,
    ship_error::{ErrorKind, ShipError},
    stats::{DropReason, Stats},
    transport::tls_options::{TlsBackend, TlsVersion},
};

/// Ships every `tracing` event and every `log` record of this program to the servers in
/// `SYSLOG_SERVERS`, under this tag.
///
/// All other settings come from the environment or are the defaults, see [`Builder`]. The tag is 1
/// to 48 printable US-ASCII characters without blanks, `/`, `[`, `]` and `:`. Nothing appears on
/// the terminal any more, unless `SYSLOG_CONSOLE` (feature `console`) asks for a console;
/// [`Builder::init_with`] and [`Handle::layer`] go beside layers of your own.
///
/// ```no_run
/// let _guard = logship::init_syslog("app-tag")?;
/// # Ok::<(), logship::Error>(())
/// ```
///
/// Do not log from a signal handler: it may have interrupted a log call that holds a lock. The end
/// of `main` flushes; SIGTERM is the program's to handle, see the [operations
/// guide](guide::operations).
///
/// # Errors
///
/// If the tag or a variable is invalid, or a subscriber or logger is already installed. A server
/// that cannot be reached is not an error.
#[cfg(any(feature = "tracing", feature = "log"))]
pub fn init_syslog(tag: impl Into<String>) -> Result<Guard, Error> {
    builder(tag).try_init()
}

/// Starts a setup with more than the tag, see [`Builder`].
pub fn builder(tag: impl Into<String>) -> Builder {
    Builder::new(tag)
}

/// The README's code is compiled as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
