//! What does the state of the process break: its rights, its limits, its signals, its exit handlers?
#![cfg(target_os = "linux")]
#![allow(unsafe_code, reason = "std changes none of this")]
#![allow(clippy::print_stdout, reason = "a test that can't be made here says so")]

#[allow(dead_code, reason = "the tests with rsyslogd use the rest")]
#[path = "support/certificates.rs"]
mod certificates;
mod child;

use std::{
    collections::BTreeSet,
    fs,
    os::{fd::AsRawFd as _, unix::net::UnixStream},
    process::{self, Command},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use logship::{
    DropReason, Format, Guard, Overflow,
    collector::{Certificate, Collector},
};
use rustix::process::{Resource, Rlimit, geteuid, getrlimit, setrlimit};
use tempfile::TempDir;
use tracing::info;

use self::{
    certificates::{Certificates, Identity},
    child::{Ended, my_scenario, run, scenario},
};

#[test]
fn no_file_is_left_open_for_other_programs() {
    let folder = TempDir::new().unwrap();
    let collector = Collector::tcp().unwrap();
    let ended = run(scenario("open files")
        .env("SYSLOG_URL", collector.url())
        .env("SYSLOG_QUEUE_FILE", folder.path().join("queue"))
        .env("SYSLOG_QUEUE_SYNC", "1"));
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

fn open_files() {
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

fn sigpipe() {
    // SAFETY: it is the state of any program that Rust's `main` doesn't begin.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    let certificates = Certificates::new();
    let folder = TempDir::new().unwrap();
    let tls = format!("?ca={}", certificates.ca().display());
    for (collector, options) in [
        (Collector::tcp().unwrap(), String::new()),
        (Collector::tls(good(&certificates)).unwrap(), tls.clone()),
        (Collector::tls(good(&certificates)).unwrap(), tls + "&tls_library=rustls"),
        (Collector::unix(folder.path().join("log")).unwrap(), String::new()),
    ] {
        let url = collector.url() + &options;
        let builder = logship::builder("process").url(&url).format(Format::Rfc5424);
        let handle = builder.on_trouble(|_| {}).build().unwrap();
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
    // SAFETY: the one octet is there.
    unsafe { libc::write(ours.as_raw_fd(), b"x".as_ptr().cast(), 1) };
    println!("it is ignored all the same");
    process::exit(0);
}

/// Whoever is to look up the name finds no thread, and who is to connect finds no file.
#[test]
fn a_system_that_gives_no_thread_and_no_file_is_waited_for() {
    for name in ["no thread", "no file"] {
        let collector = Collector::tcp().unwrap();
        let url = collector.url().replace("127.0.0.1", "localhost");
        let ended = run(scenario(name).env("SYSLOG_URL", url));
        assert_eq!(ended.code, Some(0), "{name}: {ended:?}");
        let records = collector.wait_for(1_000, PATIENCE);
        let n = |n: usize| records[n].param("fields@32473", "n").map(str::to_owned);
        assert!((0..1_000).all(|i| n(i) == Some(i.to_string())), "{name}: {ended:?}");
    }
}

fn no_thread() {
    // Root has no limit.
    become_nobody();
    without(Resource::Nproc);
}

fn no_file() {
    without(Resource::Nofile);
}

fn without(what: Resource) {
    let troubles = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&troubles);
    let on_trouble = move |trouble: &str| told.lock().unwrap().push(trouble.to_owned());
    let guard = logship::builder("process").panic_hook(false).on_trouble(on_trouble).init();
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
    assert_eq!((guard.stats().delivered, guard.stats().dropped()), (1_000, 0));
}

#[test]
fn a_process_without_memory_ships_on() {
    let collector = Collector::tcp().unwrap();
    let ended = run(scenario("no memory").env("SYSLOG_URL", collector.url()));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(collector.wait_for_messages(100_100, PATIENCE), 100_100);
}

fn no_memory() {
    let guard = logship::builder("process").overflow(Overflow::Block(PATIENCE)).init();
    (0..100).for_each(|n| info!(n, "one of many"));
    assert!(guard.flush(PATIENCE));
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split(' ').next().unwrap().parse().unwrap();
    // Enough for what is of the moment, too little for anything that grows with the records.
    limit(Resource::As, Some(pages * 4096 + (1 << 20)));
    (0..100_000).for_each(|n| info!(n, "one of many"));
    assert!(guard.flush(PATIENCE), "{:?}", guard.stats());
    assert_eq!((guard.stats().delivered, guard.stats().dropped()), (100_100, 0));
    // The harness would want more.
    process::exit(0);
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
    let ended = run(scenario("a child without files").env("SYSLOG_URL", collector.url()));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(collector.messages(), 0);
}

fn a_child_without_files() {
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
    let books = (stats.captured, stats.waiting, stats.dropped_for(DropReason::Closed));
    process::exit(if books == (3, 0, 3) { 0 } else { 1 });
}

#[test]
fn an_exit_handler_after_ours_may_log() {
    let collector = Collector::tcp().unwrap();
    let ended = run(scenario("a late exit handler").env("SYSLOG_URL", collector.url()));
    assert_eq!(ended.code, Some(7), "{ended:?}");
    let records = collector.wait_for(1, PATIENCE);
    assert_eq!(records[0].text(), Some("in time"), "{ended:?}");
}

fn a_late_exit_handler() {
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

#[test]
fn after_chroot_and_as_another_user_it_ships_on() {
    for name in ["another root", "another user"] {
        let plain = scenario(name);
        let is_root = geteuid().is_root();
        let ended = match (is_root, name) {
            (true, _) => run(&mut scenario(name)),
            (false, "another root") => run(&mut within("unshare", &["--map-root-user"], &plain)),
            _ => {
                println!("{name}: skipped, only root can become somebody else");
                continue;
            }
        };
        if ended.stderr.contains("unshare failed") {
            println!("{name}: skipped: {}", ended.stderr);
            continue;
        }
        assert_eq!(ended.code, Some(0), "{name}: {ended:?}");
    }
}

fn another_root() {
    let empty = TempDir::new().unwrap();
    ship_on_after(|| {
        std::os::unix::fs::chroot(empty.path()).unwrap();
        std::env::set_current_dir("/").unwrap();
        assert!(!fs::exists("/etc").unwrap());
        // The folder's own end would look for it in here.
        std::mem::forget(empty);
    });
}

fn another_user() {
    ship_on_after(|| assert!(become_nobody()));
}

fn become_nobody() -> bool {
    // SAFETY: both change the rights of this process, and nothing else.
    unsafe { libc::setgid(NOBODY) == 0 && libc::setuid(NOBODY) == 0 }
}

/// Neither the authority's file nor, in another root, the name can be read a second time.
fn ship_on_after(change: impl FnOnce()) {
    let certificates = Certificates::new();
    let collector = Collector::tls(good(&certificates)).unwrap();
    let url = collector.url().replace("127.0.0.1", "localhost");
    let url = format!("{url}?ca={}", certificates.ca().display());
    let handle = logship::builder("process").url(url).on_trouble(|_| {}).build().unwrap();
    let _guard = capture(&handle);
    info!("before");
    assert!(handle.flush(PATIENCE), "{:?}", handle.stats());
    fs::set_permissions(certificates.ca(), std::os::unix::fs::PermissionsExt::from_mode(0o000))
        .unwrap();
    change();
    assert!(fs::read(certificates.ca()).is_err());
    collector.wait_for_messages(1, PATIENCE);
    collector.disconnect();
    info!("after");
    assert!(handle.flush(PATIENCE), "{:?}", handle.stats());
    let begin = Instant::now();
    while !collector.received().iter().any(|record| record.text() == Some("after")) {
        assert!(begin.elapsed() < PATIENCE, "{:?}", handle.stats());
        thread::sleep(Duration::from_millis(10));
    }
    // What lies in folders of before can't be removed any more.
    process::exit(0);
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
        let ended: Ended = run(strace.env("SYSLOG_URL", collector.url()));
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

fn a_thousand_records() {
    let guard = init();
    for n in 0..1_000 {
        info!(n, "one of many");
        if n % 20 == 0 {
            assert!(guard.flush(PATIENCE), "{:?}", guard.stats());
        }
    }
}

#[test]
#[ignore = "other tests run it, in processes of their own"]
fn child() {
    let name = my_scenario().unwrap();
    match name.as_str() {
        "open files" => open_files(),
        "sigpipe" => sigpipe(),
        "no memory" => no_memory(),
        "no thread" => no_thread(),
        "no file" => no_file(),
        "a child without files" => a_child_without_files(),
        "a late exit handler" => a_late_exit_handler(),
        "another root" => another_root(),
        "another user" => another_user(),
        "a thousand records" => a_thousand_records(),
        _ => panic!("{name:?} is no scenario"),
    }
}

fn init() -> Guard {
    logship::init_syslog("process").unwrap()
}

/// Ships what this thread says from now on.
fn capture(handle: &logship::Handle) -> tracing::subscriber::DefaultGuard {
    use tracing_subscriber::layer::SubscriberExt as _;
    tracing::subscriber::set_default(tracing_subscriber::registry().with(handle.layer()))
}

fn good(certificates: &Certificates) -> Certificate {
    let good = Identity::Good;
    Certificate::from_files(certificates.certificate(good), certificates.key(good)).unwrap()
}

/// The same, run by another program.
fn within(program: &str, arguments: &[&str], plain: &Command) -> Command {
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

const PATIENCE: Duration = Duration::from_secs(20);
const NOBODY: libc::uid_t = 65534;
