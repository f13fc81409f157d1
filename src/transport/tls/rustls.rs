//! TLS through rustls.

use std::{
    fmt, io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        self, CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore,
        SignatureScheme,
        client::{
            Resumption, WebPkiServerVerifier,
            danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        },
        crypto::{
            self, CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature,
            verify_tls13_signature,
        },
        version::{TLS12, TLS13},
    },
};

use super::{RejectReason, Trust, pem::Identity, reject::HandshakeError};
use crate::{
    Error, TlsVersion,
    transport::fingerprint::Fingerprint,
    transport::{connection::ended, counting_stream::CountingStream},
};

pub(super) struct Backend {
    connector: TlsConnector,
    verifier: Arc<Verifier>,
}

impl Backend {
    pub(super) fn new(
        trust: &Trust,
        identity: Option<Identity>,
        min_version: TlsVersion,
    ) -> Result<Self, Error> {
        let provider = Arc::new(crypto::ring::default_provider());
        let verifier = Arc::new(Verifier::new(trust, &provider)?);
        let versions: &[&rustls::SupportedProtocolVersion] = match min_version {
            TlsVersion::Tls12 => &[&TLS13, &TLS12],
            TlsVersion::Tls13 => &[&TLS13],
        };
        let set_up = |e: rustls::Error| Error::because("cannot set up TLS", e);
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .map_err(set_up)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&verifier) as _);
        let mut config = match identity {
            None => config.with_no_client_auth(),
            Some(Identity { chain, key }) => {
                config.with_client_auth_cert(chain, key).map_err(|error| match error {
                    rustls::Error::InconsistentKeys(_) => {
                        Error::new("the key is not that of the certificate")
                    }
                    // Its error text for an unreadable key says no more.
                    _ => Error::new("the key is of no kind that the TLS library knows"),
                })?
            }
        };
        // A resumed session would show no certificate, and be trusted by the settings of the first
        // one.
        config.resumption = Resumption::disabled();
        Ok(Backend { connector: Arc::new(config).into(), verifier })
    }

    pub(super) async fn shake_hands(
        &self,
        name: &str,
        tcp: CountingStream,
    ) -> Result<(Session, Vec<u8>), HandshakeError> {
        let name = ServerName::try_from(name.to_owned())
            .map_err(|e| HandshakeError::Handshake(io::Error::other(e)))?;
        let stream = self.connector.connect(name, tcp).await.map_err(|error| {
            let refused = self.verifier.take_refused();
            let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
            match (refused, cause) {
                (Some(refused), _) if refused.is_wrong_pin => {
                    HandshakeError::Certificate(RejectReason::Pin, Some(refused.shown))
                }
                (refused, Some(rustls::Error::InvalidCertificate(why_not))) => {
                    let shown = refused.map(|refused| refused.shown);
                    HandshakeError::Certificate(why(why_not), shown)
                }
                _ => HandshakeError::Handshake(error),
            }
        })?;
        let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
        match shown.map(|certificate| certificate.to_vec()) {
            Some(shown) => Ok((Session { stream, owed: 0 }, shown)),
            None => {
                Err(HandshakeError::Handshake(io::Error::other("the server showed no certificate")))
            }
        }
    }
}

fn why(error: &CertificateError) -> RejectReason {
    use CertificateError as E;
    match error {
        E::NotValidForName | E::NotValidForNameContext { .. } => RejectReason::Name,
        E::Expired | E::ExpiredContext { .. } => RejectReason::Expired,
        E::NotValidYet | E::NotValidYetContext { .. } => RejectReason::NotYetValid,
        E::UnknownIssuer => RejectReason::UnknownAuthority,
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => RejectReason::Usage,
        E::BadSignature => RejectReason::Other("a signature is wrong".to_owned()),
        E::Other(other) => RejectReason::Other(other.0.to_string()),
        other => RejectReason::Other(other.to_string()),
    }
}

/// Verifies certificates as [`Trust`] demands, and keeps the last one that it rejected.
struct Verifier {
    /// Verifies chain, dates, usage and name; none if `Trust` demands none of them.
    path: Option<Arc<WebPkiServerVerifier>>,
    pins: Vec<Fingerprint>,
    algorithms: WebPkiSupportedAlgorithms,
    refused: Mutex<Option<Refused>>,
}

struct Refused {
    shown: Vec<u8>,
    is_wrong_pin: bool,
}

impl Verifier {
    fn new(trust: &Trust, provider: &Arc<CryptoProvider>) -> Result<Self, Error> {
        let (path, pins) = match trust {
            Trust::Authorities { named, pins } => {
                let roots = match named {
                    Some(named) => authorities(named)?,
                    None => authorities_of_the_system(),
                };
                let path = WebPkiServerVerifier::builder_with_provider(
                    Arc::new(roots),
                    Arc::clone(provider),
                );
                // An empty store trusts nobody, and the connection error says so.
                (path.build().ok(), pins.clone())
            }
            Trust::Pinned(pins) => (None, pins.clone()),
            Trust::Anyone => (None, Vec::new()),
        };
        let asks_for_path = matches!(trust, Trust::Authorities { .. });
        if asks_for_path && path.is_none() {
            return Err(Error::new(
                "cannot trust any server: the system has no list of authorities; install \
                 ca-certificates, or name a file of them (ca_file=, SYSLOG_TLS_CA_FILE)",
            ));
        }
        let algorithms = provider.signature_verification_algorithms;
        Ok(Verifier { path, pins, algorithms, refused: Mutex::default() })
    }

    fn take_refused(&self) -> Option<Refused> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn refuse(&self, shown: &[u8], is_wrong_pin: bool) {
        let refused = Refused { shown: shown.to_vec(), is_wrong_pin };
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(refused);
    }
}

fn authorities(named: &[CertificateDer<'static>]) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for authority in named {
        roots
            .add(authority.clone())
            .map_err(|e| Error::because("a certificate of an authority", e))?;
    }
    Ok(roots)
}

fn authorities_of_the_system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    // What cannot be read can only make fewer servers trusted, never more.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(path) = &self.path {
            path.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
                .inspect_err(|_| self.refuse(end_entity, false))?;
        }
        if !self.pins.is_empty() && !self.pins.iter().any(|pin| pin.is_of(end_entity)) {
            self.refuse(end_entity, true);
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        Ok(ServerCertVerified::assertion())
    }

    /// Verifies that the server has the key of its certificate, whatever is trusted.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}

/// A rustls connection that has passed every byte of a finished write to the socket.
///
/// rustls accepts more than the socket does and keeps the rest for the next call; acknowledgements
/// would then be attributed to too many messages.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) stream: TlsStream<CountingStream>,
    /// Bytes that rustls has accepted from a write that is not finished.
    owed: usize,
}

impl AsyncRead for Session {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        // rustls has a longer error for a missing close_notify.
        Poll::Ready(read.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => ended(),
            _ => error,
        }))
    }
}

impl AsyncWrite for Session {
    /// After `Pending` the caller must repeat the write with the same bytes, as with OpenSSL.
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.owed == 0 {
            self.owed = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        }
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        Poll::Ready(Ok(std::mem::take(&mut self.owed)))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
