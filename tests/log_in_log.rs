//! A value that logs while it is being formatted, under the one global subscriber, where nothing
//! but this crate stops a recursion.

use std::{fmt, time::Duration};

use logship::DropReason;
use logship_collector::Collector;
use tracing::info;

struct Logs;

impl fmt::Display for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        info!("from within");
        log::info!("from within, by log");
        f.write_str("value")
    }
}

struct Endless;

impl fmt::Display for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        info!("{}", Endless);
        f.write_str("deep")
    }
}

#[test]
fn a_value_may_log_and_a_recursion_ends() {
    let collector = Collector::tcp().unwrap();
    let guard = logship::builder("app-tag").servers(collector.url()).try_init().unwrap();

    info!(value = %Logs, "outer");
    assert!(guard.flush(Duration::from_secs(10)));
    let texts = |count| -> Vec<String> {
        let records = collector.wait_for(count, Duration::from_secs(10));
        records.iter().map(|record| record.text().unwrap().to_owned()).collect()
    };
    assert_eq!(texts(3), ["from within", "from within, by log", "outer"]);

    info!("{}", Endless);
    assert!(guard.flush(Duration::from_secs(10)));
    assert_eq!(guard.stats().dropped_for(DropReason::Recursion), 1);
    // Four levels are captured; the fifth is counted, and a record of the crate's own says so.
    assert_eq!(texts(8)[3..7], ["deep", "deep", "deep", "deep"]);
    assert_eq!(texts(8)[7], "logship dropped 1 records: 1 logged while logging");
}
