//! The spans of a record.

use std::{
    fmt,
    sync::{Mutex, mpsc},
    thread,
};

use logship::Format;
use logship_collector::Collector;
use serde_json::Value;
use tracing::{field, info, info_span};
use tracing_subscriber::layer::SubscriberExt as _;

use super::support::{PATIENCE, builder, capture, flawless};

#[test]
fn what_is_recorded_later_shows_in_the_next_record() {
    let records = flawless(
        |builder| builder,
        || {
            let span = info_span!("request", user = 7, later = tracing::field::Empty);
            span.in_scope(|| {
                info!("before");
                info!("before, again");
                span.record("later", "here");
                info!("after");
                let other = span.clone();
                let record = move || {
                    other.record("user", 8);
                };
                thread::spawn(record).join().unwrap();
                info!("after another thread");
            });
        },
    );
    let param = |at: usize, name| records[at].param("span@32473", name);
    assert_eq!([0, 1, 2, 3].map(|at| param(at, "user")), ["7", "7", "7", "8"].map(Some));
    assert_eq!([0, 1, 2, 3].map(|at| param(at, "later")), [None, None, Some("here"), Some("here")]);
}

#[test]
fn a_record_has_the_spans_that_its_thread_is_in() {
    let records = flawless(
        |builder| builder,
        || {
            let (one, two) = (info_span!("one"), info_span!("two", n = 2));
            info!("outside");
            one.in_scope(|| {
                info!("in one");
                two.in_scope(|| info!("in both"));
                info!("in one again");
                info!(parent: &two, "somewhere else");
                info!(parent: None, "nowhere");
                info!("in one still");
                one.in_scope(|| info!("in one twice"));
            });
            info!("outside again");
            two.in_scope(|| info!("in two"));
        },
    );
    let spans: Vec<_> = records.iter().map(|r| r.param("span@32473", "spans")).collect();
    let one = Some("one");
    let two = Some("two");
    assert_eq!(spans[..5], [None, one, spans[2], one, two]);
    assert_eq!(spans[5..], [None, one, one, None, two]);
    assert_eq!(records[2].param("span@32473", "n"), Some("2"));
    assert_eq!(records[3].param("span@32473", "n"), None);
}

#[test]
fn two_subscribers_keep_their_own_spans() {
    let collector = Collector::tcp().unwrap();
    let handle = builder(&collector).build().unwrap();
    let subscriber =
        || tracing::Dispatch::new(tracing_subscriber::registry().with(handle.unfiltered_layer()));
    let (left, right) = (subscriber(), subscriber());
    let in_left = |action: &dyn Fn()| tracing::dispatcher::with_default(&left, action);
    in_left(&|| {
        info_span!("left").in_scope(|| {
            info!("left");
            tracing::dispatcher::with_default(&right, || info!("right"));
            info!("left");
        });
    });
    assert!(handle.flush(PATIENCE));
    let records = collector.wait_for(3, PATIENCE);
    let spans: Vec<_> = records.iter().map(|r| r.param("span@32473", "spans")).collect();
    assert_eq!(spans, [Some("left"), None, Some("left")]);
}

/// Displayed only when it is let go, so that others come meanwhile.
struct Slow(mpsc::Sender<()>, Mutex<mpsc::Receiver<()>>);

impl fmt::Display for Slow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.send(()).unwrap();
        self.1.lock().unwrap().recv_timeout(PATIENCE).unwrap();
        f.write_str("ann")
    }
}

#[test]
fn concurrent_span_records_both_stay() {
    let collector = Collector::tcp().unwrap();
    let handle = builder(&collector).build().unwrap();
    let subscriber =
        tracing::Dispatch::new(tracing_subscriber::registry().with(handle.unfiltered_layer()));
    tracing::dispatcher::with_default(&subscriber, || {
        let span = info_span!("request", id = 7, user = field::Empty, status = field::Empty);
        let (begun, has_begun) = mpsc::channel();
        let (go, may_go) = mpsc::channel();
        let slow = Slow(begun, Mutex::new(may_go));
        let (other, subscriber) = (span.clone(), subscriber.clone());
        let recorder = thread::spawn(move || {
            tracing::dispatcher::with_default(&subscriber, || {
                other.record("user", field::display(slow));
            });
        });
        has_begun.recv_timeout(PATIENCE).unwrap();
        span.record("status", 200);
        span.in_scope(|| info!("meanwhile"));
        go.send(()).unwrap();
        recorder.join().unwrap();
        span.in_scope(|| info!("afterwards"));
    });
    assert!(handle.flush(PATIENCE));
    let records = collector.wait_for(2, PATIENCE);
    for (record, user) in records.iter().zip([None, Some("ann")]) {
        let param = |name| record.param("span@32473", name);
        let all = [param("spans"), param("id"), param("status"), param("user")];
        assert_eq!(all, [Some("request"), Some("7"), Some("200"), user]);
    }
}

#[test]
fn span_left_while_layer_was_removed_is_forgotten() {
    let collector = Collector::tcp().unwrap();
    let handle = builder(&collector).build().unwrap();
    let (layer, reload) = tracing_subscriber::reload::Layer::new(Some(handle.unfiltered_layer()));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        let span = info_span!("request", user = "ann");
        let entered = span.enter();
        info!("of ann's request");
        let mut away = None;
        reload.modify(|layer| away = layer.take()).unwrap();
        drop(entered);
        reload.modify(|layer| *layer = away.take()).unwrap();
        info!("outside");
    });
    assert!(handle.flush(PATIENCE));
    let records = collector.wait_for(2, PATIENCE);
    let spans: Vec<_> = records.iter().map(|r| r.param("span@32473", "spans")).collect();
    assert_eq!(spans, [Some("request"), None]);
}

/// The registry uses the ids of spans again.
#[test]
fn no_record_has_the_span_that_had_the_same_id_before() {
    let collector = Collector::tcp().unwrap();
    let handle = builder(&collector).build().unwrap();
    let log = |name: &str| {
        info!("{name}");
        let mut record = log::Record::builder();
        let args = format_args!("{name}");
        log::Log::log(&handle.logger(), &record.level(log::Level::Info).args(args).build());
    };
    for name in ["ann", "bob"] {
        let subscriber = tracing_subscriber::registry().with(handle.unfiltered_layer());
        tracing::subscriber::with_default(subscriber, || {
            info_span!("request", user = name).in_scope(|| log(name));
        });
    }
    let (count, names) = (20_000, ["carl", "dora"]);
    let subscriber = tracing_subscriber::registry().with(handle.unfiltered_layer());
    tracing::subscriber::with_default(subscriber, || {
        for n in 0..count {
            let span = info_span!("request", user = names[n % 2]).entered();
            if n % 1000 == 0 || n % 8192 == 1 {
                log(names[n % 2]);
            }
            drop(span);
        }
    });
    assert!(handle.flush(PATIENCE));
    let count = usize::try_from(handle.stats().captured - handle.stats().dropped).unwrap();
    for record in collector.wait_for(count, PATIENCE) {
        assert_eq!(record.param("span@32473", "user"), record.text());
    }
}

/// What `tracing` with its feature `log-always` does: right after each event and each span a record of
/// `log` comes from the same place, whose file isn't known to live as long as the program.
#[test]
fn what_tracing_hands_to_log_too_comes_once() {
    let collector = Collector::tcp().unwrap();
    let handle = builder(&collector).build().unwrap();
    let _guard = capture(&handle);
    let echo = |line, target, text: &str| {
        let mut record = log::Record::builder();
        let record = record.level(log::Level::Info).target(target).file(Some(file!()));
        log::Log::log(
            &handle.logger(),
            &record.line(Some(line)).args(format_args!("{text}")).build(),
        );
    };
    let module = module_path!();
    let (span, line) = (info_span!("request", id = 7), line!());
    echo(line, module, "++ request; id=7");
    let entered = span.enter();
    echo(line, "tracing::span::active", "-> request;");
    let (_, line) = (info!("once"), line!());
    echo(line, module, "once");
    echo(line, module, "from elsewhere");
    let (_, _) = (info!("by tracing"), log_here(&handle, "by log"));
    drop(entered);
    assert!(handle.flush(PATIENCE));
    let records = collector.wait_for(4, PATIENCE);
    let texts: Vec<_> = records.iter().filter_map(|record| record.text()).collect();
    assert_eq!(texts, ["once", "from elsewhere", "by tracing", "by log"]);
}

/// As the macros of `log` do.
fn log_here(handle: &logship::Handle, text: &str) {
    let mut record = log::Record::builder();
    let record = record.level(log::Level::Info).target(module_path!()).file_static(Some(file!()));
    log::Log::log(
        &handle.logger(),
        &record.line(Some(line!())).args(format_args!("{text}")).build(),
    );
}

#[test]
fn a_value_of_a_span_that_panics_takes_nothing_with_it() {
    struct Bad;
    impl fmt::Display for Bad {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("half \"")?;
            panic!("no")
        }
    }
    for format in [Format::Rfc5424, Format::Cee] {
        let collector = Collector::tcp().unwrap();
        let handle = builder(&collector).format(format).build().unwrap();
        let guard = capture(&handle);
        let span = info_span!("x", before = 1, bad = %Bad, after = 2, later = field::Empty);
        span.in_scope(|| info!("at first"));
        span.record("later", field::display(Bad));
        span.record("after", 3);
        span.in_scope(|| info!("then"));
        drop(guard);
        assert!(handle.flush(PATIENCE));
        assert_eq!(handle.stats().format_panics, 2);
        let records = collector.wait_for(2, PATIENCE);
        let half = "half \"[a value panicked while it was being formatted]";
        for (record, after, later) in [(&records[0], "2", None), (&records[1], "3", Some(half))] {
            assert_eq!(record.complaints, []);
            let said = [
                ("before", Some("1")),
                ("bad", Some(half)),
                ("after", Some(after)),
                ("later", later),
            ];
            if format == Format::Rfc5424 {
                said.into_iter().for_each(|(n, v)| assert_eq!(record.param("span@32473", n), v));
            } else {
                let text = record.text().unwrap();
                let json: Value = serde_json::from_str(text.trim_start_matches("@cee:")).unwrap();
                let spans = &json["spans"];
                assert_eq!(
                    (&spans["bad"], spans["after"].to_string()),
                    (&half.into(), after.into())
                );
                assert_eq!(spans["later"].as_str(), later);
            }
        }
    }
}
