//! Whom does a TLS connection trust, and who are we to it? RFC 5425 sections 4.2 and 5.

use std::{fmt, fs, io, path::Path};

use native_tls::{Certificate, Identity, Protocol};
use socket2::SockRef;
use tokio::net::TcpStream;

use super::{Limits, counted::Counted, news::Connection};
use crate::{Error, endpoint::TlsOptions};

pub(super) type TlsStream = tokio_native_tls::TlsStream<Counted>;

/// Makes TLS connections the way one URL asks for.
pub(super) struct Connector(tokio_native_tls::TlsConnector);

impl Connector {
    /// # Errors
    ///
    /// Where a file that is named can't be read, or isn't PEM of the right kind.
    pub(super) fn new(options: &TlsOptions) -> Result<Self, Error> {
        let mut builder = native_tls::TlsConnector::builder();
        builder.min_protocol_version(Some(Protocol::Tlsv12));
        if let Some(ca) = &options.ca {
            // Whoever names an authority trusts that one, and not a hundred others beside it.
            builder.disable_built_in_roots(true);
            let pem = read("ca", ca)?;
            let bad = |e| wrong("ca", ca, "PEM certificates (BEGIN CERTIFICATE)", e);
            let certificates = Certificate::stack_from_pem(&pem).map_err(bad)?;
            if certificates.is_empty() {
                return Err(Error::new(format!("ca={}: holds no certificate", ca.display())));
            }
            for certificate in certificates {
                builder.add_root_certificate(certificate);
            }
        }
        if let (Some(cert), Some(key)) = (&options.cert, &options.key) {
            let identity = Identity::from_pkcs8(&read("cert", cert)?, &read("key", key)?);
            let rule = "a PEM certificate with its key in PKCS #8 (BEGIN PRIVATE KEY)";
            builder.identity(identity.map_err(|e| wrong("cert", cert, rule, e))?);
        }
        if options.danger_accept_invalid_certs {
            builder.danger_accept_invalid_certs(true);
            builder.danger_accept_invalid_hostnames(true);
        }
        let connector = builder.build().map_err(|e| Error::because("TLS can't be set up", e))?;
        Ok(Connector(connector.into()))
    }

    pub(super) async fn shake_hands(
        &self,
        tcp: TcpStream,
        server_name: &str,
        limits: Limits,
    ) -> io::Result<TlsStream> {
        let handshake = async {
            let shaken = self.0.connect(server_name, Counted::new(tcp)).await;
            shaken.map_err(|e| io::Error::new(io::ErrorKind::ConnectionRefused, e))
        };
        super::within(limits.connect, "the TLS handshake", handshake).await
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

impl Connection for TlsStream {
    fn socket(&self) -> SockRef<'_> {
        SockRef::from(&self.get_ref().get_ref().get_ref().tcp)
    }

    fn on_the_wire(&self) -> Option<u64> {
        Some(self.get_ref().get_ref().get_ref().written)
    }

    fn acknowledged_before(&self) -> Option<u64> {
        self.get_ref().get_ref().get_ref().acknowledged_before
    }
}

fn read(option: &str, path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|e| Error::because(format!("{option}={}", path.display()), e))
}

fn wrong(option: &str, path: &Path, rule: &str, error: native_tls::Error) -> Error {
    Error::because(format!("{option}={}: expected {rule}", path.display()), error)
}
