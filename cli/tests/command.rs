//! The `logship` command as a user drives it: sending, listening, loading, and a terminal.

#[allow(dead_code, reason = "the tests with rsyslogd use the rest")]
#[path = "../../tests/support/certificates.rs"]
mod certificates;
#[path = "../../tests/scenarios/mod.rs"]
mod scenarios;

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    process::{Command, Stdio},
    time::Duration,
};

use logship_collector::{Certificate, Collector};
use serde_json::Value;

use self::{
    certificates::{Certificates, Identity},
    scenarios::{logship, run},
};

const PATIENCE: Duration = Duration::from_secs(20);

fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn send_ships_severity_facility_and_fields() {
    let collector = Collector::tcp().unwrap();
    let mut command = logship("send");
    command.args(["--servers", &collector.url(), "--wait", "-t", "backup", "-s", "crit"]);
    command.args(["-f", "daemon", "--field", "host=db 1", "--field", "a=b=c", "--msgid", "DISK"]);
    let ended = run(command.args(["disk", "is full"]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let records = collector.wait_for(1, PATIENCE);
    assert!(records[0].complaints.is_empty(), "{records:?}");
    let message = records[0].message.clone().unwrap();
    assert_eq!((message.facility, message.severity), (3, 2));
    assert_eq!(message.app_name.as_deref(), Some("backup"));
    assert_eq!(message.msgid.as_deref(), Some("DISK"));
    assert_eq!(message.text.as_deref(), Some("disk is full"));
    let fields: Vec<_> = message.structured_data.iter().flat_map(|e| e.params.clone()).collect();
    for (name, value) in [("host", "db 1"), ("a", "b=c")] {
        assert!(fields.contains(&(name.to_owned(), value.to_owned())), "{fields:?}");
    }
    assert!(!fields.iter().any(|(name, _)| name.starts_with("syslog.")), "{fields:?}");
}

#[test]
fn send_ships_each_line_of_standard_input() {
    let collector = Collector::tcp().unwrap();
    let mut command = logship("send");
    command.args(["--servers", &collector.url()]).stdin(Stdio::piped());
    let mut process = command.spawn().unwrap();
    process.stdin.take().unwrap().write_all(b"one\ntwo \xff\r\nlast").unwrap();
    assert!(process.wait().unwrap().success());
    let records = collector.wait_for(3, PATIENCE);
    let texts: Vec<_> =
        records.iter().filter_map(|record| record.message.as_ref()?.text.clone()).collect();
    assert_eq!(texts, ["one", "two \u{fffd}", "last"]);
}

#[test]
fn send_fails_if_nobody_takes_the_record() {
    let url = format!("tcp://127.0.0.1:{}", closed_port());
    let ended = run(logship("send").args(["--servers", &url, "lost"]));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("1 of 1 records were not acknowledged"), "{ended:?}");
    let ended = run(logship("send").args(["--servers", &url, "--wait=0.1", "lost"]));
    assert_eq!(ended.code, Some(1), "{ended:?}");
}

#[test]
fn invalid_values_are_quoted_and_end_with_2() {
    for (arguments, quoted) in [
        (&["send", "--severity", "loud", "x"][..], "loud"),
        (&["send", "--field", "novalue", "x"], "novalue"),
        (&["send", "--wait=soon", "x"], "soon"),
        (&["load", "--url", "tcp://h", "--tag", "t", "--count", "many"], "many"),
        (&["load", "--url", "tcp://h", "--tag", "t", "--count", "1", "--rate", "0"], "0"),
        (&["listen", "--volume"], "--volume"),
    ] {
        let ended = run(logship(arguments[0]).args(&arguments[1..]));
        assert!(ended.code == Some(2) && ended.stderr.contains(quoted), "{ended:?}");
    }
    let ended = run(logship("send").args(["--servers", "ftp://h", "x"]));
    assert!(ended.code == Some(1) && ended.stderr.contains("ftp"), "{ended:?}");
    let ended = run(logship("roundtrip").args(["tcp://127.0.0.1:1", "search.example.com"]));
    assert!(ended.code == Some(1) && ended.stderr.contains("search.example.com"), "{ended:?}");
}

#[test]
fn roundtrip_refuses_untrusted_store_certificate() {
    let certificates = Certificates::new();
    let (cert, key) = (certificates.certificate(Identity::Good), certificates.key(Identity::Good));
    let store = Collector::tls(Certificate::from_files(cert, key).unwrap()).unwrap();
    let url = store.url().replace("tls://127.0.0.1", "https://localhost");
    let ended = run(logship("roundtrip").args(["tcp://127.0.0.1:1", &url]));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let is_told =
        ended.stderr.contains("cannot use the store") && ended.stderr.contains("certificate");
    assert!(is_told, "{ended:?}");
}

#[test]
fn listen_prints_json_and_names_what_is_wrong() {
    let mut command = logship("listen");
    command.args(["--json", "--count", "2", "tcp://127.0.0.1:0"]);
    let mut listen = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = String::new();
    BufReader::new(listen.stderr.take().unwrap()).read_line(&mut told).unwrap();
    let url = told.trim().strip_prefix("listening at ").expect("where it listens");
    assert_eq!(run(logship("send").args(["--servers", url, "hello"])).code, Some(0));
    let address = url.strip_prefix("tcp://").unwrap();
    std::net::TcpStream::connect(address).unwrap().write_all(b"11 <999>broken").unwrap();
    let output = listen.wait_with_output().unwrap();
    let lines: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!((&lines[0]["text"], &lines[0]["severity"]), (&"hello".into(), &5.into()));
    assert_eq!(lines[0]["violations"].as_array().map(Vec::len), Some(0));
    assert_ne!(lines[1]["violations"].as_array().map(Vec::len), Some(0));
}

#[test]
fn load_prints_its_result_last() {
    let collector = Collector::tcp().unwrap();
    let mut command = logship("load");
    command.args(["--url", &collector.url(), "--tag", "load", "--count", "500", "--threads", "2"]);
    // Of an option that is given twice the last one counts.
    let ended = run(command.args(["--start", "7", "--format", "cee", "--start", "8"]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.is_empty(), "no progress but on a terminal: {ended:?}");
    let result: Value = serde_json::from_str(ended.stdout.lines().last().unwrap()).unwrap();
    assert_eq!((&result["captured"], &result["delivered"]), (&500.into(), &500.into()));
    assert_eq!(collector.wait_for(500, PATIENCE).len(), 500);
}

#[test]
fn completions_and_the_manual_name_every_subcommand() {
    let shell = run(logship("completions").arg("bash"));
    let manual = run(&mut logship("man"));
    for name in ["send", "pipe", "doctor", "roundtrip", "listen", "load"] {
        assert!(shell.stdout.contains(name) && manual.stdout.contains(name), "{name}");
        let help = run(logship(name).arg("--help"));
        assert!(help.code == Some(0) && help.stdout.contains("Usage: logship"), "{help:?}");
    }
}

/// `script` gives it a pseudo-terminal.
#[test]
#[cfg(target_os = "linux")]
fn colours_and_progress_are_for_terminals() {
    let url = format!("tcp://127.0.0.1:{}", closed_port());
    let plain = run(logship("doctor").arg(&url));
    assert!(plain.stdout.starts_with("FAULT: ") && !plain.stdout.contains('\u{1b}'), "{plain:?}");
    let on_terminal = |command: &Command| {
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let line: Vec<_> = words.map(|word| format!("'{}'", word.to_string_lossy())).collect();
        let mut script = Command::new("script");
        script.args(["-qec", &line.join(" "), "/dev/null"]).env("TERM", "xterm");
        run(script.env_remove("NO_COLOR").stdin(Stdio::null()))
    };
    let coloured = on_terminal(logship("doctor").arg(&url));
    assert!(coloured.stdout.contains("\u{1b}["), "{coloured:?}");
    let collector = Collector::tcp().unwrap();
    let mut load = logship("load");
    load.args(["--url", &collector.url(), "--tag", "load", "--count", "60", "--rate", "40"]);
    let shown = on_terminal(&load);
    assert!(shown.stdout.contains("/60"), "{shown:?}");
    assert!(shown.stdout.lines().last().unwrap().contains("\"delivered\":60"), "{shown:?}");
}
