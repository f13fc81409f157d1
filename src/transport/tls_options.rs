//! TLS options of a URL or the builder.

use std::{fmt, path::PathBuf, str::FromStr};

use crate::{
    Error,
    transport::fingerprint::{Fingerprint, parse_fingerprints},
    transport::idn,
};

/// The TLS settings for one server, from its URL, the builder and the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TlsOptions {
    pub(crate) ca: Option<PathBuf>,
    pub(crate) cert: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
    pub(crate) server_name: Option<String>,
    pub(crate) fingerprints: Vec<Fingerprint>,
    pub(crate) min_version: Option<TlsVersion>,
    pub(crate) library: Option<TlsBackend>,
    pub(crate) danger_accept_invalid_certs: bool,
}

/// A version of TLS.
///
/// ```
/// # use logship::TlsVersion;
/// assert_eq!("1.3".parse::<TlsVersion>()?, TlsVersion::Tls13);
/// assert_eq!(TlsVersion::Tls12.to_string(), "1.2");
/// # Ok::<(), logship::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2, the oldest version that is supported (RFC 5425 section 4.2, RFC 8996). `1.2`.
    #[default]
    Tls12,
    /// TLS 1.3. `1.3`.
    Tls13,
}

/// A library that speaks TLS.
///
/// ```
/// # use logship::TlsBackend;
/// assert_eq!("rustls".parse::<TlsBackend>()?, TlsBackend::Rustls);
/// assert_eq!(TlsBackend::NativeTls.to_string(), "native-tls");
/// # Ok::<(), logship::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsBackend {
    /// The system's: OpenSSL on Linux. Needs the feature `native-tls`. `native-tls`.
    NativeTls,
    /// rustls. Needs the feature `rustls`. `rustls`.
    Rustls,
}

impl TlsOptions {
    /// The options that a URL may have.
    pub(crate) const NAMES: [&str; 8] = [
        "ca_file",
        "cert_file",
        "key_file",
        "server_name",
        "fingerprint",
        "min_version",
        "tls_backend",
        "danger_accept_invalid_certs",
    ];

    /// Sets one of [`NAMES`](TlsOptions::NAMES).
    pub(crate) fn set(&mut self, name: &str, value: String) -> Result<(), String> {
        match name {
            "ca_file" => self.ca = Some(value.into()),
            "cert_file" => self.cert = Some(value.into()),
            "key_file" => self.key = Some(value.into()),
            "server_name" => self.server_name = Some(idn::to_ascii(&value)?),
            "fingerprint" => self.fingerprints.extend(parse_fingerprints(&value)?),
            "min_version" => self.min_version = Some(value.parse().map_err(words)?),
            "tls_backend" => self.library = Some(value.parse().map_err(words)?),
            "danger_accept_invalid_certs" => {
                self.danger_accept_invalid_certs = value
                    .parse()
                    .map_err(|_| format!("invalid {name} {value:?}: expected true or false"))?;
            }
            _ => return Err(format!("{name:?} says nothing of TLS")),
        }
        Ok(())
    }

    /// Takes from `others` what is not set here. A certificate and its key are taken together, and
    /// so are all fingerprints.
    pub(crate) fn or(&mut self, others: &TlsOptions) {
        self.ca = self.ca.take().or_else(|| others.ca.clone());
        if self.cert.is_none() && self.key.is_none() {
            self.cert.clone_from(&others.cert);
            self.key.clone_from(&others.key);
        }
        self.server_name = self.server_name.take().or_else(|| others.server_name.clone());
        if self.fingerprints.is_empty() {
            self.fingerprints.clone_from(&others.fingerprints);
        }
        self.min_version = self.min_version.or(others.min_version);
        self.library = self.library.or(others.library);
    }

    /// Whether the settings fit together.
    pub(crate) fn check(&self) -> Result<(), String> {
        match (&self.cert, &self.key) {
            (Some(_), None) => return Err("expected a key_file beside cert_file".to_owned()),
            (None, Some(_)) => return Err("expected a cert_file beside key_file".to_owned()),
            _ => {}
        }
        let is_to_be_checked = self.ca.is_some() || !self.fingerprints.is_empty();
        if self.danger_accept_invalid_certs && is_to_be_checked {
            return Err("expected danger_accept_invalid_certs=true without ca_file and \
                        fingerprint, whose checks it would switch off"
                .to_owned());
        }
        Ok(())
    }
}

impl FromStr for TlsVersion {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "1.2" => Ok(TlsVersion::Tls12),
            "1.3" => Ok(TlsVersion::Tls13),
            _ => Err(Error::new(format!(
                "invalid minimum TLS version {text:?}: expected 1.2 or 1.3 (older versions are \
                 not supported, RFC 8996)"
            ))),
        }
    }
}

impl FromStr for TlsBackend {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "native-tls" => Ok(TlsBackend::NativeTls),
            "rustls" => Ok(TlsBackend::Rustls),
            _ => Err(Error::new(format!(
                "invalid TLS backend {text:?}: expected native-tls or rustls"
            ))),
        }
    }
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            TlsVersion::Tls12 => "1.2",
            TlsVersion::Tls13 => "1.3",
        })
    }
}

impl fmt::Display for TlsBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            TlsBackend::NativeTls => "native-tls",
            TlsBackend::Rustls => "rustls",
        })
    }
}

fn words(error: Error) -> String {
    error.to_string()
}
