//! What the tests share.

use std::time::Duration;

use logship::{Builder, Handle};
use logship_collector::{Collector, Received};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::layer::SubscriberExt as _;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Ships what this thread says from now on.
pub(crate) fn capture(handle: &Handle) -> DefaultGuard {
    let subscriber = tracing_subscriber::registry().with(handle.unfiltered_layer());
    tracing::subscriber::set_default(subscriber)
}

/// A builder that everything but the tests' own wishes is settled for.
pub(crate) fn builder(collector: &Collector) -> Builder {
    logship::builder("app-tag").servers(collector.url()).hostname("client.example").procid("4711")
}

/// What a TCP collector receives of `say`, which must please the standards.
pub(crate) fn shipped(
    configure: impl FnOnce(Builder) -> Builder,
    say: impl FnOnce(),
) -> Vec<Received> {
    let collector = Collector::tcp().unwrap();
    let handle = configure(builder(&collector)).build().unwrap();
    let guard = capture(&handle);
    say();
    drop(guard);
    assert!(handle.flush(PATIENCE), "{:?}", handle.stats());
    let stats = handle.stats();
    assert_eq!(stats.captured, stats.delivered + stats.dropped + stats.pending);
    let records =
        collector.wait_for(usize::try_from(stats.captured - stats.dropped).unwrap(), PATIENCE);
    assert_eq!(records.len() as u64, stats.captured - stats.dropped);
    records
}

/// The same, where all records must be flawless.
pub(crate) fn flawless(
    configure: impl FnOnce(Builder) -> Builder,
    say: impl FnOnce(),
) -> Vec<Received> {
    let records = shipped(configure, say);
    for record in &records {
        let text = String::from_utf8_lossy(&record.bytes);
        assert_eq!(record.complaints, [], "{text}");
    }
    records
}
