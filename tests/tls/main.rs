//! TLS from the sender's side: whom does it trust, whatever library speaks and wherever it was set?
#![cfg(target_os = "linux")]

mod bad;
mod cases;
mod certificates;
mod client;
mod files;
mod good;
mod hello;
mod idle;
mod life;
mod names;
mod server;
