//! System calls that the kernel refuses, by strace.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use logship_collector::Collector;
use tempfile::TempDir;

use crate::{
    PATIENCE,
    certificates::Certificates,
    good,
    scenarios::{Ended, run, scenario},
    within,
};

/// A thousand records, while strace answers some calls as `inject` says.
fn refused(url: &str, inject: &str, settings: &[(&str, &str)], only: Option<&Path>) -> Ended {
    let plain = scenario("a thousand records");
    let calls = inject.split(':').next().unwrap();
    let (trace, inject) = (format!("trace={calls}"), format!("inject={inject}"));
    let directory = TempDir::new().unwrap();
    let seen = directory.path().join("calls");
    let seen = seen.to_str().unwrap();
    let mut arguments = vec!["-f", "-qq", "-o", seen, "-e", &trace, "-e", &inject];
    if let Some(path) = only {
        arguments.extend(["-P", path.to_str().unwrap()]);
    }
    let mut strace = within("strace", &arguments, &plain);
    strace.env("SYSLOG_SERVERS", url).env("SYSLOG_FORMAT", "rfc5424");
    let ended = run(strace.envs(settings.iter().copied()));
    let seen = fs::read_to_string(seen).unwrap_or_default();
    assert!(seen.contains("(INJECTED)"), "{inject} over {url} never came about: {ended:?}");
    ended
}

/// That all have arrived, and how many copies of them.
fn copies(collector: &Collector, what: &str, ended: &Ended) -> usize {
    assert_eq!(ended.code, Some(0), "{what}: {ended:?}");
    let (mut numbers, mut count, begin) = (BTreeSet::new(), 0, Instant::now());
    while numbers.len() < 1_000 {
        assert!(begin.elapsed() < PATIENCE, "{what}: {} of 1000: {ended:?}", numbers.len());
        for record in collector.take() {
            assert_eq!(record.complaints, [], "{what}");
            numbers.insert(record.param("fields@32473", "n").unwrap().to_owned());
            count += 1;
        }
        thread::sleep(Duration::from_millis(5));
    }
    count - numbers.len()
}

#[test]
fn enobufs_on_datagrams_delays_and_duplicates_nothing() {
    let directory = TempDir::new().unwrap();
    for collector in
        [Collector::udp().unwrap(), Collector::unix(directory.path().join("log")).unwrap()]
    {
        for (inject, told) in [
            ("sendmmsg:error=ENOBUFS:when=3+4", ""),
            ("sendmmsg:error=ENOMEM:when=2+3", ""),
            ("sendmmsg:error=ENOBUFS:when=5..16", "nothing leaves for"),
        ] {
            let ended = refused(&collector.url(), inject, &[], None);
            let what = format!("{inject} over {}", collector.url());
            assert_eq!(copies(&collector, &what, &ended), 0, "{what}: {ended:?}");
            let lines = ended.stderr.lines().count();
            assert!(ended.stderr.contains(told), "{what}: {ended:?}");
            assert_eq!(lines, usize::from(!told.is_empty()), "{what}: {ended:?}");
        }
    }
}

#[test]
fn calls_of_a_connection_that_are_refused_lose_nothing() {
    let certificates = Certificates::new();
    let (udp, tcp) = (Collector::udp().unwrap(), Collector::tcp().unwrap());
    let tls = Collector::tls(good(&certificates)).unwrap();
    for (collector, inject, told) in [
        // A packet filter says so.
        (&udp, "sendmmsg:error=EPERM:when=5..6", "Operation not permitted"),
        (&udp, "sendmmsg:error=ENETUNREACH:when=5..6", "Network is unreachable"),
        // Often no word comes when there is room again, since there always was.
        (&udp, "sendmmsg:error=EAGAIN:when=5+20", ""),
        (&tcp, "sendto:error=EAGAIN:when=5+20", ""),
        (&tcp, "sendto:error=ENOBUFS:when=5+20", "No buffer space"),
        (&tls, "sendto:error=ENOBUFS:when=9+20", "No buffer space"),
        (&tcp, "recvfrom:error=ETIMEDOUT:when=9", "timed out"),
        (&tcp, "recvfrom:error=EHOSTUNREACH:when=9", "No route to host"),
        (&tcp, "socket:error=ENOBUFS:when=1..2", "cannot reach"),
        (&tcp, "socket:error=EACCES:when=1..2", "cannot reach"),
        (&tcp, "connect:error=EACCES:when=1..2", "cannot reach"),
        (&tcp, "connect:error=EADDRNOTAVAIL:when=1..2", "cannot reach"),
    ] {
        let url = if std::ptr::eq(collector, &tls) {
            format!("{}?ca_file={}", tls.url(), certificates.ca().display())
        } else {
            collector.url()
        };
        let ended = refused(&url, inject, &[("SYSLOG_WRITE_TIMEOUT", "0.5")], None);
        copies(collector, inject, &ended);
        assert!(ended.stderr.contains(told), "{inject}: {ended:?}");
    }
}

#[test]
fn refused_queue_file_is_reported_and_loses_nothing() {
    let collector = Collector::tcp().unwrap();
    for (inject, why) in [
        ("openat:error=EACCES", "Permission denied"),
        ("openat:error=EROFS", "Read-only"),
        ("flock:error=ENOLCK", "No locks available"),
        ("fchmod:error=EPERM", "not permitted"),
        ("mmap:error=ENODEV", "No such device"),
        ("mmap:error=ENOMEM", "Cannot allocate memory"),
        ("ftruncate:error=EFBIG", "File too large"),
        ("fallocate:error=EDQUOT", "quota"),
        ("pwrite64:error=ENOSPC:when=2", "No space left"),
        ("pwrite64:error=EIO:when=3", "Input/output error"),
    ] {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("queue");
        let settings = [("SYSLOG_QUEUE_FILE", path.to_str().unwrap())];
        let ended = refused(&collector.url(), inject, &settings, Some(&path));
        assert_eq!(copies(&collector, inject, &ended), 0, "{inject}");
        assert!(ended.stderr.contains(why), "{inject}: {ended:?}");
        assert!(ended.stderr.contains("queue is in memory"), "{inject}: {ended:?}");
    }
}

/// A new file that is on the disk is lost if its name isn't there.
#[test]
fn unusable_file_name_is_reported_once() {
    let collector = Collector::tcp().unwrap();
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("queue");
    let path = path.to_str().unwrap();
    let settings = [("SYSLOG_QUEUE_FILE", path), ("SYSLOG_QUEUE_SYNC_INTERVAL", "0.02")];
    let ended = refused(&collector.url(), "fsync:error=EIO", &settings, Some(directory.path()));
    assert_eq!(copies(&collector, "fsync", &ended), 0);
    assert!(ended.stderr.contains("can't be written to the disk"), "{ended:?}");
    assert_eq!(ended.stderr.matches("power loss").count(), 1, "{ended:?}");
}
