//! Certificates of every kind, good and bad, as PEM files.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use tempfile::TempDir;

/// Who a certificate says its owner is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identity {
    /// A server, for `localhost` and 127.0.0.1.
    Good,
    /// A server, for another name.
    WrongName,
    Expired,
    NotYetValid,
    /// A server with the right name, signed by a CA that nobody trusts.
    UnknownCa,
    SelfSigned,
    /// A client, for `client.example`.
    Client,
    /// A client with that name, signed by a CA that nobody trusts.
    ClientOfUnknownCa,
    /// A client of our CA, for a name that is not permitted.
    ClientOfOtherName,
}

impl Identity {
    pub(crate) const ALL: [Identity; 9] = [
        Identity::Good,
        Identity::WrongName,
        Identity::Expired,
        Identity::NotYetValid,
        Identity::UnknownCa,
        Identity::SelfSigned,
        Identity::Client,
        Identity::ClientOfUnknownCa,
        Identity::ClientOfOtherName,
    ];

    pub(crate) const CA_FILE: &str = "ca.pem";

    pub(crate) fn certificate_file(self) -> String {
        format!("{self:?}.pem")
    }

    pub(crate) fn key_file(self) -> String {
        format!("{self:?}.key.pem")
    }

    fn names(self) -> Vec<String> {
        let names: &[&str] = match self {
            Identity::WrongName => &["other.example"],
            Identity::Client | Identity::ClientOfUnknownCa => &["client.example"],
            Identity::ClientOfOtherName => &["stranger.example"],
            Identity::Good
            | Identity::Expired
            | Identity::NotYetValid
            | Identity::UnknownCa
            | Identity::SelfSigned => &["localhost", "127.0.0.1"],
        };
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn is_client(self) -> bool {
        use Identity::{Client, ClientOfOtherName, ClientOfUnknownCa};
        matches!(self, Client | ClientOfUnknownCa | ClientOfOtherName)
    }

    fn parameters(self) -> CertificateParams {
        let mut params = CertificateParams::new(self.names()).expect("the names are valid");
        params.distinguished_name.push(DnType::CommonName, self.names().remove(0));
        params.key_usages.push(KeyUsagePurpose::DigitalSignature);
        params.extended_key_usages.push(if self.is_client() {
            ExtendedKeyUsagePurpose::ClientAuth
        } else {
            ExtendedKeyUsagePurpose::ServerAuth
        });
        params.not_before = date_time_ymd(2020, 1, 1);
        // Not rcgen's year 4096: some TLS libraries take that for an error of its own.
        params.not_after = date_time_ymd(2049, 1, 1);
        match self {
            Identity::Expired => params.not_after = date_time_ymd(2021, 1, 1),
            Identity::NotYetValid => params.not_before = date_time_ymd(2048, 1, 1),
            _ => {}
        }
        params
    }
}

/// A directory with `ca.pem` and, for every [`Identity`], a certificate and its PKCS#8 key.
pub(crate) struct Certificates {
    directory: TempDir,
}

impl Certificates {
    pub(crate) fn new() -> Certificates {
        let directory = TempDir::new().expect("a temporary directory can be made");
        let (ca, ca_pem) = authority("logship test CA");
        let (unknown_ca, _) = authority("logship unknown CA");
        let write = |name: String, text: String| {
            std::fs::write(directory.path().join(name), text)
                .expect("the directory can be written");
        };
        write(Identity::CA_FILE.to_owned(), ca_pem);
        for identity in Identity::ALL {
            let key = KeyPair::generate().expect("a key can be made");
            let params = identity.parameters();
            let certificate = match identity {
                Identity::SelfSigned => params.self_signed(&key),
                Identity::UnknownCa | Identity::ClientOfUnknownCa => {
                    params.signed_by(&key, &unknown_ca)
                }
                _ => params.signed_by(&key, &ca),
            };
            write(identity.certificate_file(), certificate.expect("signing works").pem());
            write(identity.key_file(), key.serialize_pem());
        }
        Certificates { directory }
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The CA that clients and servers of the tests trust.
    pub(crate) fn ca(&self) -> PathBuf {
        self.directory.path().join(Identity::CA_FILE)
    }

    pub(crate) fn certificate(&self, identity: Identity) -> PathBuf {
        self.directory.path().join(identity.certificate_file())
    }

    pub(crate) fn key(&self, identity: Identity) -> PathBuf {
        self.directory.path().join(identity.key_file())
    }
}

fn authority(name: &str) -> (Issuer<'static, KeyPair>, String) {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2049, 1, 1);
    let key = KeyPair::generate().expect("a key can be made");
    let certificate: Certificate = params.self_signed(&key).expect("signing works");
    (Issuer::new(params, key), certificate.pem())
}
