//! Does what a log call took outlive the process, however it ends?
//!
//! tests/reliability kills it, again and again.
#![cfg(target_os = "linux")]

mod child;

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{MetadataExt as _, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use logship::{Handle, Stats, collector::Collector};
use serde_json::Value;
use tempfile::TempDir;
use tracing::info;
use tracing_subscriber::layer::SubscriberExt as _;

use self::child::{Ended, example, my_scenario, run, scenario};

const PATIENCE: Duration = Duration::from_secs(30);
const CAPACITY: &str = "67108864";

fn place() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ring");
    (folder, path)
}

fn nobody() -> String {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    format!("tcp://127.0.0.1:{port}")
}

fn loadgen(url: &str, queue_file: &Path, start: u64, count: u64) -> Command {
    let mut command = example("loadgen");
    let (start, count) = (start.to_string(), count.to_string());
    command.args(["--url", url, "--tag", "load", "--start", &start, "--count", &count]);
    command.args(["--capacity", CAPACITY]).arg("--queue-file").arg(queue_file);
    command
}

fn result(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}

#[test]
fn an_abort_and_an_exit_leave_what_was_logged() {
    let collector = Collector::tcp().unwrap();
    for (name, code) in [("abort", None), ("exit", Some(7))] {
        let (_folder, path) = place();
        let mut command = scenario(name);
        command.env("SYSLOG_URL", nobody()).env("SYSLOG_QUEUE_FILE", &path);
        let ended = run(command.env("SYSLOG_FLUSH_TIMEOUT", "0.2"));
        assert_eq!(ended.code, code, "{ended:?}");
        let mut command = scenario("next");
        command.env("SYSLOG_URL", collector.url()).env("SYSLOG_QUEUE_FILE", &path);
        let ended = run(&mut command);
        assert!(ended.code == Some(0), "{ended:?}");
        let records = collector.wait_for(RECORDS + 1, PATIENCE);
        let texts: Vec<_> = collector.take().iter().map(|r| r.text().unwrap().to_owned()).collect();
        assert_eq!(records.len(), texts.len());
        let expected = (0..RECORDS).map(|n| format!("record {n}")).chain(["next".to_owned()]);
        assert!(texts.iter().cloned().eq(expected), "{name}: {texts:?}");
    }
}

const RECORDS: usize = 1_000;

/// Plays its part in a process of its own.
#[test]
#[ignore = "it is run by others"]
fn child() {
    let Some(name) = my_scenario() else { return };
    let _guard = logship::init_syslog("shop").unwrap();
    if name == "next" {
        info!("next");
        return;
    }
    (0..RECORDS).for_each(|n| info!("record {n}"));
    match name.as_str() {
        "abort" => std::process::abort(),
        _ => std::process::exit(7),
    }
}

#[test]
fn a_file_that_can_not_be_used_is_said_and_the_records_arrive() {
    let (folder, path) = place();
    let collector = Collector::tcp().unwrap();
    let mut first = loadgen(&collector.url(), &path, 0, 1_000_000);
    let mut first = first.args(["--rate", "1"]).stdout(Stdio::null()).spawn().unwrap();
    while collector.messages() == 0 {
        thread::sleep(Duration::from_millis(5));
    }
    collector.take();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
    let link = folder.path().join("link");
    symlink(folder.path().join("elsewhere"), &link).unwrap();
    for (path, why) in [
        (path.as_path(), "another process uses it"),
        (&link, "it is a symbolic link"),
        (&folder.path().join("missing/ring"), "No such file"),
        (Path::new("/proc/ring"), "can't be used"),
    ] {
        let ended = run(&mut loadgen(&collector.url(), path, 1_000, 100));
        assert!(ended.stderr.contains(why) && ended.stderr.contains("in memory"), "{ended:?}");
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(result(&ended)["delivered"], 100);
    }
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(!folder.path().join("elsewhere").exists());
}

#[test]
fn a_disk_that_is_full_stops_nothing() {
    let (_folder, path) = place();
    let collector = Collector::tcp().unwrap();
    let generator = loadgen(&collector.url(), &path, 0, 100);
    // A limit on the size of files is as near to it as one comes without a disk to fill.
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\""]);
    let ended = run(command.arg(generator.get_program()).args(generator.get_args()));
    assert!(ended.stderr.contains("in memory"), "{ended:?}");
    assert_eq!(result(&ended)["delivered"], 100, "{ended:?}");
    assert!(!path.exists(), "half a file is left");
}

/// A handle with this queue file, once the one before it has let go of it.
fn build(url: &str, path: &Path) -> Handle {
    loop {
        let troubles = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&troubles);
        let builder = logship::builder("shop").url(url).queue_file(path);
        let builder = builder.flush_timeout(Duration::from_millis(50));
        let handle = builder.on_trouble(move |what| heard.lock().unwrap().push(what.to_owned()));
        let handle = handle.build().unwrap();
        if !troubles.lock().unwrap().iter().any(|what| what.contains("another process")) {
            return handle;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn log(handle: &Handle, count: u64) {
    let subscriber = tracing_subscriber::registry().with(handle.layer());
    tracing::subscriber::with_default(subscriber, || (0..count).for_each(|n| info!(n, "said")));
}

fn books(stats: &Stats) -> [u64; 5] {
    assert_eq!(stats.captured, stats.delivered + stats.dropped() + stats.waiting, "{stats:?}");
    [stats.adopted, stats.captured, stats.delivered, stats.dropped(), stats.waiting]
}

#[test]
fn the_books_go_on_where_the_last_ones_ended() {
    let (_folder, path) = place();
    let handle = build(&nobody(), &path);
    log(&handle, 100);
    assert_eq!(books(&handle.stats()), [0, 100, 0, 0, 100]);
    drop(handle);
    let handle = build(&nobody(), &path);
    log(&handle, 50);
    assert_eq!(books(&handle.stats()), [100, 150, 0, 0, 150]);
    drop(handle);
    let collector = Collector::tcp().unwrap();
    let handle = build(&collector.url(), &path);
    log(&handle, 25);
    assert!(handle.flush(PATIENCE));
    assert_eq!(books(&handle.stats()), [150, 175, 175, 0, 0]);
    assert_eq!(collector.wait_for(175, PATIENCE).len(), 175);
    drop(handle);
    let handle = build(&collector.url(), &path);
    assert_eq!(books(&handle.stats()), [0; 5]);
}

#[test]
fn a_file_that_others_delete_only_loses_its_promise() {
    let (_folder, path) = place();
    let collector = Collector::tcp().unwrap();
    let handle = build(&collector.url(), &path);
    fs::remove_file(&path).unwrap();
    log(&handle, 100);
    assert!(handle.flush(PATIENCE));
    assert_eq!(collector.wait_for(100, PATIENCE).len(), 100);
}

#[test]
fn a_path_that_depends_on_the_folder_is_an_error() {
    for path in ["ring", "./ring", ""] {
        let error = logship::builder("shop").queue_file(path).build().unwrap_err().to_string();
        assert!(error.contains("absolute") && error.contains("SYSLOG_QUEUE_FILE"), "{error}");
    }
}
