//! Many programs at one server that is killed, and that takes 200 sessions at most, as a stock imtcp does.

use std::{
    collections::HashSet,
    process::{Child, Stdio},
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::{
    PATIENCE, is_long,
    scenarios::logship,
    shipping::url,
    support::{Input, Rsyslogd, eventually},
};

/// Ten records a second each, while the server is away for five seconds in the middle.
#[test]
fn many_programs_lose_nothing_when_the_server_is_killed() {
    let (programs, count) = if is_long() { (250, 300) } else { (25, 100) };
    let mut server = Rsyslogd::running();
    let url = url(&server, Input::Tcp);
    let started: Vec<Child> = (0..programs).map(|n| load(&url, n, count)).collect();
    thread::sleep(Duration::from_secs(count / 20));
    server.kill();
    thread::sleep(Duration::from_secs(5));
    server.start();
    let (mut resent, mut delivered) = (0, 0);
    for program in started {
        let output = program.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let result: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        assert_eq!((&result["captured"], &result["dropped"]), (&count.into(), &0.into()), "{text}");
        resent += result["resent"].as_u64().unwrap();
        delivered += result["delivered"].as_u64().unwrap();
    }
    let stored = || -> HashSet<(String, String)> {
        let records = server.records();
        records
            .iter()
            .map(|record| (record.app_name.clone(), record.field("n").to_owned()))
            .collect()
    };
    let all = programs * count;
    assert!(eventually(PATIENCE, || stored().len() as u64 == all), "{} of {all}", stored().len());
    assert_eq!(delivered, all);
    println!("{programs} programs, {all} records: all stored and delivered, {resent} sent again");
}

fn load(url: &str, number: u64, count: u64) -> Child {
    let mut command = logship("load");
    command.args(["--url", url, "--rate", "10", "--count", &count.to_string()]);
    command.args(["--tag", &format!("load{number}"), "--flush-timeout", "120"]);
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}
