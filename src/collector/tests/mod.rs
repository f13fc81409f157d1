//! Does the collector see what is there, and only that?

mod any;
mod frame;
mod parse;
mod sockets;
mod timestamp;
#[cfg(feature = "native-tls")]
mod tls;
