//! The whole way, from a log macro to what a server sees, with a strict collector in the process.

mod content;
mod json;
mod life;
mod outage;
mod rfc3164;
mod secrets;
mod setup;
mod spans;
mod support;
mod tidy;
