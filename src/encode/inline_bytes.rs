//! Short constant byte strings, copied and compared without a call.

use super::{MessageBuf, header_fields::HeaderField};

/// A few bytes in a larger array: copying the whole array takes a few wide moves, copying a
/// variable length takes a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InlineBytes {
    bytes: [u8; ROOM],
    length: u32,
    kind: NameKind,
}

/// What a name means for its value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum NameKind {
    #[default]
    Field,
    /// The value follows the name, whatever the field's value is.
    Secret,
    /// It sets a part of the header, if the value is valid.
    Header(HeaderField),
}

impl InlineBytes {
    /// Copies what fits: [`ROOM`] bytes, more than the longest name with its delimiters.
    pub(super) fn new(bytes: &[u8]) -> Self {
        InlineBytes::joined(&[bytes])
    }

    /// Concatenates pieces.
    pub(super) fn joined(pieces: &[&[u8]]) -> Self {
        let mut joined = InlineBytes::default();
        for piece in pieces {
            let start = joined.len();
            let room = joined.bytes.get_mut(start..).unwrap_or_default();
            let length = piece.len().min(room.len());
            if let (Some(to), Some(from)) = (room.get_mut(..length), piece.get(..length)) {
                to.copy_from_slice(from);
            }
            joined.length += length as u32;
        }
        joined
    }

    pub(super) fn with_kind(self, kind: NameKind) -> Self {
        InlineBytes { kind, ..self }
    }

    #[inline(always)]
    pub(super) fn kind(&self) -> NameKind {
        self.kind
    }

    #[inline]
    pub(super) fn has_value(&self) -> bool {
        self.kind == NameKind::Secret
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.length as usize
    }

    #[inline]
    pub(super) fn push_to(&self, out: &mut MessageBuf) {
        out.push_some(&self.bytes, self.len());
    }
}

/// Whether two texts are equal, without a call if they are short.
#[inline(always)]
pub(super) fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() || a.len() > 16 {
        return a == b;
    }
    ends::<8>(a, b).or_else(|| ends::<4>(a, b)).unwrap_or_else(|| a.iter().eq(b))
}

/// Compares the first `N` bytes and the last `N`; none if there are fewer.
#[inline(always)]
fn ends<const N: usize>(a: &[u8], b: &[u8]) -> Option<bool> {
    let first = a.first_chunk::<N>()? == b.first_chunk::<N>()?;
    Some(first & (a.last_chunk::<N>()? == b.last_chunk::<N>()?))
}

impl Default for InlineBytes {
    fn default() -> Self {
        InlineBytes { bytes: [0; ROOM], length: 0, kind: NameKind::Field }
    }
}

/// A name has 32 bytes at most, its delimiters 4, and the value that may follow it 5.
const ROOM: usize = 48;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_equal_only_if_every_byte_is() {
        for length in 0..40 {
            let text = "abcdefghij".chars().cycle().take(length).collect::<String>();
            assert!(same(&text, &text.clone()));
            assert!(!same(&text, &format!("{text}x")));
            assert!(!same(&"x".repeat(length), &"x".repeat(length + 1)));
            for at in 0..length {
                let mut other = text.clone().into_bytes();
                other[at] = b'x';
                assert!(!same(&text, &String::from_utf8(other).unwrap()), "{text} at {at}");
            }
        }
    }
}
