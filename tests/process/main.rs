//! The state of the process: rights, limits, signals, clock.
#![cfg(target_os = "linux")]
#![allow(unsafe_code, reason = "std changes little of this")]
#![allow(clippy::print_stdout, reason = "a test that can't be made here says so")]

mod calls;
#[allow(dead_code, reason = "the tests with rsyslogd use the rest")]
#[path = "../support/certificates.rs"]
mod certificates;
mod clock;
mod container;
mod guest;
mod injected;
mod limits;
mod rights;
#[path = "../scenarios/mod.rs"]
mod scenarios;
mod seccomp;

use std::{process::Command, time::Duration};

use logship::Guard;
use logship_collector::Certificate;

use self::{
    certificates::{Certificates, Identity},
    scenarios::my_scenario,
};

#[test]
#[ignore = "other tests run it, in processes of their own"]
fn child() {
    let name = my_scenario().unwrap();
    match name.as_str() {
        "open files" => calls::open_files(),
        "sigpipe" => calls::sigpipe(),
        "no memory" => limits::no_memory(),
        "no time" => limits::no_time(),
        "no thread" => limits::no_thread(),
        "no file" => limits::no_file(),
        "a child without files" => limits::a_child_without_files(),
        "a late exit handler" => calls::a_late_exit_handler(),
        "a small container" => container::a_small_container(),
        "Docker's system calls" => seccomp::with_dockers_system_calls(),
        "a clock that jumps" => clock::a_clock_that_jumps(),
        "another root" => rights::another_root(),
        "another user" => rights::another_user(),
        "a thousand records" => calls::a_thousand_records(),
        "sigwait" => guest::sigwait(),
        "a full standard error" => guest::unread_stderr(true),
        "a closed standard error" => guest::unread_stderr(false),
        "idle" => guest::idle(),
        "panics" => guest::panics(),
        "a panic in a span" => guest::a_panic_in_a_span(),
        "a server that comes late" => guest::a_server_that_comes_late(),
        "a busy callback" => guest::a_busy_callback(),
        "a callback that exits" => guest::exits_in_a_callback("cannot reach"),
        "a callback that exits at the end" => guest::exits_in_a_callback("not delivered"),
        "small files" => guest::small_files(),
        "few files" => guest::few_files(),
        _ => panic!("{name:?} is no scenario"),
    }
}

pub(crate) fn init() -> Guard {
    logship::init_syslog("process").unwrap()
}

/// Ships what this thread says from now on.
pub(crate) fn capture(handle: &logship::Handle) -> tracing::subscriber::DefaultGuard {
    use tracing_subscriber::layer::SubscriberExt as _;
    tracing::subscriber::set_default(tracing_subscriber::registry().with(handle.unfiltered_layer()))
}

pub(crate) fn good(certificates: &Certificates) -> Certificate {
    let good = Identity::Good;
    Certificate::from_files(certificates.certificate(good), certificates.key(good)).unwrap()
}

/// The same, run by another program.
pub(crate) fn within(program: &str, arguments: &[&str], plain: &Command) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).arg(plain.get_program()).args(plain.get_args());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

pub(crate) fn become_nobody() -> bool {
    // SAFETY: both change the rights of this process, and nothing else.
    unsafe { libc::setgid(NOBODY) == 0 && libc::setuid(NOBODY) == 0 }
}

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
const NOBODY: libc::uid_t = 65534;
