//! Validation of header fields (RFC 5424 section 6.2).

use super::{MessageBuf, Settings};
use crate::{Error, Facility, Severity, record::Origin};

/// PRIVAL (RFC 5424 section 6.2.1), 0 to 191.
pub(super) fn pri(facility: Facility, severity: Severity) -> u8 {
    facility.code() * 8 + severity.code()
}

/// A header field: bytes that are not PRINTUSASCII become `_`, an overlong value is cut, and an
/// empty one is NILVALUE.
pub(super) fn push_field(out: &mut MessageBuf, value: &str, longest: usize) {
    if value.is_empty() {
        out.push(b'-');
    }
    let printable = |c: char| if c.is_ascii_graphic() { c as u8 } else { b'_' };
    out.extend(value.chars().take(longest).map(printable));
}

/// HOSTNAME, APP-NAME and PROCID, with the blanks around them (RFC 5424 section 6.2).
pub(super) fn identity(settings: &Settings) -> MessageBuf {
    let mut out = MessageBuf::default();
    push_identity(&mut out, settings, &settings.tag);
    out
}

pub(super) fn push_identity(out: &mut MessageBuf, settings: &Settings, tag: &str) {
    out.push(b' ');
    push_field(out, &settings.hostname, HOSTNAME);
    out.push(b' ');
    push_field(out, tag, APP_NAME);
    out.push(b' ');
    push_field(out, &settings.procid, PROCID);
    out.push(b' ');
}

/// `MSGID = NILVALUE / 1*32PRINTUSASCII`: the target, which is one of a fixed set.
pub(super) fn push_msgid(out: &mut MessageBuf, origin: &Origin<'_>) {
    push_field(out, origin.target, MSGID);
    out.push(b' ');
}

/// Checks the tag, which becomes APP-NAME.
///
/// # Errors
///
/// If it is empty, longer than 48 bytes, contains anything but printable US-ASCII (RFC 5424 section
/// 6), or one of `/ [ ] :`, at which rsyslog ends a program's name.
pub(crate) fn check_tag(tag: &str) -> Result<(), Error> {
    match broken_rule(tag) {
        None => Ok(()),
        Some(rule) => {
            let message = format!("invalid tag {tag:?}: {rule} (APP-NAME, RFC 5424 section 6.2.5)");
            Err(Error::new(message))
        }
    }
}

/// The rule for APP-NAME that this value breaks.
pub(super) fn broken_rule(tag: &str) -> Option<&'static str> {
    if tag.is_empty() {
        Some("expected 1 to 48 printable US-ASCII characters")
    } else if tag.len() > APP_NAME {
        Some("expected at most 48 bytes")
    } else if tag == "-" {
        Some("expected more than \"-\", which means none")
    } else if !tag.bytes().all(|b| b.is_ascii_graphic()) {
        Some("expected printable US-ASCII without blanks")
    } else if tag.contains(['/', '[', ']', ':']) {
        Some("expected none of / [ ] :, at which a server ends the name")
    } else {
        None
    }
}

/// Checks a configured HOSTNAME or PROCID.
///
/// # Errors
///
/// If it is not printable US-ASCII without blanks, or too long (RFC 5424 section 6).
pub(crate) fn check_field(name: &str, value: &str, longest: usize) -> Result<(), Error> {
    if value.len() <= longest && value.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(());
    }
    Err(Error::new(format!(
        "invalid {name} {value:?}: expected at most {longest} bytes of printable US-ASCII without \
         blanks (RFC 5424 section 6)"
    )))
}

/// VERSION (RFC 5424 section 6.2.2) and the blank after it.
pub(super) const VERSION: &str = "1 ";
/// Longest HOSTNAME, bytes.
pub(crate) const HOSTNAME: usize = 255;
/// Longest APP-NAME, bytes.
pub(super) const APP_NAME: usize = 48;
/// Longest PROCID, bytes.
pub(crate) const PROCID: usize = 128;
/// Longest MSGID, bytes.
pub(super) const MSGID: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_192_pris_are_all_different_and_in_order() {
        let all = Facility::ALL.into_iter().flat_map(|f| Severity::ALL.map(|s| pri(f, s)));
        assert!(all.eq(0..192));
    }

    #[test]
    fn fields_are_made_printable_and_fit() {
        let field = |value: &str| {
            let mut out = MessageBuf::default();
            push_field(&mut out, value, 32);
            String::from_utf8(out.to_vec()).unwrap()
        };
        assert_eq!(field("my crate::é\n"), "my_crate::__");
        assert_eq!(field(""), "-");
        assert_eq!(field(&"a".repeat(40)), "a".repeat(32));
    }

    #[test]
    fn msgid_is_the_target_with_a_blank_behind() {
        let (severity, level) = (Severity::Error, crate::record::Level::Error);
        let mut out = MessageBuf::default();
        push_msgid(&mut out, &Origin { severity, level, target: "a b", file: None, line: None });
        assert_eq!(*out, *b"a_b ");
    }

    #[test]
    fn a_bad_tag_is_quoted_and_the_rule_named() {
        let long = "x".repeat(49);
        for tag in ["", "-", "my app", "tag\n", "täg", "a/b", "a[1]", "a:b", &long] {
            let error = check_tag(tag).unwrap_err().to_string();
            assert!(error.contains(&format!("{tag:?}")) && error.contains("RFC 5424"), "{error}");
        }
        assert!(check_tag("app-tag").is_ok());
        assert!(check_tag(&"x".repeat(48)).is_ok());
    }

    #[test]
    fn a_field_that_was_written_down_fits_or_is_refused() {
        assert!(check_field("host", &"x".repeat(9), 9).is_ok());
        for bad in ["x".repeat(10), "a b".to_owned(), "ä".to_owned()] {
            let error = check_field("host", &bad, 9).unwrap_err().to_string();
            assert!(error.contains(&format!("{bad:?}")) && error.contains("9 bytes"), "{error}");
        }
    }
}
