//! The TLS backends.

use std::net::SocketAddr;

use tokio::io::AsyncWriteExt as _;

#[cfg(feature = "native-tls")]
use super::native;
#[cfg(feature = "rustls")]
use super::rustls;
use super::{Trust, pem::Identity, reject::HandshakeError};
use crate::{
    Error, ErrorKind, TlsBackend, TlsVersion,
    transport::{Timeouts, counting_stream::CountingStream, with_timeout},
};

/// A configured TLS library.
pub(super) enum Backend {
    #[cfg(feature = "native-tls")]
    Native(native::Backend),
    #[cfg(feature = "rustls")]
    Rustls(rustls::Backend),
}

/// A connection of one of the libraries.
#[derive(Debug)]
pub(super) enum Session {
    #[cfg(feature = "native-tls")]
    Native(native::Session),
    #[cfg(feature = "rustls")]
    Rustls(Box<rustls::Session>),
}

impl Backend {
    pub(super) fn new(
        library: TlsBackend,
        trust: &Trust,
        identity: Option<Identity>,
        min_version: TlsVersion,
    ) -> Result<Self, Error> {
        match library {
            #[cfg(feature = "native-tls")]
            TlsBackend::NativeTls => {
                native::Backend::new(trust, identity.as_ref(), min_version).map(Backend::Native)
            }
            #[cfg(feature = "rustls")]
            TlsBackend::Rustls => {
                rustls::Backend::new(trust, identity, min_version).map(Backend::Rustls)
            }
            #[cfg(not(feature = "native-tls"))]
            TlsBackend::NativeTls => {
                Err(Error::new("tls_backend=native-tls needs the feature \"native-tls\""))
            }
            #[cfg(not(feature = "rustls"))]
            TlsBackend::Rustls => {
                Err(Error::new("tls_backend=rustls needs the feature \"rustls\""))
            }
        }
    }

    /// Returns the connection and the server's certificate.
    pub(super) async fn shake_hands(
        &self,
        name: &str,
        tcp: CountingStream,
    ) -> Result<(Session, Vec<u8>), HandshakeError> {
        match self {
            #[cfg(feature = "native-tls")]
            Backend::Native(client) => {
                let (session, shown) = client.shake_hands(name, tcp).await?;
                Ok((Session::Native(session), shown))
            }
            #[cfg(feature = "rustls")]
            Backend::Rustls(client) => {
                let (session, shown) = client.shake_hands(name, tcp).await?;
                Ok((Session::Rustls(Box::new(session)), shown))
            }
        }
    }

    /// The certificate of a rejected server, if the library did not report it.
    pub(super) async fn look(
        &self,
        name: &str,
        at: SocketAddr,
        timeouts: Timeouts,
    ) -> Option<Vec<u8>> {
        match self {
            #[cfg(feature = "native-tls")]
            Backend::Native(client) => native::look(client, name, at, timeouts).await,
            #[cfg(feature = "rustls")]
            Backend::Rustls(_) => {
                // rustls reports it.
                let _ = (name, at, timeouts);
                None
            }
        }
    }
}

impl Session {
    /// Closes a connection on which nothing was sent.
    pub(super) async fn bid_farewell(mut self, timeouts: Timeouts) {
        let farewell = async {
            match &mut self {
                #[cfg(feature = "native-tls")]
                Session::Native(session) => session.shutdown().await,
                #[cfg(feature = "rustls")]
                Session::Rustls(session) => session.shutdown().await,
            }
        };
        // The connection is rejected in any case.
        let _ = with_timeout(timeouts.connect, ErrorKind::Timeout, "a farewell", farewell).await;
    }
}
