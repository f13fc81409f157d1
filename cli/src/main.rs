//! The `logship` command: its subcommands, exit codes, completions and man page.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks by printing")]

mod doctor;
mod http;
#[cfg(target_os = "linux")]
mod index;
mod listen;
mod load;
mod pipe;
mod roundtrip;
mod send;

use std::{io, process::ExitCode, time::Duration};

use clap::{CommandFactory as _, Parser, Subcommand};
use logship::Handle;

/// Sends, watches, loads and diagnoses syslog records.
#[derive(Debug, Parser)]
#[command(name = "logship", version, propagate_version = true, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Send(send::Args),
    Pipe(pipe::Args),
    Doctor(doctor::Args),
    Roundtrip(roundtrip::Args),
    Listen(listen::Args),
    Load(Box<load::Args>),
    #[cfg(target_os = "linux")]
    Index(Box<index::Args>),
    /// Print shell completions, to be saved where the shell looks for them.
    Completions {
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

/// What a subcommand gives back: whether all went well, or why it could not even begin.
type Outcome = Result<ExitCode, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Send(args) => send::run(&args),
        Command::Pipe(args) => pipe::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Roundtrip(args) => roundtrip::run(&args),
        Command::Load(args) => load::run(&args),
        #[cfg(target_os = "linux")]
        Command::Index(args) => index::run(&args),
        Command::Listen(args) => listen::run(&args),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "logship", &mut io::stdout());
            Ok(ExitCode::SUCCESS)
        }
        Command::Man => clap_mangen::Man::new(Cli::command())
            .render(&mut io::stdout())
            .map(|()| ExitCode::SUCCESS)
            .map_err(Into::into),
    };
    outcome.unwrap_or_else(|error| {
        anstream::eprintln!("logship: {error}");
        ExitCode::FAILURE
    })
}

/// Whether all records were `what`, such as delivered; else how many were not.
fn all_or_missing(syslog: &Handle, is_flushed: bool, what: &str) -> Outcome {
    let stats = syslog.stats();
    if is_flushed && stats.dropped == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    let missing = stats.captured - stats.delivered;
    Err(format!("{missing} of {} records were not {what}", stats.captured).into())
}

/// Seconds, with a fraction perhaps.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done: what was asked for was sent, found or right
  1  not done: a server, a record or a store is not as it should be, and standard error says why
  2  wrong usage: an option or a value is invalid";
