//! The load generator, as another program would drive it, against a real rsyslogd.
#![cfg(all(target_os = "linux", feature = "tracing", feature = "native-tls"))]
#![allow(clippy::print_stdout, reason = "the figures are for people to look at")]

mod scenarios;
#[path = "support/mod.rs"]
mod support;

use std::{
    collections::HashSet,
    fs,
    process::{Child, Output, Stdio},
    time::Duration,
};

use serde_json::Value;

use crate::{
    scenarios::logship,
    support::{Identity, Input, Record, Rsyslogd, eventually},
};

const COUNT: u64 = 200_000;
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn streams_carry_200_000_records_once_in_order() {
    for (input, options) in [
        (Input::PlainTcp, ""),
        (Input::Tcp, "?framing=lf"),
        (Input::TlsGnutls, ""),
        (Input::TlsMutual, ""),
    ] {
        let mut server = Rsyslogd::running();
        let url = format!("{}{options}", url(&server, input));
        let output = start(&url, None, &[]).wait_with_output().unwrap();
        let result = result(&output);
        assert!(output.status.success(), "{url}: {result}");
        for (name, expected) in
            [("captured", COUNT), ("delivered", COUNT), ("dropped", 0), ("waiting", 0)]
        {
            assert_eq!(result[name], expected, "{url}: {result}");
        }
        let records = server.exactly(COUNT as usize, PATIENCE);
        records.iter().zip(0..).for_each(|(record, n)| assert_intact(record, n));
        server.assert_content();
        println!("{input:?}{options}: {result}");
    }
}

/// What a datagram socket has no room for is lost, so the next ones come once these are stored.
#[test]
fn udp_carries_10_000_records_once_in_order_intact() {
    const CHUNK: u64 = 100;
    let mut server = Rsyslogd::running();
    let url = url(&server, Input::Udp);
    for end in (CHUNK..=10_000).step_by(CHUNK as usize) {
        let (start, count) = ((end - CHUNK).to_string(), CHUNK.to_string());
        let options = ["--tag", "load", "--start", &start, "--count", &count];
        let output = logship("load").args(["--url", &url]).args(options).output().unwrap();
        let result = result(&output);
        assert!(output.status.success() && result["delivered"] == CHUNK, "{result}");
        assert!(eventually(PATIENCE, || server.count() as u64 >= end), "{}", server.count());
    }
    let records = server.exactly(10_000, PATIENCE);
    records.iter().zip(0..).for_each(|(record, n)| assert_intact(record, n));
    server.assert_content();
}

#[test]
fn restarts_of_the_server_never_stop_the_shipping() {
    let mut server = Rsyslogd::running();
    // Room for all that may be unread, and for what is logged while the server is away.
    // Room for all of it twice: what a connection on trial has taken is kept, too.
    let room = ["--capacity", "268435456"];
    let generator = start(&url(&server, Input::PlainTcp), Some(50_000), &room);
    for _ in 1..=3 {
        let before = server.count();
        assert!(eventually(PATIENCE, || server.count() > before + 10_000));
        server.stop();
        server.start();
    }
    let output = generator.wait_with_output().unwrap();
    let result = result(&output);
    assert!(output.status.success(), "{result}");
    let last = |server: &Rsyslogd| server.records().last().map(number) == Some(COUNT - 1);
    assert!(eventually(PATIENCE, || last(&server)), "the last record never arrived: {result}");
    let captured = result["captured"].as_u64().unwrap();
    let dropped = result["dropped"].as_u64().unwrap();
    assert_eq!(captured, COUNT);
    assert_eq!(captured, result["delivered"].as_u64().unwrap() + dropped);
    assert_eq!(dropped, 0);
    assert!(result["reconnects"].as_u64().unwrap() >= 3, "{result}");
    let stored: HashSet<_> = server.records().iter().map(number).collect();
    println!("3 restarts: {result}, lost {}", COUNT as usize - stored.len());
}

/// The bounds are wide, because a shared machine may stop any thread for a while; the figures are
/// printed for people to look at.
#[test]
fn stalled_server_costs_no_time_and_no_memory() {
    const CAPACITY: u64 = 128 << 20;
    const EIGHT_MIB: u64 = 8 << 20;
    let server = Rsyslogd::running();
    let capacity = CAPACITY.to_string();
    let options = ["--capacity", capacity.as_str()];
    let idle = peak_memory_of_an_idle_run(&server, &options);
    let generator = start(&url(&server, Input::PlainTcp), Some(50_000), &options);
    assert!(eventually(PATIENCE, || server.count() > 1000));
    server.pause();
    std::thread::sleep(Duration::from_secs(10));
    let peak = peak_memory(&generator).unwrap_or_default();
    server.resume();
    let output = generator.wait_with_output().unwrap();
    let result = result(&output);
    assert!(output.status.success(), "{result}");
    assert_eq!(result["delivered"], COUNT);
    println!("stalled 10 s: {result}, peak {peak} bytes, idle {idle}");
    assert!(peak < idle + EIGHT_MIB, "{peak} bytes at the peak, {idle} when idle");
    let longest = Duration::from_nanos(result["call_ns_max"].as_u64().unwrap());
    assert!(longest < Duration::from_secs(5), "a call waited for the server: {longest:?}");
}

#[test]
fn wrong_options_are_quoted() {
    for (options, quoted) in [
        (vec!["--url", "tcp://h"], "Usage"),
        (vec!["--url", "tcp://h", "--tag", "a b", "--count", "1"], "\"a b\""),
        (vec!["--url", "ftp://h", "--tag", "t", "--count", "1"], "ftp"),
        (vec!["--url", "tcp://h", "--tag", "t", "--count", "many"], "many"),
        (vec!["--volume", "11"], "--volume"),
    ] {
        let output = logship("load").args(options).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(quoted), "{said}");
    }
}

fn start(url: &str, rate: Option<u64>, options: &[&str]) -> Child {
    let mut command = logship("load");
    command.args(["--url", url, "--tag", "load", "--flush-timeout", "60"]).args(options);
    command.args(["--count", &COUNT.to_string()]);
    if !options.contains(&"--capacity") {
        command.args(["--capacity", "67108864"]);
    }
    if let Some(rate) = rate {
        command.args(["--rate", &rate.to_string()]);
    }
    command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap()
}

fn peak_memory_of_an_idle_run(server: &Rsyslogd, options: &[&str]) -> u64 {
    let url = url(server, Input::Udp);
    let mut idle = start(&url, Some(1), options);
    std::thread::sleep(Duration::from_secs(2));
    let peak = peak_memory(&idle).unwrap();
    idle.kill().unwrap();
    idle.wait().unwrap();
    peak
}

fn peak_memory(process: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

fn result(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("one JSON object on standard output")
}

fn assert_intact(record: &Record, n: u64) {
    let check = crc32fast::hash(n.to_string().as_bytes());
    assert_eq!(record.msg, format!("n={n} c={check:08x} {}", "x".repeat(60)), "{record:#?}");
    assert_eq!(number(record), n);
    assert_eq!(record.app_name, "load");
}

fn number(record: &Record) -> u64 {
    record.field("n").parse().unwrap()
}

fn url(server: &Rsyslogd, input: Input) -> String {
    let (port, certificates) = (server.port(input), server.certificates());
    let ca = certificates.ca();
    let ca = ca.display();
    match input {
        Input::Udp => format!("udp://127.0.0.1:{port}"),
        Input::TlsGnutls => format!("tls://127.0.0.1:{port}?ca_file={ca}"),
        Input::TlsMutual => format!(
            "tls://127.0.0.1:{port}?ca_file={ca}&cert_file={}&key_file={}",
            certificates.certificate(Identity::Client).display(),
            certificates.key(Identity::Client).display()
        ),
        _ => format!("tcp://127.0.0.1:{port}"),
    }
}
