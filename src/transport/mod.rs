//! Batch → octets: how do they leave, and what is known to have arrived?
//!
//! Never: retries, sleeps, looks inside a message.

mod acknowledged;
#[cfg(any(feature = "tls", feature = "rustls"))]
mod counted;
mod datagram;
mod framing;
#[cfg(all(fuzzing, feature = "collector"))]
pub(crate) mod fuzzing;
#[cfg(target_os = "linux")]
mod many;
mod news;
mod patience;
mod relp;
mod relp_answer;
mod stream;
mod tcp;
#[cfg(any(feature = "tls", feature = "rustls"))]
mod tls;
#[cfg(not(any(feature = "tls", feature = "rustls")))]
#[path = "no_tls.rs"]
mod tls;
mod udp;
#[cfg(unix)]
mod unix;
mod window;

use std::{io, net::SocketAddr, time::Duration};

use self::{datagram::Datagrams, relp::Relp, stream::Stream};
use crate::{
    Error,
    connected::Security,
    endpoint::{Endpoint, Scheme},
    queue::{Batch, Cursor},
    tail::Tail,
};

/// A server that can be connected to, with all that its URL names read and checked.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) endpoint: Endpoint,
    limits: Limits,
    tls: Option<tls::Connector>,
}

/// How long each step may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Finding the addresses, connecting to one, shaking hands: each.
    pub(crate) connect: Duration,
    /// A write of which the server's side takes no octet.
    pub(crate) write: Duration,
    /// A time in which the server's side doesn't even acknowledge; zero leaves it to the system.
    pub(crate) silence: Duration,
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
pub(crate) enum Fault {
    /// This way is of no use any more.
    Broken(io::Error),
    /// The next message is longer than this way can carry; the others can go on.
    TooLong,
    /// The system has no room for it at the moment; the way is as good as before.
    Busy(io::Error),
}

/// Where a server is to be found.
#[derive(Clone, Copy, Debug)]
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
    pub(crate) fn new(endpoint: Endpoint, limits: Limits) -> Result<Self, Error> {
        if !cfg!(feature = "srv") && (endpoint.service.is_some() || endpoint.name_server.is_some())
        {
            return Err(Error::new(format!(
                "{endpoint}: srv:// and nameserver need the feature \"srv\""
            )));
        }
        match endpoint.scheme {
            Scheme::Udp | Scheme::Tcp | Scheme::Tls | Scheme::Relp | Scheme::RelpTls => {}
            Scheme::Unix if cfg!(unix) => {}
            Scheme::Unix => return Err(Error::new(format!("{endpoint}: needs a Unix system"))),
        }
        Ok(Server {
            tls: match endpoint.scheme {
                Scheme::Tls | Scheme::RelpTls => Some(tls::Connector::new(&endpoint)?),
                Scheme::Udp | Scheme::Tcp | Scheme::Relp | Scheme::Unix => None,
            },
            endpoint,
            limits,
        })
    }

    fn tail(&self) -> Tail {
        self.endpoint.tail.unwrap_or(Tail::ADAPTIVE)
    }

    async fn connect_tls(&self, address: SocketAddr) -> io::Result<tls::TlsStream> {
        let Some(connector) = &self.tls else { return Err(io::ErrorKind::Unsupported.into()) };
        connector.connect(address, self.limits).await
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
            (_, Address::Path) => unix::connect(&self.endpoint, self.limits).await,
            (Scheme::Udp, Address::Socket(address)) => {
                Ok(Transport::Datagrams(udp::connect(address, self.limits).await?))
            }
            (Scheme::Tls, Address::Socket(address)) => {
                let stream = Stream::new(
                    self.connect_tls(address).await?,
                    self.endpoint.framing,
                    self.tail(),
                    self.limits,
                );
                Ok(Transport::Tls(Box::new(stream.on_probation())))
            }
            (Scheme::Tcp, Address::Socket(address)) => {
                let tcp = tcp::connect(address, self.limits).await?;
                let framing = self.endpoint.framing;
                Ok(Transport::Tcp(Stream::new(tcp, framing, self.tail(), self.limits)))
            }
            (Scheme::Relp, Address::Socket(address)) => {
                let tcp = tcp::connect(address, self.limits).await?;
                Ok(Transport::Relp(Relp::open(tcp, self.limits).await?))
            }
            (Scheme::RelpTls, Address::Socket(address)) => {
                let tls = self.connect_tls(address).await?;
                Ok(Transport::RelpTls(Box::new(Relp::open(tls, self.limits).await?)))
            }
            // `Server::new` lets none of these through.
            (Scheme::Unix, Address::Socket(_)) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

impl Transport {
    /// Hands all messages over, in order. After a fault, [`sent`](Transport::sent) tells how far
    /// it came.
    pub(crate) async fn deliver(&mut self, batch: Batch<'_>) -> Result<(), Fault> {
        match self {
            Transport::Datagrams(way) => way.deliver(batch).await,
            Transport::Tcp(way) => way.deliver(batch).await,
            Transport::Tls(way) => way.deliver(batch).await,
            Transport::Relp(way) => way.deliver(batch).await,
            Transport::RelpTls(way) => way.deliver(batch).await,
            #[cfg(unix)]
            Transport::Unix(way) => way.deliver(batch).await,
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
    pub(crate) fn arrived(&mut self) -> Cursor {
        match self {
            Transport::Datagrams(way) => way.sent(),
            Transport::Tcp(way) => way.arrived(),
            Transport::Tls(way) => way.arrived(),
            Transport::Relp(way) => way.arrived(),
            Transport::RelpTls(way) => way.arrived(),
            #[cfg(unix)]
            Transport::Unix(way) => way.arrived(),
        }
    }

    /// How much of what has arrived should be kept for the next way.
    pub(crate) fn tail(&self) -> Tail {
        match self {
            Transport::Datagrams(way) => way.tail(),
            Transport::Tcp(way) => way.tail(),
            Transport::Tls(way) => way.tail(),
            Transport::Relp(_) => Tail::NONE,
            Transport::RelpTls(_) => Tail::NONE,
            #[cfg(unix)]
            Transport::Unix(way) => way.tail(),
        }
    }

    /// What TLS has agreed on with the server; none without TLS.
    pub(crate) fn security(&self) -> Option<&Security> {
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

    /// Waits for news from the server; an error means that this way has ended.
    pub(crate) async fn listen(&mut self) -> io::Result<()> {
        match self {
            Transport::Datagrams(way) => way.listen().await,
            Transport::Tcp(way) => way.listen().await,
            Transport::Tls(way) => way.listen().await,
            Transport::Relp(way) => way.listen().await,
            Transport::RelpTls(way) => way.listen().await,
            #[cfg(unix)]
            Transport::Unix(way) => way.listen().await,
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

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Fault::Broken(error)
    }
}

/// Waits for `step`, but no longer than `limit`.
async fn within<T>(
    limit: Duration,
    what: &str,
    step: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    tokio::time::timeout(limit, step).await.unwrap_or_else(|_| {
        let text = format!("no answer to {what} within {limit:?}");
        Err(io::Error::new(io::ErrorKind::TimedOut, text))
    })
}
