//! Tests of the collector.

mod any;
mod find;
mod frame;
mod parse;
mod sockets;
mod timestamp;
#[cfg(feature = "native-tls")]
mod tls;
