//! Are a record's spans those that it was logged in, whatever was kept from the record before?

use std::fmt;

use logship::{Format, collector::Collector};
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
                std::thread::spawn(record).join().unwrap();
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
fn two_subscribers_of_one_handle_have_spans_of_their_own() {
    let collector = Collector::tcp().unwrap();
    let handle = builder(&collector).build().unwrap();
    let subscriber = || tracing::Dispatch::new(tracing_subscriber::registry().with(handle.layer()));
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
