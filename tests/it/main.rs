//! The whole way, from a log macro to what a server sees, with a strict collector in the process.

mod content;
mod golden;
mod header_fields;
mod json;
mod ledger;
mod life;
mod links;
mod long;
mod outage;
mod relp;
mod rfc3164;
mod secrets;
mod setup;
mod shutdown;
mod spans;
mod strict_json;
mod support;
mod tidy;
