//! Why does nothing arrive?
//!
//! `cargo run --example doctor -- tcp://logs.example.com:514` sends two probe records to each server
//! it is given, or to those in `SYSLOG_SERVERS`, says what is wrong in plain words, and what to do
//! about it. It succeeds only if every server took them.

#![allow(clippy::print_stdout, reason = "telling is what it is for")]

use std::process::ExitCode;

fn main() -> Result<ExitCode, logship::Error> {
    let servers: Vec<String> = std::env::args().skip(1).collect();
    let mut builder = logship::builder("doctor");
    if !servers.is_empty() {
        builder = builder.servers(servers);
    }
    let checks = builder.check()?;
    checks.iter().for_each(|check| println!("{check}"));
    let is_well = checks.iter().all(|check| check.error.is_none());
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
