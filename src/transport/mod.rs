//! Servers and connections: sends batches and knows what is acknowledged.
//!
//! Never retries, never sleeps, never reads message content.

mod connection;
#[cfg(any(feature = "native-tls", feature = "rustls"))]
mod counting_stream;
mod datagram;
pub(crate) mod endpoint;
pub(crate) mod failure;
pub(crate) mod fingerprint;
mod framing;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
pub(crate) mod idn;
mod in_flight;
mod liveness;
mod relp;
mod relp_response;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod sendmmsg;
mod session;
mod stream;
mod tcp;
mod tcp_info;
#[cfg(any(feature = "native-tls", feature = "rustls"))]
mod tls;
#[cfg(not(any(feature = "native-tls", feature = "rustls")))]
#[path = "no_tls.rs"]
mod tls;
pub(crate) mod tls_options;
mod udp;
#[cfg(unix)]
mod unix;

use std::{io, net::SocketAddr, time::Duration};

pub(crate) use self::session::{SendError, Session};
use self::{
    connection::Connection,
    datagram::Datagrams,
    endpoint::{Endpoint, Scheme},
    failure::failure,
    relp::Relp,
    stream::Stream,
};
use crate::{
    Error, ErrorKind,
    connection_info::TlsInfo,
    resend::ResendBuffer,
    stored::{Cursor, Stored},
};

/// A server to connect to, with all files that its URL names read and checked.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) endpoint: Endpoint,
    timeouts: Timeouts,
    tls: Option<tls::Connector>,
}

/// Time limits of the steps of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    /// For resolving the name, for connecting to an address, and for a handshake: each.
    pub(crate) connect: Duration,
    /// For a write of which the peer accepts no byte.
    pub(crate) write: Duration,
    /// For data without acknowledgement; zero leaves it to the system.
    pub(crate) user_timeout: Duration,
}

/// An open connection to a server.
#[derive(Debug)]
pub(crate) enum Transport {
    Datagrams(Datagrams),
    Stream(Stream),
    Relp(Relp),
}

/// The address of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Socket(SocketAddr),
    /// The path in the URL: there is nothing to resolve.
    AsWritten,
}

impl Server {
    /// Reads the files that the URL names.
    ///
    /// # Errors
    ///
    /// If one cannot be read or is invalid, or the URL needs a feature that this build lacks.
    pub(crate) fn new(endpoint: Endpoint, timeouts: Timeouts) -> Result<Self, Error> {
        if !cfg!(feature = "dns-srv")
            && (endpoint.service.is_some() || endpoint.name_server.is_some())
        {
            return Err(Error::new(format!(
                "{endpoint}: srv:// and nameserver need the feature \"dns-srv\""
            )));
        }
        if endpoint.scheme == Scheme::Unix && !cfg!(unix) {
            let url = endpoint.to_string();
            let rule = "unix:// needs a Unix system";
            return Err(Error::new(format!("invalid server URL {url:?}: {rule}")));
        }
        let tls = endpoint.info().is_tls.then(|| tls::Connector::new(&endpoint)).transpose()?;
        Ok(Server { tls, endpoint, timeouts })
    }

    /// A warning about this server's settings, for the start.
    pub(crate) fn warning(&self) -> Option<String> {
        self.tls.as_ref().and_then(tls::Connector::warning)
    }

    /// Problems since the last call that did not prevent a connection.
    pub(crate) fn take_notices(&self) -> Vec<String> {
        self.tls.as_ref().map(tls::Connector::take_notices).unwrap_or_default()
    }

    /// Connects to the server at one of its addresses.
    pub(crate) async fn connect(&self, address: Address) -> io::Result<Transport> {
        let timeouts = self.timeouts;
        match (self.endpoint.scheme, address) {
            (Scheme::Udp, Address::Socket(address)) => {
                Ok(Transport::Datagrams(udp::connect(address, timeouts).await?))
            }
            (Scheme::Tcp, Address::Socket(address)) => {
                Ok(Transport::Stream(self.stream(self.connect_tcp(address).await?)))
            }
            (Scheme::Tls, Address::Socket(address)) => {
                let stream = self.stream(self.connect_tls(address).await?);
                Ok(Transport::Stream(stream.on_probation()))
            }
            (Scheme::Relp, Address::Socket(address)) => {
                let connection = self.connect_tcp(address).await?;
                Ok(Transport::Relp(Relp::open(connection, timeouts).await?))
            }
            (Scheme::RelpTls, Address::Socket(address)) => {
                let connection = self.connect_tls(address).await?;
                Ok(Transport::Relp(Relp::open(connection, timeouts).await?))
            }
            #[cfg(unix)]
            (Scheme::Unix, _) => unix::connect(&self.endpoint, timeouts).await,
            // `Server::new` refuses `unix://`, and resolving gives the others no such address.
            #[cfg(not(unix))]
            (Scheme::Unix, _) => Err(io::ErrorKind::Unsupported.into()),
            (
                Scheme::Udp | Scheme::Tcp | Scheme::Tls | Scheme::Relp | Scheme::RelpTls,
                Address::AsWritten,
            ) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    async fn connect_tcp(&self, address: SocketAddr) -> io::Result<Box<dyn Connection>> {
        Ok(Box::new(tcp::connect(address, self.timeouts).await?))
    }

    async fn connect_tls(&self, address: SocketAddr) -> io::Result<Box<dyn Connection>> {
        let Some(connector) = &self.tls else { return Err(io::ErrorKind::Unsupported.into()) };
        connector.connect(address, self.timeouts).await
    }

    fn stream(&self, connection: Box<dyn Connection>) -> Stream {
        let resend_buffer = self.endpoint.resend_buffer.unwrap_or(ResendBuffer::OF_STREAMS);
        Stream::new(connection, self.endpoint.framing, resend_buffer, self.timeouts)
    }
}

/// Calls a method of whichever session it is.
macro_rules! ask {
    ($transport:expr, $session:ident => $answer:expr) => {
        match $transport {
            Transport::Datagrams($session) => $answer,
            Transport::Stream($session) => $answer,
            Transport::Relp($session) => $answer,
        }
    };
}

impl Session for Transport {
    async fn send(&mut self, batch: impl Iterator<Item = Stored<'_>>) -> Result<(), SendError> {
        ask!(self, session => session.send(batch).await)
    }

    fn sent(&self) -> Cursor {
        ask!(self, session => session.sent())
    }

    fn acked(&mut self) -> Cursor {
        ask!(self, session => session.acked())
    }

    fn resend_buffer(&self) -> ResendBuffer {
        ask!(self, session => session.resend_buffer())
    }

    fn is_stalled(&self) -> bool {
        ask!(self, session => session.is_stalled())
    }

    fn tls(&self) -> Option<&TlsInfo> {
        ask!(self, session => session.tls())
    }

    fn software(&self) -> Option<&str> {
        ask!(self, session => session.software())
    }

    fn is_accepted(&mut self) -> bool {
        ask!(self, session => session.is_accepted())
    }

    async fn receive(&mut self) -> io::Result<()> {
        ask!(self, session => session.receive().await)
    }

    async fn close(self, limit: Duration) -> bool {
        ask!(self, session => session.close(limit).await)
    }
}

/// Waits for `step`, but no longer than `limit`.
async fn with_timeout<T>(
    limit: Duration,
    kind: ErrorKind,
    what: &str,
    step: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    tokio::time::timeout(limit, step)
        .await
        .unwrap_or_else(|_| Err(failure(kind, format!("no answer to {what} within {limit:?}"))))
}
