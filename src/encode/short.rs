//! How are a few octets copied that are the same each time?

/// A few octets with room to spare: a copy of all of it is a few wide moves, where a copy of some
/// octets is a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Short {
    octets: [u8; ROOM],
    length: usize,
}

impl Short {
    /// Keeps what has room: [`ROOM`] octets, more than the longest name with its delimiters.
    pub(super) fn new(octets: &[u8]) -> Self {
        Short::joined(&[octets])
    }

    /// Several pieces after one another.
    pub(super) fn joined(pieces: &[&[u8]]) -> Self {
        let mut short = Short::default();
        for octet in pieces.iter().flat_map(|piece| piece.iter()).take(ROOM) {
            short.octets[short.length] = *octet;
            short.length += 1;
        }
        short
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.length
    }

    #[inline]
    pub(super) fn push_to(&self, out: &mut Vec<u8>) {
        let end = out.len() + self.length;
        out.extend_from_slice(&self.octets);
        out.truncate(end);
    }
}

impl Default for Short {
    fn default() -> Self {
        Short { octets: [0; ROOM], length: 0 }
    }
}

/// A name takes 32 octets at most, and its delimiters 4.
const ROOM: usize = 48;
