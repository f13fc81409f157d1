//! `logship pipe`: ships the lines of a program that cannot link the library.

mod join;
mod json;
mod level;
mod lines;

use std::{
    sync::mpsc::{RecvTimeoutError, sync_channel},
    thread,
    time::Duration,
};

use log::{Log as _, Record};
use logship::{Logger, Overflow};

use self::{join::Joiner, json::Said};
use crate::{Outcome, all_or_missing};

/// Ship each line of standard input, with levels, stack traces and JSON recognised.
///
/// A line, or a stack trace of many, becomes a record, as severe as it says itself. If the queue is
/// full the program waits for the server, instead of losing lines. What waits in a SYSLOG_QUEUE_FILE
/// is shipped by the next start.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// APP-NAME of the records.
    tag: String,
    /// Copy standard input to standard output, whatever becomes of the records.
    #[arg(long)]
    tee: bool,
    /// Servers in order of preference, separated by commas.
    #[arg(long, value_name = "URLS", env = "SYSLOG_SERVERS")]
    servers: Option<String>,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let mut builder = logship::builder(&args.tag).filter("trace");
    if let Some(servers) = &args.servers {
        builder = builder.servers(servers);
    }
    let syslog = builder.overflow(Overflow::Block(Duration::MAX)).build()?;
    let (guard, logger) = (syslog.guard(), syslog.logger());

    let (line, lines) = sync_channel(LINES_AHEAD);
    let tee = args.tee;
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
    all_or_missing(&syslog, syslog.flush(Duration::ZERO), "delivered")
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
