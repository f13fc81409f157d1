//! How do the lines of a program that can't link this crate get to the server?
//!
//! `some-program 2>&1 | cargo run --example pipe -- [--tee] my-tag`, with `SYSLOG_URL` set. A line, or a
//! stack trace of many, becomes a record, as severe as it says itself; `--tee` hands it on, too. When
//! the queue is full the program waits for the server, instead of losing lines. The exit status
//! tells whether all have arrived; what waits in a `SYSLOG_QUEUE_FILE` is shipped by the next start.

#![allow(clippy::print_stderr, reason = "standard output is for the lines that are handed on")]

mod join;
mod json;
mod level;
mod lines;

use std::{
    error::Error,
    process::ExitCode,
    sync::mpsc::{RecvTimeoutError, sync_channel},
    thread,
    time::Duration,
};

use log::{Log as _, Record};
use logship::{Logger, Overflow};

use self::{join::Joiner, json::Said};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let tee = arguments.iter().position(|argument| argument == "--tee");
    let tee = tee.map(|at| arguments.remove(at)).is_some();
    let [tag] = &arguments[..] else { return Err("usage: PROGRAM | pipe [--tee] TAG".into()) };
    let patient = Overflow::Block(Duration::MAX);
    let syslog = logship::builder(tag).filter("trace").overflow(patient).build()?;
    let (guard, logger) = (syslog.guard(), syslog.logger());

    let (line, lines) = sync_channel(LINES_AHEAD);
    let reader = thread::spawn(move || lines::read(tee, |text| line.send(text).is_ok()));
    let mut joiner = Joiner::default();
    loop {
        match lines.recv_timeout(SILENCE) {
            Ok(line) => ship(&logger, joiner.add(line)),
            Err(RecvTimeoutError::Timeout) => ship(&logger, joiner.take()),
            Err(RecvTimeoutError::Disconnected) => break ship(&logger, joiner.take()),
        }
    }
    reader.join().map_err(|_| "the reader of standard input panicked")??;

    // Waits as long as SYSLOG_FLUSH_TIMEOUT says.
    drop(guard);
    let (is_done, stats) = (syslog.flush(Duration::ZERO), syslog.stats());
    if is_done && stats.dropped == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    let missing = stats.captured - stats.delivered;
    eprintln!("pipe: {missing} of {} records have not arrived", stats.captured);
    Ok(ExitCode::FAILURE)
}

fn ship(logger: &Logger, record: Option<String>) {
    let Some(text) = record else { return };
    let Said { level, target, text, fields } = Said::of(&text);
    let fields: Vec<_> = fields.iter().filter_map(json::pair).collect();
    let mut record = Record::builder();
    let record = record.level(level).target(target.as_deref().unwrap_or("stdin"));
    logger.log(&record.key_values(&fields).args(format_args!("{text}")).build());
}

/// How long a record waits for another line that belongs to it.
const SILENCE: Duration = Duration::from_millis(200);
const LINES_AHEAD: usize = 64;
