//! Every record arrives if a signal ends the program.
#![cfg(unix)]

mod scenarios;

use std::{
    net::TcpListener,
    os::unix::process::ExitStatusExt as _,
    process::{Child, Stdio},
    thread,
    time::Duration,
};

use logship_collector::Collector;
use rustix::process::{Pid, Signal, kill_process};

#[test]
fn a_program_that_is_told_to_end_delivers_everything() {
    for signal in [Signal::TERM, Signal::INT] {
        let collector = Collector::tcp().unwrap();
        let mut program = start(&collector.url());
        assert!(collector.wait_for_messages(20, PATIENCE) >= 20);
        // What it says from here on can only arrive if it waits at its end.
        collector.pause();
        thread::sleep(Duration::from_millis(200));
        send(&program, signal);
        thread::sleep(Duration::from_millis(200));
        collector.resume();
        assert_eq!(program.wait().unwrap().code(), Some(0), "{signal:?}");
        // More than the last one would be something that it never said.
        let records = loop {
            let records = collector.received();
            if collector.open_connections() == 0 {
                break records;
            }
            thread::sleep(Duration::from_millis(2));
        };
        let (last, orders) = records.split_last().unwrap();
        assert_eq!(last.text(), Some("closed"), "{signal:?}");
        let number = |record: &logship_collector::Received, name| {
            record.param("fields@32473", name).unwrap().parse::<u64>().unwrap()
        };
        let arrived: Vec<_> = orders.iter().map(|order| number(order, "order")).collect();
        assert_eq!(arrived, (0..number(last, "orders")).collect::<Vec<_>>(), "{signal:?}");
    }
}

#[test]
fn second_signal_does_not_wait_for_the_server() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut program = start(&format!("relp://{}", silent.local_addr().unwrap()));
    // It has logged something by now, and waits for an answer.
    let _session = silent.accept().unwrap();
    let status = loop {
        send(&program, Signal::TERM);
        thread::sleep(Duration::from_millis(300));
        if let Some(status) = program.try_wait().unwrap() {
            break status;
        }
    };
    assert_eq!((status.code(), status.signal()), (Some(128 + 15), None));
}

fn start(url: &str) -> Child {
    let mut command = scenarios::example("sigterm");
    // Longer than it should take, for a busy machine.
    command.env("SYSLOG_SERVERS", url).env("SYSLOG_FLUSH_TIMEOUT", "30");
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn send(program: &Child, signal: Signal) {
    kill_process(Pid::from_child(program), signal).unwrap();
}

const PATIENCE: Duration = Duration::from_secs(20);
