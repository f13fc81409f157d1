//! Batch → the transport: when, and when again?
//!
//! Never: formats, logs, names one concrete transport.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod backoff;
mod dns;
mod error_reporter;
mod known;
mod servers;
#[cfg(feature = "dns-srv")]
mod srv;
mod thread;

use std::{
    io::{self, ErrorKind},
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

pub(crate) use self::{
    error_reporter::{ErrorCallback, ErrorReporter},
    known::ServerEntry,
    servers::Servers,
    thread::spawn,
};
use crate::{
    ConnectionInfo,
    queue::{Cursor, Queue, Reader, Wake},
    resend::ResendBuffer,
    stats::{Counters, DropReason},
    transport::{SendError, Transport},
};

/// Ships what the queue holds; lives on a thread of its own.
pub(crate) struct Shipper {
    queue: Arc<Queue>,
    reader: Reader,
    servers: Servers,
    trouble: ErrorReporter,
    counters: Arc<Counters>,
    housekeeping: Housekeeping,
    suspect: PoisonMessage,
    /// Up to here no faster than a server can be expected to read.
    slow_start_until: Cursor,
    /// How often in a row the system had no room for what is to be sent.
    busy_retries: u32,
    connection: Option<Transport>,
}

/// Looks after what the crate itself has to say; told whether someone waits for a flush, it says
/// when to come back.
pub(crate) type Housekeeping = Box<dyn FnMut(bool) -> Option<Duration> + Send>;

impl Shipper {
    pub(crate) fn new(
        reader: Reader,
        servers: Servers,
        trouble: ErrorReporter,
        counters: Arc<Counters>,
        housekeeping: Housekeeping,
    ) -> Self {
        Shipper {
            queue: reader.queue(),
            reader,
            servers,
            trouble,
            counters,
            housekeeping,
            suspect: PoisonMessage::default(),
            slow_start_until: 0,
            busy_retries: 0,
            connection: None,
        }
    }

    /// Ships until the queue is closed and everything is sent, or the time for that is up.
    ///
    /// Waiting for work blocks the thread, outside of the runtime: only a step of I/O waits in it.
    pub(crate) async fn run(&mut self) {
        loop {
            let patience = self.patience();
            match self.reader.work(patience) {
                Wake::Messages => self.ship().await,
                Wake::Nothing => self.receive().await,
                Wake::HangUp => {
                    self.hang_up().await;
                    self.reader.hung_up();
                }
                Wake::End => return self.hang_up().await,
            }
            self.update_acked();
            if self.queue.is_over() {
                return;
            }
        }
    }

    /// Waits until the queue is closed and its time is up, whatever the shipper is waiting for.
    pub(super) fn end(&self) -> impl Future<Output = ()> + use<> {
        let queue = Arc::clone(&self.queue);
        async move {
            while !queue.is_over() {
                tokio::time::sleep(END_POLL).await;
            }
        }
    }

    /// Takes what the server has said meanwhile, if it hasn't ended.
    async fn receive(&mut self) {
        // A connect under way beside the work goes on.
        tokio::task::yield_now().await;
        let Some(transport) = &mut self.connection else { return };
        if let Err(error) = transport.receive().await {
            self.on_disconnect(&error).await;
        }
    }

    async fn ship(&mut self) {
        if self.connection.is_none() {
            match self.servers.connect(&mut self.trouble, &self.counters).await {
                Some(transport) => self.on_connected(transport),
                None => {
                    self.counters.set_connection(None);
                    return self.reader.pause(self.servers.backoff.next());
                }
            }
        } else if let Some(better) = self.servers.try_failback().await {
            self.hang_up().await;
            self.on_connected(better);
        }
        let Some(transport) = &mut self.connection else { return };
        let before = transport.sent();
        let batch = self.reader.batch(BATCH_BYTES);
        let outcome = transport.send(batch).await;
        let is_further = transport.sent() > before;
        self.reader.sent(transport.sent());
        if is_further {
            self.busy_retries = 0;
        }
        match outcome {
            Ok(()) => {}
            Err(SendError::Busy(error)) => self.on_send_buffer_full(&error).await,
            Err(SendError::TooLong) => {
                self.reader.acked(transport.acked(), ResendBuffer::NONE);
                self.reader.set_aside(DropReason::TooLong);
            }
            Err(SendError::Broken(error)) => self.on_disconnect(&error).await,
        }
        if self.reader.first_unsent() < self.slow_start_until {
            std::thread::sleep(SLOW_START_PAUSE);
        }
    }

    /// Waits a moment, a longer one each time, until the system has room again.
    async fn on_send_buffer_full(&mut self, error: &io::Error) {
        self.busy_retries += 1;
        match self.busy_retries {
            BUSY_REPORT_AFTER => {
                let server = self.servers.current();
                self.trouble.tell(format_args!("nothing leaves for {server}: {error}"));
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
        let (server, security) = (self.servers.current(), transport.security().cloned());
        self.trouble.tell_recovery(&server, self.reader.pending());
        self.counters.set_state(format!("{server} has not acknowledged them"));
        self.counters.set_connection(Some(ConnectionInfo { server, security }));
        self.connection = Some(transport);
    }

    /// The way has ended: what isn't known to have arrived goes back in line, and the next try
    /// comes after a pause, which is short where something has arrived since the last end.
    async fn on_disconnect(&mut self, error: &io::Error) {
        let Some(mut transport) = self.connection.take() else { return };
        self.counters.set_connection(None);
        self.counters.set_state(format!("lost {}: {error}", self.servers.current()));
        if error.kind() == ErrorKind::TimedOut {
            self.servers.penalize_current();
        }
        let (acked, resend_buffer) = (transport.acked(), transport.resend_buffer());
        self.reader.acked(acked, resend_buffer);
        // What has ended once may soon end again, and the tail only replaces what was unread then.
        let trial = resend_buffer.octets.saturating_mul(SLOW_START_FACTOR).min(SLOW_START_BYTES);
        self.slow_start_until = self.reader.acked_to() + trial;
        if transport.is_accepted() {
            let times = self.suspect.times(self.reader.acked_to());
            if times == 1 {
                self.servers.backoff.reset();
                self.trouble.is_over();
            }
            match times {
                // Where ways end before all of the tail went through, nothing new ever would; but a
                // server may also die a few times in a row.
                ..MAX_TRIES => {
                    self.reader
                        .shorten(resend_buffer.shortened(times.saturating_sub(FULL_RESENDS)));
                }
                MAX_TRIES => self.reader.release_resend_buffer(),
                _ => self.reader.set_aside(DropReason::Refused),
            }
        }
        drop(transport);
        let resent = self.reader.rewind();
        self.counters.resent.fetch_add(resent, Relaxed);
        // An idle server that hangs up in good order is no trouble: there is nothing to repeat.
        if resent > 0 || error.kind() != ErrorKind::UnexpectedEof {
            self.trouble.tell(format_args!("lost {}: {error}", self.servers.current()));
        }
        self.reader.pause(self.servers.backoff.next());
    }

    /// Ends the way in good order, and learns from it what has arrived.
    async fn hang_up(&mut self) {
        let Some(mut transport) = self.connection.take() else { return };
        self.counters.set_connection(None);
        let (sent, acked, resend_buffer) =
            (transport.sent(), transport.acked(), transport.resend_buffer());
        if transport.close(CLOSE_TIMEOUT).await {
            self.reader.acked(sent, ResendBuffer::NONE);
            self.reader.release_resend_buffer();
        } else {
            self.reader.acked(acked, resend_buffer);
        }
        self.counters.resent.fetch_add(self.reader.rewind(), Relaxed);
    }

    fn update_acked(&mut self) {
        if let Some(transport) = &mut self.connection {
            self.reader.acked(transport.acked(), transport.resend_buffer());
        }
    }

    /// How long the next wait for work may take.
    fn patience(&mut self) -> Duration {
        // While no server listens, what there is to say adds up.
        if self.connection.is_none() {
            return Duration::MAX;
        }
        let due = (self.housekeeping)(self.reader.flush_requested());
        let is_urgent = self.reader.flush_requested() || self.reader.is_over_half_full();
        let soon = if is_urgent { ACK_POLL_URGENT } else { ACK_POLL };
        let look_again = self.reader.has_in_flight().then_some(soon);
        let look_again = look_again.or(self.servers.is_connecting().then_some(ACK_POLL));
        due.into_iter().chain(look_again).fold(MAX_IDLE_WAIT, Duration::min)
    }
}

/// The message after which connections have ended, and how often.
#[derive(Debug, Default)]
pub(crate) struct PoisonMessage {
    at: Cursor,
    times: u32,
}

impl PoisonMessage {
    /// How often connections have ended with nothing but this having arrived. A message that a
    /// server answers by closing, every time, must not stop the others for ever: it may be in the
    /// tail, or else it is the first one.
    fn times(&mut self, first: Cursor) -> u32 {
        if self.at != first {
            *self = PoisonMessage { at: first, times: 0 };
        }
        self.times += 1;
        self.times
    }
}

/// Large enough that a write costs nothing beside what it carries.
const BATCH_BYTES: usize = 64 * 1024;
/// After a batch on a new way: 32 MiB a second.
const SLOW_START_PAUSE: Duration = Duration::from_millis(2);
/// Octets after which a way is no longer new, and in tails.
const SLOW_START_BYTES: u64 = 8 << 20;
const SLOW_START_FACTOR: u64 = 8;
/// How long a server may take to read to the end when the way to it is closed.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// How soon to look again what has arrived.
const ACK_POLL: Duration = Duration::from_millis(50);
/// The same, while someone waits for a flush, or may soon wait for room.
const ACK_POLL_URGENT: Duration = Duration::from_millis(1);
const MAX_TRIES: u32 = 8;
/// How soon a step of I/O ends when the time is up.
const END_POLL: Duration = Duration::from_millis(100);
/// Half of the first pause while the system has no room.
const BUSY_BACKOFF: Duration = Duration::from_micros(500);
/// Shortages in a row that are worth telling: an eighth of a second.
const BUSY_REPORT_AFTER: u32 = 8;
/// Shortages in a row that another way may be without: ten seconds.
const BUSY_GIVE_UP_AFTER: u32 = 85;
/// Tries with all of the tail.
const FULL_RESENDS: u32 = 3;
/// How often an idle connection is looked at: has the server closed it?
const MAX_IDLE_WAIT: Duration = Duration::from_secs(1);
