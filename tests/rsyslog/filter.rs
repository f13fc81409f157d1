//! The filter at run time, by a call and by a file, as rsyslog notices it.

use std::{
    fs,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use logship::Handle;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::shipping::{PATIENCE, build, shop, url};
use crate::support::{Input, Rsyslogd};

fn texts(server: &mut Rsyslogd, handle: &Handle, count: usize) -> Vec<String> {
    assert!(handle.flush(PATIENCE), "not flushed: {:?}", handle.stats());
    server.exactly(count, PATIENCE).into_iter().map(|record| record.msg).collect()
}

#[test]
fn a_call_replaces_the_filter_for_both_doors() {
    let mut server = Rsyslogd::running();
    let handle = build(shop(&url(&server, Input::Tcp)).filter("info"));
    let logger = handle.logger();
    log::set_max_level(log::LevelFilter::Info);
    let subscriber = tracing_subscriber::registry().with(handle.layer());
    tracing::subscriber::with_default(subscriber, || {
        let say = |n: u32| {
            tracing::debug!(target: "shop::db", "event {n}");
            tracing::debug!(target: "shop::web", "no event {n}");
            log::debug!(logger: logger, target: "shop::db", "record {n}");
            log::debug!(logger: logger, target: "shop::web", "no record {n}");
        };
        say(1);
        handle.set_filter("info,shop::db=debug").unwrap();
        say(2);
        for wrong in ["info,shop=loud", "info[span]=debug", "warning"] {
            assert!(handle.set_filter(wrong).is_err());
        }
        say(3);
        handle.set_filter("info").unwrap();
        say(4);
    });
    let expected = ["event 2", "record 2", "event 3", "record 3"];
    assert_eq!(texts(&mut server, &handle, 4), expected);
}

/// Waits until the file has had its effect.
fn until(what: &str, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < PATIENCE, "never came: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_file_turns_a_module_to_debug_and_back() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("filter");
    let mut server = Rsyslogd::running();
    let told = Arc::new(Mutex::new(Vec::<String>::new()));
    let listener = Arc::clone(&told);
    let builder = shop(&url(&server, Input::Tcp)).filter("info").filter_file(&file);
    let builder = builder.on_error(move |error| listener.lock().unwrap().push(error.to_string()));
    let handle = build(builder);
    let logger = handle.logger();
    let subscriber = tracing_subscriber::registry().with(handle.layer());
    // With a single subscriber, `tracing` asks again only that of the thread that wants it: here,
    // where it is not the program's, that would be none.
    let _other = tracing::Dispatch::new(tracing_subscriber::registry());
    tracing::subscriber::with_default(subscriber, || {
        // A record of `tracing` shows it below; its `enabled!` goes by all layers together.
        let wants = |level, target| {
            let metadata = log::Metadata::builder().level(level).target(target).build();
            log::Log::enabled(&logger, &metadata)
        };
        let is_debug = || wants(log::Level::Debug, "shop::db");
        assert!(!is_debug() && told.lock().unwrap().is_empty(), "it is missing at the start");
        fs::write(&file, "# on call\ninfo\nshop::db=debug\n").unwrap();
        until("debug", is_debug);
        assert_eq!(logger.max_level(), log::LevelFilter::Debug);
        until("the record of the change", || server.count() == 1);
        tracing::debug!(target: "shop::db", "a query");
        // What is wrong is told, and changes nothing.
        fs::write(&file, "info,shop::db=loud\n").unwrap();
        until("a report", || !told.lock().unwrap().is_empty());
        std::thread::sleep(Duration::from_millis(2500));
        assert!(is_debug());
        // Replaced by a rename, emptied, written again, deleted.
        let new = directory.path().join("new");
        fs::write(&new, "warn").unwrap();
        fs::rename(&new, &file).unwrap();
        until("warn", || !wants(log::Level::Info, "shop::web"));
        fs::write(&file, "").unwrap();
        until("info", || wants(log::Level::Info, "shop::web"));
        assert!(!is_debug());
        fs::write(&file, "debug").unwrap();
        until("debug again", is_debug);
        fs::remove_file(&file).unwrap();
        until("the end of debug", || !is_debug());
        until("the record of the end", || server.count() == 6);
        tracing::debug!(target: "shop::db", "no query");
    });
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("shop::db=loud") && told[0].contains("stays"), "{told:?}");
    let texts = texts(&mut server, &handle, 6);
    assert!(texts[0].starts_with("logship: the filter is \"info,shop::db=debug\", by "));
    assert_eq!(texts[1], "a query");
    assert_eq!(texts[5], "logship: the filter is the program's own again");
}

#[test]
fn several_threads_may_replace_it() {
    let server = Rsyslogd::running();
    let handle = build(shop(&url(&server, Input::Tcp)).filter("info"));
    let logger = handle.logger();
    std::thread::scope(|scope| {
        for n in 0..4 {
            let (handle, logger) = (&handle, &logger);
            scope.spawn(move || {
                for _ in 0..200 {
                    handle.set_filter(["info", "debug", "off", "shop=trace"][n]).unwrap();
                    log::error!(logger: logger, target: "shop", "some text");
                }
            });
        }
    });
    handle.set_filter("debug").unwrap();
    assert_eq!(logger.max_level(), log::LevelFilter::Debug);
}
