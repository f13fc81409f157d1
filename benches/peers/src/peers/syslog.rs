//! Setup of `syslog` 7: behind `log`, over TCP; its logger drops key-values.

use std::error::Error;

use syslog::{BasicLogger, Facility, Formatter3164};

use super::{Running, Setup};
use crate::event;

pub(super) fn start(setup: &Setup) -> Result<Running, Box<dyn Error>> {
    let formatter = Formatter3164 {
        facility: Facility::LOG_USER,
        hostname: Some("bench.example".to_owned()),
        process: "bench".to_owned(),
        pid: std::process::id(),
    };
    let logger = syslog::tcp(formatter, setup.server)?;
    log::set_boxed_logger(Box::new(BasicLogger::new(logger)))?;
    log::set_max_level(log::LevelFilter::Info);
    Ok(Running::new(event::log_text, || log::logger().flush()))
}
