//! A system that gives no memory, no thread, no file and no time.

use std::{
    fs,
    path::Path,
    process::{self, Command},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use logship::{DropReason, Overflow};
use logship_collector::Collector;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::info;

use crate::{
    PATIENCE, become_nobody, init,
    scenarios::{run, scenario},
};

/// Whoever is to look up the name finds no thread, and who is to connect finds no file.
#[test]
fn missing_threads_and_descriptors_are_waited_for() {
    for name in ["no thread", "no file"] {
        let collector = Collector::tcp().unwrap();
        let url = collector.url().replace("127.0.0.1", "localhost");
        let ended = run(scenario(name).env("SYSLOG_SERVERS", url));
        assert_eq!(ended.code, Some(0), "{name}: {ended:?}");
        let records = collector.wait_for(1_000, PATIENCE);
        let n = |n: usize| records[n].param("fields@32473", "n").map(str::to_owned);
        assert!((0..1_000).all(|i| n(i) == Some(i.to_string())), "{name}: {ended:?}");
    }
}

pub(crate) fn no_thread() {
    // Root has no limit.
    become_nobody();
    without(Resource::Nproc);
}

pub(crate) fn no_file() {
    without(Resource::Nofile);
}

fn without(what: Resource) {
    let troubles = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&troubles);
    let on_error = move |error: &logship::ShipError| told.lock().unwrap().push(error.to_string());
    let guard = logship::builder("process").panic_hook(false).on_error(on_error).init();
    // Many programs take a panic, anybody's, for their end.
    std::panic::set_hook(Box::new(|_| process::abort()));
    let before = limit(what, Some(0));
    (0..1_000).for_each(|n| info!(n, "one of many"));
    let begin = Instant::now();
    while !troubles.lock().unwrap().iter().any(|trouble| trouble.contains("localhost")) {
        assert!(begin.elapsed() < PATIENCE, "{:?}", guard.stats());
        thread::sleep(Duration::from_millis(10));
    }
    limit(what, before);
    assert!(guard.flush(PATIENCE), "{:?} {troubles:?}", guard.stats());
    assert_eq!((guard.stats().captured - guard.stats().dropped, guard.stats().dropped), (1_000, 0));
}

#[test]
fn a_process_without_memory_ships_on() {
    let collector = Collector::tcp().unwrap();
    let ended = run(scenario("no memory").env("SYSLOG_SERVERS", collector.url()));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(collector.wait_for_messages(100_100, PATIENCE), 100_100);
}

pub(crate) fn no_memory() {
    let guard = logship::builder("process").overflow(Overflow::Block(PATIENCE)).init();
    (0..100).for_each(|n| info!(n, "one of many"));
    assert!(guard.flush(PATIENCE));
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split(' ').next().unwrap().parse().unwrap();
    // Enough for what is of the moment, too little for anything that grows with the records.
    limit(Resource::As, Some(pages * 4096 + (1 << 20)));
    (0..100_000).for_each(|n| info!(n, "one of many"));
    assert!(guard.flush(PATIENCE), "{:?}", guard.stats());
    assert_eq!(
        (guard.stats().captured - guard.stats().dropped, guard.stats().dropped),
        (100_100, 0)
    );
    // The harness would want more.
    process::exit(0);
}

#[test]
fn a_shipper_that_gets_no_time_delays_nobody() {
    let collector = Collector::tcp().unwrap();
    let ended = run(scenario("no time").env("SYSLOG_SERVERS", collector.url()));
    println!("{}", ended.stdout);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

fn is_shipper(task: &Path) -> bool {
    fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim() == "logship")
}

pub(crate) fn no_time() {
    let guard = init();
    info!("one");
    assert!(guard.flush(PATIENCE));
    let mut tasks = fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    let shipper = tasks.find(|task| is_shipper(task)).unwrap();
    let mut chrt = Command::new("chrt");
    chrt.args(["--idle", "--pid", "0"]).arg(shipper.file_name().unwrap());
    assert!(chrt.status().unwrap().success());
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        // They take what time there is.
        for _ in 0..thread::available_parallelism().unwrap().get() {
            scope.spawn(|| {
                while !is_over.load(Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let timed = |n: u64| {
            let begin = Instant::now();
            info!(n, "one of many");
            begin.elapsed()
        };
        let slowest = (0..200_000).map(timed).max();
        is_over.store(true, Relaxed);
        println!("the slowest call took {slowest:?}");
        // A call that waited for the shipper would take as long as the flush timeout, or longer.
        assert!(slowest < Some(Duration::from_secs(2)), "{slowest:?}");
    });
    assert!(guard.flush(PATIENCE), "{:?}", guard.stats());
    let stats = guard.stats();
    assert!(stats.captured > 200_000, "{stats:?}");
    assert_eq!(stats.captured, stats.delivered + stats.dropped + stats.pending, "{stats:?}");
}

/// Sets the limit that counts, which may be raised again; returns what it was.
fn limit(what: Resource, to: Option<u64>) -> Option<u64> {
    let before = getrlimit(what);
    setrlimit(what, Rlimit { current: to, maximum: before.maximum }).unwrap();
    before.current
}

#[test]
fn records_that_nobody_will_ship_are_counted() {
    let collector = Collector::tcp().unwrap();
    let ended = run(scenario("a child without files").env("SYSLOG_SERVERS", collector.url()));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(collector.messages(), 0);
}

pub(crate) fn a_child_without_files() {
    let guard = init();
    // SAFETY: what the child does afterwards is what is tested here.
    let child = unsafe { libc::fork() };
    if child > 0 {
        let mut status = 0;
        // SAFETY: `status` is an integer of our own.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0);
        return;
    }
    limit(Resource::Nofile, Some(0));
    (0..3).for_each(|_| info!("to nobody"));
    let _ = guard.flush(Duration::from_millis(1));
    let stats = guard.stats();
    let books = (stats.captured, stats.pending, stats.dropped_for(DropReason::Forked));
    process::exit(if books == (3, 0, 3) { 0 } else { 1 });
}
