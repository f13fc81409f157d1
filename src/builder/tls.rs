//! The settings of TLS.

use std::path::PathBuf;

use super::Builder;
use crate::{
    Error, TlsBackend, TlsVersion,
    builder::env::{self as read, Environment, choose},
    transport::tls_options::TlsOptions,
};

/// What the program sets for all servers with TLS; a URL may say otherwise for one.
#[derive(Clone, Debug, Default)]
pub(super) struct Tls {
    ca: Option<PathBuf>,
    identity: Option<(PathBuf, PathBuf)>,
    fingerprints: Vec<String>,
    server_name: Option<String>,
    min_version: Option<TlsVersion>,
    library: Option<TlsBackend>,
}

impl Builder {
    /// A PEM file with the authorities that servers are trusted by, instead of the system's. Like all
    /// files of TLS it is looked at anew on each connect: one that has changed is used, one that is of
    /// no use any more is told of, and what it held before stays. The URL option `ca_file` is for one
    /// server. Defaults to the authorities that the system trusts.
    pub fn tls_ca_file(mut self, ca: impl Into<PathBuf>) -> Self {
        self.tls.ca = Some(ca.into());
        self
    }

    /// PEM files with our certificate, followed by those above it, and its key, for servers that ask
    /// who we are (RFC 5425 section 4.2.1). The key is PKCS #8, PKCS #1 or SEC 1, and not encrypted. A
    /// key that isn't the certificate's is an error of [`build`](Builder::build). The URL options `cert_file` and
    /// `key_file` are for one server. Defaults to none.
    pub fn tls_identity(mut self, cert: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.tls.identity = Some((cert.into(), key.into()));
        self
    }

    /// The fingerprint of a server's certificate, as `sha-256:AB:CD:...` or `sha-1:...` (RFC 5425
    /// section 4.2.2); each call adds one, and one of them must match. Alone it is all that is asked of
    /// a server: no path, no name, no dates. Beside [`tls_ca_file`](Builder::tls_ca_file) both must be right. The URL
    /// option `fingerprint` is for one server. Defaults to none.
    pub fn tls_fingerprint(mut self, fingerprint: impl Into<String>) -> Self {
        self.tls.fingerprints.push(fingerprint.into());
        self
    }

    /// The name or address that servers' certificates must bear, where it isn't the host in the URL. The
    /// URL option `server_name` is for one server. Defaults to that host.
    pub fn tls_server_name(mut self, server_name: impl Into<String>) -> Self {
        self.tls.server_name = Some(server_name.into());
        self
    }

    /// The oldest version of TLS that is spoken. The URL option `min_version` is for one server.
    /// Defaults to [`TlsVersion::Tls12`]; the newest that both sides know is chosen.
    pub fn tls_min_version(mut self, min_version: TlsVersion) -> Self {
        self.tls.min_version = Some(min_version);
        self
    }

    /// Which library speaks TLS. The URL option `tls_backend` is for one server. Defaults to
    /// [`TlsBackend::NativeTls`] where the feature `native-tls` is on, whatever else is, and to
    /// [`TlsBackend::Rustls`] where only the feature `rustls` is.
    pub fn tls_backend(mut self, library: TlsBackend) -> Self {
        self.tls.library = Some(library);
        self
    }
}

impl Tls {
    pub(super) fn options(self, env: Environment<'_>) -> Result<TlsOptions, Error> {
        let mut options = TlsOptions {
            ca: choose(self.ca.map(Some), env, "SYSLOG_TLS_CA_FILE", read::path, || None)?,
            ..TlsOptions::default()
        };
        let (cert, key) = self.identity.unzip();
        let is_set = cert.is_some();
        options.cert = choose(cert.map(Some), env, "SYSLOG_TLS_CERT_FILE", read::path, || None)?;
        options.key = choose(key.map(Some), env, "SYSLOG_TLS_KEY_FILE", read::path, || None)?;
        if !is_set {
            options.check().map_err(|rule| Error::new(format!("SYSLOG_TLS_CERT_FILE: {rule}")))?;
        }
        let set = |options: &mut TlsOptions, name: &str, from: &str, value: Option<String>| {
            let Some(value) = value else { return Ok(()) };
            options.set(name, value).map_err(|rule| Error::new(format!("{from}: {rule}")))
        };
        let text = |set: Option<String>, variable| {
            choose(set.map(Some), env, variable, |text| Ok(Some(text.to_owned())), || None)
        };
        for fingerprint in &self.fingerprints {
            set(&mut options, "fingerprint", "tls_fingerprint", Some(fingerprint.clone()))?;
        }
        if self.fingerprints.is_empty() {
            let fingerprints = text(None, "SYSLOG_TLS_FINGERPRINT")?;
            set(&mut options, "fingerprint", "SYSLOG_TLS_FINGERPRINT", fingerprints)?;
        }
        let name = text(self.server_name, "SYSLOG_TLS_SERVER_NAME")?;
        set(&mut options, "server_name", "SYSLOG_TLS_SERVER_NAME", name)?;
        let version = |text: &str| text.parse().map(Some);
        let min_version = self.min_version.map(Some);
        options.min_version = choose(min_version, env, "SYSLOG_TLS_MIN_VERSION", version, || None)?;
        let library = |text: &str| text.parse().map(Some);
        let asked = self.library.map(Some);
        options.library = choose(asked, env, "SYSLOG_TLS_BACKEND", library, || None)?;
        Ok(options)
    }
}
