//! OpenSSL, if the feature of that name is on.

#[cfg(all(target_os = "linux", feature = "openssl"))]
pub use openssl::*;
