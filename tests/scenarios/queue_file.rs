//! Scenarios of programs that log into a queue file.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use super::logship;

/// Where there is no queue file yet.
pub(crate) fn place() -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("ring");
    (directory, path)
}

/// A server that isn't there.
pub(crate) fn nobody() -> String {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    format!("tcp://127.0.0.1:{port}")
}

/// Logs `count` records from number `start` on; 64 MiB of them may wait.
pub(crate) fn loadgen(url: &str, queue_file: &Path, start: u64, count: u64) -> Command {
    let mut command = logship("load");
    let (start, count) = (start.to_string(), count.to_string());
    command.args(["--url", url, "--tag", "load", "--start", &start, "--count", &count]);
    command.args(["--capacity", CAPACITY]).arg("--queue-file").arg(queue_file);
    command
}

const CAPACITY: &str = "67108864";
