//! The whole chain: what an application logs, through the ready central of `examples/stack`, into an
//! index. A real rsyslogd and a real `logship index`, against a strict stand-in of the store.
//!
//! `CHAIN=200000 cargo test --all-features --release --test elasticsearch -- --nocapture` is the long form;
//! the figures are printed. `examples/stack/test/run` does it with real stores.
#![cfg(all(target_os = "linux", feature = "tracing", feature = "log", feature = "native-tls"))]
#![allow(clippy::print_stdout, reason = "the figures are for people to look at")]

mod bulk;
mod central;
mod faults;
mod files;
mod formats;
mod mapping;
#[cfg(feature = "dns-srv")]
#[allow(dead_code)]
#[path = "../srv/name_server.rs"]
mod name_server;
mod poster;
mod roundtrip;
mod same_documents;
mod secured;
mod store;
mod strict_json;
#[path = "../support/mod.rs"]
mod support;
#[cfg(feature = "dns-srv")]
mod two_centrals;
