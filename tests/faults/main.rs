//! Networks that swallow everything, slow servers, and names that move.
//!
//! Some tests make a network or a view of the file system of their own with `unshare`, and say so
//! where they may not.
#![cfg(all(target_os = "linux", feature = "tracing", feature = "log", feature = "native-tls"))]
#![allow(clippy::print_stdout, reason = "a test that can't be made here says so")]

mod black_hole;
mod names;
mod network_namespace;
mod oversized_datagrams;
#[path = "../rsyslog/shipping.rs"]
#[allow(dead_code, reason = "the tests of a well network use the rest")]
mod shipping;
mod slow;
#[path = "../support/mod.rs"]
mod support;
