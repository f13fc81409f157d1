//! Is all that a server shows looked at, by either library, before it gets an octet?

#[allow(dead_code, reason = "tests/tls uses the rest")]
#[path = "../../../../tests/tls/certificates.rs"]
mod certificates;
mod connect;
mod parts;
#[allow(dead_code, reason = "tests/tls uses the rest")]
#[path = "../../../../tests/tls/server.rs"]
mod server;
