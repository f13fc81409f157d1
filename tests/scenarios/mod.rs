//! Parts of a test in processes of their own.

// Each test binary includes this directory and uses a different part of it.
#![allow(dead_code)]

pub(crate) mod queue_file;

use std::{
    io::Read,
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// What a process left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    /// `None` where a signal ended it, such as ours when it took too long.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

/// This test binary once more; its test `child` sees the name of the scenario.
pub(crate) fn scenario(name: &str) -> Command {
    let mut command = quiet(&std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--ignored", "--nocapture"]).env(SCENARIO, name);
    command
}

/// The scenario that this process is to play, if it is a child.
pub(crate) fn my_scenario() -> Option<String> {
    std::env::var(SCENARIO).ok()
}

/// An example, which cargo builds before it runs tests and puts beside them.
pub(crate) fn example(name: &str) -> Command {
    built(&format!("examples/{name}"), "--examples")
}

/// A subcommand of the `logship` command, which cargo builds before it runs all tests.
pub(crate) fn logship(subcommand: &str) -> Command {
    let mut command = built("logship", "--package logship-cli");
    command.arg(subcommand);
    command
}

fn built(name: &str, what: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(|deps| deps.parent()).unwrap();
    let program = profile.join(name).with_extension(std::env::consts::EXE_EXTENSION);
    assert!(program.is_file(), "{} is not there: run cargo build {what}", program.display());
    quiet(&program)
}

/// A program that sees none of the variables that whoever runs the tests may have set.
fn quiet(program: &PathBuf) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("SYSLOG_") || name == "RUST_LOG") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs it to its end, which must come in time.
pub(crate) fn run(command: &mut Command) -> Ended {
    let begin = Instant::now();
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = piped.spawn().unwrap();
    let stdout = collect(process.stdout.take().unwrap());
    let stderr = collect(process.stderr.take().unwrap());
    let status = loop {
        match process.try_wait().unwrap() {
            Some(status) => break status,
            None if begin.elapsed() > LONGEST => {
                process.kill().unwrap();
                break process.wait().unwrap();
            }
            None => thread::sleep(Duration::from_millis(2)),
        }
    };
    let took = begin.elapsed();
    Ended {
        code: status.code(),
        stdout: stdout.join().unwrap(),
        stderr: stderr.join().unwrap(),
        took,
    }
}

/// A full pipe must not hold the process up.
fn collect(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

const SCENARIO: &str = "LOGSHIP_TEST_SCENARIO";
const LONGEST: Duration = Duration::from_secs(60);
