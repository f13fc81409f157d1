//! The check of the configured servers: what is wrong with each, and what helps.

use std::{
    fmt,
    sync::mpsc::{self, Receiver},
    time::{Duration, Instant},
};

use super::{Builder, config::variable, env::Environment};
use crate::{ConnectionInfo, Error, ErrorKind, Handle, ShipError};

/// The result of the probe records that [`Builder::check`] sent to one server.
///
/// Its `Display` says in plain words what is wrong, and what to do about it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerCheck {
    /// The server as its URL names it, without options.
    pub server: String,
    /// The error; none if the server accepted both records, or if over UDP no closed port was
    /// reported.
    pub error: Option<ShipError>,
    /// The server that accepted them.
    pub connection: Option<ConnectionInfo>,
    /// Whether the server acknowledges records: over UDP none does.
    pub is_acknowledged: bool,
}

impl Builder {
    /// Sends two probe records to each server and returns the results, for a program's own
    /// `--check-logging`.
    ///
    /// All settings and variables apply, but the queue file stays untouched. It blocks for a few
    /// seconds, and up to half a minute for a server that does not answer.
    ///
    /// ```
    /// let checks = logship::builder("app-tag").servers("tcp://127.0.0.1:9").check()?;
    /// for check in &checks {
    ///     println!("{check}");
    /// }
    /// let error = checks[0].error.as_ref().expect("nobody listens there");
    /// assert_eq!(error.kind(), logship::ErrorKind::ConnectionRefused);
    /// # Ok::<(), logship::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`build`](Builder::build).
    pub fn check(self) -> Result<Vec<ServerCheck>, Error> {
        (0..self.server_urls(&variable)?.len()).map(|index| self.check_one(index)).collect()
    }

    fn check_one(&self, index: usize) -> Result<ServerCheck, Error> {
        let mut check = self.probe(index, &variable)?;
        let is_closed = check.error.as_ref().is_some_and(|error| error.kind() == ErrorKind::Closed);
        if let Some(address) = check.server.strip_prefix("tcp://").filter(|_| is_closed) {
            let url = format!("tls://{address}?danger_accept_invalid_certs=true");
            if Builder::new("logship").servers(url).speaks_tls() {
                let what = format!("{} speaks TLS, and was spoken to in plain text", check.server);
                check.error = Some(ShipError::new(ErrorKind::SpeaksTls, what).at(&check.server));
            }
        }
        Ok(check)
    }

    /// Only a second record shows that a datagram was rejected, or that a server closes the
    /// connection after the first.
    fn probe(&self, index: usize, env: Environment<'_>) -> Result<ServerCheck, Error> {
        let (sender, errors) = mpsc::channel();
        let builder = self.clone().stats_interval(None).flush_timeout(STEP);
        let builder = builder.on_error(move |error| drop(sender.send(error.clone())));
        let mut plan = builder.plan(env)?;
        // Warnings about settings are for `build` to report.
        plan.reports.clear();
        (plan.config.queue_file, plan.config.queue_sync_interval) = (None, None);
        plan.filter_file = None;
        let server = plan.config.servers.swap_remove(index);
        let endpoint = server.endpoint().clone();
        plan.config.servers = vec![server];
        let syslog = plan.start()?;
        let mut check = ServerCheck {
            server: endpoint.to_string(),
            error: None,
            connection: None,
            is_acknowledged: !endpoint.info().is_udp,
        };
        for _ in 0..2 {
            syslog.pipeline.submit_text("probe", format_args!("{PROBE}"));
            check.error = wait(&syslog, &errors, &check.server);
            check.connection = check.connection.or(syslog.connection());
            if check.error.is_some() {
                return Ok(check);
            }
        }
        check.error = errors.recv_timeout(SETTLE).ok();
        Ok(check)
    }

    /// A server that answers a TLS handshake, in whatever way, speaks TLS. Variables are not read,
    /// since a CA file beside `danger_accept_invalid_certs` is an error.
    fn speaks_tls(&self) -> bool {
        let Ok(check) = self.probe(0, &|_| None) else { return false };
        check.error.is_none_or(|error| {
            !matches!(
                error.kind(),
                ErrorKind::Closed
                    | ErrorKind::NotTls
                    | ErrorKind::Timeout
                    | ErrorKind::ConnectionRefused
                    | ErrorKind::Unreachable
            )
        })
    }
}

/// Waits until the server has acknowledged everything; returns the error that occurred meanwhile.
fn wait(syslog: &Handle, errors: &Receiver<ShipError>, server: &str) -> Option<ShipError> {
    let begin = Instant::now();
    while begin.elapsed() < LIMIT {
        match errors.recv_timeout(STEP) {
            // Warnings about settings are not problems of the server.
            Ok(error) if error.kind() == ErrorKind::Config => {}
            Ok(error) => return Some(error),
            Err(_) if syslog.flush(Duration::ZERO) => return None,
            Err(_) => {}
        }
    }
    let what = format!("no answer from {server} to a record within {LIMIT:?}");
    Some(ShipError::new(ErrorKind::Timeout, what).at(server))
}

impl fmt::Display for ServerCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = &self.server;
        if let Some(error) = &self.error {
            write!(f, "FAULT: {server}\n  {}: {error}", error.kind())?;
            return match error.remedy() {
                Some(remedy) => write!(f, "\n  What to do: {remedy}."),
                None => Ok(()),
            };
        }
        match self.is_acknowledged {
            true => write!(
                f,
                "good:  {server}\n  The server took both records: look for {PROBE:?} there."
            )?,
            false => write!(
                f,
                "sent:  {server}\n  Nobody answers over UDP: look for {PROBE:?} on the server."
            )?,
        }
        let Some(connection) = &self.connection else { return Ok(()) };
        if let Some(address) = connection.address {
            write!(f, "\n  Address: {address}")?;
        }
        if let Some(software) = &connection.software {
            write!(f, "\n  Software: {software}")?;
        }
        if let Some(tls) = &connection.tls {
            let version = tls.version.map(|version| format!("TLS {version}, "));
            write!(f, "\n  {}{}, {}", version.unwrap_or_default(), tls.subject, tls.fingerprint)?;
        }
        Ok(())
    }
}

const PROBE: &str = "logship check: can you see this record?";
const STEP: Duration = Duration::from_millis(100);
/// Longer than the default limits of resolving, connecting and a handshake together.
const LIMIT: Duration = Duration::from_secs(30);
/// How long to wait for the report of a closed port, or for the server to close the connection.
const SETTLE: Duration = Duration::from_secs(1);
