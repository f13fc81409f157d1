//! Why does nothing arrive?
//!
//! `cargo run --example doctor -- tcp://logs.example.com:514` sends two probe records to each URL
//! it is given, or to `SYSLOG_URL`, says in plain words what is wrong, and what to do about it.
//! It succeeds only if every server took them.

#![allow(clippy::print_stdout, reason = "telling is what it is for")]

use std::{process::ExitCode, sync::mpsc, time::Duration};

use log::{Level, Log as _, Record};
use logship::Handle;

fn main() -> ExitCode {
    let mut urls: Vec<String> = std::env::args().skip(1).collect();
    if urls.is_empty() {
        let list = std::env::var("SYSLOG_URL").unwrap_or_else(|_| "tcp://localhost:514".to_owned());
        urls = list.split(',').map(|url| url.trim().to_owned()).collect();
    }
    let ill = urls.iter().filter(|url| !is_well(url)).count();
    if ill == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn is_well(url: &str) -> bool {
    match probe(url) {
        Ok(()) if url.starts_with("udp") => {
            println!("sent:  {url}\n  Nobody answers over UDP: look for {MARK:?} on the server.");
            true
        }
        Ok(()) => {
            println!("good:  {url}\n  The server has it; look for {MARK:?} there.");
            true
        }
        Err(symptom) => {
            let (fault, remedy) = diagnose(url, &symptom);
            println!("FAULT: {url}\n  {fault}.\n  What to do: {remedy}.\n  Symptom: {symptom}");
            false
        }
    }
}

/// Ships two records, and gives the first trouble: only a second record shows that a datagram was
/// turned away, or that a server hangs up on what it has taken.
fn probe(url: &str) -> Result<(), String> {
    let (sender, troubles) = mpsc::channel();
    let syslog = logship::builder("doctor")
        .url(url)
        .levels("info")
        .on_trouble(move |trouble| drop(sender.send(trouble.to_owned())))
        .build()
        .map_err(|error| error.to_string())?;
    for _ in 0..2 {
        say(&syslog);
        for _ in 0..LOOKS {
            match troubles.recv_timeout(LOOK) {
                Ok(trouble) => return Err(trouble),
                Err(_) if syslog.stats().waiting == 0 => break,
                Err(_) => {}
            }
        }
    }
    match troubles.recv_timeout(SETTLE) {
        Ok(trouble) => Err(trouble),
        Err(_) if syslog.stats().waiting > 0 => Err("no answer to a record".to_owned()),
        Err(_) => Ok(()),
    }
}

fn say(syslog: &Handle) {
    let text = format_args!("{MARK}");
    syslog.logger().log(&Record::builder().level(Level::Info).target("probe").args(text).build());
}

/// What is wrong, and what to do about it.
fn diagnose(url: &str, symptom: &str) -> (&'static str, &'static str) {
    let is_closed = ["closed the connection", "reset by peer", "Broken pipe"];
    if url.starts_with("tcp://") && is_closed.iter().any(|closed| symptom.contains(closed)) {
        // A look is enough: whoever answers a TLS handshake, in whatever way, speaks TLS.
        let tls = url.replacen("tcp", "tls", 1).split('?').next().unwrap_or_default().to_owned();
        return match probe(&format!("{tls}?danger_accept_invalid_certs=true")) {
            Err(symptom) if !symptom.contains("certificate") => CLOSED,
            Ok(()) | Err(_) => SPEAKS_TLS,
        };
    }
    let known = FAULTS.iter().find(|(sign, _, _)| symptom.contains(sign));
    known.map_or(UNKNOWN, |(_, fault, remedy)| (fault, remedy))
}

type Advice = (&'static str, &'static str);
const CLOSED: Advice = (
    "The server takes the connection and closes it",
    "look whether the server lets this machine in (allowed senders), and into its own log",
);
const SPEAKS_TLS: Advice = (
    "The server speaks TLS at this port, and was spoken to without",
    "write tls:// instead of tcp://, with ?ca=/path/of/ca.pem if its authority is your own",
);
const UNKNOWN: Advice = ("Something else is wrong", "read the symptom");
/// The sign in a symptom, the fault, the remedy; the first that fits counts.
const FAULTS: [(&str, &str, &str); 0] = [];

const MARK: &str = "logship's doctor was here";
const LOOK: Duration = Duration::from_millis(100);
/// Half a minute: longer than a look-up, a connect and a handshake may take by default.
const LOOKS: u32 = 300;
const SETTLE: Duration = Duration::from_secs(1);
