//! TLS from the sender's side: whom it trusts, with every library and setting.
#![cfg(target_os = "linux")]

mod accepted;
mod cases;
mod certificates;
mod client;
mod files;
mod hello;
mod idle;
mod lifecycle;
mod names;
mod rejected;
mod server;
