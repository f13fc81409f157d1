//! TLS from the sender's side: whom it trusts, with every library and setting.
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
