//! The TLS version of a ServerHello (RFC 8446 sections 4.1.3 and 4.2.1).

use crate::TlsVersion;

/// Read from the first bytes of the server, since the libraries do not report it alike. A forged
/// answer would have broken the handshake, whose transcript both sides sign.
pub(super) fn version(heard: &[u8]) -> Option<TlsVersion> {
    let mut rest = heard;
    // TLSPlaintext: type, version, length. Handshake: type, length.
    let record = take(&mut rest, 5)?;
    let handshake = take(&mut rest, 4)?;
    if record.first() != Some(&HANDSHAKE) || handshake.first() != Some(&SERVER_HELLO) {
        return None;
    }
    let legacy = number(take(&mut rest, 2)?);
    take(&mut rest, RANDOM)?;
    let session_id = take(&mut rest, 1).map(number)?;
    take(&mut rest, session_id)?;
    // Cipher suite, compression method.
    take(&mut rest, 3)?;
    Some(match supported_versions(rest).unwrap_or(legacy) {
        0x0303 => TlsVersion::Tls12,
        0x0304 => TlsVersion::Tls13,
        _ => return None,
    })
}

fn supported_versions(mut rest: &[u8]) -> Option<usize> {
    take(&mut rest, 2)?;
    loop {
        let kind = number(take(&mut rest, 2)?);
        let length = number(take(&mut rest, 2)?);
        let content = take(&mut rest, length)?;
        if kind == SUPPORTED_VERSIONS {
            return Some(number(content));
        }
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, more) = rest.split_at_checked(length)?;
    *rest = more;
    Some(taken)
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().take(2).fold(0, |number, byte| number << 8 | usize::from(*byte))
}

const HANDSHAKE: u8 = 22;
const SERVER_HELLO: u8 = 2;
const RANDOM: usize = 32;
const SUPPORTED_VERSIONS: usize = 43;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hello(extensions: &[u8]) -> Vec<u8> {
        let mut hello = vec![22, 3, 3, 0, 80, 2, 0, 0, 76, 3, 3];
        hello.extend([7; 32]);
        hello.extend([2, 9, 9, 0x13, 0x01, 0]);
        hello.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
        hello.extend(extensions);
        hello
    }

    #[test]
    fn subject_alt_name_overrides_common_name() {
        assert_eq!(version(&hello(&[])), Some(TlsVersion::Tls12));
        assert_eq!(version(&hello(&[0, 23, 0, 0])), Some(TlsVersion::Tls12));
        assert_eq!(version(&hello(&[0, 51, 0, 1, 5, 0, 43, 0, 2, 3, 4])), Some(TlsVersion::Tls13));
        assert_eq!(version(&hello(&[0, 43, 0, 2, 3, 9])), None);
        assert_eq!(version(b"220 mail.example ESMTP"), None);
        for (at, other) in [(0, 21), (5, 1)] {
            let mut other_kind = hello(&[]);
            other_kind[at] = other;
            assert_eq!(version(&other_kind), None);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            version(&bytes);
            let mut whole = hello(&bytes);
            version(&whole);
            whole.truncate(bytes.len());
            version(&whole);
        }
    }
}
