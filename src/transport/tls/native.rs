//! TLS through the system's library: OpenSSL on Linux.

use std::{io, net::SocketAddr};

use native_tls::{Certificate, Protocol};

use super::{RejectReason, Trust, certificate, pem::Identity, pkcs8, reject::HandshakeError};
use crate::{
    Error, ErrorKind, TlsVersion,
    transport::{Timeouts, counting_stream::CountingStream, tcp, with_timeout},
};

pub(super) type Session = tokio_native_tls::TlsStream<CountingStream>;

pub(super) struct Backend {
    connector: tokio_native_tls::TlsConnector,
    min_version: Protocol,
}

impl Backend {
    pub(super) fn new(
        trust: &Trust,
        identity: Option<&Identity>,
        min_version: TlsVersion,
    ) -> Result<Self, Error> {
        let min_version = match min_version {
            TlsVersion::Tls12 => Protocol::Tlsv12,
            TlsVersion::Tls13 => Protocol::Tlsv13,
        };
        let mut builder = native_tls::TlsConnector::builder();
        builder.min_protocol_version(Some(min_version));
        match trust {
            Trust::Authorities { named: None, .. } => {}
            Trust::Authorities { named: Some(authorities), .. } => {
                // A configured authority is trusted instead of the system's, not in addition to
                // them.
                builder.disable_built_in_roots(true);
                for authority in authorities {
                    let authority = Certificate::from_der(authority)
                        .map_err(|e| Error::because("a certificate of an authority", e))?;
                    builder.add_root_certificate(authority);
                }
            }
            // The fingerprints are checked before anything is sent.
            Trust::Pinned(_) | Trust::Anyone => {
                builder.danger_accept_invalid_certs(true);
                builder.danger_accept_invalid_hostnames(true);
            }
        }
        if let Some(identity) = identity {
            builder.identity(read(identity)?);
        }
        let connector = builder.build().map_err(|error| {
            let text = error.to_string();
            if text.contains("key values mismatch") || text.contains("key type mismatch") {
                return not_a_pair();
            }
            Error::because("cannot set up TLS", text)
        })?;
        Ok(Backend { connector: connector.into(), min_version })
    }

    pub(super) async fn shake_hands(
        &self,
        name: &str,
        tcp: CountingStream,
    ) -> Result<(Session, Vec<u8>), HandshakeError> {
        let session = self.connector.connect(name, tcp).await.map_err(|error| {
            let text = error.to_string();
            match why(&text) {
                Some(why) => HandshakeError::Certificate(why, None),
                None => HandshakeError::Handshake(io::Error::new(
                    io::ErrorKind::ConnectionRefused,
                    text,
                )),
            }
        })?;
        match shown(&session) {
            Some(shown) => Ok((session, shown)),
            None => {
                Err(HandshakeError::Handshake(io::Error::other("the server showed no certificate")))
            }
        }
    }
}

/// Fetches the certificate that the library rejected without reporting it, so that the error can
/// describe it. The connection is used for nothing else: nothing is sent, no client certificate is
/// shown, and it never leaves this function.
pub(super) async fn look(
    client: &Backend,
    name: &str,
    at: SocketAddr,
    timeouts: Timeouts,
) -> Option<Vec<u8>> {
    let connector = native_tls::TlsConnector::builder()
        .min_protocol_version(Some(client.min_version))
        .danger_accept_invalid_certs(true)
        .danger_accept_invalid_hostnames(true)
        .build();
    let connector = tokio_native_tls::TlsConnector::from(connector.ok()?);
    let tcp = CountingStream::new(tcp::connect(at, timeouts).await.ok()?);
    let handshake = async { Ok(connector.connect(name, tcp).await) };
    let session =
        with_timeout(timeouts.connect, ErrorKind::Timeout, "a look", handshake).await.ok()?.ok()?;
    shown(&session)
}

fn shown(session: &Session) -> Option<Vec<u8>> {
    session.get_ref().peer_certificate().ok().flatten()?.to_der().ok()
}

fn read(identity: &Identity) -> Result<native_tls::Identity, Error> {
    use x509_cert::der::pem::{LineEnding, encode_string};

    let unreadable = |e| Error::because("cert_file", e);
    let mut chain = String::new();
    for certificate in &identity.chain {
        chain += &encode_string("CERTIFICATE", LineEnding::LF, certificate)
            .map_err(|e| unreadable(e.to_string()))?;
    }
    // Not the libraries' texts: they might quote the key.
    let no_key = || Error::new("the key is of no kind that the TLS library knows");
    let key = pkcs8::bytes(&identity.key).map_err(|_| no_key())?;
    // OpenSSL stores pairs by key type, and compares only those of one type.
    let kind = pkcs8::algorithm(&key).map_err(|_| no_key())?;
    if identity.chain.first().is_some_and(|own| certificate::algorithm(own) != Some(kind)) {
        return Err(not_a_pair());
    }
    let key = encode_string("PRIVATE KEY", LineEnding::LF, &key).map_err(|_| no_key())?;
    native_tls::Identity::from_pkcs8(chain.as_bytes(), key.as_bytes()).map_err(|_| no_key())
}

fn not_a_pair() -> Error {
    Error::new("the key is not that of the certificate")
}

/// Which check of the certificate failed, if any. OpenSSL says so in brackets.
fn why(text: &str) -> Option<RejectReason> {
    let is_about_certificate = text.contains("certificate verify failed")
        || cfg!(any(windows, target_vendor = "apple")) && text.contains("ertificate");
    if !is_about_certificate {
        return None;
    }
    let has = |words: &[&str]| words.iter().any(|words| text.contains(words));
    Some(if has(&["hostname mismatch", "IP address mismatch"]) {
        RejectReason::Name
    } else if has(&["certificate has expired"]) {
        RejectReason::Expired
    } else if has(&["certificate is not yet valid"]) {
        RejectReason::NotYetValid
    } else if has(&["self-signed", "self signed", "unable to get", "unable to verify the first"]) {
        RejectReason::UnknownAuthority
    } else if has(&["unsuitable certificate purpose", "unsupported certificate purpose"]) {
        RejectReason::Usage
    } else {
        RejectReason::Other(
            text.rsplit_once(" (").map_or(text, |(_, last)| last.trim_end_matches(')')).to_owned(),
        )
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn openssls_words_are_understood() {
        let told = |words: &str| {
            why(&format!("error:0A000086:SSL routines:tls_post_process_server_certificate:{words}"))
        };
        let failed = |words: &str| told(&format!("certificate verify failed: ({words})")).unwrap();
        assert!(matches!(failed("hostname mismatch"), RejectReason::Name));
        assert!(matches!(failed("IP address mismatch"), RejectReason::Name));
        assert!(matches!(failed("certificate has expired"), RejectReason::Expired));
        assert!(matches!(failed("certificate is not yet valid"), RejectReason::NotYetValid));
        assert!(matches!(failed("self-signed certificate"), RejectReason::UnknownAuthority));
        assert!(matches!(
            failed("unable to get local issuer certificate"),
            RejectReason::UnknownAuthority
        ));
        assert!(matches!(failed("unsuitable certificate purpose"), RejectReason::Usage));
        let RejectReason::Other(words) = failed("EE certificate key too weak") else { panic!() };
        assert_eq!(words, "EE certificate key too weak");
        // A server's alert about our certificate is not a finding about its own.
        assert!(told("sslv3 alert bad certificate").is_none());
        assert!(why("tlsv13 alert certificate required").is_none());
    }
}
