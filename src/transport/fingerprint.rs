//! Certificate fingerprints (RFC 5425 section 4.2.2).

use std::{fmt, str::FromStr};

/// The hash of a certificate in DER, as `sha-256:AB:CD:...`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fingerprint {
    Sha1([u8; 20]),
    Sha256([u8; 32]),
}

impl Fingerprint {
    #[cfg(any(feature = "native-tls", feature = "rustls"))]
    pub(crate) fn sha256(certificate: &[u8]) -> Self {
        use sha2::Digest as _;
        Fingerprint::Sha256(sha2::Sha256::digest(certificate).into())
    }

    #[cfg(any(feature = "native-tls", feature = "rustls"))]
    fn sha1(certificate: &[u8]) -> Self {
        use sha1::Digest as _;
        Fingerprint::Sha1(sha1::Sha1::digest(certificate).into())
    }

    #[cfg(any(feature = "native-tls", feature = "rustls"))]
    pub(crate) fn is_of(&self, certificate: &[u8]) -> bool {
        *self
            == match self {
                Fingerprint::Sha1(_) => Fingerprint::sha1(certificate),
                Fingerprint::Sha256(_) => Fingerprint::sha256(certificate),
            }
    }
}

/// Several, separated by `;`, `,` or blanks.
pub(crate) fn parse_fingerprints(text: &str) -> Result<Vec<Fingerprint>, String> {
    let separators = |c: char| matches!(c, ';' | ',') || c.is_ascii_whitespace();
    let parts = text.split(separators).filter(|part| !part.is_empty());
    let all: Vec<Fingerprint> = parts.map(str::parse).collect::<Result<_, _>>()?;
    // An empty list would match nothing at best, and ask for nothing at worst.
    if all.is_empty() { Err(format!("invalid fingerprint {text:?}: {SHAPE}")) } else { Ok(all) }
}

impl FromStr for Fingerprint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("invalid fingerprint {text:?}: {SHAPE}");
        let (label, digits) = text.split_once(':').ok_or_else(bad)?;
        match label.to_ascii_lowercase().as_str() {
            "sha-1" | "sha1" => bytes(digits).map(Fingerprint::Sha1).ok_or_else(bad),
            "sha-256" | "sha256" => bytes(digits).map(Fingerprint::Sha256).ok_or_else(bad),
            _ => Err(bad()),
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (label, bytes): (_, &[u8]) = match self {
            Fingerprint::Sha1(bytes) => ("sha-1", bytes),
            Fingerprint::Sha256(bytes) => ("sha-256", bytes),
        };
        f.write_str(label)?;
        bytes.iter().try_for_each(|byte| write!(f, ":{byte:02X}"))
    }
}

/// Pairs of hexadecimal digits with a colon between each two, exactly as many as there is room.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let mut pairs = text.split(':');
    for byte in &mut bytes {
        let pair = pairs.next()?;
        if pair.len() != 2 || !pair.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    pairs.next().is_none().then_some(bytes)
}

const SHAPE: &str = "expected sha-256: and 32 pairs of hexadecimal digits with colons between \
                     them, or sha-1: and 20 of them (RFC 5425 section 4.2.2)";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of RFC 5425 section 4.2.2.
    const EXAMPLE: &str = "sha-1:E1:2D:53:2B:7C:6B:8A:29:A2:76:C8:64:36:0B:08:4B:7A:F1:9E:9D";

    #[test]
    fn the_example_of_the_rfc_is_read_and_written() {
        let fingerprint: Fingerprint = EXAMPLE.parse().unwrap();
        assert_eq!(fingerprint.to_string(), EXAMPLE);
        assert_eq!(EXAMPLE.to_lowercase().replace("sha-1", "SHA1").parse(), Ok(fingerprint));
    }

    #[test]
    fn a_list_is_read_with_any_separator() {
        let two = [EXAMPLE.parse().unwrap(); 2];
        for separator in [";", ",", " ", "; ", "\n"] {
            let list = format!("{EXAMPLE}{separator}{EXAMPLE}");
            assert_eq!(parse_fingerprints(&list).unwrap(), two, "{list:?}");
        }
    }

    #[test]
    fn what_is_none_is_quoted() {
        for bad in [
            "",
            ";",
            "sha-1",
            "sha-1:",
            "md5:E1:2D",
            "E1:2D:53:2B",
            &EXAMPLE[..EXAMPLE.len() - 3],
            &format!("{EXAMPLE}:00"),
            &format!("{EXAMPLE}:"),
            &EXAMPLE.replace("E1", "+1"),
            &EXAMPLE.replace("E1", "E"),
            &EXAMPLE.replace("E1", "EE1"),
            &EXAMPLE.replace("E1", "é"),
            &EXAMPLE.replace("sha-1", "sha-256"),
            &EXAMPLE.replace(':', ""),
            &format!("{EXAMPLE};md5:00"),
        ] {
            let error = parse_fingerprints(bad).unwrap_err();
            assert!(error.contains("RFC 5425 section 4.2.2"), "{bad}: {error}");
        }
    }

    #[cfg(any(feature = "native-tls", feature = "rustls"))]
    #[test]
    fn fingerprint_is_the_hash_of_the_der() {
        // FIPS 180-4's own example: the message "abc".
        let sha1 = "sha-1:A9:99:3E:36:47:06:81:6A:BA:3E:25:71:78:50:C2:6C:9C:D0:D8:9D";
        let sha256 = "sha-256:BA:78:16:BF:8F:01:CF:EA:41:41:40:DE:5D:AE:22:23:\
                      B0:03:61:A3:96:17:7A:9C:B4:10:FF:61:F2:00:15:AD";
        for text in [sha1, sha256] {
            let fingerprint: Fingerprint = text.parse().unwrap();
            assert!(fingerprint.is_of(b"abc") && !fingerprint.is_of(b"abd"));
        }
        assert_eq!(Fingerprint::sha256(b"abc").to_string(), sha256);
    }

    proptest! {
        #[test]
        fn reading_what_was_written_gives_the_same(bytes: [u8; 32]) {
            let fingerprint = Fingerprint::Sha256(bytes);
            prop_assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        }

        #[test]
        fn no_text_panics(text in ".{0,80}") {
            let _ = parse_fingerprints(&text);
        }
    }
}
