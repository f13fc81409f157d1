//! Rate-limited error reporting of the shipper, which must not log.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::stderr;

/// What an application may ask to be told: see `Builder::on_error`.
pub(crate) type ErrorCallback = Arc<dyn Fn(&str) + Send + Sync>;

/// Tells the application's listener of each trouble, and standard error once a minute.
pub(crate) struct ErrorReporter {
    tag: String,
    listener: Option<ErrorCallback>,
    last_report: Option<Instant>,
    suppressed: u64,
    /// Something was told, and it isn't known to be over.
    is_open: bool,
}

impl ErrorReporter {
    pub(crate) fn new(tag: &str, listener: Option<ErrorCallback>) -> Self {
        ErrorReporter {
            tag: tag.to_owned(),
            listener,
            last_report: None,
            suppressed: 0,
            is_open: false,
        }
    }

    /// Tells of something that happens once, at the start; what comes after it is not held back.
    pub(crate) fn tell_at_start(&mut self, what: &str) {
        self.last_report = None;
        self.tell(format_args!("{what}"));
        self.last_report = None;
        self.is_open = false;
    }

    pub(super) fn tell(&mut self, what: fmt::Arguments<'_>) {
        let what = what.to_string();
        if let Some(listener) = &self.listener {
            // A listener that panics has been told; shipping goes on.
            let _ = catch_unwind(AssertUnwindSafe(|| listener(&what)));
            return;
        }
        if let Some(line) = self.line(&what, Instant::now()) {
            // A server's answer may stand in it.
            stderr::write_line(&line.replace(char::is_control, "?"));
        }
    }

    /// Tells what was lost at the end of the process; it is never held back.
    pub(crate) fn tell_loss(&mut self, lost: u64, waited: Duration, state: &str) {
        let seconds = waited.as_secs_f32();
        let records = if lost == 1 { "record" } else { "records" };
        self.tell_at_start(&format!(
            "{lost} {records} not delivered after {seconds:.1} s: {state}"
        ));
    }

    /// A server is there again. Whoever was told of its absence is told that, too.
    pub(super) fn tell_recovery(&mut self, server: &str, waited: u64) {
        if std::mem::take(&mut self.is_open) && self.listener.is_none() {
            let text = format!("connected to {server}, {waited} records waited");
            stderr::write_line(&format!("logship: {}: {text}", self.tag));
        }
    }

    /// What standard error is told of it, if it hasn't been told enough lately.
    fn line(&mut self, what: &str, now: Instant) -> Option<String> {
        if self
            .last_report
            .is_some_and(|last| now.saturating_duration_since(last) < REPORT_INTERVAL)
        {
            self.suppressed += 1;
            return None;
        }
        let more = match std::mem::take(&mut self.suppressed) {
            0 => String::new(),
            more => format!(" (and {more} more troubles since the last line)"),
        };
        self.last_report = Some(now);
        self.is_open = true;
        Some(format!("logship: {}: {what}{more}", self.tag))
    }

    /// The next trouble is a new one.
    pub(super) fn is_over(&mut self) {
        self.suppressed = 0;
    }
}

const REPORT_INTERVAL: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::{super::backoff::Backoff, *};

    #[test]
    fn a_day_without_a_server_is_a_line_a_minute_and_no_trouble_is_left_out() {
        let mut trouble = ErrorReporter::new("t", None);
        let (mut backoff, begin) = (Backoff::default(), Instant::now());
        let (mut after, mut told, mut lines) = (Duration::ZERO, 0, Vec::new());
        while after < DAY {
            // Two servers, neither of which is there.
            for server in ["tcp://a", "tcp://b"] {
                told += 1;
                let line = trouble.line(&format!("can't reach {server}"), begin + after);
                lines.extend(line.map(|line| (after, line)));
            }
            after += backoff.next();
        }
        let minutes = (DAY.as_secs() / 60) as usize;
        assert!(lines.len() <= minutes && lines.len() >= minutes / 2, "{} lines", lines.len());
        assert!(lines.windows(2).all(|pair| pair[1].0 - pair[0].0 >= REPORT_INTERVAL));
        let more = |line: &str| {
            let (_, more) = line.split_once("(and ")?;
            more.split(' ').next()?.parse::<u64>().ok()
        };
        let said: u64 = lines.iter().map(|(_, line)| 1 + more(line).unwrap_or_default()).sum();
        assert_eq!(said + trouble.suppressed, told);
    }

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
}
