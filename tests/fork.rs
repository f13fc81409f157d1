//! Forked children: what they log is counted and told of, and their parent's records come once.
//!
//! Its `main` is its own, and not a test harness's: a child that is forked returns from a real one.
#![cfg_attr(unix, allow(unsafe_code, reason = "std can't fork"))]
#![allow(clippy::print_stdout, reason = "it reports as a test harness would")]

#[cfg(unix)]
#[allow(dead_code, reason = "the tests with rsyslogd use the rest")]
#[path = "support/certificates.rs"]
mod certificates;
#[cfg(unix)]
mod scenarios;

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
        path::PathBuf,
        process::{Command, ExitCode, Stdio},
        sync::atomic::{AtomicBool, Ordering::Relaxed},
        thread,
        time::{Duration, Instant},
    };

    use logship::{DropReason, Guard};
    use logship_collector::{Certificate, Collector};
    use tracing::info;
    use tracing_subscriber::layer::SubscriberExt as _;

    use crate::{
        certificates::{Certificates, Identity},
        scenarios::{self, my_scenario, run},
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
        ExitCode::SUCCESS
    }

    struct Scenario {
        name: &'static str,
        play: fn(),
        /// How often each text comes, and from how many processes.
        says: &'static [(&'static str, usize, usize)],
        /// How often standard error says that a child's records are lost.
        is_told: usize,
    }

    fn examine(scenario: &Scenario, collector: &Collector, options: &str) {
        let name = scenario.name;
        let directory = tempfile::TempDir::new().unwrap();
        let file = directory.path().join("queue");
        let mut command = scenarios::scenario(name);
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
        let lines = ended.stderr.lines().filter(|line| line.contains("in a forked child")).count();
        assert_eq!(lines, scenario.is_told, "{name}: {ended:?}");
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

    fn assert_stats(guard: &Guard, captured: u64) {
        assert!(guard.flush(PATIENCE), "{:?}", guard.stats());
        let stats = guard.stats();
        let books = (stats.captured, stats.delivered + stats.pending, stats.dropped);
        assert_eq!(books, (captured, captured, 0), "{stats:?}");
    }

    /// A child's books hold what it logged itself, and nothing of it can arrive.
    fn assert_lost(guard: &Guard, count: u64) {
        let begin = Instant::now();
        assert!(guard.flush(PATIENCE), "it has nothing to wait for");
        assert!(begin.elapsed() < PATIENCE, "{:?}", begin.elapsed());
        let stats = guard.stats();
        let books = (stats.captured, stats.dropped, stats.dropped_for(DropReason::Forked));
        assert_eq!(books, (count, count, count), "{stats:?}");
    }

    fn close_files(all: std::ops::Range<i32>) {
        for fd in all {
            // SAFETY: it is what daemons do. Nothing of std's is used afterwards that had one open.
            unsafe { libc::close(fd) };
        }
    }

    const SCENARIOS: [Scenario; 6] = [
        Scenario {
            name: "a child and a grandchild log",
            play: || {
                let guard = init();
                info!("parent");
                if let Some(child) = fork() {
                    wait_for(child);
                    info!("parent");
                    return assert_stats(&guard, 2);
                }
                assert_lost(&guard, 0);
                (0..3).for_each(|_| info!("child"));
                assert_lost(&guard, 3);
                if let Some(grandchild) = fork() {
                    return wait_for(grandchild);
                }
                let all = (0..4).map(|_| thread::spawn(|| info!("grandchild")));
                all.collect::<Vec<_>>().into_iter().for_each(|thread| thread.join().unwrap());
                assert_lost(&guard, 4);
            },
            says: &[("parent", 2, 1)],
            is_told: 2,
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
                                assert_lost(&guard, 1);
                                // The other threads of the scope are not there to be waited for.
                                std::process::exit(0);
                            }
                        }
                    }
                    is_over.store(true, Relaxed);
                });
                assert_stats(&guard, 3_000);
            },
            says: &[("parent", 3_000, 1)],
            is_told: CHILDREN,
        },
        Scenario {
            name: "a child sets up logging of its own",
            play: || {
                let guard = init();
                info!("parent");
                if let Some(child) = fork() {
                    wait_for(child);
                    return assert_stats(&guard, 1);
                }
                let handle = logship::builder("fork").build().unwrap();
                let subscriber = tracing_subscriber::registry().with(handle.unfiltered_layer());
                tracing::subscriber::with_default(subscriber, || info!("child"));
                assert_stats(&handle.guard(), 1);
                // At its end it has something to flush.
                let subscriber = tracing_subscriber::registry().with(handle.unfiltered_layer());
                tracing::subscriber::with_default(subscriber, || info!("child"));
            },
            says: &[("child", 2, 1), ("parent", 1, 1)],
            is_told: 0,
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
            },
            says: &[("first life", 1, 1), ("second life", 1, 1)],
            is_told: 0,
        },
        Scenario {
            name: "a daemon sets up logging when it is one",
            play: || {
                if fork().is_some() {
                    return;
                }
                // SAFETY: both take and change nothing of ours.
                unsafe { libc::setsid() };
                if fork().is_some() {
                    return;
                }
                close_files(0..1024);
                let _guard = init();
                info!("daemon");
            },
            says: &[("daemon", 1, 1)],
            is_told: 0,
        },
        Scenario {
            name: "a log call writes to no descriptor",
            play: || {
                let directory = tempfile::TempDir::new().unwrap();
                let guard = init();
                info!("before");
                assert!(guard.flush(PATIENCE));
                // The shipper sleeps, and has to be woken.
                thread::sleep(Duration::from_millis(200));
                close_files(3..1024);
                let mut all = Vec::new();
                for number in 0..64 {
                    let path = directory.path().join(number.to_string());
                    all.push((fs::File::create(&path).unwrap(), path));
                }
                (0..5).for_each(|_| info!("after"));
                // At once: what the shipper does without its descriptors is not promised.
                for (_, path) in &all {
                    assert_eq!(fs::read(path).unwrap(), [], "{path:?}");
                }
                drop(directory);
                // SAFETY: it ends the process.
                unsafe { libc::_exit(0) };
            },
            says: &[("before", 1, 1)],
            is_told: 0,
        },
    ];

    const CHILDREN: usize = 100;
}
