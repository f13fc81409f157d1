//! logship beside its peers, measured in one run.
//!
//! ```text
//! cargo run --release --manifest-path benches/peers/Cargo.toml -- --rounds 5 --svg speed.svg
//! ```
//!
//! Every measurement is a process of its own, which this program starts from its own binary: a
//! peer that installs a global logger disturbs no other, and the receiver is another process as
//! it is in life. Rounds are interleaved, so that what the machine does besides hits all alike;
//! the figures are medians of the rounds.

mod allocations;
mod call;
mod children;
mod cpu;
mod deliver;
mod event;
#[path = "../../floor/mod.rs"]
mod floor;
mod limits;
mod peers;
mod picture;
mod receive;
mod refused;
mod rounds;
mod samples;
mod table;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.first().map(String::as_str) {
        Some("--receive") => receive::run(&arguments),
        Some("--peer") => children::run(&arguments),
        _ => report(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn report(arguments: &[String]) -> Outcome {
    let mut plan = rounds::Plan::default();
    let mut svg = None;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--quick" => plan.is_quick = true,
            "--rounds" => plan.rounds = rest.next().ok_or(USAGE)?.parse()?,
            "--svg" => svg = Some(rest.next().ok_or(USAGE)?),
            "--only" => plan.only = Some(rest.next().ok_or(USAGE)?.clone()),
            _ => return Err(USAGE.into()),
        }
    }
    let figures = rounds::measure(&plan)?;
    print!("{}", table::markdown(&figures, &plan));
    if let Some(file) = svg {
        std::fs::write(file, picture::svg(&figures))?;
        eprintln!("{file} is drawn");
    }
    Ok(())
}

type Outcome = Result<(), Box<dyn std::error::Error>>;

const USAGE: &str = "usage: logship-peers [--rounds N] [--quick] [--svg FILE] \
                     [--only call|refused|delivered|stall]";
