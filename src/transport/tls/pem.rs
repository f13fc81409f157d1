//! PEM files that settings name.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use sha2::Digest as _;

use crate::{Error, transport::tls_options::TlsOptions};

/// The files at this moment.
pub(super) struct Files {
    ca: Option<Vec<u8>>,
    cert: Option<Vec<u8>>,
    key: Option<Vec<u8>>,
    /// A hash that shows whether they have changed, without keeping a key.
    pub(super) digest: Digest,
}

pub(super) type Digest = [u8; 32];

/// The parsed files.
pub(super) struct Material {
    pub(super) authorities: Option<Vec<CertificateDer<'static>>>,
    pub(super) identity: Option<Identity>,
}

/// The client certificate with its chain, and its key.
pub(super) struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl Files {
    pub(super) fn read(options: &TlsOptions) -> Result<Self, Error> {
        let ca = options.ca.as_deref().map(|path| read("ca_file", path)).transpose()?;
        let cert = options.cert.as_deref().map(|path| read("cert_file", path)).transpose()?;
        let key = options.key.as_deref().map(|path| read("key_file", path)).transpose()?;
        let mut digest = sha2::Sha256::new();
        for file in [&ca, &cert, &key].into_iter().flatten() {
            digest.update(sha2::Sha256::digest(file));
        }
        Ok(Files { ca, cert, key, digest: digest.finalize().into() })
    }

    pub(super) fn material(&self, options: &TlsOptions) -> Result<Material, Error> {
        let read = |option, path: &Option<PathBuf>, pem: &Option<Vec<u8>>| match (path, pem) {
            (Some(path), Some(pem)) => certificates(option, path, pem).map(Some),
            _ => Ok(None),
        };
        let authorities = read("ca_file", &options.ca, &self.ca)?;
        let chain = read("cert_file", &options.cert, &self.cert)?;
        let identity = match (chain, &options.key, &self.key) {
            (Some(chain), Some(path), Some(pem)) => Some(Identity { chain, key: key(path, pem)? }),
            _ => None,
        };
        Ok(Material { authorities, identity })
    }
}

fn read(option: &str, path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|e| Error::because(format!("{option}={}", path.display()), e))
}

fn certificates(
    option: &str,
    path: &Path,
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, Error> {
    let all = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().map_err(|e| {
        let rule = "expected PEM certificates (BEGIN CERTIFICATE)";
        Error::because(format!("{option}={}: {rule}", path.display()), e.to_string())
    })?;
    if all.is_empty() {
        let path = path.display();
        let rule = "holds no PEM certificate (BEGIN CERTIFICATE)";
        return Err(Error::new(format!("{option}={path}: {rule}")));
    }
    Ok(all)
}

fn key(path: &Path, pem: &[u8]) -> Result<PrivateKeyDer<'static>, Error> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| {
        // Not the parser's text: it might quote the content.
        let path = path.display();
        if pem.windows(ENCRYPTED.len()).any(|part| part == ENCRYPTED) {
            return Error::new(format!(
                "key_file={path}: the key is encrypted, and nobody is there to type the password: \
                 write it without one by `openssl pkey -in {path} -out FILE`, readable to its \
                 owner only"
            ));
        }
        Error::new(format!(
            "key_file={path}: holds no PEM key: expected PKCS #8 (BEGIN PRIVATE KEY), PKCS #1 (BEGIN \
             RSA PRIVATE KEY) or SEC 1 (BEGIN EC PRIVATE KEY)"
        ))
    })
}

const ENCRYPTED: &[u8] = b"ENCRYPTED";
