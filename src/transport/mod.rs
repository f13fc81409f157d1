//! Batches to bytes: servers, connections, and what is known to have arrived.
//!
//! Never: retries, sleeps, looks inside a message.

mod connection;
#[cfg(any(feature = "native-tls", feature = "rustls"))]
mod counting_stream;
mod datagram;
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

use self::{datagram::Datagrams, relp::Relp, stream::Stream};
use crate::{
    Error,
    connection_info::TlsInfo,
    endpoint::{Endpoint, Scheme},
    queue::{Batch, Cursor},
    resend::ResendBuffer,
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
    /// A write of which the server's side takes no octet.
    pub(crate) write: Duration,
    /// A time in which the server's side doesn't even acknowledge; zero leaves it to the system.
    pub(crate) user_timeout: Duration,
}

/// An open way to a server.
#[derive(Debug)]
pub(crate) enum Transport {
    Datagrams(Datagrams),
    Tcp(Stream<tokio::net::TcpStream>),
    Tls(Box<Stream<tls::TlsStream>>),
    Relp(Relp<tokio::net::TcpStream>),
    RelpTls(Box<Relp<tls::TlsStream>>),
    #[cfg(unix)]
    Unix(Stream<tokio::net::UnixStream>),
}

/// Why a batch was not delivered in full.
#[derive(Debug)]
pub(crate) enum SendError {
    /// This way is of no use any more.
    Broken(io::Error),
    /// The next message is longer than this way can carry; the others can go on.
    TooLong,
    /// The system has no room for it at the moment; the way is as good as before.
    Busy(io::Error),
}

/// Where a server is to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Socket(SocketAddr),
    /// The path that the endpoint names.
    #[cfg(unix)]
    Path,
}

impl Server {
    /// Reads the files that the URL names.
    ///
    /// # Errors
    ///
    /// Where one can't be read or isn't what it should be, or the URL asks for what this build
    /// of the crate can't do.
    pub(crate) fn new(endpoint: Endpoint, timeouts: Timeouts) -> Result<Self, Error> {
        if !cfg!(feature = "dns-srv")
            && (endpoint.service.is_some() || endpoint.name_server.is_some())
        {
            return Err(Error::new(format!(
                "{endpoint}: srv:// and nameserver need the feature \"dns-srv\""
            )));
        }
        match endpoint.scheme {
            Scheme::Udp | Scheme::Tcp | Scheme::Tls | Scheme::Relp | Scheme::RelpTls => {}
            Scheme::Unix if cfg!(unix) => {}
            Scheme::Unix => {
                let url = endpoint.to_string();
                return Err(Error::new(format!(
                    "invalid server URL {url:?}: unix:// needs a Unix system"
                )));
            }
        }
        Ok(Server {
            tls: match endpoint.scheme {
                Scheme::Tls | Scheme::RelpTls => Some(tls::Connector::new(&endpoint)?),
                Scheme::Udp | Scheme::Tcp | Scheme::Relp | Scheme::Unix => None,
            },
            endpoint,
            timeouts,
        })
    }

    fn resend_buffer(&self) -> ResendBuffer {
        self.endpoint.resend_buffer.unwrap_or(ResendBuffer::OF_STREAMS)
    }

    async fn connect_tls(&self, address: SocketAddr) -> io::Result<tls::TlsStream> {
        let Some(connector) = &self.tls else { return Err(io::ErrorKind::Unsupported.into()) };
        connector.connect(address, self.timeouts).await
    }

    /// What should be known of this server from the start on.
    pub(crate) fn warning(&self) -> Option<String> {
        self.tls.as_ref().and_then(tls::Connector::warning)
    }

    /// What went wrong since the last time, and didn't stop a connection.
    pub(crate) fn take_notices(&self) -> Vec<String> {
        self.tls.as_ref().map(tls::Connector::take_notices).unwrap_or_default()
    }

    /// Opens a way to the server at one of its addresses.
    pub(crate) async fn connect(&self, address: Address) -> io::Result<Transport> {
        match (self.endpoint.scheme, address) {
            #[cfg(unix)]
            (_, Address::Path) => unix::connect(&self.endpoint, self.timeouts).await,
            (Scheme::Udp, Address::Socket(address)) => {
                Ok(Transport::Datagrams(udp::connect(address, self.timeouts).await?))
            }
            (Scheme::Tls, Address::Socket(address)) => {
                let stream = Stream::new(
                    self.connect_tls(address).await?,
                    self.endpoint.framing,
                    self.resend_buffer(),
                    self.timeouts,
                );
                Ok(Transport::Tls(Box::new(stream.on_probation())))
            }
            (Scheme::Tcp, Address::Socket(address)) => {
                let tcp = tcp::connect(address, self.timeouts).await?;
                let framing = self.endpoint.framing;
                Ok(Transport::Tcp(Stream::new(tcp, framing, self.resend_buffer(), self.timeouts)))
            }
            (Scheme::Relp, Address::Socket(address)) => {
                let tcp = tcp::connect(address, self.timeouts).await?;
                Ok(Transport::Relp(Relp::open(tcp, self.timeouts).await?))
            }
            (Scheme::RelpTls, Address::Socket(address)) => {
                let tls = self.connect_tls(address).await?;
                Ok(Transport::RelpTls(Box::new(Relp::open(tls, self.timeouts).await?)))
            }
            // `Server::new` lets none of these through.
            (Scheme::Unix, Address::Socket(_)) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

impl Transport {
    /// Hands all messages over, in order. After a fault, [`sent`](Transport::sent) tells how far
    /// it came.
    pub(crate) async fn send(&mut self, batch: Batch<'_>) -> Result<(), SendError> {
        match self {
            Transport::Datagrams(way) => way.send(batch).await,
            Transport::Tcp(way) => way.send(batch).await,
            Transport::Tls(way) => way.send(batch).await,
            Transport::Relp(way) => way.send(batch).await,
            Transport::RelpTls(way) => way.send(batch).await,
            #[cfg(unix)]
            Transport::Unix(way) => way.send(batch).await,
        }
    }

    /// Everything before this was handed over in full.
    pub(crate) fn sent(&self) -> Cursor {
        match self {
            Transport::Datagrams(way) => way.sent(),
            Transport::Tcp(way) => way.sent(),
            Transport::Tls(way) => way.sent(),
            Transport::Relp(way) => way.sent(),
            Transport::RelpTls(way) => way.sent(),
            #[cfg(unix)]
            Transport::Unix(way) => way.sent(),
        }
    }

    /// Everything before this is known to have arrived.
    pub(crate) fn acked(&mut self) -> Cursor {
        match self {
            Transport::Datagrams(way) => way.sent(),
            Transport::Tcp(way) => way.acked(),
            Transport::Tls(way) => way.acked(),
            Transport::Relp(way) => way.acked(),
            Transport::RelpTls(way) => way.acked(),
            #[cfg(unix)]
            Transport::Unix(way) => way.acked(),
        }
    }

    /// How much of what has arrived should be kept for the next way.
    pub(crate) fn resend_buffer(&self) -> ResendBuffer {
        match self {
            Transport::Datagrams(way) => way.resend_buffer(),
            Transport::Tcp(way) => way.resend_buffer(),
            Transport::Tls(way) => way.resend_buffer(),
            Transport::Relp(_) => ResendBuffer::NONE,
            Transport::RelpTls(_) => ResendBuffer::NONE,
            #[cfg(unix)]
            Transport::Unix(way) => way.resend_buffer(),
        }
    }

    /// Whether the peer has no room for what it is sent.
    pub(crate) fn is_stalled(&self) -> bool {
        match self {
            Transport::Datagrams(_) | Transport::Relp(_) | Transport::RelpTls(_) => false,
            Transport::Tcp(way) => way.is_stalled(),
            Transport::Tls(way) => way.is_stalled(),
            #[cfg(unix)]
            Transport::Unix(way) => way.is_stalled(),
        }
    }

    /// What TLS has agreed on with the server; none without TLS.
    pub(crate) fn security(&self) -> Option<&TlsInfo> {
        match self {
            Transport::Tls(way) => way.security(),
            Transport::RelpTls(way) => way.security(),
            Transport::Datagrams(_) | Transport::Tcp(_) | Transport::Relp(_) => None,
            #[cfg(unix)]
            Transport::Unix(_) => None,
        }
    }

    /// Whether a break right after a message may be the server's answer to that message, and not
    /// to us.
    pub(crate) fn is_accepted(&mut self) -> bool {
        match self {
            Transport::Datagrams(_) => true,
            Transport::Tcp(way) => way.is_accepted(),
            Transport::Tls(way) => way.is_accepted(),
            Transport::Relp(_) => true,
            Transport::RelpTls(_) => true,
            #[cfg(unix)]
            Transport::Unix(way) => way.is_accepted(),
        }
    }

    /// Takes what the server has said so far, and waits for nothing; an error means that this way has
    /// ended.
    pub(crate) async fn receive(&mut self) -> io::Result<()> {
        match self {
            Transport::Datagrams(way) => way.receive(),
            Transport::Tcp(way) => way.receive().await,
            Transport::Tls(way) => way.receive().await,
            Transport::Relp(way) => way.receive().await,
            Transport::RelpTls(way) => way.receive().await,
            #[cfg(unix)]
            Transport::Unix(way) => way.receive().await,
        }
    }

    /// Ends the way as its protocol wants it, within `limit`. True if the server has read
    /// everything to the end.
    pub(crate) async fn close(self, limit: Duration) -> bool {
        match self {
            Transport::Datagrams(_) => true,
            Transport::Tcp(way) => way.close(limit).await,
            Transport::Tls(way) => way.close(limit).await,
            Transport::Relp(way) => way.close(limit).await,
            Transport::RelpTls(way) => way.close(limit).await,
            #[cfg(unix)]
            Transport::Unix(way) => way.close(limit).await,
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
    what: &str,
    step: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    tokio::time::timeout(limit, step).await.unwrap_or_else(|_| {
        let text = format!("no answer to {what} within {limit:?}");
        Err(io::Error::new(io::ErrorKind::TimedOut, text))
    })
}
