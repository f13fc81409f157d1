//! A strict in-process syslog server, for tests and examples.
//!
//! It takes what a syslog server would take, tells the parts apart, and says which rule of
//! which RFC each record breaks. It also behaves badly where a test asks for it: it stops
//! reading, closes connections, goes away and comes back at the same port.
//!
//! ```
//! use std::{net::UdpSocket, time::Duration};
//! use logship_collector::Collector;
//!
//! let collector = Collector::udp()?;
//! let client = UdpSocket::bind("127.0.0.1:0")?;
//! client.send_to(b"<14>1 - web1 shop - - - hello", collector.address().unwrap())?;
//!
//! let records = collector.wait_for(1, Duration::from_secs(5));
//! assert_eq!(records[0].text(), Some("hello"));
//! assert_eq!(records[0].complaints, []);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Never: forwards, writes a file, answers the network at large (it listens on loopback
//! unless it is told an address).
//!
//! Everything that arrives is kept in memory until [`take`](Collector::take) or
//! [`next`](Collector::next) takes it, however much it is; [`drain`](Collector::drain) makes
//! it count only. One thread listens, and one more reads each connection.

mod bind;
mod complaint;
mod find;
mod frame;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod inbox;
mod listen;
mod message;
mod parse;
mod received;
mod registered;
mod serve;
mod structured_data;
mod timestamp;

pub use complaint::Complaint;
pub use frame::Framing;
pub use listen::{Certificate, Listen};
pub use message::{Element, Message};
pub use parse::parse;
pub use received::Received;

#[cfg(unix)]
use std::path::Path;
use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use bind::{Bound, bind};
use inbox::Inbox;

/// A syslog server that runs until it is stopped or dropped, each within a second or so.
///
/// It may be shared between threads; every method takes `&self`.
pub struct Collector {
    url: String,
    address: Option<SocketAddr>,
    inbox: Arc<Inbox>,
    thread: Mutex<Option<JoinHandle<()>>>,
    #[cfg(unix)]
    path: Option<std::path::PathBuf>,
}

impl Collector {
    /// Listens for datagrams on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// If no socket or no thread is to be had.
    pub fn udp() -> io::Result<Self> {
        Self::listen(Listen::Udp(LOOPBACK))
    }

    /// Listens for datagrams at `address`.
    ///
    /// # Errors
    ///
    /// If the address cannot be bound, as when it is in use.
    pub fn udp_at(address: SocketAddr) -> io::Result<Self> {
        Self::listen(Listen::Udp(address))
    }

    /// Listens for connections on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// If no socket or no thread is to be had.
    pub fn tcp() -> io::Result<Self> {
        Self::listen(Listen::Tcp(LOOPBACK))
    }

    /// Listens for connections at `address`, for example one that another collector has
    /// been [stopped](Self::stop) at.
    ///
    /// # Errors
    ///
    /// If the address cannot be bound, as when it is in use.
    pub fn tcp_at(address: SocketAddr) -> io::Result<Self> {
        Self::listen(Listen::Tcp(address))
    }

    /// Listens for TLS connections on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// If the certificate or its key cannot be read, or no socket or thread is to be had.
    #[cfg(feature = "native-tls")]
    pub fn tls(certificate: Certificate) -> io::Result<Self> {
        Self::listen(Listen::Tls(LOOPBACK, certificate))
    }

    /// Listens for TLS connections at `address`.
    ///
    /// # Errors
    ///
    /// If the certificate or its key cannot be read, or the address cannot be bound.
    #[cfg(feature = "native-tls")]
    pub fn tls_at(address: SocketAddr, certificate: Certificate) -> io::Result<Self> {
        Self::listen(Listen::Tls(address, certificate))
    }

    /// Listens for datagrams on a new unix socket at `path`. A socket that a dead process
    /// left there is replaced; stopping removes it.
    ///
    /// # Errors
    ///
    /// If `path` cannot be bound, as when somebody listens there.
    #[cfg(unix)]
    pub fn unix(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::listen(Listen::Unix(path.as_ref().to_path_buf()))
    }

    /// Listens at a URL such as `tcp://127.0.0.1:5514`; see [`Listen::from_url`].
    ///
    /// # Errors
    ///
    /// If the URL is not one of those, or its address cannot be bound.
    pub fn bind(url: &str) -> io::Result<Self> {
        Self::listen(Listen::from_url(url)?)
    }

    /// Listens as told.
    ///
    /// # Errors
    ///
    /// If the address cannot be bound; the message quotes it.
    pub fn listen(on: Listen) -> io::Result<Self> {
        let inbox = Arc::new(Inbox::default());
        let bound: Bound = bind(on, &inbox)?;
        Ok(Self {
            url: bound.url,
            address: bound.address,
            inbox,
            thread: Mutex::new(Some(bound.thread)),
            #[cfg(unix)]
            path: bound.path,
        })
    }

    /// Where to send to: `tcp://127.0.0.1:40123`, with `udp`, `tls` or `unix` likewise.
    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// The address listened at; `None` for a unix socket.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Waits until `count` records are kept, or for `timeout`, and returns a copy of all
    /// that are kept then, in the order of arrival: fewer than `count` if time ran out.
    #[must_use]
    pub fn wait_for(&self, count: usize, timeout: Duration) -> Vec<Received> {
        let state = self.inbox.wait(timeout, |state| state.records.len() >= count);
        state.records.iter().cloned().collect()
    }

    /// Waits until `count` messages have arrived since the start, kept or not, or for
    /// `timeout`, and returns how many have. For a collector that [drains](Self::drain).
    pub fn wait_for_messages(&self, count: u64, timeout: Duration) -> u64 {
        self.inbox.wait(timeout, |state| state.messages >= count).messages
    }

    /// Takes the oldest record kept; waits for one, for `timeout` at most.
    #[must_use]
    pub fn next(&self, timeout: Duration) -> Option<Received> {
        self.inbox.wait(timeout, |state| !state.records.is_empty()).records.pop_front()
    }

    /// A copy of all records kept, in the order of arrival.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.inbox.state().records.iter().cloned().collect()
    }

    /// Takes all records kept, in the order of arrival.
    pub fn take(&self) -> Vec<Received> {
        self.inbox.change(|state| state.records.drain(..).collect())
    }

    /// Messages that have arrived since the start, taken or not.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.inbox.state().messages
    }

    /// Bytes of these messages, without their framing.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.inbox.state().bytes
    }

    /// Connections accepted since the start. A TLS connection counts from before its
    /// handshake; datagrams make none.
    #[must_use]
    pub fn connections(&self) -> usize {
        usize::try_from(self.inbox.state().accepted).unwrap_or(usize::MAX)
    }

    /// Connections that are open now.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.inbox.state().open.len()
    }

    /// Waits until `count` connections have been accepted since the start, or for
    /// `timeout`, and returns how many have.
    pub fn wait_for_connections(&self, count: usize, timeout: Duration) -> usize {
        let enough = u64::try_from(count).unwrap_or(u64::MAX);
        drop(self.inbox.wait(timeout, |state| state.accepted >= enough));
        self.connections()
    }

    /// What went wrong outside any record: a TLS handshake that failed, a connection that
    /// was reset or ended without a close_notify. The newest 1000 are kept.
    #[must_use]
    pub fn failures(&self) -> Vec<String> {
        self.inbox.state().failures.iter().cloned().collect()
    }

    /// From now on counts [`messages`](Self::messages) and [`bytes`](Self::bytes) only,
    /// and neither keeps nor parses them: for measuring throughput.
    pub fn drain(&self) {
        self.inbox.change(|state| state.draining = true);
    }

    /// Stops reading, as a server that hangs: connections are still accepted, but nothing
    /// counts as received, and no TLS handshake is begun, until [`resume`](Self::resume).
    /// Up to 256 KiB of each connection may already have left the system's buffers then;
    /// they are received after the pause, or lost if the connection is closed within it.
    pub fn pause(&self) {
        self.inbox.change(|state| state.paused = true);
    }

    /// Reads on after [`pause`](Self::pause).
    pub fn resume(&self) {
        self.inbox.change(|state| state.paused = false);
    }

    /// Closes every connection accepted so far, over TLS with a close_notify, and goes on
    /// listening. Returns when they are closed, or after a few seconds. What the system
    /// held of them unread is lost, as when a server dies.
    pub fn disconnect(&self) {
        let last = self.inbox.change(|state| {
            state.closed = state.accepted;
            state.closed
        });
        drop(self.inbox.wait(CLOSE, |state| state.open.iter().all(|open| *open > last)));
    }

    /// Closes the listening socket and every connection, so that another collector can
    /// listen at the same address. What was received stays. A second call does nothing.
    pub fn stop(&self) {
        self.inbox.change(|state| state.stopped = true);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(thread) = thread else { return };
        // Nothing in there panics, and if it did there is nobody left to tell.
        let _ = thread.join();
        #[cfg(unix)]
        if let Some(path) = &self.path {
            // Somebody else may have removed it.
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut collector = f.debug_struct("Collector");
        collector.field("url", &self.url).field("messages", &self.messages());
        collector.finish_non_exhaustive()
    }
}

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// The longest a closing thread may be busy: a write of a second, and a read.
const CLOSE: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests;
