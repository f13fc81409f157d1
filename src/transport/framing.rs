//! Framing of messages on streams (RFC 6587 section 3.4, RFC 5425 section 4.3).

use crate::transport::endpoint::Framing;

/// Appends one frame. The caller makes sure that a message framed by line ends contains none.
#[inline]
pub(super) fn push(out: &mut Vec<u8>, framing: Framing, message: &[u8]) {
    match framing {
        // SYSLOG-FRAME = MSG-LEN SP SYSLOG-MSG, where MSG-LEN counts bytes.
        Framing::OctetCounting => {
            out.extend_from_slice(itoa::Buffer::new().format(message.len()).as_bytes());
            out.push(b' ');
            out.extend_from_slice(message);
        }
        Framing::Lf => {
            out.extend_from_slice(message);
            out.push(b'\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_counted_not_characters() {
        let mut out = Vec::new();
        push(&mut out, Framing::OctetCounting, "<14>1 é".as_bytes());
        push(&mut out, Framing::Lf, b"<14>1 e");
        assert_eq!(out, "8 <14>1 é<14>1 e\n".as_bytes());
    }

    #[test]
    fn a_length_is_exact_and_has_no_zero_before_it() {
        for length in [1, 9, 10, 99, 100, 480, 999, 1_000, 8_096, 10_000] {
            let message = vec![b'x'; length];
            let mut out = Vec::new();
            push(&mut out, Framing::OctetCounting, &message);
            let (digits, rest) = out.split_at(out.iter().position(|o| *o == b' ').unwrap());
            assert_eq!(std::str::from_utf8(digits).unwrap().parse(), Ok(length));
            assert_ne!(digits[0], b'0');
            assert_eq!(rest[1..], message);
        }
    }

    #[test]
    fn a_line_ends_with_lf_alone() {
        let mut out = Vec::new();
        push(&mut out, Framing::Lf, b"<14>1 one");
        push(&mut out, Framing::Lf, b"<14>1 two");
        assert_eq!(out, b"<14>1 one\n<14>1 two\n");
    }
}
