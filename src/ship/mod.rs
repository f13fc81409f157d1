//! The shipper: sends batches from the queue to a server, again if a connection ends.
//!
//! Never formats, never logs, names no concrete transport.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod backoff;
mod dns;
mod error_reporter;
mod poison;
mod server_entry;
mod servers;
mod shuffle;
#[cfg(feature = "dns-srv")]
mod srv;
mod thread;
mod trial;

use std::{
    io,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use self::poison::{PoisonSearch, Verdict};
use self::trial::Trial;
pub(crate) use self::{
    error_reporter::{Callbacks, ErrorReporter},
    server_entry::ServerEntry,
    servers::Servers,
    thread::spawn,
};
use crate::{
    ConnectionInfo, ErrorKind, ShipError, Stats,
    queue::{Queue, Reader, Wake},
    stats::{Counters, DropReason},
    transport::{SendError, Session, Transport},
};

/// Ships what is in the queue, on a thread of its own.
pub(crate) struct Shipper {
    queue: Arc<Queue>,
    reader: Reader,
    servers: Servers,
    errors: ErrorReporter,
    counters: Arc<Counters>,
    housekeeping: Housekeeping,
    poison: PoisonSearch,
    trial: Trial,
    /// How often in a row the system had no buffer space.
    busy_retries: u32,
    connection: Option<Transport>,
}

/// Submits the crate's own reports that are due; the argument says whether anyone waits for a
/// flush. Returns when to call again.
pub(crate) type Housekeeping = Box<dyn FnMut(bool) -> Option<Duration> + Send>;

impl Shipper {
    pub(crate) fn new(
        reader: Reader,
        servers: Servers,
        errors: ErrorReporter,
        counters: Arc<Counters>,
        housekeeping: Housekeeping,
    ) -> Self {
        Shipper {
            queue: reader.queue(),
            reader,
            servers,
            errors,
            counters,
            housekeeping,
            poison: PoisonSearch::default(),
            trial: Trial::default(),
            busy_retries: 0,
            connection: None,
        }
    }

    /// Ships until the queue is closed and everything is sent, or the time for that is up.
    ///
    /// Waiting for work blocks the thread outside of the runtime; only I/O waits in it.
    pub(crate) async fn run(&mut self) {
        loop {
            let patience = self.patience();
            match self.reader.work(patience) {
                Wake::Messages => self.ship().await,
                // The held message is sent once a connection has proven itself without it.
                Wake::Nothing if self.connection.is_none() && self.reader.is_holding() => {
                    self.ship().await;
                }
                Wake::Nothing => self.receive().await,
                // If the server ended the connection, what it took is sent again first.
                Wake::HangUp => {
                    if self.hang_up(self.reader.time_to_close()).await {
                        self.reader.hung_up();
                    }
                }
                Wake::End => {
                    if self.hang_up(self.reader.time_to_close()).await {
                        return;
                    }
                }
            }
            self.update_acked();
            self.look_for_poison().await;
            self.report_drops();
            if self.queue.is_over() {
                return;
            }
        }
    }

    /// Completes when the queue is closed and its time is up, whatever the shipper is waiting for.
    pub(super) fn end(&self) -> impl Future<Output = ()> + use<> {
        let queue = Arc::clone(&self.queue);
        async move {
            while !queue.is_over() {
                tokio::time::sleep(END_POLL).await;
            }
        }
    }

    fn report_drops(&mut self) {
        if self.errors.is_drop_report_due() {
            let mut stats = Stats::default();
            self.queue.tell(&mut stats);
            self.errors.report_drops(stats.losses);
        }
    }

    /// Reads what the server has sent, if the connection has not ended.
    async fn receive(&mut self) {
        // A concurrent connection attempt continues.
        tokio::task::yield_now().await;
        let Some(transport) = &mut self.connection else { return };
        if let Err(error) = transport.receive().await {
            self.on_disconnect(error).await;
        }
    }

    async fn ship(&mut self) {
        if self.connection.is_none() {
            let is_urgent = self.reader.flush_requested();
            match self.servers.connect(&mut self.errors, &self.counters).await {
                Some(transport) => self.on_connected(transport),
                None => {
                    self.counters.set_connection(None);
                    if is_urgent {
                        self.reader.round_failed();
                    }
                    return self.reader.pause(self.servers.backoff.next());
                }
            }
        } else if let Some(better) = self.servers.try_failback().await {
            let _ = self.hang_up(CLOSE_TIMEOUT).await;
            self.on_connected(better);
        }
        let Some(transport) = &mut self.connection else { return };
        let before = transport.sent();
        let batch = self.reader.batch(BATCH_BYTES, self.poison.limit());
        let outcome = transport.send(batch).await;
        let sent = transport.sent();
        if sent > before {
            self.busy_retries = 0;
            self.reader.sent(sent);
        }
        match outcome {
            Ok(()) if sent == before => {
                // Nothing more may be sent until the search for a poison message continues.
                self.reader.pause(SEARCH_PAUSE);
            }
            Ok(()) => {}
            Err(SendError::Busy(error)) => self.on_send_buffer_full(error).await,
            Err(SendError::TooLong) => self.reader.drop_next(DropReason::TooLong),
            Err(SendError::Broken(error)) => self.on_disconnect(error).await,
        }
    }

    /// Sends the held message and nothing else.
    async fn send_held(&mut self) {
        let (Some(transport), Some(held)) = (&mut self.connection, self.reader.held()) else {
            return;
        };
        match transport.send(held).await {
            Ok(()) => {}
            Err(SendError::TooLong) => self.reader.settle_held(Some(DropReason::TooLong)),
            Err(SendError::Broken(error) | SendError::Busy(error)) => {
                self.on_disconnect(error).await;
            }
        }
    }

    /// Pauses, longer each time, until the system has buffer space again.
    async fn on_send_buffer_full(&mut self, error: io::Error) {
        self.busy_retries += 1;
        match self.busy_retries {
            BUSY_REPORT_AFTER => {
                let server = self.servers.current();
                self.errors.report(ShipError::of_server("nothing leaves for", &server, error));
            }
            BUSY_GIVE_UP_AFTER => {
                self.busy_retries = 0;
                return self.on_disconnect(error).await;
            }
            _ => {}
        }
        self.reader.pause(BUSY_BACKOFF * (1 << self.busy_retries.min(BUSY_REPORT_AFTER)));
    }

    fn on_connected(&mut self, transport: Transport) {
        self.counters.connects.fetch_add(1, Relaxed);
        self.trial = Trial::default();
        let (server, address) = (self.servers.current(), self.servers.current_address());
        let (software, tls) = (transport.software().map(str::to_owned), transport.tls().cloned());
        self.counters.set_state(format!("{server} has not acknowledged them"));
        let connection = ConnectionInfo { server, address, software, tls };
        self.errors.connected(&connection, self.reader.pending());
        self.counters.set_connection(Some(connection));
        self.connection = Some(transport);
    }

    /// Handles the end of a connection: what is not confirmed is sent again, after a pause that
    /// grows until a connection proves itself.
    async fn on_disconnect(&mut self, error: io::Error) {
        self.update_acked();
        let Some(mut transport) = self.connection.take() else { return };
        self.counters.set_connection(None);
        let server = self.servers.current();
        self.counters.set_state(format!("lost {server}: {error}"));
        let (is_proven, has_stalled) =
            (self.trial.is_proven, error.kind() == io::ErrorKind::TimedOut);
        if !is_proven || has_stalled {
            self.servers.penalize_current(has_stalled);
        }
        if transport.is_accepted() && self.poison.on_end(&mut self.reader, is_proven) {
            self.reader.settle_held(Some(DropReason::Refused));
            let what = format!("{server} closes the connection on a record, which is dropped");
            self.errors.report(ShipError::new(ErrorKind::RecordRefused, what).at(&server));
        }
        drop(transport);
        let lost = self.reader.give_up_early();
        let resent = self.reader.rewind();
        self.counters.resent.fetch_add(resent, Relaxed);
        if lost > 0 {
            let what =
                format!("{server} took {lost} records and ended: they may be lost ({error})");
            self.errors.report(ShipError::new(ErrorKind::Unconfirmed, what).at(&server));
        }
        // An idle server that closes cleanly is no error: there is nothing to send again.
        if resent > 0 || error.kind() != io::ErrorKind::UnexpectedEof {
            self.errors.disconnected(&server, error);
        }
        let pause = self.servers.backoff.next();
        self.reader.pause(if self.poison.is_active() { pause.min(SEARCH_BACKOFF) } else { pause });
    }

    /// Closes the connection cleanly and learns what has arrived. False if the server ended it
    /// before it had read everything, and something is to be sent again.
    async fn hang_up(&mut self, limit: Duration) -> bool {
        self.update_acked();
        let Some(transport) = self.connection.take() else { return true };
        self.counters.set_connection(None);
        let (sent, keep) = (transport.sent(), transport.resend_buffer());
        let begin = Instant::now();
        let is_read = transport.close(limit).await;
        if is_read {
            self.reader.acked(sent, keep, true);
            self.reader.confirm_all();
            self.reader.release_confirmed();
        } else {
            self.reader.give_up_early();
        }
        let resent = self.reader.rewind();
        self.counters.resent.fetch_add(resent, Relaxed);
        is_read || resent == 0 || begin.elapsed() >= limit
    }

    fn update_acked(&mut self) {
        let Some(transport) = &mut self.connection else { return };
        let (acked, keep) = (transport.acked(), transport.resend_buffer());
        let was_proven = self.trial.is_proven;
        // A connection that has only a held message to carry proves itself by staying up.
        let is_tried = acked > 0 || self.reader.is_holding() && self.reader.has_nothing_to_send();
        self.trial.look(is_tried, keep.confirm_after, transport.is_stalled());
        self.reader.acked(acked, keep, self.trial.is_proven);
        if self.trial.is_proven && !was_proven {
            self.reader.confirm_early();
            self.servers.on_proven();
            self.errors.proven(&self.servers.current());
        }
    }

    /// Continues the search for a poison message.
    async fn look_for_poison(&mut self) {
        if self.connection.is_none() {
            return;
        }
        match self.poison.on_alive(&mut self.reader, self.trial.is_proven) {
            Verdict::GoOn => {}
            Verdict::SendHeld => self.send_held().await,
            Verdict::Acquitted => self.reader.settle_held(None),
        }
    }

    /// How long the next wait for work may take.
    fn patience(&mut self) -> Duration {
        // While no server is connected, reports accumulate.
        if self.connection.is_none() {
            return if self.reader.is_holding() { Duration::ZERO } else { Duration::MAX };
        }
        let due = (self.housekeeping)(self.reader.flush_requested());
        let is_urgent = self.reader.flush_requested() || self.reader.is_over_half_full();
        let soon = if is_urgent { ACK_POLL_URGENT } else { ACK_POLL };
        let look_again = self.reader.has_in_flight().then_some(soon);
        let look_again = look_again.or(self.servers.is_connecting().then_some(ACK_POLL));
        let confirm = self.reader.has_unconfirmed().then_some(CONFIRM_POLL);
        let search = self.poison.next_look();
        due.into_iter()
            .chain(look_again)
            .chain(confirm)
            .chain(search)
            .fold(MAX_IDLE_WAIT, Duration::min)
    }
}

/// Large enough for the cost of a write to be negligible.
const BATCH_BYTES: usize = 64 * 1024;
/// How long a server may take to read to the end when another one takes its place.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// How often to poll for acknowledgements.
const ACK_POLL: Duration = Duration::from_millis(50);
/// The same while anyone waits for a flush, or may soon wait for room.
const ACK_POLL_URGENT: Duration = Duration::from_millis(1);
/// How soon I/O ends when the time is up.
const END_POLL: Duration = Duration::from_millis(100);
/// Half of the first pause when the system has no buffer space.
const BUSY_BACKOFF: Duration = Duration::from_micros(500);
/// Failures in a row before they are reported: an eighth of a second.
const BUSY_REPORT_AFTER: u32 = 8;
/// Failures in a row before another server is tried: ten seconds.
const BUSY_GIVE_UP_AFTER: u32 = 85;
/// How often to check whether the server has closed an idle connection.
const MAX_IDLE_WAIT: Duration = Duration::from_secs(1);
/// The longest pause between two connections of a search, and between two checks during one.
const SEARCH_BACKOFF: Duration = Duration::from_secs(1);
const SEARCH_PAUSE: Duration = Duration::from_millis(50);
/// How often to check whether a delivery is confirmed.
const CONFIRM_POLL: Duration = Duration::from_secs(1);
