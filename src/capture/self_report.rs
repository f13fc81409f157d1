//! Records that the crate ships about itself: losses and statistics.

use std::{
    sync::Weak,
    time::{Duration, Instant},
};

use super::Pipeline;
use crate::{
    Severity, Stats,
    burst::BurstReport,
    record::{Level, Origin, Value},
    stats::DropReason,
};

/// Reports in-band how many records were dropped, with their severities and the reason (RFC 5424
/// section 8.6): at once for the first, then every ten seconds while there are more. Also all
/// counters, at the configured interval.
#[derive(Debug)]
pub(crate) struct SelfReport {
    pipeline: Weak<Pipeline>,
    told: Stats,
    last: Option<Instant>,
    statistics: Option<Duration>,
    statistics_last: Instant,
}

impl SelfReport {
    pub(crate) fn new(pipeline: Weak<Pipeline>, statistics: Option<Duration>) -> Self {
        let (told, statistics_last) = (Stats::default(), Instant::now());
        SelfReport { pipeline, told, last: None, statistics, statistics_last }
    }

    /// Submits the reports that are due and returns the time until the next. During a flush,
    /// everything is due.
    pub(crate) fn housekeeping(&mut self, is_urgent: bool) -> Option<Duration> {
        let pipeline = self.pipeline.upgrade()?;
        let (losses, stats) = (self.tend_losses(&pipeline, is_urgent), self.poll_stats(&pipeline));
        let bursts = tend_bursts(&pipeline);
        losses.into_iter().chain(stats).chain(bursts).min()
    }

    fn poll_stats(&mut self, pipeline: &Pipeline) -> Option<Duration> {
        let every = self.statistics?;
        let left = every.saturating_sub(self.statistics_last.elapsed());
        if !left.is_zero() {
            return Some(left);
        }
        if !submit_stats(pipeline, &pipeline.stats()) {
            return Some(RETRY_INTERVAL);
        }
        self.statistics_last = Instant::now();
        Some(every)
    }

    fn tend_losses(&mut self, pipeline: &Pipeline, is_urgent: bool) -> Option<Duration> {
        let mut now = Stats::default();
        pipeline.queue.tell(&mut now);
        // Records over a burst limit are reported by callsite.
        now.forget(DropReason::Burst);
        if now.dropped == self.told.dropped {
            return None;
        }
        let since = self.last.map_or(EVERY, |last| last.elapsed());
        if since < EVERY && !is_urgent {
            return Some(EVERY - since);
        }
        if !submit_losses(pipeline, &self.told, &now) {
            return Some(RETRY_INTERVAL);
        }
        self.told = now;
        self.last = Some(Instant::now());
        None
    }
}

impl Pipeline {
    /// Reports that an operator has changed the filter, or that the program's own is restored.
    pub(crate) fn tell_filter(&self, directives: &str, file: &std::path::Path) {
        let origin = || origin(Severity::Notice, Level::Info, "logship");
        let is_in = self.submit_own(origin, |writer| {
            let file = file.display();
            match directives {
                "" => writer.text(format_args!("logship: the filter is the program's own again")),
                _ => writer.text(format_args!("logship: the filter is {directives:?}, by {file}")),
            }
        });
        if is_in {
            self.queue.wake();
        }
    }
}

fn tend_bursts(pipeline: &Pipeline) -> Option<Duration> {
    let mut noisy = std::mem::take(&mut *pipeline.noisy());
    let (now, mut due) = (Instant::now(), None::<Duration>);
    noisy.retain(|burst| {
        let left = burst.report(now, |report| submit_burst(pipeline, &report));
        due = due.into_iter().chain(left).min();
        left.is_some()
    });
    pipeline.noisy().append(&mut noisy);
    due
}

fn submit_burst(pipeline: &Pipeline, report: &BurstReport<'_>) -> bool {
    let origin = || origin(Severity::Warning, Level::Warn, "logship");
    let BurstReport { count, interval, target, place, last } = *report;
    pipeline.submit_own(origin, |writer| {
        writer.named_field("suppressed", Value::U64(count));
        writer.named_field("suppressed_target", Value::Str(target));
        writer.text(format_args!("logship suppressed {count} records of {target}"));
        if let Some((file, line)) = place {
            writer.named_field("suppressed_file", Value::Str(file));
            writer.named_field("suppressed_line", Value::U64(line.into()));
            writer.text(format_args!(" ({file}:{line})"));
        }
        writer.text(format_args!(" beyond its limit for {interval:?}, the last one: {last}"));
    })
}

fn submit_losses(pipeline: &Pipeline, told: &Stats, now: &Stats) -> bool {
    let origin = || origin(Severity::Warning, Level::Warn, "logship");
    let dropped = now.dropped - told.dropped;
    pipeline.submit_own(origin, |writer| {
        writer.named_field("dropped", Value::U64(dropped));
        for severity in Severity::ALL {
            let count = now.dropped_of(severity) - told.dropped_of(severity);
            if count > 0 {
                writer.named_field(severity.keyword(), Value::U64(count));
            }
        }
        writer.text(format_args!("logship dropped {dropped} records:"));
        let mut comma = "";
        for &reason in DropReason::ALL {
            let count = now.dropped_for(reason) - told.dropped_for(reason);
            if count > 0 {
                writer.text(format_args!("{comma} {count} {}", reason.as_str()));
                comma = ",";
            }
        }
    })
}

fn submit_stats(pipeline: &Pipeline, stats: &Stats) -> bool {
    let origin = || origin(Severity::Informational, Level::Info, "logship::statistics");
    pipeline.submit_own(origin, |writer| {
        for (name, count) in [
            ("captured", stats.captured),
            ("delivered", stats.delivered),
            ("dropped", stats.dropped),
            ("pending", stats.pending),
            ("queue_bytes", stats.queue_bytes),
            ("resent", stats.resent),
            ("reconnects", stats.reconnects),
            ("recovered", stats.recovered),
            ("corrupted", stats.corrupted),
            ("truncated", stats.truncated),
            ("omitted_fields", stats.omitted_fields),
            ("format_panics", stats.format_panics),
        ] {
            writer.named_field(name, Value::U64(count));
        }
        let reasons = DropReason::ALL.iter().map(|r| (r.as_str(), stats.dropped_for(*r)));
        let severities = Severity::ALL.map(|s| (s.keyword(), stats.dropped_of(s)));
        for (name, count) in reasons.chain(severities).filter(|(_, n)| *n > 0) {
            let name = format!("dropped_{}", name.replace(' ', "_"));
            writer.named_field(&name, Value::U64(count));
        }
        let (captured, dropped) = (stats.captured, stats.dropped);
        let (delivered, waiting) = (stats.delivered, stats.pending);
        writer.text(format_args!(
            "logship: {captured} captured = {delivered} delivered + {dropped} dropped + {waiting} \
             pending"
        ));
    })
}

fn origin(severity: Severity, level: Level, target: &'static str) -> Origin<'static> {
    Origin { severity, level, target, file: None, line: None }
}

/// How soon a report that found no room is tried again.
const RETRY_INTERVAL: Duration = Duration::from_millis(200);
const EVERY: Duration = Duration::from_secs(10);
