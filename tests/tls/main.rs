//! TLS from the sender's side: whom does it trust, whatever library speaks and wherever it was set?

mod bad;
mod cases;
mod certificates;
mod client;
mod files;
mod good;
mod hello;
#[cfg(target_os = "linux")]
mod idle;
mod life;
mod names;
mod server;
