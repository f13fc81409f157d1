//! TLS from the sender's side: whom does it trust, whatever library speaks and wherever it was set?

mod bad;
mod cases;
mod certificates;
mod client;
mod files;
mod good;
mod hello;
mod life;
mod server;
