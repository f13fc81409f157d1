//! How does a program that can't link this crate get its lines to the server?
//!
//! `some-program 2>&1 | cargo run --example pipe -- [--tee] my-tag`, with `SYSLOG_URL` set. Each line
//! becomes a record; `--tee` hands it on, too. When the queue is full the program waits for the
//! server, instead of losing lines. The exit status tells whether all have arrived.

#![allow(clippy::print_stderr, reason = "standard output is for the lines that are handed on")]

use std::{
    error::Error,
    io::{self, BufRead as _, Read as _, Write as _},
    process::ExitCode,
    time::Duration,
};

use log::{Level, Log as _, Record};
use logship::Overflow;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let tee = arguments.iter().position(|argument| argument == "--tee");
    let tee = tee.map(|at| arguments.remove(at)).is_some();
    let [tag] = &arguments[..] else { return Err("usage: PROGRAM | pipe [--tee] TAG".into()) };
    let patient = Overflow::Block(Duration::MAX);
    let syslog = logship::builder(tag).levels("info").overflow(patient).build()?;
    let (guard, logger) = (syslog.guard(), syslog.logger());

    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let mut line = Vec::new();
    while input.by_ref().take(LONGEST).read_until(b'\n', &mut line)? > 0 {
        if tee {
            output.write_all(&line)?;
            output.flush()?;
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = String::from_utf8_lossy(text.strip_suffix(b"\r").unwrap_or(text));
        let mut record = Record::builder();
        logger.log(&record.level(Level::Info).target("stdin").args(format_args!("{text}")).build());
        line.clear();
    }

    // Waits as long as SYSLOG_FLUSH_TIMEOUT says.
    drop(guard);
    let stats = syslog.stats();
    if stats.delivered == stats.captured {
        return Ok(ExitCode::SUCCESS);
    }
    let missing = stats.captured - stats.delivered;
    eprintln!("pipe: {missing} of {} lines have not arrived", stats.captured);
    Ok(ExitCode::FAILURE)
}

/// A line that never ends must not take all memory; a record is shorter still (`SYSLOG_MAX_FRAME`).
const LONGEST: u64 = 64 * 1024;
