//! The whole way, from a log macro to what a server sees, with a strict collector in the process.

mod content;
mod life;
mod outage;
mod setup;
mod spans;
mod support;
mod tidy;
