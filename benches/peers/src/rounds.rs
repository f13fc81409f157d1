//! The order of measurements, and their results.

use std::{
    collections::BTreeMap,
    error::Error,
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde::de::DeserializeOwned;

use crate::{
    call::Call,
    deliver::Sent,
    event, limits,
    peers::{PEERS, Transport},
    receive::Received,
};

#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    pub(crate) is_quick: bool,
    pub(crate) only: Option<String>,
}

impl Default for Plan {
    fn default() -> Self {
        Plan { rounds: 3, is_quick: false, only: None }
    }
}

impl Plan {
    fn has(&self, part: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == part)
    }
}

/// What one run of a sender came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Delivery {
    pub(crate) per_second: f64,
    pub(crate) lost: f64,
    pub(crate) lost_percent: f64,
    pub(crate) cpu_us: f64,
    pub(crate) longest_ms: f64,
    pub(crate) bytes: f64,
}

/// All rounds of all measurements.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) calls: BTreeMap<&'static str, Vec<Call>>,
    /// By tracing and by log, ns.
    pub(crate) refused: BTreeMap<&'static str, Vec<(f64, f64)>>,
    /// By sender, transport and threads.
    pub(crate) delivered: BTreeMap<(&'static str, &'static str, u64), Vec<Delivery>>,
    pub(crate) stalled: BTreeMap<&'static str, Vec<Delivery>>,
}

pub(crate) fn measure(plan: &Plan) -> Result<Figures, Box<dyn Error>> {
    let mut figures = Figures::default();
    for round in 1..=plan.rounds {
        eprintln!("round {round} of {}", plan.rounds);
        if plan.has("call") {
            calls(plan, &mut figures)?;
        }
        if plan.has("refused") {
            for name in REFUSING {
                let costs = json(&child(name, "refused", "tcp", "127.0.0.1:9", 0, 1)?)?;
                figures.refused.entry(name).or_default().push(costs);
            }
        }
        if plan.has("delivered") {
            delivered(plan, &mut figures)?;
        }
        // It takes long, and hardly differs from one round to the next.
        if plan.has("stall") && round % 2 == 1 {
            stalled(&mut figures)?;
        }
    }
    Ok(figures)
}

fn calls(plan: &Plan, figures: &mut Figures) -> Result<(), Box<dyn Error>> {
    let bursts = if plan.is_quick { 150 } else { 600 };
    for peer in PEERS.iter().filter(|peer| peer.has_call()) {
        let receiver = Receiver::start("tcp", event::MARKER, false)?;
        let call = json(&child(peer.name, "call", "tcp", &receiver.server, bursts, 1)?)?;
        figures.calls.entry(peer.name).or_default().push(call);
        receiver.end()?;
    }
    Ok(())
}

fn delivered(plan: &Plan, figures: &mut Figures) -> Result<(), Box<dyn Error>> {
    let length = if plan.is_quick { 400 } else { 1000 };
    for peer in PEERS {
        for transport in peer.transports {
            let way = scheme(*transport);
            let threads: &[u64] = if *transport == Transport::Tcp { &[1, 2] } else { &[1] };
            for &count in threads {
                let receiver = Receiver::start(way, event::MARKER, false)?;
                let sent = child(peer.name, "flat-out", way, &receiver.server, length, count)?;
                let delivery = delivery(json(&sent)?, receiver.end()?);
                figures.delivered.entry((peer.name, way, count)).or_default().push(delivery);
            }
        }
    }
    for (name, limit, way) in LIMITS {
        let receiver = Receiver::start(way, event::MARKER, false)?;
        let sent = child(limit, "limit", way, &receiver.server, length, 1)?;
        let delivery = delivery(json(&sent)?, receiver.end()?);
        figures.delivered.entry((name, way, 1)).or_default().push(delivery);
    }
    if limits::has_loggen() {
        for way in ["tcp", "udp"] {
            let receiver = Receiver::start(way, limits::LOGGEN_MARKER, false)?;
            limits::loggen(receiver.server.parse()?, way == "udp", Duration::from_millis(length))?;
            let received = receiver.end()?;
            let sent = Sent { calls: received.records, cpu_us: f64::NAN, longest_ms: 0.0 };
            // It does not say how many it sent.
            let delivery = Delivery { lost_percent: f64::NAN, ..delivery(sent, received) };
            figures.delivered.entry((LOGGEN, way, 1)).or_default().push(delivery);
        }
    }
    Ok(())
}

fn stalled(figures: &mut Figures) -> Result<(), Box<dyn Error>> {
    for peer in PEERS.iter().filter(|peer| !peer.is_floor() && peer.has_call()) {
        let receiver = Receiver::start("tcp", event::MARKER, true)?;
        let sent = child(peer.name, "steadily", "tcp", &receiver.server, 3_500, 1)?;
        let delivery = delivery(json(&sent)?, receiver.end()?);
        figures.stalled.entry(peer.name).or_default().push(delivery);
    }
    Ok(())
}

fn delivery(sent: Sent, received: Received) -> Delivery {
    let (calls, records) = (sent.calls as f64, received.records as f64);
    Delivery {
        // A handful of records has no rate.
        per_second: if records > 1000.0 { records / received.seconds } else { f64::NAN },
        lost: calls - records,
        lost_percent: 100.0 * (calls - records).max(0.0) / calls.max(1.0),
        cpu_us: sent.cpu_us / records.max(1.0),
        longest_ms: sent.longest_ms,
        bytes: received.bytes as f64 / records.max(1.0),
    }
}

/// A receiver in a process of its own.
struct Receiver {
    process: Child,
    server: String,
}

impl Receiver {
    fn start(way: &str, marker: &str, stalls: bool) -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--receive", way, marker]).args(stalls.then_some("stall"));
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut port = String::new();
        let output = process.stdout.as_mut().ok_or("its output is piped")?;
        BufReader::with_capacity(1, output).read_line(&mut port)?;
        Ok(Receiver { process, server: format!("127.0.0.1:{}", port.trim()) })
    }

    fn end(mut self) -> Result<Received, Box<dyn Error>> {
        drop(self.process.stdin.take());
        let mut output = String::new();
        self.process.stdout.take().ok_or("its output is piped")?.read_to_string(&mut output)?;
        self.process.wait()?;
        json(&output)
    }
}

fn child(
    name: &str,
    task: &str,
    way: &str,
    server: &str,
    amount: u64,
    threads: u64,
) -> Result<String, Box<dyn Error>> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--peer", name, task, way, server]);
    command.args([amount.to_string(), threads.to_string()]);
    // Nothing in the environment may set logship up otherwise.
    for (variable, _) in std::env::vars().filter(|(name, _)| name.starts_with("SYSLOG_")) {
        command.env_remove(variable);
    }
    let output = command.env_remove("RUST_LOG").stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{name}, {task}, {way}: {}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn json<T: DeserializeOwned>(text: &str) -> Result<T, Box<dyn Error>> {
    serde_json::from_str(text).map_err(|error| format!("{error}: {text:?}").into())
}

fn scheme(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp => "tcp",
        Transport::Tls => "tls",
        Transport::Udp => "udp",
    }
}

pub(crate) const REFUSING: [&str; 3] =
    ["tracing-subscriber", "logship", "logship, others want more"];
pub(crate) const LIMIT_TCP: &str = "limit: 64 KiB writes of ready frames";
pub(crate) const LIMITS: [(&str, &str, &str); 5] = [
    (LIMIT_TCP, "tcp", "tcp"),
    ("limit: 16 KiB records of ready frames", "tls", "tls"),
    ("limit: one send for each datagram", "udp", "udp"),
    (LIMIT_SENDMMSG, "sendmmsg", "udp"),
    ("limit: GSO of 64 datagrams of one length", "gso", "udp"),
];
pub(crate) const LIMIT_SENDMMSG: &str = "limit: sendmmsg of 64 datagrams";
pub(crate) const LOGGEN: &str = "syslog-ng's loggen";
