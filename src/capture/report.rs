//! What does the crate itself have to say to the people who read the log?

use std::{
    sync::Weak,
    time::{Duration, Instant},
};

use super::Inlet;
use crate::{
    Severity, Stats,
    record::{Level, Origin, Value},
    stats::DropReason,
};

/// Tells in-band how many records were dropped, with their severities and the reason (RFC 5424
/// section 8.6): at once for the first, then every ten seconds as long as there are more.
#[derive(Debug)]
pub(crate) struct Report {
    inlet: Weak<Inlet>,
    told: Stats,
    last: Option<Instant>,
}

impl Report {
    pub(crate) fn new(inlet: Weak<Inlet>) -> Self {
        Report { inlet, told: Stats::default(), last: None }
    }

    /// Reports what is due, or says when something will be. Someone who waits for a flush wants
    /// to be told everything now.
    pub(crate) fn tend(&mut self, is_urgent: bool) -> Option<Duration> {
        let inlet = self.inlet.upgrade()?;
        let mut now = Stats::default();
        inlet.queue.tell(&mut now);
        if now.dropped() == self.told.dropped() {
            return None;
        }
        let since = self.last.map_or(EVERY, |last| last.elapsed());
        if since < EVERY && !is_urgent {
            return Some(EVERY - since);
        }
        submit(&inlet, &self.told, &now);
        self.told = now;
        self.last = Some(Instant::now());
        None
    }
}

fn submit(inlet: &Inlet, told: &Stats, now: &Stats) {
    let origin = || Origin {
        severity: Severity::Warning,
        level: Level::Warn,
        target: "logship",
        file: None,
        line: None,
    };
    let dropped = now.dropped() - told.dropped();
    // The shipper's thread is muted, and this is the one thing it may say.
    inlet.submit_anyway(origin, None, |writer, _| {
        writer.named_field("dropped", Value::U64(dropped));
        for severity in Severity::ALL {
            let count = now.dropped_of(severity) - told.dropped_of(severity);
            if count > 0 {
                writer.named_field(severity.keyword(), Value::U64(count));
            }
        }
        writer.text(format_args!("logship dropped {dropped} records:"));
        let mut comma = "";
        for reason in DropReason::ALL {
            let count = now.dropped_for(reason) - told.dropped_for(reason);
            if count > 0 {
                writer.text(format_args!("{comma} {count} {}", reason.words()));
                comma = ",";
            }
        }
    });
}

const EVERY: Duration = Duration::from_secs(10);
