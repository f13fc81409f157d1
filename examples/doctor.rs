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
        let list =
            std::env::var("SYSLOG_SERVERS").unwrap_or_else(|_| "tcp://localhost:514".to_owned());
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
            println!("good:  {url}\n  The server took both records: look for {MARK:?} there.");
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
        .servers(url)
        .filter("info")
        .flush_timeout(LOOK)
        // What the doctor itself has set is no trouble.
        .on_error(move |trouble| {
            if !trouble.contains("danger_accept_invalid_certs is set") {
                let _ = sender.send(trouble.to_owned());
            }
        })
        .build()
        .map_err(|error| error.to_string())?;
    for _ in 0..2 {
        say(&syslog);
        for _ in 0..LOOKS {
            match troubles.recv_timeout(LOOK) {
                Ok(trouble) => return Err(trouble),
                Err(_) if syslog.stats().pending == 0 => break,
                Err(_) => {}
            }
        }
    }
    match troubles.recv_timeout(SETTLE) {
        Ok(trouble) => Err(trouble),
        Err(_) if syslog.stats().pending > 0 => Err("no answer to a record".to_owned()),
        Err(_) => Ok(()),
    }
}

fn say(syslog: &Handle) {
    let text = format_args!("{MARK}");
    syslog.logger().log(&Record::builder().level(Level::Info).target("probe").args(text).build());
}

/// What is wrong, and what to do about it.
fn diagnose(url: &str, symptom: &str) -> Advice {
    let is_closed = ["closed the connection", "reset by peer", "Broken pipe"];
    if url.starts_with("tcp://") && is_closed.iter().any(|closed| symptom.contains(closed)) {
        // A look is enough: whoever answers a TLS handshake, in whatever way, speaks TLS.
        let tls = url.replacen("tcp", "tls", 1).split('?').next().unwrap_or_default().to_owned();
        return match probe(&format!("{tls}?danger_accept_invalid_certs=true")) {
            Err(symptom) if !symptom.contains("certificate") => CLOSED,
            Ok(()) | Err(_) => SPEAKS_TLS,
        };
    }
    let known = FAULTS.iter().find(|(sign, _)| symptom.contains(sign));
    known.map_or(UNKNOWN, |(_, advice)| *advice)
}

type Advice = (&'static str, &'static str);
const CLOSED: Advice = (
    "The server takes the connection and closes it",
    "look whether the server lets this machine in, and into the server's own log",
);
const SPEAKS_TLS: Advice = (
    "The server speaks TLS at this port, and was spoken to in plain TCP",
    "write tls:// instead of tcp://, with ?ca_file=/path/ca.pem if the authority is your own",
);
const CLIENT_CERTIFICATE: Advice = (
    "The server demands a certificate of the client, or refuses the one it was shown",
    "add ?cert_file=/path/client.pem&key_file=/path/client.key, issued by an authority the server trusts",
);
const UNKNOWN_AUTHORITY: Advice = (
    "The server's certificate comes from an authority that is not trusted here",
    "add ?ca_file=/path/ca.pem, the certificate of the authority that issued the server's",
);
const UNREACHABLE: Advice = (
    "Nothing at that address answers",
    "check the address, and the firewalls and routes on the way to that port",
);
const UNKNOWN: Advice = ("The URL, a setting or the server is wrong", "the symptom says what");
/// A sign in a symptom, and what it means; the first that fits counts.
#[rustfmt::skip]
const FAULTS: [(&str, Advice); 18] = [
    ("was not found", ("The host's name was not found", "check the spelling, and the name servers in /etc/resolv.conf")),
    ("to a look-up", ("The name servers don't answer", "check /etc/resolv.conf, or give the host's address")),
    ("Connection refused", ("Nobody listens at that port: the connection was refused", "start the server, check the port, and that it listens for this protocol (rsyslog: imtcp, imudp)")),
    ("to a connect", UNREACHABLE), ("unreachable", UNREACHABLE), ("No route to host", UNREACHABLE),
    ("to the TLS handshake", ("The server takes the connection, but does not answer the TLS handshake: it seems to speak no TLS", "write tcp:// instead of tls://, or set TLS up on the server (rsyslog: imtcp with a stream driver)")),
    ("speaks no TLS", ("The server answers, but not in TLS", "write tcp:// instead of tls://, or give the port for TLS, mostly 6514")),
    ("refused: expired", ("The server's certificate has expired", "renew it on the server, and check this machine's clock")),
    ("refused: not yet valid", ("The server's certificate is not valid yet", "check the clocks of both machines")),
    ("refused: wrong name", ("The server's certificate bears another name than the URL", "write the host as the certificate does, or add ?server_name=NAME")),
    ("refused: unknown authority", UNKNOWN_AUTHORITY),
    ("refused: wrong fingerprint", ("The server's certificate is not the one whose fingerprint is expected", "if it was renewed, write the fingerprint that the symptom shows")),
    ("refused: wrong usage", ("The server's certificate is not for servers", "have one issued with the extended key usage serverAuth")),
    ("alert", CLIENT_CERTIFICATE),
    ("closed the connection", CLOSED), ("reset by peer", CLOSED), ("unexpected EOF", CLOSED),
];

const MARK: &str = "logship's doctor was here";
const LOOK: Duration = Duration::from_millis(100);
/// Half a minute: longer than a look-up, a connect and a handshake may take by default.
const LOOKS: u32 = 300;
const SETTLE: Duration = Duration::from_secs(1);
