//! `logship send`: one record, or a line of standard input each, as logger(1) does.

use std::{
    io::{self, BufRead as _},
    time::Duration,
};

use log::{Level, Log as _, Record, kv};
use logship::{Facility, Logger, Severity};

use crate::{Outcome, all_or_missing, seconds};

/// Send a record: the text of the arguments, or each line of standard input.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The text; standard input is read if there is none.
    text: Vec<String>,
    /// APP-NAME of the records.
    #[arg(short, long, default_value = "logship")]
    tag: String,
    /// Severity: emerg, alert, crit, err, warning, notice, info or debug, or 0 to 7.
    #[arg(short, long, default_value = "notice", value_parser = severity)]
    severity: Severity,
    /// Facility: user, daemon, auth, authpriv, local0 to local7 ...
    #[arg(short, long, default_value = "user", value_parser = str::parse::<Facility>)]
    facility: Facility,
    /// A field of structured data; may be repeated.
    #[arg(long = "field", value_name = "NAME=VALUE", value_parser = field)]
    fields: Vec<(String, String)>,
    /// MSGID of the records.
    #[arg(long)]
    msgid: Option<String>,
    /// Servers in order of preference, separated by commas.
    #[arg(long, value_name = "URLS", env = "SYSLOG_SERVERS")]
    servers: Option<String>,
    /// Wait until everything is acknowledged, for this many seconds, or without a limit.
    /// Without this option the wait ends after SYSLOG_FLUSH_TIMEOUT, or as soon as the servers
    /// refuse.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, value_parser = seconds)]
    wait: Option<Option<Duration>>,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let mut builder = logship::builder(&args.tag).filter("trace").facility(args.facility);
    if let Some(servers) = &args.servers {
        builder = builder.servers(servers);
    }
    // The text comes from a file perhaps: it waits for room rather than to be dropped.
    let syslog = builder.overflow(logship::Overflow::Block(Duration::MAX)).build()?;
    let (guard, logger) = (syslog.guard(), syslog.logger());
    if args.text.is_empty() {
        for line in io::stdin().lock().split(b'\n') {
            let line = line?;
            ship(args, &logger, String::from_utf8_lossy(&line).trim_end_matches('\r'));
        }
    } else {
        ship(args, &logger, &args.text.join(" "));
    }
    let is_acknowledged = match args.wait {
        Some(limit) => syslog.flush(limit.unwrap_or(Duration::MAX)),
        None => {
            // Waits as long as SYSLOG_FLUSH_TIMEOUT says.
            drop(guard);
            syslog.flush(Duration::ZERO)
        }
    };
    all_or_missing(&syslog, is_acknowledged, "acknowledged")
}

fn ship(args: &Args, logger: &Logger, text: &str) {
    let severity = args.severity as u8;
    let mut fields = vec![("syslog.severity", kv::Value::from(severity))];
    fields.extend(args.msgid.iter().map(|msgid| ("syslog.msgid", kv::Value::from(msgid.as_str()))));
    fields.extend(
        args.fields.iter().map(|(name, value)| (name.as_str(), kv::Value::from(value.as_str()))),
    );
    let mut record = Record::builder();
    let record = record.level(Level::Info).target("-").key_values(&fields);
    logger.log(&record.args(format_args!("{text}")).build());
}

fn severity(text: &str) -> Result<Severity, String> {
    let severity = match text.parse::<u8>() {
        Ok(code) => Severity::try_from(code),
        Err(_) => text.parse(),
    };
    severity.map_err(|error| error.to_string())
}

fn field(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}
