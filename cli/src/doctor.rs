//! `logship doctor`: says what is wrong with a server, and what helps.

use std::{io::Write as _, process::ExitCode};

use anstyle::{AnsiColor, Style};

use crate::Outcome;

/// Find out why nothing arrives: send two probe records to each server and explain what happens.
///
/// All SYSLOG_ variables apply. Exits with 1 unless every server took the records.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Servers, such as tcp://logs.example.com:514 [default: SYSLOG_SERVERS, else
    /// tcp://localhost:514]
    #[arg(value_name = "URL")]
    servers: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let mut builder = logship::builder("doctor");
    if !args.servers.is_empty() {
        builder = builder.servers(args.servers.as_slice());
    }
    let checks = builder.check()?;
    let mut output = anstream::stdout().lock();
    for check in &checks {
        let style = if check.error.is_none() { GOOD } else { BAD };
        let text = check.to_string();
        let (verdict, rest) = text.split_once(' ').unwrap_or((&text, ""));
        writeln!(output, "{style}{verdict}{style:#} {rest}")?;
    }
    let is_well = checks.iter().all(|check| check.error.is_none());
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
