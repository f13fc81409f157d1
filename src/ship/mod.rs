//! Batch → the transport: when, and when again?
//!
//! Never: formats, logs, names one concrete transport.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod backoff;
mod resolve;
mod servers;
#[cfg(feature = "srv")]
mod service;
mod thread;
mod trouble;

use std::{
    io::{self, ErrorKind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

pub(crate) use self::{
    servers::Servers,
    thread::spawn,
    trouble::{Listener, Trouble},
};
use crate::{
    Connected,
    queue::{Cursor, Reader, Work, deadline},
    stats::{DropReason, Stats},
    tail::Tail,
    transport::{Fault, Transport},
};

/// Ships what the queue holds; lives on a thread of its own.
pub(crate) struct Shipper {
    pub(crate) reader: Reader,
    pub(crate) servers: Servers,
    pub(crate) trouble: Trouble,
    pub(crate) counters: Arc<Counters>,
    /// Looks after what the crate itself has to say; told whether someone waits for a flush, it
    /// says when to come back.
    pub(crate) tend: Box<dyn FnMut(bool) -> Option<Duration> + Send>,
    /// How long to go on when no handle is left.
    pub(crate) last_limit: Duration,
    pub(crate) suspect: Suspect,
}

/// What the shipper counts.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    connects: AtomicU64,
    resent: AtomicU64,
    connected: Mutex<Option<Connected>>,
}

impl Counters {
    pub(crate) fn tell(&self, stats: &mut Stats) {
        stats.reconnects = self.connects.load(Relaxed).saturating_sub(1);
        stats.resent = self.resent.load(Relaxed);
    }
}

impl Counters {
    pub(crate) fn connected(&self) -> Option<Connected> {
        self.connected.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note_connected(&self, connected: Option<Connected>) {
        *self.connected.lock().unwrap_or_else(PoisonError::into_inner) = connected;
    }
}

impl Shipper {
    /// Ships until no handle is left and everything is sent, or the time for that is up.
    pub(crate) async fn run(mut self) {
        let mut way = None;
        let mut end = None;
        loop {
            let patience = self.patience(&mut way);
            let work = tokio::select! {
                biased;
                news = listen(&mut way) => match news {
                    Ok(()) => Work::Nothing,
                    Err(error) => {
                        self.mourn(&mut way, &error).await;
                        continue;
                    }
                },
                work = self.reader.work(patience) => work,
            };
            match work {
                Work::Messages => self.ship(&mut way).await,
                Work::Nothing => {}
                Work::HangUp => {
                    self.hang_up(&mut way).await;
                    self.reader.hung_up();
                }
                Work::End => return self.hang_up(&mut way).await,
            }
            self.note_arrived(&mut way);
            if self.reader.is_closed()
                && *end.get_or_insert_with(|| deadline(self.last_limit)) <= Instant::now()
            {
                return;
            }
        }
    }

    async fn ship(&mut self, way: &mut Option<Transport>) {
        if way.is_none() {
            match self.servers.connect(&mut self.trouble).await {
                Some(transport) => self.set_out(way, transport),
                None => return self.reader.pause(self.servers.backoff.next()).await,
            }
        } else if let Some(better) = self.servers.return_to_first().await {
            self.hang_up(way).await;
            self.set_out(way, better);
        }
        let Some(transport) = way else { return };
        let batch = self.reader.batch(BATCH);
        let outcome = transport.deliver(batch).await;
        self.reader.sent(transport.sent());
        match outcome {
            Ok(()) => {}
            Err(Fault::TooLong) => {
                self.reader.arrived(transport.arrived(), Tail::NONE);
                self.reader.set_aside(DropReason::TooLong);
            }
            Err(Fault::Broken(error)) => self.mourn(way, &error).await,
        }
    }

    fn set_out(&self, way: &mut Option<Transport>, transport: Transport) {
        self.counters.connects.fetch_add(1, Relaxed);
        let (server, security) = (self.servers.current(), transport.security().cloned());
        self.counters.note_connected(Some(Connected { server, security }));
        *way = Some(transport);
    }

    /// The way has ended: what isn't known to have arrived goes back in line, and the next try
    /// comes after a pause, which is short where something has arrived since the last end.
    async fn mourn(&mut self, way: &mut Option<Transport>, error: &io::Error) {
        let Some(mut transport) = way.take() else { return };
        self.counters.note_connected(None);
        let (arrived, tail) = (transport.arrived(), transport.tail());
        self.reader.arrived(arrived, tail);
        if transport.is_accepted() {
            let times = self.suspect.times(self.reader.first_not_arrived());
            if times == 1 {
                self.servers.backoff.reset();
                self.trouble.is_over();
            }
            match times {
                // Where ways end before all of the tail went through, nothing new ever would; but a
                // server may also die a few times in a row.
                ..TRIES => {
                    self.reader.arrived(arrived, tail.shortened(times.saturating_sub(PATIENT)));
                }
                TRIES => self.reader.forget_tail(),
                _ => self.reader.set_aside(DropReason::Refused),
            }
        }
        let resent = self.reader.rewind();
        self.counters.resent.fetch_add(resent, Relaxed);
        // An idle server that hangs up in good order is no trouble: there is nothing to repeat.
        if resent > 0 || error.kind() != ErrorKind::UnexpectedEof {
            self.trouble.tell(format_args!("lost {}: {error}", self.servers.current()));
        }
        self.reader.pause(self.servers.backoff.next()).await;
    }

    /// Ends the way in good order, and learns from it what has arrived.
    async fn hang_up(&mut self, way: &mut Option<Transport>) {
        let Some(mut transport) = way.take() else { return };
        self.counters.note_connected(None);
        let (sent, arrived, tail) = (transport.sent(), transport.arrived(), transport.tail());
        if transport.close(FAREWELL).await {
            self.reader.arrived(sent, Tail::NONE);
            self.reader.forget_tail();
        } else {
            self.reader.arrived(arrived, tail);
        }
        self.counters.resent.fetch_add(self.reader.rewind(), Relaxed);
    }

    fn note_arrived(&mut self, way: &mut Option<Transport>) {
        if let Some(transport) = way {
            self.reader.arrived(transport.arrived(), transport.tail());
        }
    }

    /// How long the next wait for work may take.
    fn patience(&mut self, way: &mut Option<Transport>) -> Option<Duration> {
        // While no server listens, what there is to say adds up.
        way.as_ref()?;
        let due = (self.tend)(self.reader.is_urged());
        let soon = if self.reader.is_urged() { LOOK_SOON } else { LOOK_AGAIN };
        let look_again = self.reader.is_unsettled().then_some(soon);
        due.into_iter().chain(look_again).min()
    }
}

async fn listen(way: &mut Option<Transport>) -> io::Result<()> {
    match way {
        Some(transport) => transport.listen().await,
        None => std::future::pending().await,
    }
}

/// The message after which connections have ended, and how often.
#[derive(Debug, Default)]
pub(crate) struct Suspect {
    at: Cursor,
    times: u32,
}

impl Suspect {
    /// How often connections have ended with nothing but this having arrived. A message that a
    /// server answers by closing, every time, must not stop the others for ever: it may be in the
    /// tail, or else it is the first one.
    fn times(&mut self, first: Cursor) -> u32 {
        if self.at != first {
            *self = Suspect { at: first, times: 0 };
        }
        self.times += 1;
        self.times
    }
}

/// Large enough that a write costs nothing beside what it carries.
const BATCH: usize = 64 * 1024;
/// How long a server may take to read to the end when the way to it is closed.
const FAREWELL: Duration = Duration::from_secs(1);
/// How soon to look again what has arrived.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// The same, while someone waits for a flush.
const LOOK_SOON: Duration = Duration::from_millis(1);
const TRIES: u32 = 8;
/// Tries with all of the tail.
const PATIENT: u32 = 3;
