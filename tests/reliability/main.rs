//! Loss and duplicates when servers, programs and connections are killed.
//!
//! ```text
//! cargo test --release --all-features --test reliability -- --kills 100
//! ```
//!
//! prints one table: a server ended so often by SIGKILL and as often by SIGTERM in each row. A word
//! chooses the rows that have it in their name. Without `--kills` it is a short form for every day.
#![cfg(target_os = "linux")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the table is for people to read")]

mod program;
mod proxy;
mod row;
#[path = "../scenarios/mod.rs"]
mod scenarios;
mod server;
#[allow(dead_code, reason = "the tests with rsyslog use the rest")]
#[path = "../rsyslog/shipping.rs"]
mod shipping;
#[path = "../support/mod.rs"]
mod support;
mod tally;

use std::{
    fs,
    os::unix::process::CommandExt as _,
    process::{Command, ExitCode},
};

use self::{row::Row, server::Case, support::Input};

const RESEND_BUFFER: usize = 1 << 20;
/// Bytes that a server's kernel may hold for it: with the 128 KiB that imtcp takes at once, no more
/// than the buffer can replace.
const BUFFER: usize = 768 << 10;

fn main() -> ExitCode {
    let has_network = has_network_of_its_own();
    let mut words = std::env::args().skip(1).peekable();
    let (mut kills, mut chosen) = (1, Vec::new());
    while let Some(word) = words.next() {
        match word.as_str() {
            "--kills" => kills = words.next().and_then(|n| n.parse().ok()).expect("a number"),
            // Options of the usual harness do no harm.
            word if word.starts_with('-') => {}
            _ => chosen.push(word),
        }
    }
    let is_chosen =
        |name: &str| chosen.is_empty() || chosen.iter().any(|word| name.contains(word.as_str()));
    if !has_network {
        println!("without a network of its own (unshare, ip): servers may hold more than a buffer");
    }
    println!("{}", Row::HEAD);
    let (mut sum, mut faults) = (0, 0);
    let mut show = |row: Row| {
        println!("{row}");
        // A kernel that holds more for its server than the buffer is a loss that nobody can mend.
        let is_bound = has_network || !row.name.contains("full speed");
        for fault in row.faults().iter().filter(|_| is_bound) {
            eprintln!("{}: {fault}", row.name);
            faults += 1;
        }
        sum += row.records;
    };
    for case in cases().into_iter().filter(|case| is_chosen(&case.name)) {
        show(server::toll(&case, kills));
    }
    for (name, run) in proxy::ROWS.into_iter().chain(program::ROWS) {
        if is_chosen(name) {
            show(run(name, kills));
        }
    }
    println!("\n{sum} records in all");
    if is_chosen("recovery") {
        for line in program::recovery(if kills > 10 { 1 << 30 } else { 64 << 20 }) {
            println!("{line}");
        }
    }
    if faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Starts this program again in a network of its own, where the kernel holds at most `BUFFER` for
/// each connection, whatever the machine is set to. False where that can't be had.
fn has_network_of_its_own() -> bool {
    const MARK: &str = "LOGSHIP_TEST_NETWORK";
    let rmem = "/proc/sys/net/ipv4/tcp_rmem";
    if std::env::var_os(MARK).is_none() {
        let mut again = Command::new("unshare");
        again.args(["--map-root-user", "--net", "sh", "-c"]);
        again.arg(format!(
            "ip link set lo up; echo 4096 131072 {BUFFER} >{rmem}; exec \"$0\" \"$@\""
        ));
        again.arg(std::env::current_exe().unwrap()).args(std::env::args_os().skip(1));
        // It only returns where there is no such program.
        let error = again.env(MARK, "1").exec();
        eprintln!("unshare: {error}");
    }
    let limits = fs::read_to_string(rmem).unwrap_or_default();
    limits.split_whitespace().nth(2) == Some(&BUFFER.to_string())
}

/// What a server is ended under.
fn cases() -> Vec<Case> {
    let inputs = [Input::PlainTcp, Input::Tcp, Input::TlsGnutls, Input::TlsOpenssl];
    let mut cases = Vec::new();
    for rate in [None, Some(5_000)] {
        cases.extend(inputs.map(|input| Case::new(input, rate, Some(RESEND_BUFFER))));
    }
    cases.extend(inputs.map(|input| Case::new(input, Some(5_000), None)));
    cases.extend([None, Some(5_000)].map(|rate| Case::new(Input::Relp, rate, None)));
    cases
}
