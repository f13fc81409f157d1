//! Rate-limited reporting of errors and events by the shipper, which must not log.

use std::{
    fmt, io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{ConnectionInfo, ErrorKind, Event, ShipError, stats::Losses, stderr};

/// The application's callbacks: see `Builder::on_error` and `Builder::on_event`.
#[derive(Clone, Default)]
pub(crate) struct Callbacks {
    pub(crate) on_error: Option<Callback<ShipError>>,
    pub(crate) on_event: Option<Callback<Event>>,
}

type Callback<T> = Arc<dyn Fn(&T) + Send + Sync>;

/// Calls the application's callbacks for each error, or, without a callback for errors, writes to
/// standard error once a minute.
pub(crate) struct ErrorReporter {
    tag: String,
    callbacks: Callbacks,
    last_report: Option<Instant>,
    suppressed: u64,
    /// Standard error shows an error that is not known to be over.
    is_open: bool,
    /// Since when a server has been unreachable, or was before a connection that is still on trial.
    away_since: Option<Instant>,
    /// What was reported as dropped, and when.
    dropped: (Losses, Option<Instant>),
}

impl ErrorReporter {
    pub(crate) fn new(tag: &str, callbacks: Callbacks) -> Self {
        ErrorReporter {
            tag: tag.to_owned(),
            callbacks,
            last_report: None,
            suppressed: 0,
            is_open: false,
            away_since: None,
            dropped: (Losses::default(), None),
        }
    }

    /// Reports something that happens once, at the start, and does not delay later reports.
    pub(crate) fn report_at_start(&mut self, kind: ErrorKind, what: &str) {
        self.last_report = None;
        self.report(ShipError::new(kind, what));
        self.last_report = None;
        self.is_open = false;
    }

    pub(super) fn report(&mut self, error: ShipError) {
        self.tell_error(&error);
        self.event(|| Event::Failed { error });
    }

    pub(super) fn unreachable(&mut self, server: &str, error: io::Error) {
        let error = self.server_away("cannot reach", server, error);
        self.event(|| Event::Unreachable { server: server.to_owned(), error });
    }

    pub(super) fn disconnected(&mut self, server: &str, error: io::Error) {
        let error = self.server_away("lost", server, error);
        self.event(|| Event::Disconnected { server: server.to_owned(), error });
    }

    fn server_away(&mut self, what: &str, server: &str, error: io::Error) -> ShipError {
        self.away_since.get_or_insert_with(Instant::now);
        let error = ShipError::of_server(what, server, error);
        self.tell_error(&error);
        error
    }

    /// Reports what was lost at the end of the process; it is never rate-limited.
    pub(crate) fn report_loss(&mut self, lost: u64, waited: Duration, state: &str) {
        let seconds = waited.as_secs_f32();
        let records = if lost == 1 { "record" } else { "records" };
        self.report_at_start(
            ErrorKind::Undelivered,
            &format!("{lost} {records} not delivered after {seconds:.1} s: {state}"),
        );
    }

    /// Reports a new connection, on standard error too if that shows that the server was
    /// unreachable.
    pub(super) fn connected(&mut self, connection: &ConnectionInfo, pending: u64) {
        if std::mem::take(&mut self.is_open) && self.callbacks.on_error.is_none() {
            let text = format!("connected to {}, {pending} records waited", connection.server);
            stderr::write_line(&format!("logship: {}: {text}", self.tag));
        }
        self.event(|| Event::Connected { connection: connection.clone(), pending });
    }

    /// The connection has stayed up long enough: the next error is a new one.
    pub(super) fn proven(&mut self, server: &str) {
        self.suppressed = 0;
        if let Some(since) = self.away_since.take() {
            let after = since.elapsed();
            self.event(|| Event::Recovered { server: server.to_owned(), after });
        }
    }

    /// Whether it is time to report what was dropped.
    pub(super) fn is_drop_report_due(&self) -> bool {
        let last = self.dropped.1;
        self.callbacks.on_event.is_some()
            && last.is_none_or(|last| last.elapsed() >= DROP_REPORT_INTERVAL)
    }

    pub(super) fn report_drops(&mut self, now: Losses) {
        for (reason, severity, count) in now.since(&self.dropped.0) {
            self.dropped.1 = Some(Instant::now());
            self.event(|| Event::Dropping { reason, severity, count });
        }
        self.dropped.0 = now;
    }

    fn tell_error(&mut self, error: &ShipError) {
        if let Some(on_error) = &self.callbacks.on_error {
            // A panic in a callback must not stop shipping.
            let _ = catch_unwind(AssertUnwindSafe(|| on_error(error)));
            return;
        }
        let hint = error.remedy().map(|remedy| format!(" (hint: {remedy})"));
        if let Some(line) = self.line(error, &hint.unwrap_or_default(), Instant::now()) {
            // It may contain a server's answer.
            stderr::write_line(&line.replace(char::is_control, "?"));
        }
    }

    fn event(&self, event: impl FnOnce() -> Event) {
        if let Some(on_event) = &self.callbacks.on_event {
            let _ = catch_unwind(AssertUnwindSafe(|| on_event(&event())));
        }
    }

    /// Writes to standard error, unless it did so within the last minute.
    fn line(&mut self, what: &dyn fmt::Display, hint: &str, now: Instant) -> Option<String> {
        if self
            .last_report
            .is_some_and(|last| now.saturating_duration_since(last) < REPORT_INTERVAL)
        {
            self.suppressed += 1;
            return None;
        }
        let more = match std::mem::take(&mut self.suppressed) {
            0 => String::new(),
            more => format!(" (and {more} more errors since the last line)"),
        };
        self.last_report = Some(now);
        self.is_open = true;
        Some(format!("logship: {}: {what}{hint}{more}", self.tag))
    }
}

const REPORT_INTERVAL: Duration = Duration::from_secs(60);
const DROP_REPORT_INTERVAL: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::{super::backoff::Backoff, *};

    #[test]
    fn day_without_server_prints_a_line_a_minute() {
        let mut errors = ErrorReporter::new("t", Callbacks::default());
        let (mut backoff, begin) = (Backoff::default(), Instant::now());
        let (mut after, mut told, mut lines) = (Duration::ZERO, 0, Vec::new());
        while after < DAY {
            // Two servers, both unreachable.
            for server in ["tcp://a", "tcp://b"] {
                told += 1;
                let line = errors.line(&format!("cannot reach {server}"), "", begin + after);
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
        assert_eq!(said + errors.suppressed, told);
    }

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
}
