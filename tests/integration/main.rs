//! The whole way, from a log macro to what a server sees, with a strict collector in the process.

mod compliance_table;
mod content;
mod golden;
mod header_fields;
mod json;
mod lifecycle;
mod links;
mod long_records;
mod outage;
mod redaction;
mod relp;
mod rfc3164;
mod setup;
mod shutdown;
mod spans;
mod strict_json;
mod support;
mod tidy;
