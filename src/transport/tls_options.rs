//! TLS options of a URL or the builder.

use std::{fmt, path::PathBuf, str::FromStr};

use crate::{
    Error,
    transport::fingerprint::{Fingerprint, parse_fingerprints},
    transport::idn,
};

/// What a URL, the program and the environment say of TLS to one server.
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2, the oldest version that is supported (RFC 5425 section 4.2, RFC 8996). `1.2`.
    #[default]
    Tls12,
    /// TLS 1.3. `1.3`.
    Tls13,
}

/// A TLS library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsBackend {
    /// The system's: OpenSSL on Linux. Needs the feature `native-tls`. `native-tls`.
    NativeTls,
    /// rustls. Needs the feature `rustls`. `rustls`.
    Rustls,
}

impl TlsOptions {
    /// What a URL may say.
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
                self.danger_accept_invalid_certs =
                    value.parse().map_err(|_| format!("{name} is true or false, not {value:?}"))?;
            }
            _ => return Err(format!("{name:?} says nothing of TLS")),
        }
        Ok(())
    }

    /// Takes from `others` what is not said here. A certificate and its key are one, and so are
    /// all fingerprints.
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

    /// Whether what is said goes together.
    pub(crate) fn check(&self) -> Result<(), String> {
        match (&self.cert, &self.key) {
            (Some(_), None) => return Err("cert needs a key beside it".to_owned()),
            (None, Some(_)) => return Err("key_file needs a cert_file beside it".to_owned()),
            _ => {}
        }
        let is_to_be_checked = self.ca.is_some() || !self.fingerprints.is_empty();
        if self.danger_accept_invalid_certs && is_to_be_checked {
            return Err("danger_accept_invalid_certs=true would switch off what ca and \
                        fingerprint ask for: leave one of them out"
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
                "{text:?} is no lowest version of TLS: use 1.2 or 1.3; older ones are not spoken \
                 (RFC 5425 section 4.2, RFC 8996)"
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
            _ => Err(Error::new(format!("{text:?} is no TLS library: use system or rustls"))),
        }
    }
}

impl fmt::Display for TlsBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TlsBackend::NativeTls => "native-tls",
            TlsBackend::Rustls => "rustls",
        })
    }
}

fn words(error: Error) -> String {
    error.to_string()
}
