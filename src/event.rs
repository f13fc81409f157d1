//! Events of shipping, for a program's own monitoring.

use std::{fmt, time::Duration};

use crate::{ConnectionInfo, DropReason, Severity, ShipError};

/// What happens while records are shipped, for [`Builder::on_event`](crate::Builder::on_event).
///
/// ```
/// use logship::Event;
///
/// let builder = logship::builder("app-tag").on_event(|event| match event {
///     Event::Unreachable { server, error } => eprintln!("{server} is away: {}", error.kind()),
///     Event::Dropping { reason, severity, count } => eprintln!("{count} {severity}: {reason}"),
///     Event::Recovered { server, .. } => eprintln!("{server} is back"),
///     _ => {}
/// });
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A server was connected.
    Connected {
        /// The server, and its TLS session.
        connection: ConnectionInfo,
        /// Records waiting to be sent.
        pending: u64,
    },
    /// A server could not be connected to; the next one is tried, or the same again after a pause.
    Unreachable {
        /// The server as its URL names it, without options.
        server: String,
        /// Why.
        error: ShipError,
    },
    /// A connection with records in flight ended.
    Disconnected {
        /// The server as its URL names it, without options.
        server: String,
        /// Why.
        error: ShipError,
    },
    /// Records were dropped since the last such event of this reason and severity; at most once a
    /// second, and at the latest before the next attempt to connect.
    Dropping {
        /// Why.
        reason: DropReason,
        /// The severity of the records.
        severity: Severity,
        /// How many, at least 1.
        count: u64,
    },
    /// After a server was unreachable or a connection was lost, a connection has stayed up long
    /// enough to be trusted.
    Recovered {
        /// The server as its URL names it, without options.
        server: String,
        /// How long ago the first of these problems was.
        after: Duration,
    },
    /// Anything else that is reported, such as a damaged queue file.
    Failed {
        /// The error.
        error: ShipError,
    },
}

impl Event {
    /// The error, if this is an event that [`Builder::on_error`](crate::Builder::on_error) reports,
    /// too.
    #[must_use]
    pub fn error(&self) -> Option<&ShipError> {
        match self {
            Event::Unreachable { error, .. }
            | Event::Disconnected { error, .. }
            | Event::Failed { error } => Some(error),
            Event::Connected { .. } | Event::Dropping { .. } | Event::Recovered { .. } => None,
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Connected { connection, pending } => {
                write!(f, "connected to {}, {pending} records waited", connection.server)
            }
            Event::Unreachable { error, .. }
            | Event::Disconnected { error, .. }
            | Event::Failed { error } => error.fmt(f),
            Event::Dropping { reason, severity, count } => {
                write!(f, "dropped {count} records of severity {severity}: {reason}")
            }
            Event::Recovered { server, after } => {
                write!(f, "{server} is trusted again after {:.1} s", after.as_secs_f32())
            }
        }
    }
}
