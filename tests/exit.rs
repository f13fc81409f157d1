//! The last records arrive, however the process ends.
//!
//! Its `main` is its own, and not a test harness's: what is tested is the end of a real `main`.

#![allow(clippy::print_stdout, reason = "it reports as a test harness would")]

#[allow(dead_code, reason = "the tests with rsyslogd use the rest")]
#[path = "support/certificates.rs"]
mod certificates;
#[path = "exit/late.rs"]
mod late;
mod scenarios;

use std::{net::TcpListener, process::ExitCode, thread, time::Duration};

use logship::Guard;
use logship_collector::{Certificate, Collector, Received};
use tracing::info;
use tracing_subscriber::layer::SubscriberExt as _;

use self::{
    certificates::{Certificates, Identity},
    late::{AT_THE_END, LATE},
    scenarios::{my_scenario, run, scenario},
};

fn main() -> ExitCode {
    if let Some(name) = my_scenario() {
        let scenario = SCENARIOS.iter().find(|scenario| scenario.name == name).unwrap();
        (scenario.play)();
        return ExitCode::SUCCESS;
    }
    // As with any test: a word behind `--` chooses, and options of the usual harness do no harm.
    let chosen: Vec<_> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let certificates = Certificates::new();
    let is_chosen =
        |name: &str| chosen.is_empty() || chosen.iter().any(|word| name.contains(word.as_str()));
    thread::scope(|scope| {
        for scenario in SCENARIOS.iter().filter(|scenario| is_chosen(scenario.name)) {
            let certificates = &certificates;
            scope.spawn(move || {
                examine(scenario, &Collector::tcp().unwrap(), "");
                let good = Identity::Good;
                let (cert, key) = (certificates.certificate(good), certificates.key(good));
                let certificate = Certificate::from_files(cert, key).unwrap();
                let ca = format!("?ca_file={}", certificates.ca().display());
                examine(scenario, &Collector::tls(certificate).unwrap(), &ca);
                println!("test {} ... ok", scenario.name);
            });
        }
    });
    thread::scope(|scope| {
        for (name, count) in [
            ("the guard is kept", 2),
            ("the guard is thrown away", 2),
            ("the runtime is gone", 1),
            ("three guards", 1),
        ] {
            if is_chosen(name) {
                scope.spawn(move || the_end_comes_without_a_server(name, count));
            }
        }
    });
    ExitCode::SUCCESS
}

const PANICS_TWICE: &[&str] =
    &["before", "on purpose", "and in what cleans up", "panic in a destructor during cleanup"];
/// Whether the program is built with `panic = "abort"`.
const ABORTS: bool = cfg!(panic = "abort");

struct Scenario {
    name: &'static str,
    play: fn(),
    /// `None`: a signal ends it.
    code: Option<i32>,
    /// The texts of all records, without regard to their order.
    says: &'static [&'static str],
}

fn examine(scenario: &Scenario, collector: &Collector, options: &str) {
    let name = scenario.name;
    let ended = run(scenarios::scenario(name).env("SYSLOG_SERVERS", collector.url() + options));
    assert_eq!(ended.code, scenario.code, "{name}: {ended:?}");
    assert!(!ended.stderr.contains("not delivered"), "{name}: {ended:?}");
    let patience = Duration::from_secs(10);
    // The connection's last bytes may still be on their way to our thread.
    let mut records = collector.wait_for(scenario.says.len(), patience);
    while collector.open_connections() > 0 {
        thread::sleep(Duration::from_millis(2));
        records = collector.received();
    }
    let mut texts: Vec<_> = records.iter().map(|record| said(name, record)).collect();
    let mut expected = scenario.says.to_vec();
    texts.sort_unstable();
    expected.sort_unstable();
    assert_eq!(texts, expected, "{name} {}: {ended:?} {:?}", collector.url(), collector.failures());
}

/// A panic's record tells more than its text.
fn said<'a>(name: &str, record: &'a Received) -> &'a str {
    assert_eq!(record.complaints, [], "{name}: {record:?}");
    let text = record.text().unwrap();
    match record.message.as_ref().unwrap().severity {
        2 => text.rsplit(": ").next().unwrap(),
        _ => text,
    }
}

/// Once with nobody there, and once with a server that never answers.
fn the_end_comes_without_a_server(name: &str, count: u64) {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    // Long enough to tell one wait from two on a busy machine.
    let flush = Duration::from_secs(2);
    for (url, state) in [
        // One round through all servers is enough: nobody will come in two seconds.
        (format!("tcp://127.0.0.1:{port}"), "refused"),
        (format!("tls://{}", silent.local_addr().unwrap()), "has not answered the connect"),
    ] {
        let is_refused = state == "refused";
        let ended = run(scenario(name)
            .env("SYSLOG_SERVERS", &url)
            .env("SYSLOG_FLUSH_TIMEOUT", flush.as_secs().to_string()));
        assert_eq!(ended.code, Some(0), "{name}: {ended:?}");
        assert!(ended.took < flush + Duration::from_secs(2), "{name}: {ended:?}");
        let lost =
            format!("{count} record{} not delivered after ", if count == 1 { "" } else { "s" });
        let has_waited = ended.took >= flush;
        assert_eq!(has_waited, !is_refused, "{name}: {ended:?}");
        let last = ended.stderr.lines().last().unwrap();
        assert!([&lost, &url, state].iter().all(|part| last.contains(*part)), "{name}: {ended:?}");
        println!("test without a server: {name} ... ok, {:?}", ended.took);
    }
}

fn init() -> Guard {
    logship::init_syslog("exit").unwrap()
}

const SCENARIOS: [Scenario; 17] = [
    Scenario {
        name: "the guard is kept",
        play: || {
            let _guard = init();
            info!("one");
            info!("two");
        },
        code: Some(0),
        says: &["one", "two"],
    },
    Scenario {
        name: "three guards",
        play: || {
            let build = || logship::builder("exit").build().unwrap();
            let all = [build(), build(), build()];
            let _guards = all.each_ref().map(logship::Handle::guard);
            for handle in &all {
                let subscriber = tracing_subscriber::registry().with(handle.unfiltered_layer());
                tracing::subscriber::with_default(subscriber, || info!("one of three"));
            }
        },
        code: Some(0),
        says: &["one of three", "one of three", "one of three"],
    },
    Scenario {
        name: "the guard is thrown away",
        play: || {
            init();
            (0..2).for_each(|_| info!("again"));
        },
        code: Some(0),
        says: &["again", "again"],
    },
    Scenario {
        name: "the guard is dropped before the last record",
        play: || {
            let guard = init();
            info!("before");
            drop(guard);
            info!("after");
        },
        code: Some(0),
        says: &["before", "after"],
    },
    Scenario {
        name: "main exits",
        play: || {
            let _guard = init();
            info!("one");
            std::process::exit(3);
        },
        code: Some(3),
        says: &["one"],
    },
    Scenario {
        name: "another thread exits",
        play: || {
            let _guard = init();
            info!("from main");
            let exits = thread::spawn(|| {
                info!("from a thread");
                std::process::exit(0)
            });
            exits.join().unwrap()
        },
        code: Some(0),
        says: &["from main", "from a thread"],
    },
    Scenario {
        name: "main panics",
        play: || {
            let _guard = init();
            info!("before");
            panic!("on purpose");
        },
        code: if ABORTS { None } else { Some(101) },
        says: &["before", "on purpose"],
    },
    Scenario {
        name: "main panics without a guard",
        play: || {
            init();
            panic!("on purpose");
        },
        code: if ABORTS { None } else { Some(101) },
        says: &["on purpose"],
    },
    Scenario {
        name: "a thread panics and main goes on",
        play: || {
            init();
            thread::spawn(|| panic!("in a thread")).join().unwrap_err();
            info!("main goes on");
        },
        code: if ABORTS { None } else { Some(0) },
        says: if ABORTS { &["in a thread"] } else { &["in a thread", "main goes on"] },
    },
    Scenario {
        name: "an abort follows a panic",
        play: || {
            init();
            std::panic::catch_unwind(|| panic!("last words")).unwrap_err();
            // No handler runs from here on: the panic hook has waited.
            std::process::abort();
        },
        code: None,
        says: &["last words"],
    },
    Scenario {
        name: "a panic follows a panic",
        play: || {
            struct Bad;
            impl Drop for Bad {
                fn drop(&mut self) {
                    panic!("and in what cleans up");
                }
            }
            let _guard = init();
            info!("before");
            let _bad = Bad;
            panic!("on purpose");
        },
        code: None,
        // The last one is Rust's own, before it aborts.
        says: if ABORTS { &["before", "on purpose"] } else { PANICS_TWICE },
    },
    Scenario {
        name: "a destructor of a thread local logs",
        play: || {
            let _guard = init();
            thread::spawn(|| {
                LATE.with(|late| late.0.set("at the end of a thread"));
                info!("in the thread");
            })
            .join()
            .unwrap();
        },
        code: Some(0),
        says: &["in the thread", "at the end of a thread"],
    },
    Scenario {
        name: "a destructor of a thread local of main logs",
        play: || {
            init();
            LATE.with(|late| late.0.set(AT_THE_END));
            info!("in main");
        },
        code: Some(0),
        says: if cfg!(target_os = "linux") { &["in main", AT_THE_END] } else { &["in main"] },
    },
    Scenario {
        name: "a runtime of many threads",
        play: || {
            let _guard = init();
            let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
            runtime.block_on(async {
                let tasks = (0..3).map(|_| tokio::spawn(async { info!("in a task") }));
                for task in tasks.collect::<Vec<_>>() {
                    task.await.unwrap();
                }
                info!("in the runtime");
            });
        },
        code: Some(0),
        says: &["in a task", "in a task", "in a task", "in the runtime"],
    },
    Scenario {
        name: "a guard of a runtime of one thread",
        play: || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let _guard = init();
                tokio::spawn(async { info!("in a task") }).await.unwrap();
            });
        },
        code: Some(0),
        says: &["in a task"],
    },
    Scenario {
        name: "main exits within a runtime",
        play: || {
            let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
            runtime.block_on(async {
                init();
                let exits = async {
                    info!("in a task");
                    std::process::exit(0)
                };
                tokio::spawn(exits).await.unwrap()
            });
        },
        code: Some(0),
        says: &["in a task"],
    },
    Scenario {
        name: "the runtime is gone",
        play: || {
            let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
            runtime.block_on(async { init() });
            drop(runtime);
            info!("after the runtime");
        },
        code: Some(0),
        says: &["after the runtime"],
    },
];
