//! How does a program that uses the `log` crate, and no `tracing`, ship its records?
//!
//! `cargo run --example log_only --no-default-features --features log`

#![allow(clippy::print_stdout, reason = "showing is what it is for")]

use std::{error::Error, time::Duration};

use log::{debug, info, warn};
use logship_collector::Collector;

fn main() -> Result<(), Box<dyn Error>> {
    // A program of yours has no server in it, and leaves `url` out: SYSLOG_SERVERS decides.
    let server = Box::leak(Box::new(Collector::tcp()?));
    let syslog = logship::builder("log-only").servers(server.url()).filter("info").build()?;

    // `init_syslog` does these three lines; here it is shown how to put the logger elsewhere, such
    // as into a crate that hands each record to several loggers.
    let logger = syslog.logger();
    log::set_max_level(logger.max_level());
    log::set_boxed_logger(Box::new(logger))?;

    info!(order = 42, express = true; "order accepted");
    warn!(target: "shop::stock", left = 2; "running low");
    debug!("not wanted, and next to free");
    log::logger().flush();

    let records = server.wait_for(2, Duration::from_secs(10));
    for record in &records {
        println!("{}", String::from_utf8_lossy(&record.bytes));
    }
    let is_right = records.len() == 2
        && records[0].param("fields@32473", "order") == Some("42")
        && records[1].param("fields@32473", "left") == Some("2");
    if is_right { Ok(()) } else { Err("that is not what was logged".into()) }
}
