//! The settings of TLS.

use std::path::PathBuf;

use super::{Builder, variables::VARIABLES};
use crate::{
    Error, TlsBackend, TlsVersion,
    builder::env::{Environment, choose, choose_path, value_of},
    transport::tls_options::TlsOptions,
};

/// The program's settings for all TLS servers; a URL may override them.
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
    /// Sets a PEM file with the authorities to trust, instead of the system's.
    ///
    /// Like all TLS files it is read again on every connect; if the new content is invalid, the
    /// error is reported and the old content stays in use. The URL option is `ca_file`.
    ///
    /// Defaults to the authorities that the system trusts.
    pub fn tls_ca_file(mut self, ca: impl Into<PathBuf>) -> Self {
        self.tls.ca = Some(ca.into());
        self
    }

    /// Sets PEM files with the client certificate, followed by its chain, and its key (RFC 5425
    /// section 4.2.1).
    ///
    /// The key is PKCS #8, PKCS #1 or SEC 1, unencrypted, and must match the certificate. The URL
    /// options are `cert_file` and `key_file`.
    ///
    /// Defaults to none.
    pub fn tls_identity(mut self, cert: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.tls.identity = Some((cert.into(), key.into()));
        self
    }

    /// Adds a fingerprint of a trusted server certificate, as `sha-256:AB:CD:…` or `sha-1:…` (RFC
    /// 5425 section 4.2.2).
    ///
    /// One of those that were added must match. Alone, a fingerprint is sufficient: chain, name and
    /// dates are not checked. Together with [`tls_ca_file`](Builder::tls_ca_file), both must match.
    /// The URL option is `fingerprint`.
    ///
    /// Defaults to none.
    pub fn tls_fingerprint(mut self, fingerprint: impl Into<String>) -> Self {
        self.tls.fingerprints.push(fingerprint.into());
        self
    }

    /// Sets the name or address that the server's certificate must have.
    ///
    /// Change it if that is not the host in the URL. The URL option is `server_name`.
    ///
    /// Defaults to the host in the URL.
    pub fn tls_server_name(mut self, server_name: impl Into<String>) -> Self {
        self.tls.server_name = Some(server_name.into());
        self
    }

    /// Sets the oldest TLS version to accept. The URL option is `min_version`.
    ///
    /// Defaults to [`TlsVersion::Tls12`]; the newest that both sides know is chosen.
    pub fn tls_min_version(mut self, min_version: TlsVersion) -> Self {
        self.tls.min_version = Some(min_version);
        self
    }

    /// Sets the TLS library, if both are built in. The URL option is `tls_backend`.
    ///
    /// Defaults to [`TlsBackend::NativeTls`] with the feature `native-tls`, else to
    /// [`TlsBackend::Rustls`].
    pub fn tls_backend(mut self, library: TlsBackend) -> Self {
        self.tls.library = Some(library);
        self
    }
}

impl Tls {
    /// A setting of the program that needs a TLS server.
    pub(super) fn first_set(&self) -> Option<&'static str> {
        [
            ("tls_ca_file", self.ca.is_some()),
            ("tls_identity", self.identity.is_some()),
            ("tls_fingerprint", !self.fingerprints.is_empty()),
            ("tls_server_name", self.server_name.is_some()),
            ("tls_min_version", self.min_version.is_some()),
            ("tls_backend", self.library.is_some()),
        ]
        .into_iter()
        .find_map(|(name, is_set)| is_set.then_some(name))
    }

    /// Variables that need a TLS server.
    pub(super) fn variables(env: Environment<'_>) -> impl Iterator<Item = &'static str> {
        let names = VARIABLES.into_iter().filter(|name| name.starts_with("SYSLOG_TLS_"));
        names.filter(move |name| value_of(env, name).is_some())
    }

    pub(super) fn options(&self, env: Environment<'_>) -> Result<TlsOptions, Error> {
        let mut options = TlsOptions {
            ca: choose_path(self.ca.clone(), env, "SYSLOG_TLS_CA_FILE"),
            ..TlsOptions::default()
        };
        let (cert, key) = self.identity.clone().unzip();
        let is_set = cert.is_some();
        options.cert = choose_path(cert, env, "SYSLOG_TLS_CERT_FILE");
        options.key = choose_path(key, env, "SYSLOG_TLS_KEY_FILE");
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
        let name = text(self.server_name.clone(), "SYSLOG_TLS_SERVER_NAME")?;
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
