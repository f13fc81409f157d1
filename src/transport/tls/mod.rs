//! TLS: trust, identity and sessions (RFC 5425 sections 4.2 and 5).
//!
//! Common to all libraries; `native.rs` and `rustls.rs` use them.

mod backend;
mod certificate;
#[cfg(feature = "native-tls")]
mod native;
mod pem;
#[cfg(feature = "native-tls")]
mod pkcs8;
mod reject;
#[cfg(feature = "rustls")]
mod rustls;
mod server_hello;
mod stream;
#[cfg(all(test, target_os = "linux", feature = "native-tls", feature = "rustls"))]
mod tests;
mod trust;

use std::{
    fmt, io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use rustls_pki_types::ServerName;

pub(super) use self::stream::TlsStream;
use self::{
    backend::{Backend, Session},
    pem::{Digest, Files},
    reject::{HandshakeError, RejectReason},
    trust::Trust,
};
use super::{Timeouts, connection::Connection, counting_stream::CountingStream, tcp};
use crate::{
    Error, ErrorKind, TlsBackend, connection_info::TlsInfo, transport::endpoint::Endpoint,
    transport::fingerprint::Fingerprint, transport::tls_options::TlsOptions,
};

/// Makes TLS connections with the settings of one URL.
pub(super) struct Connector {
    endpoint: String,
    /// The name that the server's certificate must have.
    name: String,
    options: TlsOptions,
    library: TlsBackend,
    current: Mutex<Current>,
    notices: Mutex<Vec<String>>,
}

/// The content of the files when they were last valid.
struct Current {
    client: Arc<Backend>,
    trust: Arc<Trust>,
    own_fingerprint: Option<String>,
    digest: Digest,
    /// The last change found invalid, so that it is reported once.
    told: Option<Option<Digest>>,
}

impl Connector {
    /// # Errors
    ///
    /// If a file cannot be read or is not PEM of the right kind, or the key does not match the
    /// certificate.
    pub(super) fn new(endpoint: &Endpoint) -> Result<Self, Error> {
        let options = endpoint.tls.clone();
        options.check().map_err(|rule| Error::new(format!("{endpoint}: {rule}")))?;
        let name = endpoint.server_name().trim_end_matches('.').to_owned();
        if ServerName::try_from(name.as_str()).is_err() {
            return Err(Error::new(format!(
                "invalid server name {name:?} for {endpoint}: expected a DNS name without wildcards, \
                 or an IP address, as a certificate can bear it"
            )));
        }
        let library = options.library.unwrap_or(DEFAULT_LIBRARY);
        let current = Files::read(&options)
            .and_then(|files| Current::new(&options, library, &files))
            .map_err(|error| error.of(&endpoint.to_string()))?;
        Ok(Connector {
            endpoint: endpoint.to_string(),
            name,
            options,
            library,
            current: Mutex::new(current),
            notices: Mutex::default(),
        })
    }

    /// A warning about the settings, for the start.
    pub(super) fn warning(&self) -> Option<String> {
        self.options.danger_accept_invalid_certs.then(|| {
            format!(
                "{}: danger_accept_invalid_certs is set: whoever answers there, or in between, \
                 can read and change what is logged",
                self.endpoint
            )
        })
    }

    /// Problems since the last call that did not prevent a connection.
    pub(super) fn take_notices(&self) -> Vec<String> {
        std::mem::take(&mut *self.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) async fn connect(
        &self,
        at: SocketAddr,
        timeouts: Timeouts,
    ) -> io::Result<Box<dyn Connection>> {
        let (client, trust, own_fingerprint) = self.fresh();
        let tcp = CountingStream::new(tcp::connect(at, timeouts).await?);
        let heard = tcp.heard();
        let handshake = async { Ok(client.shake_hands(&self.name, tcp).await) };
        let (why, shown) = match super::with_timeout(
            timeouts.connect,
            ErrorKind::NotTls,
            "the TLS handshake",
            handshake,
        )
        .await?
        {
            Ok((session, shown)) => match trust.check(&shown, &self.name) {
                Ok(()) => {
                    let tls = TlsInfo {
                        library: self.library,
                        version: server_hello::version(&heard.bytes()),
                        subject: certificate::subject(&shown),
                        fingerprint: Fingerprint::sha256(&shown).to_string(),
                        own_fingerprint,
                        is_verified: trust.asks_for_something(),
                    };
                    return Ok(Box::new(TlsStream::new(session, tls)));
                }
                Err(why) => {
                    session.bid_farewell(timeouts).await;
                    (why, Some(shown))
                }
            },
            Err(HandshakeError::Certificate(why, Some(shown))) => (why, Some(shown)),
            Err(HandshakeError::Certificate(why, None)) => {
                (why, client.look(&self.name, at, timeouts).await)
            }
            Err(HandshakeError::Handshake(error)) => {
                return Err(reject::of_handshake(&error, &heard.bytes()));
            }
        };
        Err(reject::of_certificate(&why, shown.as_deref(), &self.name, &self.options))
    }

    /// The backend for the next connection. The files may have changed: invalid new ones are
    /// reported, and the old ones stay in use.
    fn fresh(&self) -> (Arc<Backend>, Arc<Trust>, Option<String>) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let (news, digest) = match Files::read(&self.options) {
            Ok(files) if files.digest == current.digest => (None, Some(files.digest)),
            Ok(files) => {
                (Some(Current::new(&self.options, self.library, &files)), Some(files.digest))
            }
            Err(error) => (Some(Err(error)), None),
        };
        match news {
            None => current.told = None,
            Some(Ok(news)) => *current = news,
            Some(Err(error)) => {
                if current.told != Some(digest) {
                    current.told = Some(digest);
                    self.notices.lock().unwrap_or_else(PoisonError::into_inner).push(format!(
                        "{}: changed files are of no use, what they held before stays: {error}",
                        self.endpoint
                    ));
                }
            }
        }
        (Arc::clone(&current.client), Arc::clone(&current.trust), current.own_fingerprint.clone())
    }
}

impl Current {
    fn new(options: &TlsOptions, library: TlsBackend, files: &Files) -> Result<Self, Error> {
        let material = files.material(options)?;
        let own = material.identity.as_ref().and_then(|identity| identity.chain.first());
        let own_fingerprint = own.map(|der| Fingerprint::sha256(der).to_string());
        let trust = Arc::new(Trust::new(options, material.authorities));
        let version = options.min_version.unwrap_or_default();
        let client =
            Backend::new(library, &trust, material.identity, version).map_err(|error| {
                // The library checks here whether the pair matches.
                let files = [
                    ("cert_file", &options.cert),
                    ("key_file", &options.key),
                    ("ca_file", &options.ca),
                ];
                let files: Vec<String> = files
                    .into_iter()
                    .filter_map(|(name, path)| Some(format!("{name}={}", path.as_ref()?.display())))
                    .collect();
                if files.is_empty() { error } else { error.of(&files.join(", ")) }
            })?;
        Ok(Current {
            client: Arc::new(client),
            trust,
            own_fingerprint,
            digest: files.digest,
            told: None,
        })
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// With both features on, `rustls` must change nothing for those who did not ask for it.
const DEFAULT_LIBRARY: TlsBackend =
    if cfg!(feature = "native-tls") { TlsBackend::NativeTls } else { TlsBackend::Rustls };
