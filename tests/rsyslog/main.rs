//! logship against a real rsyslogd: what a user would notice, from the log call to the line that
//! the server stores.
#![cfg(all(target_os = "linux", feature = "tracing", feature = "log", feature = "native-tls"))]

mod burst;
mod content;
mod filter;
mod formats;
mod header_fields;
mod hostile;
mod labels;
mod metrics;
mod outage;
mod readme;
mod restart;
mod shipping;
#[path = "../support/mod.rs"]
mod support;
mod tls;
mod transports;
mod volume;
