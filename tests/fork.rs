//! What becomes of the records of a forked child, and of its parent's?
//!
//! Its `main` is its own, and not a test harness's: a child that is forked returns from a real one.
#![cfg_attr(unix, allow(unsafe_code, reason = "std can't fork"))]
#![allow(clippy::print_stdout, reason = "it reports as a test harness would")]

#[cfg(unix)]
#[allow(dead_code, reason = "the tests with rsyslogd use the rest")]
#[path = "support/certificates.rs"]
mod certificates;
#[cfg(unix)]
mod child;

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    tests::main()
}

#[cfg(unix)]
mod tests {
    use std::{
        collections::BTreeMap,
        fs,
        net::TcpListener,
        path::PathBuf,
        process::{Command, ExitCode, Stdio},
        sync::atomic::{AtomicBool, Ordering::Relaxed},
        thread,
        time::{Duration, Instant},
    };

    use logship::{
        Guard, Stats,
        collector::{Certificate, Collector},
    };
    use tracing::info;

    use crate::{
        certificates::{Certificates, Identity},
        child::{self, my_scenario, run},
    };

    const PATIENCE: Duration = Duration::from_secs(30);

    pub(super) fn main() -> ExitCode {
        if let Some(name) = my_scenario() {
            let scenario = SCENARIOS.iter().find(|scenario| scenario.name == name).unwrap();
            (scenario.play)();
            return ExitCode::SUCCESS;
        }
        let words: Vec<_> =
            std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
        let is_chosen = |name: &str| words.is_empty() || words.iter().any(|w| name.contains(w));
        let certificates = Certificates::new();
        for scenario in SCENARIOS.iter().filter(|scenario| is_chosen(scenario.name)) {
            examine(scenario, &Collector::tcp().unwrap(), "");
            let (cert, key) =
                (certificates.certificate(Identity::Good), certificates.key(Identity::Good));
            let certificate = Certificate::from_files(cert, key).unwrap();
            let ca = format!("?ca_file={}", certificates.ca().display());
            examine(scenario, &Collector::tls(certificate).unwrap(), &ca);
            println!("test {} ... ok", scenario.name);
        }
        if is_chosen("children without a server") {
            children_without_a_server();
        }
        ExitCode::SUCCESS
    }

    struct Scenario {
        name: &'static str,
        play: fn(),
        /// How often each text comes, and from how many processes.
        says: &'static [(&'static str, usize, usize)],
    }

    fn examine(scenario: &Scenario, collector: &Collector, options: &str) {
        let name = scenario.name;
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("queue");
        let mut command = child::scenario(name);
        command.env("SYSLOG_SERVERS", collector.url() + options).env("QUEUE_FILE", &file);
        let ended = run(&mut command);
        assert_eq!(ended.code, Some(0), "{name}: {ended:?}");
        let count = scenario.says.iter().map(|(_, count, _)| count).sum();
        // A daemon outlives the process that was started.
        let mut records = collector.wait_for(count, PATIENCE);
        while collector.open_connections() > 0 {
            thread::sleep(Duration::from_millis(2));
            records = collector.received();
        }
        let mut said: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for record in &records {
            assert_eq!(record.complaints, [], "{name}: {record:?}");
            let process = record.message.as_ref().unwrap().procid.clone().unwrap();
            said.entry(record.text().unwrap().to_owned()).or_default().push(process);
        }
        let processes =
            |all: &[String]| all.iter().collect::<std::collections::BTreeSet<_>>().len();
        let said = said.iter().map(|(text, all)| (text.as_str(), all.len(), processes(all)));
        let said: Vec<_> = said.collect();
        assert_eq!(said, scenario.says, "{name} {}: {ended:?}", collector.url());
    }

    /// Nobody answers, and the parent's records wait: its children need not.
    fn children_without_a_server() {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let ended = run(child::scenario("a child that never logs")
            .env("SYSLOG_SERVERS", format!("tcp://127.0.0.1:{port}"))
            .env("SYSLOG_FLUSH_TIMEOUT", "1"));
        assert_eq!(ended.code, Some(0), "{ended:?}");
        println!("test children without a server ... ok, {:?}", ended.took);
    }

    fn init() -> Guard {
        logship::init_syslog("fork").unwrap()
    }

    /// The process id of the child; `None` in the child.
    fn fork() -> Option<libc::pid_t> {
        // SAFETY: what the child does afterwards is what is tested here.
        match unsafe { libc::fork() } {
            0 => None,
            child => {
                assert!(child > 0);
                Some(child)
            }
        }
    }

    /// Waits for a child, which must end well and soon.
    fn wait_for(child: libc::pid_t) {
        let (mut status, begin) = (0, Instant::now());
        // SAFETY: `status` is an integer of our own.
        while unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) } == 0 {
            if begin.elapsed() > PATIENCE {
                // SAFETY: it is our own child, which was not waited for yet.
                unsafe { libc::kill(child, libc::SIGKILL) };
                panic!("a child hangs");
            }
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(status, 0, "how a child ended");
    }

    fn assert_books(guard: &Guard, captured: u64) {
        assert!(guard.flush(PATIENCE), "{:?}", guard.stats());
        let stats = guard.stats();
        let books = (stats.captured, stats.delivered, stats.dropped(), stats.pending);
        assert_eq!(books, (captured, captured, 0, 0), "{stats:?}");
    }

    fn threads() -> usize {
        std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count)
    }

    fn close_files(all: std::ops::Range<i32>) {
        for fd in all {
            // SAFETY: it is what daemons do. Nothing of std's is used afterwards that had one open.
            unsafe { libc::close(fd) };
        }
    }

    const SCENARIOS: [Scenario; 9] = [
        Scenario {
            name: "parent and child log",
            play: || {
                let guard = init();
                info!("parent");
                match fork() {
                    Some(child) => {
                        wait_for(child);
                        info!("parent");
                        assert_books(&guard, 2);
                    }
                    None => {
                        assert_eq!(guard.stats(), Stats::default());
                        (0..3).for_each(|_| info!("child"));
                        assert_books(&guard, 3);
                        // At its end it has something to flush.
                        info!("child");
                    }
                }
            },
            says: &[("child", 4, 1), ("parent", 2, 1)],
        },
        Scenario {
            name: "a child exits without a guard",
            play: || {
                init();
                (0..100).for_each(|_| info!("parent"));
                if let Some(child) = fork() {
                    wait_for(child);
                } else {
                    info!("child");
                    std::process::exit(0);
                }
            },
            says: &[("child", 1, 1), ("parent", 100, 1)],
        },
        Scenario {
            name: "a child that never logs",
            play: || {
                let guard = init();
                (0..100).for_each(|_| info!("parent"));
                for _ in 0..20 {
                    let begin = Instant::now();
                    if let Some(child) = fork() {
                        wait_for(child);
                        // The parent's own flush takes a second where no server is.
                        assert!(
                            begin.elapsed() < Duration::from_millis(900),
                            "{:?}",
                            begin.elapsed()
                        );
                    } else {
                        assert_eq!((guard.stats(), threads()), (Stats::default(), 1));
                        assert!(guard.flush(PATIENCE), "it has nothing to wait for");
                        return;
                    }
                }
            },
            says: &[("parent", 100, 1)],
        },
        Scenario {
            name: "a grandchild logs, and threads of it",
            play: || {
                let _guard = init();
                info!("parent");
                if let Some(child) = fork() {
                    return wait_for(child);
                }
                info!("child");
                if let Some(grandchild) = fork() {
                    return wait_for(grandchild);
                }
                let all = (0..4).map(|_| thread::spawn(|| info!("grandchild")));
                all.collect::<Vec<_>>().into_iter().for_each(|thread| thread.join().unwrap());
            },
            says: &[("child", 1, 1), ("grandchild", 4, 1), ("parent", 1, 1)],
        },
        Scenario {
            name: "forks while threads log",
            play: || {
                let guard = init();
                let is_over = AtomicBool::new(false);
                thread::scope(|scope| {
                    for _ in 0..3 {
                        scope.spawn(|| {
                            (0..1_000).for_each(|_| info!("parent"));
                            // No more records, but the same locks are taken and let go.
                            while !is_over.load(Relaxed) {
                                (0..100).for_each(|_| _ = guard.stats());
                                thread::sleep(Duration::from_micros(100));
                            }
                        });
                    }
                    for _ in 0..CHILDREN {
                        match fork() {
                            Some(child) => wait_for(child),
                            None => {
                                info!("child");
                                // The other threads of the scope are not there to be waited for.
                                std::process::exit(0);
                            }
                        }
                    }
                    is_over.store(true, Relaxed);
                });
                assert_books(&guard, 3_000);
            },
            says: &[("child", CHILDREN, CHILDREN), ("parent", 3_000, 1)],
        },
        Scenario {
            name: "a child leaves the queue file to its parent",
            play: || {
                let path = std::env::var_os("QUEUE_FILE").unwrap();
                let guard = logship::builder("fork").queue_file(&path).init();
                info!("parent");
                match fork() {
                    Some(child) => {
                        wait_for(child);
                        assert_books(&guard, 1);
                    }
                    None => {
                        info!("child");
                        assert_books(&guard, 1);
                    }
                }
            },
            says: &[("child", 1, 1), ("parent", 1, 1)],
        },
        Scenario {
            name: "a parent with a queue file ends before its child",
            play: || {
                let path = PathBuf::from(std::env::var_os("QUEUE_FILE").unwrap());
                let over = path.with_extension("over");
                let builder = logship::builder("fork").queue_file(&path).resend_buffer(0);
                let guard = builder.on_error(|_| std::process::abort()).init();
                if over.exists() {
                    // Were the file still locked by the child, that would have been a trouble.
                    info!("second life");
                    return fs::write(over.with_extension("now"), "").unwrap();
                }
                info!("first life");
                assert!(guard.flush(PATIENCE));
                fs::write(&over, "").unwrap();
                if fork().is_some() {
                    return;
                }
                // Whoever waits for the parent waits for the end of its output, too.
                close_files(0..3);
                let mut again = Command::new(std::env::current_exe().unwrap());
                again.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
                // Our parent takes a moment to end.
                while !again.status().unwrap().success() {
                    thread::sleep(Duration::from_millis(10));
                }
                info!("child");
            },
            says: &[("child", 1, 1), ("first life", 1, 1), ("second life", 1, 1)],
        },
        Scenario {
            name: "a daemon",
            play: || {
                init();
                info!("before");
                if fork().is_some() {
                    return;
                }
                // SAFETY: both take and change nothing of ours.
                unsafe { libc::setsid() };
                info!("between");
                if fork().is_some() {
                    return;
                }
                close_files(0..1024);
                info!("daemon");
            },
            says: &[("before", 1, 1), ("between", 1, 1), ("daemon", 1, 1)],
        },
        Scenario {
            name: "all files are closed under the shipper",
            play: || {
                let guard = logship::builder("fork").resend_buffer(0).init();
                info!("before");
                assert!(guard.flush(PATIENCE));
                close_files(3..1024);
                info!("after");
                assert!(guard.flush(PATIENCE), "{:?}", guard.stats());
                info!("at the end");
            },
            says: &[("after", 1, 1), ("at the end", 1, 1), ("before", 1, 1)],
        },
    ];

    const CHILDREN: usize = 100;
}
