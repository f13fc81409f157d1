//! The cost of a connection that nobody uses.
//!
//! A library that waits to read while it writes, or the other way round, and loses track of it, goes
//! round in circles.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    client::{Asked, Library, MARKER, PATIENCE, build, log},
    lifecycle::{Server, files},
};

#[test]
fn idle_connection_costs_nothing_after_traffic() {
    for library in Library::BOTH {
        let (directory, pair, port) = files();
        let mut server = Server::start(&directory, port);
        let asked = Asked { fingerprints: vec![pair.fingerprint()], ..Asked::default() };
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "idle::child", "--ignored", "--nocapture"])
            .env("IDLE_URL", asked.url("tls", port, library))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut commands = child.stdin.take().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut answer = |words: &str| {
            let line = answers.find(|line| line.as_ref().unwrap().contains(words));
            line.unwrap_or_else(|| panic!("{library:?}: no {words}")).unwrap()
        };
        // Session tickets have come with the handshake; then come new keys, and a wish for ours.
        for (number, keys) in ["k\n", "K\n", "k\n"].into_iter().enumerate() {
            answer("SAID");
            server.wait_for(MARKER, 3 * (number + 1));
            server.command(keys);
            commands.write_all(b"go on\n").unwrap();
        }
        let told = answer("MILLISECONDS");
        let milliseconds: u64 = told.rsplit_once(' ').unwrap().1.parse().unwrap();
        assert!(milliseconds < LIMIT, "{library:?}: {told}, of {IDLE:?}");
        assert!(child.wait().unwrap().success(), "{library:?}");
    }
}

/// In a process of its own, since what is measured is the whole of it.
#[test]
#[ignore = "the test before starts it"]
#[allow(clippy::print_stdout, reason = "it is how it tells")]
fn child() {
    let url = std::env::var("IDLE_URL").unwrap();
    let (handle, troubles) = build(logship::builder("app").servers(url));
    for _ in 0..3 {
        log(&handle, 3);
        assert!(handle.flush(PATIENCE), "{:?}", troubles.try_iter().next());
        println!("\nSAID");
        std::io::stdin().read_line(&mut String::new()).unwrap();
    }
    // The new keys, and what is looked at for a while after the last record.
    std::thread::sleep(Duration::from_millis(500));
    let before = nanoseconds();
    std::thread::sleep(IDLE);
    let cost = (nanoseconds() - before) / 1_000_000;
    assert_eq!(handle.stats().reconnects, 0);
    println!("\nMILLISECONDS {cost}");
}

/// What all threads of this process have had of a processor.
fn nanoseconds() -> u64 {
    let threads = fs::read_dir("/proc/self/task").unwrap();
    let of_thread = |thread: std::io::Result<fs::DirEntry>| {
        let path = thread.unwrap().path().join("schedstat");
        let text = fs::read_to_string(&path).unwrap();
        text.split(' ').next().unwrap().parse::<u64>().unwrap()
    };
    threads.map(of_thread).sum()
}

const IDLE: Duration = Duration::from_secs(2);
/// Milliseconds of a processor. Who goes round in circles takes as many as there are.
const LIMIT: u64 = 100;
