//! System calls, signals and exit handlers of the program.

use std::{
    collections::BTreeSet,
    fs,
    os::{fd::AsRawFd as _, unix::net::UnixStream},
    process, thread,
    time::{Duration, Instant},
};

use logship::Format;
use logship_collector::Collector;
use tempfile::TempDir;
use tracing::info;

use crate::{
    PATIENCE, capture,
    certificates::Certificates,
    good, init,
    scenarios::{Ended, run, scenario},
    within,
};

#[test]
fn no_file_is_left_open_for_other_programs() {
    let directory = TempDir::new().unwrap();
    let collector = Collector::tcp().unwrap();
    let ended = run(scenario("open files")
        .env("SYSLOG_SERVERS", collector.url())
        .env("SYSLOG_QUEUE_FILE", directory.path().join("queue"))
        .env("SYSLOG_QUEUE_SYNC_INTERVAL", "1"));
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

pub(crate) fn open_files() {
    let files = || -> BTreeSet<String> {
        let all = fs::read_dir("/proc/self/fd").unwrap();
        all.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    };
    let before = files();
    let guard = logship::builder("process").init();
    info!("one");
    assert!(guard.flush(PATIENCE));
    let ours: Vec<_> = files().difference(&before).cloned().collect();
    let flags = |file: &String| {
        let text = fs::read_to_string(format!("/proc/self/fdinfo/{file}")).ok()?;
        let flags = text.lines().find_map(|line| line.strip_prefix("flags:"))?;
        i32::from_str_radix(flags.trim(), 8).ok()
    };
    let flags: Vec<_> = ours.iter().filter_map(flags).collect();
    // A queue of events, what wakes it, the queue file, the connection.
    assert!(flags.len() >= 4, "{ours:?}");
    assert!(flags.iter().all(|flags| flags & libc::O_CLOEXEC != 0), "{ours:?} {flags:?}");
}

#[test]
fn connections_that_break_raise_no_sigpipe() {
    let ended = run(&mut scenario("sigpipe"));
    // The last thing it does is to write without care: that shows that the signal does kill.
    assert!(ended.stdout.contains("all arrived"), "{ended:?}");
    assert_eq!(ended.code, None, "{ended:?}");
}

pub(crate) fn sigpipe() {
    // SAFETY: it is the state of any program that Rust's `main` doesn't begin.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    let certificates = Certificates::new();
    let directory = TempDir::new().unwrap();
    let tls = format!("?ca_file={}", certificates.ca().display());
    for (collector, options) in [
        (Collector::tcp().unwrap(), String::new()),
        (Collector::tls(good(&certificates)).unwrap(), tls.clone()),
        (Collector::tls(good(&certificates)).unwrap(), tls + "&tls_backend=rustls"),
        (Collector::unix(directory.path().join("log")).unwrap(), String::new()),
    ] {
        let url = collector.url() + &options;
        let builder = logship::builder("process").servers(&url).format(Format::Rfc5424);
        let handle = builder.on_error(|_| {}).build().unwrap();
        let guard = capture(&handle);
        for _ in 0..20 {
            for _ in 0..50 {
                info!("one of many");
                thread::sleep(Duration::from_micros(50));
            }
            collector.disconnect();
        }
        info!("the last one");
        drop(guard);
        assert!(handle.flush(PATIENCE), "{url}: {:?}", handle.stats());
        let begin = Instant::now();
        while !collector.received().iter().any(|record| record.text() == Some("the last one")) {
            assert!(begin.elapsed() < PATIENCE, "{url}: {:?}", handle.stats());
            thread::sleep(Duration::from_millis(10));
        }
    }
    println!("all arrived");
    let (ours, theirs) = UnixStream::pair().unwrap();
    drop(theirs);
    // SAFETY: the one byte is there.
    unsafe { libc::write(ours.as_raw_fd(), b"x".as_ptr().cast(), 1) };
    println!("it is ignored all the same");
    process::exit(0);
}

#[test]
fn an_exit_handler_after_ours_may_log() {
    let collector = Collector::tcp().unwrap();
    let ended = run(scenario("a late exit handler").env("SYSLOG_SERVERS", collector.url()));
    assert_eq!(ended.code, Some(7), "{ended:?}");
    let records = collector.wait_for(1, PATIENCE);
    assert_eq!(records[0].text(), Some("in time"), "{ended:?}");
}

pub(crate) fn a_late_exit_handler() {
    extern "C" fn late() {
        // Nobody may be there any more to ship it.
        info!("too late");
    }
    // SAFETY: `late` takes nothing and does not unwind.
    unsafe { libc::atexit(late) };
    // Handlers run in the opposite order.
    let _guard = init();
    info!("in time");
    process::exit(7);
}

/// strace answers some of the calls in the kernel's place.
#[test]
fn system_calls_that_are_interrupted_lose_nothing() {
    for collector in [Collector::tcp().unwrap(), Collector::udp().unwrap()] {
        let plain = scenario("a thousand records");
        let calls = "sendto,sendmmsg,recvfrom,epoll_wait";
        let inject = format!("inject={calls}:error=EINTR:when=2+3");
        let trace = format!("trace={calls}");
        let mut strace = within(
            "strace",
            &["-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject],
            &plain,
        );
        let ended: Ended = run(strace.env("SYSLOG_SERVERS", collector.url()));
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let records = collector.wait_for(1_000, PATIENCE);
        assert!(records.iter().all(|record| record.complaints.is_empty()), "{ended:?}");
        let numbers: BTreeSet<u32> = records
            .iter()
            .map(|r| r.param("fields@32473", "n").unwrap().parse().unwrap())
            .collect();
        assert_eq!(numbers, (0..1_000).collect(), "{ended:?}");
    }
}

pub(crate) fn a_thousand_records() {
    let guard = init();
    for n in 0..1_000 {
        info!(n, "one of many");
        if n % 20 == 0 {
            assert!(guard.flush(PATIENCE), "{:?}", guard.stats());
        }
    }
}
