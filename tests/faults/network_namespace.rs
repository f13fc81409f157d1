//! A network namespace, and files under `/etc`, for a test to break.

use std::process::Command;

/// Runs the test of this name once more, in a network and a view of the file system of its own;
/// true if this is that second run. No right is needed where the system lets users make namespaces.
pub(crate) fn is_mine(test: &str) -> bool {
    if std::env::var_os(MINE).is_some() {
        ip("link set lo up");
        return true;
    }
    const ARGUMENTS: [&str; 3] = ["--map-root-user", "--net", "--mount"];
    let mut may = Command::new("unshare");
    may.args(ARGUMENTS).args(["ip", "link", "set", "lo", "up"]);
    if !may.output().is_ok_and(|output| output.status.success()) {
        println!("{test}: skipped, `unshare {}` is not allowed here", ARGUMENTS.join(" "));
        return false;
    }
    let this = std::env::current_exe().expect("a test knows its own file");
    let status = Command::new("unshare")
        .args(ARGUMENTS)
        .arg(this)
        .args(["--exact", test, "--nocapture"])
        .env(MINE, "1")
        .status();
    assert!(status.expect("unshare has just been run").success(), "{test}");
    false
}

pub(crate) fn ip(arguments: &str) {
    let done = Command::new("ip").args(arguments.split(' ')).output().expect("ip can be run");
    assert!(done.status.success(), "ip {arguments}: {done:?}");
}

const MINE: &str = "LOGSHIP_TEST_OWN_NETWORK";
