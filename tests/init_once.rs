//! Installing logging, once and twice, and what the environment sets.

mod scenarios;

use std::time::Duration;

use logship_collector::{Collector, Received};
use tracing::{debug, info};

use self::scenarios::{Ended, my_scenario, run, scenario};

#[test]
fn a_second_time_is_an_error_and_the_first_goes_on() {
    let collector = Collector::tcp().unwrap();
    let ended = play("twice", &[("SYSLOG_SERVERS", &collector.url())]);
    assert!(ended.stdout.contains("there can be only one"), "{ended:?}");
    assert!(ended.stdout.contains("Handle::layer"), "{ended:?}");
    assert_eq!(texts(&collector, 2), ["between", "after"]);
}

#[test]
fn any_thread_may_replace_the_global_filter() {
    let collector = Collector::tcp().unwrap();
    play("filter", &[("SYSLOG_SERVERS", &collector.url())]);
    assert_eq!(texts(&collector, 2), ["event 2", "record 2"]);
}

#[cfg(feature = "console")]
#[test]
fn console_shows_both_doors_without_colours() {
    let collector = Collector::tcp().unwrap();
    let env = [("SYSLOG_SERVERS", &*collector.url()), ("SYSLOG_CONSOLE", "info,init_once=debug")];
    let ended = play("console", &env);
    for shown in ["an event n=1", "a record n=2", "for both n=3"] {
        assert_eq!(ended.stderr.matches(shown).count(), 1, "{shown}: {ended:?}");
    }
    assert!(!ended.stderr.contains("too much") && !ended.stderr.contains('\u{1b}'), "{ended:?}");
    let records = texts(&collector, 2);
    assert_eq!(records[0], "for both");
    assert!(records[1].contains("panicked") && records[1].ends_with("once"), "{records:?}");
}

#[test]
fn layers_of_the_program_see_what_they_want() {
    let collector = Collector::tcp().unwrap();
    let ended = play("own layer", &[("SYSLOG_SERVERS", &collector.url())]);
    for shown in ["an event", "a record n=2", "for both"] {
        assert_eq!(ended.stdout.matches(shown).count(), 1, "{shown}: {ended:?}");
    }
    assert_eq!(texts(&collector, 1), ["for both"]);
}

#[test]
fn whoever_was_there_before_stays() {
    let collector = Collector::tcp().unwrap();
    let url = collector.url();
    for (name, taken) in [
        ("after a subscriber", "cannot install a tracing subscriber: one is already installed"),
        ("after a logger", "cannot install a logger for the log crate: one is already installed"),
    ] {
        let ended = play(name, &[("SYSLOG_SERVERS", &url)]);
        assert!(ended.stdout.contains(taken), "{ended:?}");
        assert!(ended.stdout.contains("the other one sees this"), "{ended:?}");
    }
    assert_eq!(collector.messages(), 0);
}

/// An early console logger, or a test's, that is over or of one thread takes nobody's place.
#[test]
fn a_scoped_subscriber_is_none_of_the_program() {
    let collector = Collector::tcp().unwrap();
    play("after a scoped subscriber", &[("SYSLOG_SERVERS", &collector.url())]);
    assert_eq!(texts(&collector, 1), ["a text"]);
}

#[test]
fn init_panics_at_its_caller() {
    let ended = run(scenario("panic").envs([("SYSLOG_FACILITY", "local9")]));
    let told = format!("{}{}", ended.stdout, ended.stderr);
    assert!(told.contains("tests/init_once.rs"), "{told}");
    assert!(told.contains("SYSLOG_FACILITY: invalid facility \"local9\""), "{told}");
}

/// What `fn main() -> Result` prints.
#[test]
fn debug_of_an_error_is_its_text() {
    let error = logship::builder("t").servers("logs.example.com:514").build().unwrap_err();
    assert_eq!(format!("{error:?}"), error.to_string());
    let error = logship::builder("t").servers("tls://h?ca_file=/no/such.pem").build().unwrap_err();
    assert!(error.is_config() && format!("{error:?}").contains("No such file"), "{error:?}");
}

#[test]
fn what_means_nothing_is_told_and_the_program_starts() {
    let collector = Collector::tcp().unwrap();
    for (variable, value, told) in [
        ("RUST_LOG", "warning", "did you mean \"warn\"?"),
        ("RUST_LOG", "\"info\"", "RUST_LOG: invalid directive"),
        ("RUST_LOG", "inof", "did you mean \"info\"?"),
        ("RUST_LOG", "info/text", "invalid directive \"/text\""),
        ("RUST_LOG", "info,probe[span{f=1}]=debug", "invalid directive \"probe[span{f=1}]=debug\""),
        ("RUST_LOG", "init_once=loud", "invalid directive \"init_once=loud\""),
        ("SYSLOG_FACILTY", "local3", "SYSLOG_FACILTY: did you mean SYSLOG_FACILITY?"),
        ("SYSLOG_TLS_CA_FILE", "/no/such/ca.pem", "SYSLOG_TLS_CA_FILE has no effect"),
    ] {
        let url = collector.url();
        let ended = play("once", &[("SYSLOG_SERVERS", &url), (variable, value)]);
        assert!(ended.stderr.contains(told), "{variable}={value}: {ended:?}");
    }
    let url = collector.url();
    let ended = play("once", &[("SYSLOG_URL", &url), ("SYSLOG_HOSTNAME", "web1\n")]);
    assert!(!ended.stderr.contains("logship"), "{ended:?}");
}

#[test]
fn the_environment_is_honoured() {
    let collector = Collector::tcp().unwrap();
    let variables = [
        ("SYSLOG_SERVERS", collector.url()),
        ("RUST_LOG", "info,init_once=debug,noisy=off".to_owned()),
        ("SYSLOG_FACILITY", "local3".to_owned()),
        ("SYSLOG_LEVEL_MAP", "info=notice".to_owned()),
        ("SYSLOG_HOSTNAME", "web1.example.com".to_owned()),
        ("SYSLOG_PROCID", "worker-7".to_owned()),
        ("SYSLOG_ENTERPRISE_NUMBER", "4242".to_owned()),
        ("SYSLOG_SOURCE_LOCATION", "yes".to_owned()),
        ("SYSLOG_ORIGIN", "1".to_owned()),
        ("SYSLOG_SEQUENCE_ID", "true".to_owned()),
        ("SYSLOG_TIME_QUALITY", "synced:50".to_owned()),
        ("SYSLOG_REDACT", "default,ANSWER_TO".to_owned()),
        ("SYSLOG_OVERFLOW", String::new()),
    ];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    play("once", &variables);
    let records = collector.wait_for(2, PATIENCE);
    assert_eq!(texts(&collector, 2), ["a text", "for developers"]);
    let message = records[0].message.as_ref().unwrap();
    assert_eq!((message.facility, message.severity), (19, 5));
    assert_eq!(message.hostname.as_deref(), Some("web1.example.com"));
    assert_eq!(message.app_name.as_deref(), Some("init-once"));
    assert_eq!(message.procid.as_deref(), Some("worker-7"));
    assert_eq!(records[0].param("fields@4242", "answer"), Some("42"));
    assert_eq!(records[0].param("fields@4242", "answer_to"), Some("***"));
    assert_eq!(records[0].param("origin", "software"), Some("logship"));
    assert_eq!(records[0].param("meta", "sequenceId"), Some("1"));
    assert_eq!(records[0].param("timeQuality", "syncAccuracy"), Some("50"));
    let whole = String::from_utf8_lossy(&records[0].bytes);
    assert!(whole.contains("init_once.rs"), "{whole}");
}

#[test]
fn each_format_is_written_as_asked_for() {
    for (format, part) in [
        ("rfc5424", "<14>1 "),
        ("rfc3164", " init-once["),
        ("cee", "@cee:"),
        ("rfc3164-local", "<14>"),
    ] {
        let collector = Collector::tcp().unwrap();
        play("once", &[("SYSLOG_SERVERS", &collector.url()), ("SYSLOG_FORMAT", format)]);
        let records = collector.wait_for(1, PATIENCE);
        let whole = String::from_utf8_lossy(&records[0].bytes);
        assert!(whole.contains(part) && whole.contains("a text"), "{format}: {whole}");
    }
}

#[test]
fn invalid_value_is_quoted_with_its_variable() {
    let mut silent = Vec::new();
    for (variable, value) in [
        ("SYSLOG_SERVERS", "logs.example.com"),
        ("SYSLOG_FACILITY", "local9"),
        ("SYSLOG_FORMAT", "xml"),
        ("SYSLOG_LEVEL_MAP", "info"),
        ("SYSLOG_ENTERPRISE_NUMBER", "many"),
        ("SYSLOG_QUEUE_CAPACITY", "lots"),
        ("SYSLOG_QUEUE_CAPACITY", "1000"),
        ("SYSLOG_OVERFLOW", "panic"),
        ("SYSLOG_MAX_MESSAGE_SIZE", "long"),
        ("SYSLOG_MAX_MESSAGE_SIZE", "100"),
        ("SYSLOG_CONTROL_CHARACTERS", "eat"),
        ("SYSLOG_SOURCE_LOCATION", "perhaps"),
        ("SYSLOG_THREAD_NAME", "perhaps"),
        ("SYSLOG_ORIGIN", "perhaps"),
        ("SYSLOG_SEQUENCE_ID", "perhaps"),
        ("SYSLOG_TIME_QUALITY", "good"),
        ("SYSLOG_REDACT", "a,,b"),
        ("SYSLOG_BOM", "perhaps"),
        ("SYSLOG_PANIC_HOOK", "perhaps"),
        ("SYSLOG_CONNECT_TIMEOUT", "soon"),
        ("SYSLOG_WRITE_TIMEOUT", "soon"),
        ("SYSLOG_FLUSH_TIMEOUT", "-1"),
    ] {
        let ended = play("refused", &[(variable, value)]);
        let error = ended.stdout.lines().find_map(|line| line.split_once("error: ")).unwrap().1;
        if !error.contains(variable) || !error.contains(value) {
            silent.push(format!("{variable}={value}: {error}"));
        }
    }
    assert!(silent.is_empty(), "{silent:#?}");
}

#[test]
#[ignore = "the other tests run it, each in a process of its own"]
fn child() {
    match my_scenario().unwrap().as_str() {
        "once" => {
            let _guard = logship::init_syslog("init-once").unwrap();
            info!(answer = 42, answer_to = "all", "a text");
            debug!("for developers");
            info!(target: "noisy", "unwanted");
        }
        "twice" => {
            let _guard = logship::init_syslog("first").unwrap();
            info!("between");
            tell(logship::init_syslog("second").unwrap_err());
            info!("after");
        }
        "filter" => {
            let guard = logship::builder("filter").filter("info").try_init().unwrap();
            let say = |n: u32| {
                debug!("event {n}");
                log::debug!("record {n}");
            };
            say(1);
            std::thread::scope(|scope| {
                scope.spawn(|| guard.set_filter("info,init_once=debug").unwrap());
            });
            assert_eq!(log::max_level(), log::LevelFilter::Debug);
            say(2);
            guard.set_filter("warn").unwrap();
            assert_eq!(log::max_level(), log::LevelFilter::Warn);
            say(3);
        }
        #[cfg(feature = "console")]
        "console" => {
            let guard = logship::builder("console").filter("warn").try_init().unwrap();
            guard.install_panic_hook();
            debug!(n = 1, "an event");
            log::debug!(n = 2; "a record");
            log::trace!("too much");
            log::warn!(n = 3; "for both");
            let _ = std::panic::catch_unwind(|| panic!("once"));
        }
        "own layer" => {
            let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stdout);
            let _guard = logship::builder("own").filter("warn").init_with(layer);
            tracing::trace!("an event");
            log::trace!(n = 2; "a record");
            log::warn!("for both");
        }
        "after a subscriber" => {
            tracing_subscriber::fmt().with_writer(std::io::stdout).init();
            tell(logship::init_syslog("second").unwrap_err());
            info!("the other one sees this");
        }
        "after a scoped subscriber" => {
            let scoped = tracing_subscriber::registry();
            drop(tracing::subscriber::set_default(scoped));
            let guard = tracing::subscriber::set_default(tracing_subscriber::registry());
            let _guard = logship::init_syslog("init-once").unwrap();
            drop(guard);
            info!("a text");
        }
        "panic" => drop(logship::builder("init-once").init()),
        "after a logger" => {
            log::set_boxed_logger(Box::new(Plain)).unwrap();
            log::set_max_level(log::LevelFilter::Info);
            tell(logship::init_syslog("second").unwrap_err());
            log::info!("the other one sees this");
            info!("nobody sees this");
        }
        _ => tell(logship::init_syslog("init-once").unwrap_err()),
    }
}

#[allow(clippy::print_stdout, reason = "the parent reads it")]
fn tell(error: logship::Error) {
    println!("error: {error}");
}

struct Plain;

impl log::Log for Plain {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    #[allow(clippy::print_stdout, reason = "the parent reads it")]
    fn log(&self, record: &log::Record<'_>) {
        println!("{}", record.args());
    }

    fn flush(&self) {}
}

fn play(name: &str, variables: &[(&str, &str)]) -> Ended {
    let ended = run(scenario(name).envs(variables.iter().copied()));
    assert_eq!(ended.code, Some(0), "{name}: {ended:?}");
    ended
}

fn texts(collector: &Collector, count: usize) -> Vec<String> {
    let records = collector.wait_for(count, PATIENCE);
    let text = |record: &Received| record.text().unwrap().to_owned();
    records.iter().map(text).collect()
}

const PATIENCE: Duration = Duration::from_secs(10);
