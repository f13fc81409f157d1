//! Certificates of every kind, also of kinds that no sane authority would sign.

use openssl::{
    asn1::{Asn1Object, Asn1OctetString, Asn1Time},
    bn::BigNum,
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    rsa::Rsa,
    x509::{
        X509, X509Builder, X509Extension, X509NameBuilder,
        extension::{BasicConstraints, ExtendedKeyUsage, KeyUsage},
    },
};

/// A certificate with its key, and those above it that a server shows too.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) certificate: X509,
    pub(crate) key: PKey<Private>,
    pub(crate) above: Vec<X509>,
}

impl Pair {
    pub(crate) fn pem(&self) -> Vec<u8> {
        self.certificate.to_pem().unwrap()
    }

    pub(crate) fn fingerprint(&self) -> String {
        fingerprint(&self.certificate, "sha-256", MessageDigest::sha256())
    }

    pub(crate) fn sha1_fingerprint(&self) -> String {
        fingerprint(&self.certificate, "sha-1", MessageDigest::sha1())
    }
}

/// What a certificate is to say. Everything is public: a case changes what it is about.
#[derive(Clone)]
pub(crate) struct Wish {
    pub(crate) common_name: &'static str,
    /// The names in DER, or no such extension.
    pub(crate) names: Option<Vec<Vec<u8>>>,
    /// Days from now.
    pub(crate) valid: (i64, i64),
    /// None: no authority. Some(None): one, however long the path below it.
    pub(crate) authority: Option<Option<u32>>,
    pub(crate) usage: Usage,
    pub(crate) digest: MessageDigest,
    pub(crate) key: Option<PKey<Private>>,
    /// More extensions: object identifier, whether it is critical, DER.
    pub(crate) more: Vec<(&'static str, bool, Vec<u8>)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Usage {
    Server,
    Client,
    CodeSigning,
    None,
}

impl Wish {
    /// A server, for these names.
    pub(crate) fn server(names: &[&str]) -> Wish {
        Wish {
            common_name: "a server",
            names: Some(names.iter().map(|name| dns(name.as_bytes())).collect()),
            valid: (-2, 1_000),
            authority: None,
            usage: Usage::Server,
            digest: MessageDigest::sha256(),
            key: None,
            more: Vec::new(),
        }
    }

    pub(crate) fn authority(common_name: &'static str) -> Wish {
        Wish {
            common_name,
            names: None,
            authority: Some(None),
            usage: Usage::None,
            ..Wish::server(&[])
        }
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Wish)) -> Wish {
        change(&mut self);
        self
    }

    pub(crate) fn self_signed(self) -> Pair {
        let key = self.key.clone().unwrap_or_else(p256);
        let certificate = self.made(&key, None);
        Pair { certificate, key, above: Vec::new() }
    }

    pub(crate) fn signed_by(self, issuer: &Pair) -> Pair {
        let key = self.key.clone().unwrap_or_else(p256);
        let certificate = self.made(&key, Some(issuer));
        Pair { certificate, key, above: Vec::new() }
    }

    /// The same, where the server shows the issuer too.
    pub(crate) fn below(self, issuer: &Pair) -> Pair {
        let mut pair = self.signed_by(issuer);
        pair.above = [std::slice::from_ref(&issuer.certificate), &issuer.above].concat();
        pair
    }

    fn made(self, key: &PKey<Private>, issuer: Option<&Pair>) -> X509 {
        let mut name = X509NameBuilder::new().unwrap();
        name.append_entry_by_nid(Nid::COMMONNAME, self.common_name).unwrap();
        let name = name.build();
        let mut made = X509Builder::new().unwrap();
        made.set_version(2).unwrap();
        let serial = BigNum::from_u32(rand()).unwrap().to_asn1_integer().unwrap();
        made.set_serial_number(&serial).unwrap();
        made.set_subject_name(&name).unwrap();
        made.set_issuer_name(issuer.map_or(&name, |issuer| issuer.certificate.subject_name()))
            .unwrap();
        made.set_not_before(&days(self.valid.0)).unwrap();
        made.set_not_after(&days(self.valid.1)).unwrap();
        made.set_pubkey(key).unwrap();
        if let Some(path) = self.authority {
            let mut constraints = BasicConstraints::new();
            constraints.critical().ca();
            path.map(|path| constraints.pathlen(path));
            made.append_extension(constraints.build().unwrap()).unwrap();
            let usage = KeyUsage::new().critical().key_cert_sign().crl_sign().build().unwrap();
            made.append_extension(usage).unwrap();
        } else {
            made.append_extension(KeyUsage::new().critical().digital_signature().build().unwrap())
                .unwrap();
        }
        let mut usage = ExtendedKeyUsage::new();
        let usage = match self.usage {
            Usage::Server => Some(usage.server_auth()),
            Usage::Client => Some(usage.client_auth()),
            Usage::CodeSigning => Some(usage.code_signing()),
            Usage::None => None,
        };
        if let Some(usage) = usage {
            made.append_extension(usage.build().unwrap()).unwrap();
        }
        let names = self.names.map(|names| ("2.5.29.17", false, der(0x30, &names.concat())));
        for (oid, critical, content) in names.into_iter().chain(self.more) {
            let oid = Asn1Object::from_str(oid).unwrap();
            let content = Asn1OctetString::new_from_bytes(&content).unwrap();
            made.append_extension(X509Extension::new_from_der(&oid, critical, &content).unwrap())
                .unwrap();
        }
        let signer = issuer.map_or(key, |issuer| &issuer.key);
        let is_edwards = signer.id() == openssl::pkey::Id::ED25519;
        made.sign(signer, if is_edwards { MessageDigest::null() } else { self.digest }).unwrap();
        made.build()
    }
}

pub(crate) fn dns(name: &[u8]) -> Vec<u8> {
    der(0x82, name)
}

pub(crate) fn email(name: &str) -> Vec<u8> {
    der(0x81, name.as_bytes())
}

pub(crate) fn uri(name: &str) -> Vec<u8> {
    der(0x86, name.as_bytes())
}

pub(crate) fn address(bytes: &[u8]) -> Vec<u8> {
    der(0x87, bytes)
}

/// NameConstraints that permit (0xa0) or exclude (0xa1) one domain.
pub(crate) fn name_constraints(kind: u8, domain: &str) -> (&'static str, bool, Vec<u8>) {
    let subtree = der(0x30, &dns(domain.as_bytes()));
    ("2.5.29.30", true, der(0x30, &der(kind, &subtree)))
}

pub(crate) fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = match u8::try_from(length) {
        Ok(short @ ..0x80) => vec![tag, short],
        Ok(long) => vec![tag, 0x81, long],
        Err(_) => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [head.as_slice(), content].concat()
}

/// The same certificate with one bit of its signature turned.
pub(crate) fn tampered(mut pair: Pair) -> Pair {
    let mut bytes = pair.certificate.to_der().unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    pair.certificate = X509::from_der(&bytes).unwrap();
    pair
}

pub(crate) fn p256() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

pub(crate) fn p384() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::SECP384R1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

pub(crate) fn rsa(bits: u32) -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap()
}

fn fingerprint(certificate: &X509, label: &str, digest: MessageDigest) -> String {
    let bytes = certificate.digest(digest).unwrap();
    bytes.iter().fold(label.to_owned(), |text, byte| format!("{text}:{byte:02X}"))
}

fn days(days: i64) -> Asn1Time {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Asn1Time::from_unix(now.as_secs() as i64 + days * 86_400).unwrap()
}

fn rand() -> u32 {
    let mut bytes = [0; 4];
    openssl::rand::rand_bytes(&mut bytes).unwrap();
    u32::from_be_bytes(bytes) | 1
}
