//! How is `logforth` set up? Behind `log`, its syslog appender behind its async appender, with
//! the fields in the text: without a layout the appender drops key-values.

use std::error::Error;

use logforth::{
    append::{
        Syslog,
        asynchronous::AsyncBuilder,
        syslog::{SyslogBuilder, SyslogFormat},
    },
    bridge::log::LogBridge,
};

use super::{Running, Setup};
use crate::event;

pub(super) fn start(setup: &Setup) -> Result<Running, Box<dyn Error>> {
    let syslog: Syslog = SyslogBuilder::tcp(setup.server)?.format(SyslogFormat::RFC5424).build();
    // As many as tracing-appender takes by default.
    let queue = AsyncBuilder::new("logforth").buffered_lines_limit(Some(128_000)).append(syslog);
    let queue = match setup.is_lossless {
        true => queue.overflow_block(),
        false => queue.overflow_drop_incoming(),
    };
    let logger = logforth::core::builder().dispatch(|d| d.append(queue.build())).build();
    log::set_boxed_logger(Box::new(LogBridge::new(logger)))?;
    log::set_max_level(log::LevelFilter::Info);
    Ok(Running::new(event::log_text, || log::logger().flush()))
}
