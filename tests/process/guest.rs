//! What a program notices of the crate beside its log: signals, standard error, wake-ups, descriptors.

use std::{
    fs,
    io::Write as _,
    net::TcpListener,
    os::fd::{AsRawFd as _, FromRawFd as _},
    path::PathBuf,
    process,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use logship_collector::Collector;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::info;

use crate::{
    PATIENCE, init,
    scenarios::{run, scenario},
};

#[test]
fn a_program_that_waits_for_a_signal_gets_it() {
    let collector = Collector::tcp().unwrap();
    let ended = run(scenario("sigwait")
        .env("SYSLOG_SERVERS", collector.url().replace("127.0.0.1", "localhost")));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(collector.wait_for(1, PATIENCE)[0].text(), Some("told to end"), "{ended:?}");
}

pub(crate) fn sigwait() {
    let guard = init();
    // SAFETY: both sets are initialised by the calls, and the numbers are signals.
    let signal = unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGTERM);
        // The harness has a thread of its own that doesn't block it: it is as `main` was.
        for task in fs::read_dir("/proc/self/task").unwrap() {
            let task = task.unwrap().path();
            let status = fs::read_to_string(task.join("status")).unwrap();
            let blocked = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).unwrap();
            let blocked = u64::from_str_radix(blocked.trim(), 16).unwrap();
            let is_ours = fs::read_to_string(task.join("comm")).unwrap().starts_with("logship");
            assert!(!is_ours || blocked & (1 << (libc::SIGTERM - 1)) != 0, "{status}");
        }
        let mut before = std::mem::zeroed();
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, &raw mut before);
        assert_eq!(libc::sigismember(&raw const before, libc::SIGTERM), 0, "the mask is as it was");
        // To this thread: of the harness's others one might take it.
        libc::pthread_kill(libc::pthread_self(), libc::SIGTERM);
        let mut signal = 0;
        libc::sigwait(&raw const set, &raw mut signal);
        signal
    };
    assert_eq!(signal, libc::SIGTERM);
    info!("told to end");
    assert!(guard.flush(PATIENCE));
}

/// What is told at the start is told on the program's own thread, the rest on the shipper's.
#[test]
fn a_standard_error_that_nobody_reads_stops_nothing() {
    for name in ["a full standard error", "a closed standard error"] {
        let collector = Collector::tcp().unwrap();
        let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let servers = format!("tcp://{gone},{}", collector.url());
        let ended = run(scenario(name)
            .env("SYSLOG_SERVERS", servers)
            .env("SYSLOG_QUEUE_FILE", "/no/such/directory/queue"));
        assert_eq!(ended.code, Some(0), "{name}: {ended:?}");
        assert_eq!(collector.wait_for(1, PATIENCE).len(), 1, "{name}: {ended:?}");
    }
}

pub(crate) fn unread_stderr(is_full: bool) {
    // SAFETY: it is the state of any program that Rust's `main` doesn't begin.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    let (mut reader, mut writer) = pipe();
    // SAFETY: the harness writes nothing there that is missed.
    unsafe { libc::dup2(writer.as_raw_fd(), 2) };
    if is_full {
        rustix::io::ioctl_fionbio(&writer, true).unwrap();
        while writer.write(&[b'x'; 512]).is_ok() {}
        rustix::io::ioctl_fionbio(&writer, false).unwrap();
    } else {
        // Nobody reads what comes in its place.
        reader = pipe().0;
    }
    let guard = init();
    info!("one");
    assert!(guard.flush(PATIENCE), "{:?}", guard.stats());
    drop(reader);
    process::exit(0);
}

fn pipe() -> (fs::File, fs::File) {
    let mut ends = [0; 2];
    // SAFETY: the array has room for two, which nobody else owns.
    unsafe {
        assert_eq!(libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC), 0);
        let [reader, writer] = ends.map(|end| fs::File::from_raw_fd(end));
        (reader, writer)
    }
}

#[test]
fn idle_connection_wakes_once_a_second() {
    let collector = Collector::tcp().unwrap();
    let ended = run(scenario("idle").env("SYSLOG_SERVERS", collector.url()));
    println!("{}", ended.stdout);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

pub(crate) fn idle() {
    let guard = init();
    info!("one");
    assert!(guard.flush(PATIENCE));
    thread::sleep(Duration::from_secs(1));
    let before = wakes();
    thread::sleep(SECONDS);
    let woken = wakes() - before;
    println!("{woken} wake-ups in {SECONDS:?}");
    assert!(woken <= SECONDS.as_secs() + 2, "{woken}");
}

const SECONDS: Duration = Duration::from_secs(6);

/// How often one of our threads has gone to sleep.
fn wakes() -> u64 {
    let all = fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    let ours =
        |task: &PathBuf| fs::read_to_string(task.join("comm")).unwrap().starts_with("logship");
    all.filter(ours)
        .map(|task| {
            let status = fs::read_to_string(task.join("status")).unwrap();
            let count = status.lines().find_map(|l| l.strip_prefix("voluntary_ctxt_switches:"));
            count.unwrap().trim().parse::<u64>().unwrap()
        })
        .sum()
}

#[test]
fn too_few_descriptors_are_an_error_and_no_panic() {
    let ended = run(scenario("few files").env("SYSLOG_SERVERS", "tcp://127.0.0.1:9"));
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

pub(crate) fn few_files() {
    std::panic::set_hook(Box::new(|_| process::abort()));
    let open = fs::read_dir("/proc/self/fd").unwrap().count() as u64;
    let before = getrlimit(Resource::Nofile);
    let build = |limit| {
        setrlimit(Resource::Nofile, Rlimit { current: limit, maximum: before.maximum }).unwrap();
        logship::builder("process").on_error(|_| {}).build().is_ok()
    };
    assert!((0..6).all(|more| !build(Some(open - 1 + more))));
    assert!(build(before.current));
}

/// No server is there: a caught panic, and a value that panics, cost their thread no wait.
#[test]
fn panics_wait_for_no_server_that_is_away() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ended = run(scenario("panics")
        .env("SYSLOG_SERVERS", format!("tcp://{gone}"))
        .env("SYSLOG_FLUSH_TIMEOUT", "0"));
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

pub(crate) fn panics() {
    struct Bad;
    impl std::fmt::Display for Bad {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("a value")
        }
    }
    let (told, trouble) = std::sync::mpsc::channel();
    let _guard = logship::builder("process").on_error(move |_| _ = told.send(())).init();
    info!("one");
    trouble.recv_timeout(PATIENCE).unwrap();
    let begin = std::time::Instant::now();
    for _ in 0..20 {
        info!(bad = %Bad, "mended");
        std::panic::catch_unwind(|| panic!("caught")).unwrap_err();
    }
    // Each of the forty once took a second.
    assert!(begin.elapsed() < Duration::from_secs(15), "{:?}", begin.elapsed());
}

#[test]
fn the_record_of_a_panic_names_its_request() {
    let collector = Collector::tcp().unwrap();
    let ended = run(scenario("a panic in a span")
        .env("SYSLOG_SERVERS", collector.url())
        .env("SYSLOG_PANIC_BACKTRACE", "1"));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let record = &collector.wait_for(1, PATIENCE)[0];
    assert_eq!(record.param("span@32473", "id"), Some("42"), "{record:?}");
    let backtrace = record.param("fields@32473", "panic_backtrace").unwrap();
    assert!(backtrace.contains("a_panic_in_a_span"), "{backtrace}");
}

pub(crate) fn a_panic_in_a_span() {
    let _guard = init();
    let work = || tracing::info_span!("request", id = 42).in_scope(|| panic!("on purpose"));
    std::panic::catch_unwind(work).unwrap_err();
}

#[test]
fn the_end_of_a_trouble_is_told_too() {
    let ended = run(&mut scenario("a server that comes late"));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let said = |part: &str| ended.stderr.lines().filter(|line| line.contains(part)).count();
    assert_eq!((said("cannot reach"), said(", 2 records waited")), (1, 1), "{ended:?}");
}

pub(crate) fn a_server_that_comes_late() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let guard = logship::builder("process").servers(format!("tcp://{address}")).init();
    (0..2).for_each(|n| info!(n, "early"));
    thread::sleep(Duration::from_millis(300));
    let listener = TcpListener::bind(address).unwrap();
    let server = thread::spawn(move || {
        std::io::copy(&mut listener.accept().unwrap().0, &mut std::io::sink()).unwrap()
    });
    assert!(guard.flush(PATIENCE));
    guard.shutdown(PATIENCE).unwrap();
    assert!(server.join().unwrap() > 0);
}

#[test]
fn a_callback_may_exit() {
    let ended = run(&mut scenario("a callback that exits"));
    assert_eq!(ended.code, Some(3), "{ended:?}");
    // The process is ending already, with the code that it has.
    let ended = run(&mut scenario("a callback that exits at the end"));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
}

pub(crate) fn exits_in_a_callback(at: &'static str) {
    let server =
        format!("tcp://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let builder = logship::builder("process").servers(server).on_error(move |error| {
        if error.to_string().contains(at) {
            process::exit(3);
        }
    });
    let guard = builder.init();
    info!("one");
    assert!(!guard.flush(Duration::from_millis(500)));
    drop(guard);
    process::exit(0);
}

#[test]
fn a_callback_may_build_flush_and_panic() {
    let ended = run(&mut scenario("a busy callback"));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("on purpose"), "{ended:?}");
}

pub(crate) fn a_busy_callback() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = format!("tcp://{address}");
    let own = Arc::new(OnceLock::<logship::Handle>::new());
    let (handle, other) = (Arc::clone(&own), server.clone());
    let called = Arc::new(AtomicBool::new(false));
    let is_called = Arc::clone(&called);
    let builder = logship::builder("process").servers(server).on_error(move |_| {
        let built = logship::builder("other").servers(other.as_str()).on_error(|_| {}).build();
        called.store(true, Relaxed);
        // A flush returns at once: the shipper cannot wait for itself.
        assert!(!built.unwrap().flush(PATIENCE));
        assert!(!handle.get().is_some_and(|own| own.flush(PATIENCE)));
        panic!("on purpose");
    });
    let guard = builder.init();
    own.set(guard.handle().clone()).unwrap();
    info!("one");
    while !is_called.load(Relaxed) {
        thread::sleep(Duration::from_millis(2));
    }
    let listener = TcpListener::bind(address).unwrap();
    thread::spawn(move || std::io::copy(&mut listener.accept().unwrap().0, &mut std::io::sink()));
    assert!(guard.flush(PATIENCE));
}

#[test]
fn a_limit_of_file_sizes_is_told_and_kills_nobody() {
    let collector = Collector::tcp().unwrap();
    let ended = run(scenario("small files").env("SYSLOG_SERVERS", collector.url()));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("ulimit -f"), "{ended:?}");
    assert_eq!(collector.wait_for(1, PATIENCE).len(), 1, "{ended:?}");
}

pub(crate) fn small_files() {
    let directory = tempfile::TempDir::new().unwrap();
    let maximum = getrlimit(Resource::Fsize).maximum;
    setrlimit(Resource::Fsize, Rlimit { current: Some(1 << 20), maximum }).unwrap();
    let guard = logship::builder("process").queue_file(directory.path().join("queue")).init();
    info!("one");
    assert!(guard.flush(PATIENCE));
}
