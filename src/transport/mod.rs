//! Batches to bytes: servers, connections, and what is known to have arrived.
//!
//! Never: retries, sleeps, looks inside a message.

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

/// A server that can be connected to, with all that its URL names read and checked.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) endpoint: Endpoint,
    timeouts: Timeouts,
    tls: Option<tls::Connector>,
}

/// How long each step may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    /// Finding the addresses, connecting to one, shaking hands: each.
    pub(crate) connect: Duration,
    /// A write of which the server's side takes no byte.
    pub(crate) write: Duration,
    /// A time in which the server's side doesn't even acknowledge; zero leaves it to the system.
    pub(crate) user_timeout: Duration,
}

/// An open connection to a server.
#[derive(Debug)]
pub(crate) enum Transport {
    Datagrams(Datagrams),
    Stream(Stream),
    Relp(Relp),
}

/// Why a batch was not delivered in full.
#[derive(Debug)]
pub(crate) enum SendError {
    /// The connection has ended.
    Broken(io::Error),
    /// The next message is longer than the transport can carry; the others can go on.
    TooLong,
    /// The system has no room for it at the moment; the connection is as good as before.
    Busy(io::Error),
}

/// Where a server is to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Socket(SocketAddr),
    /// As the URL says: there is nothing to look up.
    AsWritten,
}

impl Server {
    /// Reads the files that the URL names.
    ///
    /// # Errors
    ///
    /// If one can't be read or isn't what it should be, or the URL asks for what this build
    /// of the crate can't do.
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

    /// What should be known of this server from the start on.
    pub(crate) fn warning(&self) -> Option<String> {
        self.tls.as_ref().and_then(tls::Connector::warning)
    }

    /// What went wrong since the last time, and didn't stop a connection.
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
            // `Server::new` refuses the one, and the look-up gives the other no such address.
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

impl Transport {
    /// Hands all messages over, in order. After an error, [`sent`](Transport::sent) tells how far
    /// it came.
    pub(crate) async fn send(
        &mut self,
        batch: impl Iterator<Item = Stored<'_>>,
    ) -> Result<(), SendError> {
        match self {
            Transport::Datagrams(datagrams) => datagrams.send(batch).await,
            Transport::Stream(stream) => stream.send(batch).await,
            Transport::Relp(session) => session.send(batch).await,
        }
    }

    /// Everything before this was handed over in full.
    pub(crate) fn sent(&self) -> Cursor {
        match self {
            Transport::Datagrams(datagrams) => datagrams.sent(),
            Transport::Stream(stream) => stream.sent(),
            Transport::Relp(session) => session.sent(),
        }
    }

    /// Everything before this is acknowledged.
    pub(crate) fn acked(&mut self) -> Cursor {
        match self {
            Transport::Datagrams(datagrams) => datagrams.sent(),
            Transport::Stream(stream) => stream.acked(),
            Transport::Relp(session) => session.acked(),
        }
    }

    /// How much of what is acknowledged should be kept for the next connection.
    pub(crate) fn resend_buffer(&self) -> ResendBuffer {
        match self {
            Transport::Datagrams(datagrams) => datagrams.resend_buffer(),
            Transport::Stream(stream) => stream.resend_buffer(),
            Transport::Relp(_) => ResendBuffer::NONE,
        }
    }

    /// Whether the peer has no room for what it is sent.
    pub(crate) fn is_stalled(&self) -> bool {
        match self {
            Transport::Datagrams(_) | Transport::Relp(_) => false,
            Transport::Stream(stream) => stream.is_stalled(),
        }
    }

    /// What TLS has agreed on with the server; none without TLS.
    pub(crate) fn tls(&self) -> Option<&TlsInfo> {
        match self {
            Transport::Datagrams(_) => None,
            Transport::Stream(stream) => stream.tls(),
            Transport::Relp(session) => session.tls(),
        }
    }

    /// What the server says it is, if its protocol has a word for it.
    pub(crate) fn software(&self) -> Option<&str> {
        match self {
            Transport::Datagrams(_) | Transport::Stream(_) => None,
            Transport::Relp(session) => session.software(),
        }
    }

    /// Whether a break right after a message may be the server's answer to that message, and not
    /// to us.
    pub(crate) fn is_accepted(&mut self) -> bool {
        match self {
            Transport::Datagrams(_) | Transport::Relp(_) => true,
            Transport::Stream(stream) => stream.is_accepted(),
        }
    }

    /// Reads what the server has said so far, without waiting; an error means that the connection
    /// has ended.
    pub(crate) async fn receive(&mut self) -> io::Result<()> {
        match self {
            Transport::Datagrams(datagrams) => datagrams.receive(),
            Transport::Stream(stream) => stream.receive().await,
            Transport::Relp(session) => session.receive().await,
        }
    }

    /// Closes the connection as its protocol wants it, within `limit`. True if the server has read
    /// everything to the end.
    pub(crate) async fn close(self, limit: Duration) -> bool {
        match self {
            Transport::Datagrams(_) => true,
            Transport::Stream(stream) => stream.close(limit).await,
            Transport::Relp(session) => session.close(limit).await,
        }
    }
}

impl From<io::Error> for SendError {
    fn from(error: io::Error) -> Self {
        SendError::Broken(error)
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
