//! Are a record's spans those that it was logged in, whatever was kept from the record before?

use logship::collector::Collector;
use tracing::{info, info_span};
use tracing_subscriber::layer::SubscriberExt as _;

use super::support::{PATIENCE, builder, flawless};

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
