//! The counters of a handle for the `metrics` facade.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{DropReason, Handle, Severity, Stats};

impl Handle {
    /// Passes the counters to the program's recorder of the `metrics` facade. Needs the feature
    /// `metrics`.
    ///
    /// Call it whenever metrics are scraped, or every few seconds; nothing is recorded between two
    /// calls. All metrics have the label `tag`.
    ///
    /// | name | kind | labels | is |
    /// |---|---|---|---|
    /// | `logship_captured_total` | counter | | records that passed the filter |
    /// | `logship_delivered_total` | counter | | records known to have arrived |
    /// | `logship_dropped_total` | counter | `reason`, as in `queue_full`, and `severity` | records lost |
    /// | `logship_pending` | gauge | | records that wait, or are not known to have arrived |
    /// | `logship_queue_bytes` | gauge | | bytes of the queue in use |
    /// | `logship_connected` | gauge | | 1 while a server is connected, else 0 |
    /// | `logship_reconnects_total` | counter | | connections after the first |
    /// | `logship_oldest_pending_seconds` | gauge | | how long the oldest pending record has waited, at least: known as exactly as this is called |
    ///
    /// An unreachable server shows as `logship_connected == 0`, one that accepts nothing as a
    /// growing `logship_oldest_pending_seconds`.
    ///
    /// ```
    /// # let syslog = logship::builder("app-tag").servers("udp://127.0.0.1:514").build()?;
    /// syslog.record_metrics();
    /// # Ok::<(), logship::Error>(())
    /// ```
    pub fn record_metrics(&self) {
        let stats = self.stats();
        let oldest = self.ages.oldest(&stats, Instant::now());
        let tag = self.pipeline.encoder.tag();
        let counter = |name: &'static str, count: u64| {
            metrics::counter!(name, "tag" => tag.to_owned()).absolute(count);
        };
        let gauge = |name: &'static str, value: f64| {
            metrics::gauge!(name, "tag" => tag.to_owned()).set(value);
        };
        counter("logship_captured_total", stats.captured);
        counter("logship_delivered_total", stats.delivered);
        counter("logship_reconnects_total", stats.reconnects);
        for &reason in DropReason::ALL {
            let words = reason.as_str().replace(' ', "_");
            for severity in Severity::ALL {
                let labels = [
                    ("tag", tag.to_owned()),
                    ("reason", words.clone()),
                    ("severity", severity.keyword().to_owned()),
                ];
                let lost = stats.dropped_as(reason, severity);
                metrics::counter!("logship_dropped_total", &labels).absolute(lost);
            }
        }
        gauge("logship_pending", stats.pending as f64);
        gauge("logship_queue_bytes", stats.queue_bytes as f64);
        gauge("logship_connected", f64::from(u8::from(self.connection().is_some())));
        gauge("logship_oldest_pending_seconds", oldest.as_secs_f64());
    }
}

/// A few moments with the number of records captured by then, to measure ages.
#[derive(Debug, Default)]
pub(crate) struct Ages(Mutex<VecDeque<(Instant, u64)>>);

impl Ages {
    /// The minimum age of the oldest pending record.
    ///
    /// If fewer records are settled now than had been captured at some moment, one of those is
    /// still pending.
    fn oldest(&self, stats: &Stats, now: Instant) -> Duration {
        let settled = stats.captured - stats.pending;
        let mut marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        marks.retain(|(_, captured)| *captured > settled);
        let oldest = marks.front().map_or(Duration::ZERO, |(at, _)| now.duration_since(*at));
        if marks.back().is_none_or(|(_, captured)| *captured < stats.captured)
            && stats.captured > settled
        {
            marks.push_back((now, stats.captured));
        }
        if marks.len() > MOST {
            let mut index = 0;
            marks.retain(|_| {
                index += 1;
                index % 2 == 1
            });
        }
        oldest
    }
}

const MOST: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_is_that_of_the_oldest_that_waits() {
        let ages = Ages::default();
        let begin = Instant::now();
        let seconds = |second: u64, captured: u64, pending: u64| {
            let stats = Stats { captured, pending, ..Stats::default() };
            ages.oldest(&stats, begin + Duration::from_secs(second)).as_secs()
        };
        assert_eq!(seconds(0, 0, 0), 0);
        assert_eq!(seconds(1, 10, 4), 0);
        assert_eq!(seconds(3, 20, 12), 2);
        // The first ten are settled, and those of second 3 not all.
        assert_eq!(seconds(7, 20, 5), 4);
        assert_eq!(seconds(9, 20, 0), 0);
        for second in 10..5000 {
            seconds(second, second * 10, 1);
        }
        assert!(ages.0.lock().unwrap().len() <= MOST);
    }
}
