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
/// section 8.6): at once for the first, then every ten seconds as long as there are more. And all
/// the books, as often as was asked for.
#[derive(Debug)]
pub(crate) struct Report {
    inlet: Weak<Inlet>,
    told: Stats,
    last: Option<Instant>,
    statistics: Option<Duration>,
    statistics_last: Instant,
}

impl Report {
    pub(crate) fn new(inlet: Weak<Inlet>, statistics: Option<Duration>) -> Self {
        let (told, statistics_last) = (Stats::default(), Instant::now());
        Report { inlet, told, last: None, statistics, statistics_last }
    }

    /// Reports what is due, or says when something will be. Someone who waits for a flush wants
    /// to be told everything now.
    pub(crate) fn tend(&mut self, is_urgent: bool) -> Option<Duration> {
        let inlet = self.inlet.upgrade()?;
        let (losses, books) = (self.tend_losses(&inlet, is_urgent), self.tend_books(&inlet));
        losses.into_iter().chain(books).min()
    }

    fn tend_books(&mut self, inlet: &Inlet) -> Option<Duration> {
        let every = self.statistics?;
        let left = every.saturating_sub(self.statistics_last.elapsed());
        if !left.is_zero() {
            return Some(left);
        }
        self.statistics_last = Instant::now();
        submit_books(inlet, &inlet.stats());
        Some(every)
    }

    fn tend_losses(&mut self, inlet: &Inlet, is_urgent: bool) -> Option<Duration> {
        let mut now = Stats::default();
        inlet.queue.tell(&mut now);
        if now.dropped() == self.told.dropped() {
            return None;
        }
        let since = self.last.map_or(EVERY, |last| last.elapsed());
        if since < EVERY && !is_urgent {
            return Some(EVERY - since);
        }
        submit_losses(inlet, &self.told, &now);
        self.told = now;
        self.last = Some(Instant::now());
        None
    }
}

fn submit_losses(inlet: &Inlet, told: &Stats, now: &Stats) {
    let origin = || origin(Severity::Warning, Level::Warn, "logship");
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

fn submit_books(inlet: &Inlet, books: &Stats) {
    let origin = || origin(Severity::Informational, Level::Info, "logship::statistics");
    inlet.submit_anyway(origin, None, |writer, _| {
        for (name, count) in [
            ("captured", books.captured),
            ("delivered", books.delivered),
            ("dropped", books.dropped()),
            ("waiting", books.waiting),
            ("queued_octets", books.queued_octets),
            ("resent", books.resent),
            ("reconnects", books.reconnects),
            ("adopted", books.adopted),
            ("damaged", books.damaged),
            ("cut", books.cut),
            ("omitted", books.omitted),
            ("panicked", books.panicked),
        ] {
            writer.named_field(name, Value::U64(count));
        }
        let reasons = DropReason::ALL.map(|reason| (reason.words(), books.dropped_for(reason)));
        let severities = Severity::ALL.map(|s| (s.keyword(), books.dropped_of(s)));
        for (name, count) in reasons.into_iter().chain(severities).filter(|(_, n)| *n > 0) {
            let name = format!("dropped_{}", name.replace(' ', "_"));
            writer.named_field(&name, Value::U64(count));
        }
        let (captured, dropped) = (books.captured, books.dropped());
        let (delivered, waiting) = (books.delivered, books.waiting);
        writer.text(format_args!(
            "logship: {captured} captured = {delivered} delivered + {dropped} dropped + {waiting} \
             waiting"
        ));
    });
}

fn origin(severity: Severity, level: Level, target: &'static str) -> Origin<'static> {
    Origin { severity, level, target, file: None, line: None }
}

const EVERY: Duration = Duration::from_secs(10);
