//! Batch → the transport: when, and when again?
//!
//! Never: formats, logs, names one concrete transport.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod backoff;
mod known;
mod resolve;
mod sentinel;
mod servers;
#[cfg(feature = "srv")]
mod service;
mod thread;
mod trouble;

use std::{
    io::{self, ErrorKind},
    mem,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use self::sentinel::Sentinel;
pub(crate) use self::{
    known::Known,
    servers::Servers,
    thread::spawn,
    trouble::{Listener, Trouble},
};
use crate::{
    Connected,
    queue::{Cursor, Reader, Work, deadline},
    stats::{Counters, DropReason},
    tail::Tail,
    transport::{Fault, Transport},
};

/// Ships what the queue holds; lives on a thread of its own.
pub(crate) struct Shipper {
    reader: Reader,
    servers: Servers,
    trouble: Trouble,
    counters: Arc<Counters>,
    tend: Tend,
    last_limit: Duration,
    suspect: Suspect,
    /// Up to here no faster than a server can be expected to read.
    slowly_to: Cursor,
    /// How often in a row the system had no room for what is to be sent.
    shortages: u32,
    way: Option<Transport>,
    sentinel: Arc<Sentinel>,
    /// When to stop, once no handle is left.
    end: Option<Instant>,
}

/// Looks after what the crate itself has to say; told whether someone waits for a flush, it says
/// when to come back.
pub(crate) type Tend = Box<dyn FnMut(bool) -> Option<Duration> + Send>;

impl Shipper {
    /// `last_limit`: how long to go on when no handle is left.
    pub(crate) fn new(
        reader: Reader,
        servers: Servers,
        trouble: Trouble,
        counters: Arc<Counters>,
        tend: Tend,
        last_limit: Duration,
    ) -> Self {
        Shipper {
            reader,
            servers,
            trouble,
            counters,
            tend,
            last_limit,
            suspect: Suspect::default(),
            slowly_to: 0,
            shortages: 0,
            way: None,
            sentinel: Arc::new(Sentinel::new()),
            end: None,
        }
    }

    /// Ships until no handle is left and everything is sent, or the time for that is up.
    pub(crate) async fn run(&mut self) {
        loop {
            let patience = self.patience();
            let work = tokio::select! {
                biased;
                news = listen(&mut self.way) => match news {
                    Ok(()) => Work::Nothing,
                    Err(error) => {
                        self.mourn(&error).await;
                        continue;
                    }
                },
                work = self.reader.work(Some(patience)) => work,
            };
            match work {
                Work::Messages => self.ship().await,
                Work::Nothing => {}
                Work::HangUp => {
                    self.hang_up().await;
                    self.reader.hung_up();
                }
                Work::End => return self.hang_up().await,
            }
            self.note_arrived();
            if self.is_over() {
                return;
            }
        }
    }

    /// Whether no handle is left, and the time that was left is up.
    pub(super) fn is_over(&mut self) -> bool {
        self.reader.is_closed()
            && *self.end.get_or_insert_with(|| deadline(self.last_limit)) <= Instant::now()
    }

    /// Another runtime takes the place of one that has failed. What was open belonged to that one,
    /// if to anybody: it is left alone.
    pub(super) fn start_again(&mut self) {
        self.sentinel = Arc::new(Sentinel::new());
        self.trouble.tell(format_args!("starting again: were all files of the program closed?"));
        self.servers.start_again();
        self.counters.note_connected(None);
        if let Some(mut transport) = self.way.take() {
            self.reader.arrived(transport.arrived(), transport.tail());
            mem::forget(transport);
        }
        self.counters.resent.fetch_add(self.reader.rewind(), Relaxed);
    }

    async fn ship(&mut self) {
        if self.way.is_none() {
            match self.servers.connect(&mut self.trouble).await {
                Some(transport) => self.set_out(transport),
                None => return self.reader.pause(self.servers.backoff.next()).await,
            }
        } else if let Some(better) = self.servers.return_to_first().await {
            self.hang_up().await;
            self.set_out(better);
        }
        let Some(transport) = &mut self.way else { return };
        let before = transport.sent();
        let batch = self.reader.batch(BATCH);
        let outcome = transport.deliver(batch).await;
        let is_further = transport.sent() > before;
        self.reader.sent(transport.sent());
        if is_further {
            self.shortages = 0;
        }
        match outcome {
            Ok(()) => {}
            Err(Fault::Busy(error)) => self.hold_back(&error).await,
            Err(Fault::TooLong) => {
                self.reader.arrived(transport.arrived(), Tail::NONE);
                self.reader.set_aside(DropReason::TooLong);
            }
            Err(Fault::Broken(error)) => self.mourn(&error).await,
        }
        if self.reader.first_unsent() < self.slowly_to {
            tokio::time::sleep(SLOWLY).await;
        }
    }

    /// Waits a moment, a longer one each time, until the system has room again.
    async fn hold_back(&mut self, error: &io::Error) {
        self.shortages += 1;
        match self.shortages {
            LASTING => {
                let server = self.servers.current();
                self.trouble.tell(format_args!("nothing leaves for {server}: {error}"));
            }
            TOO_MANY => {
                self.shortages = 0;
                return self.mourn(error).await;
            }
            _ => {}
        }
        self.reader.pause(MOMENT * (1 << self.shortages.min(LASTING))).await;
    }

    fn set_out(&mut self, transport: Transport) {
        self.counters.connects.fetch_add(1, Relaxed);
        let (server, security) = (self.servers.current(), transport.security().cloned());
        self.counters.note_connected(Some(Connected { server, security }));
        self.way = Some(transport);
    }

    /// The way has ended: what isn't known to have arrived goes back in line, and the next try
    /// comes after a pause, which is short where something has arrived since the last end.
    async fn mourn(&mut self, error: &io::Error) {
        let Some(mut transport) = self.take_way().await else { return };
        self.counters.note_connected(None);
        if error.kind() == ErrorKind::TimedOut {
            self.servers.shun_current();
        }
        let (arrived, tail) = (transport.arrived(), transport.tail());
        self.reader.arrived(arrived, tail);
        // What has ended once may soon end again, and the tail only replaces what was unread then.
        let trial = tail.octets.saturating_mul(TAILS).min(TRIAL);
        self.slowly_to = self.reader.first_not_arrived() + trial;
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
                    self.reader.shorten(tail.shortened(times.saturating_sub(PATIENT)));
                }
                TRIES => self.reader.forget_tail(),
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
        self.reader.pause(self.servers.backoff.next()).await;
    }

    /// Ends the way in good order, and learns from it what has arrived.
    async fn hang_up(&mut self) {
        let Some(mut transport) = self.take_way().await else { return };
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

    async fn take_way(&mut self) -> Option<Transport> {
        if !self.sentinel.is_there() {
            // What follows is for another runtime to do.
            std::future::pending::<()>().await;
        }
        self.way.take()
    }

    fn note_arrived(&mut self) {
        if let Some(transport) = &mut self.way {
            self.reader.arrived(transport.arrived(), transport.tail());
        }
    }

    /// How long the next wait for work may take.
    fn patience(&mut self) -> Duration {
        // While no server listens, what there is to say adds up.
        if self.way.is_none() {
            return AT_LEAST;
        }
        let due = (self.tend)(self.reader.is_urged());
        let is_urgent = self.reader.is_urged() || self.reader.is_crowded();
        let soon = if is_urgent { LOOK_SOON } else { LOOK_AGAIN };
        let look_again = self.reader.is_unsettled().then_some(soon);
        due.into_iter().chain(look_again).fold(AT_LEAST, Duration::min)
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
/// After a batch on a new way: 32 MiB a second.
const SLOWLY: Duration = Duration::from_millis(2);
/// Octets after which a way is no longer new, and in tails.
const TRIAL: u64 = 8 << 20;
const TAILS: u64 = 8;
/// How long a server may take to read to the end when the way to it is closed.
const FAREWELL: Duration = Duration::from_secs(1);
/// How soon to look again what has arrived.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// The same, while someone waits for a flush, or may soon wait for room.
const LOOK_SOON: Duration = Duration::from_millis(1);
const TRIES: u32 = 8;
/// Half of the first pause while the system has no room.
const MOMENT: Duration = Duration::from_micros(500);
/// Shortages in a row that are worth telling: an eighth of a second.
const LASTING: u32 = 8;
/// Shortages in a row that another way may be without: ten seconds.
const TOO_MANY: u32 = 85;
/// Tries with all of the tail.
const PATIENT: u32 = 3;
/// Nobody can wake a thread whose event queue was closed under it: it looks by itself.
const AT_LEAST: Duration = Duration::from_secs(3);
