//! Conversion of private keys to PKCS #8, the only kind that native-tls reads.

use rustls_pki_types::PrivateKeyDer;
use x509_cert::{
    der::{
        self, Any, Decode as _, Encode as _, ErrorKind, Tag, TagNumber,
        asn1::{AnyRef, ContextSpecific, ObjectIdentifier, OctetStringRef},
    },
    spki::AlgorithmIdentifierRef,
};

/// The key as PKCS #8.
pub(super) fn bytes(key: &PrivateKeyDer<'_>) -> der::Result<Vec<u8>> {
    Ok(match key {
        PrivateKeyDer::Pkcs8(key) => key.secret_pkcs8_der().to_vec(),
        PrivateKeyDer::Pkcs1(key) => {
            wrapped(RSA, AnyRef::new(Tag::Null, &[])?, key.secret_pkcs1_der())?
        }
        PrivateKeyDer::Sec1(key) => {
            let bytes = key.secret_sec1_der();
            wrapped(EC, AnyRef::from(&Any::encode_from(&curve(bytes)?)?), bytes)?
        }
        _ => return Err(ErrorKind::Failed.into()),
    })
}

/// The type of the key.
pub(super) fn algorithm(key: &[u8]) -> der::Result<ObjectIdentifier> {
    AnyRef::from_der(key)?.sequence(|fields| {
        u8::decode(fields)?;
        let algorithm = AlgorithmIdentifierRef::decode(fields)?;
        // The key itself; attributes may follow.
        while Option::<AnyRef<'_>>::decode(fields)?.is_some() {}
        Ok::<_, der::Error>(algorithm.oid)
    })
}

/// ECPrivateKey, RFC 5915 section 3: version, key, curve.
fn curve(key: &[u8]) -> der::Result<ObjectIdentifier> {
    let curve = AnyRef::from_der(key)?.sequence(|fields| {
        u8::decode(fields)?;
        <&OctetStringRef>::decode(fields)?;
        let curve = ContextSpecific::<ObjectIdentifier>::decode_explicit(fields, TagNumber(0))?;
        // The public key may follow.
        Option::<AnyRef<'_>>::decode(fields)?;
        Ok::<_, der::Error>(curve)
    })?;
    // Without its curve a key is useless.
    curve.map(|curve| curve.value).ok_or_else(|| ErrorKind::Failed.into())
}

/// PrivateKeyInfo, RFC 5208 section 5: version, algorithm, key.
fn wrapped(oid: ObjectIdentifier, parameters: AnyRef<'_>, key: &[u8]) -> der::Result<Vec<u8>> {
    let algorithm = AlgorithmIdentifierRef { oid, parameters: Some(parameters) };
    let mut fields = 0_u8.to_der()?;
    algorithm.encode_to_vec(&mut fields)?;
    OctetStringRef::new(key)?.encode_to_vec(&mut fields)?;
    AnyRef::new(Tag::Sequence, &fields)?.to_der()
}

/// rsaEncryption, RFC 8017 appendix C.
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// id-ecPublicKey, RFC 5480 section 2.1.1.
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
