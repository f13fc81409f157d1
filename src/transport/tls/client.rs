//! Which library shakes hands?

use std::{io, net::SocketAddr};

use tokio::io::AsyncWriteExt as _;

#[cfg(feature = "tls")]
use super::native;
#[cfg(feature = "rustls")]
use super::rustls;
use super::{Trust, Why, material::Identity};
use crate::{
    Error, TlsLibrary, TlsVersion,
    transport::{Limits, counted::Counted, within},
};

/// One library, set up.
pub(super) enum Client {
    #[cfg(feature = "tls")]
    Native(native::Client),
    #[cfg(feature = "rustls")]
    Rustls(rustls::Client),
}

/// A connection of one library.
#[derive(Debug)]
pub(super) enum Session {
    #[cfg(feature = "tls")]
    Native(native::Session),
    #[cfg(feature = "rustls")]
    Rustls(Box<rustls::Session>),
}

/// Why there is no connection.
pub(super) enum Failed {
    /// The certificate is refused, with what it was if the library tells.
    Certificate(Why, Option<Vec<u8>>),
    Handshake(io::Error),
}

impl Client {
    pub(super) fn new(
        library: TlsLibrary,
        trust: &Trust,
        identity: Option<Identity>,
        min_version: TlsVersion,
    ) -> Result<Self, Error> {
        match library {
            #[cfg(feature = "tls")]
            TlsLibrary::System => {
                native::Client::new(trust, identity.as_ref(), min_version).map(Client::Native)
            }
            #[cfg(feature = "rustls")]
            TlsLibrary::Rustls => {
                rustls::Client::new(trust, identity, min_version).map(Client::Rustls)
            }
            #[cfg(not(feature = "tls"))]
            TlsLibrary::System => Err(Error::new("tls_library=system needs the feature \"tls\"")),
            #[cfg(not(feature = "rustls"))]
            TlsLibrary::Rustls => {
                Err(Error::new("tls_library=rustls needs the feature \"rustls\""))
            }
        }
    }

    /// Gives the connection and the certificate that was shown.
    pub(super) async fn shake_hands(
        &self,
        name: &str,
        tcp: Counted,
    ) -> Result<(Session, Vec<u8>), Failed> {
        match self {
            #[cfg(feature = "tls")]
            Client::Native(client) => {
                let (session, shown) = client.shake_hands(name, tcp).await?;
                Ok((Session::Native(session), shown))
            }
            #[cfg(feature = "rustls")]
            Client::Rustls(client) => {
                let (session, shown) = client.shake_hands(name, tcp).await?;
                Ok((Session::Rustls(Box::new(session)), shown))
            }
        }
    }

    /// What the server shows, where it was refused and the library did not tell what it was.
    pub(super) async fn look(&self, name: &str, at: SocketAddr, limits: Limits) -> Option<Vec<u8>> {
        match self {
            #[cfg(feature = "tls")]
            Client::Native(client) => native::look(client, name, at, limits).await,
            #[cfg(feature = "rustls")]
            Client::Rustls(_) => {
                // It tells.
                let _ = (name, at, limits);
                None
            }
        }
    }
}

impl Session {
    /// Tells the server that nothing will come.
    pub(super) async fn bid_farewell(mut self, limits: Limits) {
        let farewell = async {
            match &mut self {
                #[cfg(feature = "tls")]
                Session::Native(session) => session.shutdown().await,
                #[cfg(feature = "rustls")]
                Session::Rustls(session) => session.shutdown().await,
            }
        };
        // It is refused in any case.
        let _ = within(limits.connect, "a farewell", farewell).await;
    }
}
