//! Tests of the collector.

mod any;
mod frame;
mod parse;
mod sockets;
mod timestamp;
#[cfg(feature = "native-tls")]
mod tls;
